"""What ends the waits of a program before their runs have ended: Ctrl-C, and its own failure."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final
from weakref import WeakKeyDictionary

import pulumi

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_LEFT: Final = (
    "The program failed, so it ends its waits. Runs that have started continue, and the state "
    "records them. `pulumi destroy` stops them."
)
_waiting: set[asyncio.Future[Any]] = set()
_blocks = 0
#: By the stack of each program that waits: what it raised.
_failures: WeakKeyDictionary[pulumi.Resource, pulumi.RunError | None] = WeakKeyDictionary()


@contextmanager
def interruptible(futures: Iterable[asyncio.Future[Any]]) -> Iterator[None]:
    """Cancel the futures when a signal stops this process, instead of raising anywhere."""
    global _blocks
    mine = set(futures)
    loop = asyncio.get_running_loop()
    catches = threading.current_thread() is threading.main_thread()
    _waiting.update(mine)
    _blocks += 1
    try:
        if catches and _blocks == 1:
            # Where the event loop takes no signals (Windows), Python raises KeyboardInterrupt.
            with suppress(NotImplementedError):
                for number in _SIGNALS:
                    loop.add_signal_handler(number, _cancel)
        yield
    finally:
        _blocks -= 1
        _waiting.difference_update(mine)
        if catches and _blocks == 0:
            with suppress(NotImplementedError):
                for number in _SIGNALS:
                    loop.remove_signal_handler(number)


def _cancel() -> None:
    for future in tuple(_waiting):
        future.cancel()


def watch_program() -> None:
    """Have the waits end where the program fails, from now on.

    Pulumi reports a program's exception only once all its Outputs are known, and never where one
    of them fails.
    """
    stack: Any = pulumi.runtime.get_root_resource()
    if stack is None or stack in _failures:
        return
    register = stack.register_outputs
    _failures[stack] = None

    def registered(outputs: pulumi.Inputs) -> None:
        # Pulumi does this last, in a `finally`: whatever the program raised is on its way.
        _failures[stack] = _failure(sys.exc_info()[1])
        if _failures[stack]:
            _cancel()
            if not pulumi.runtime.is_dry_run():
                pulumi.log.warn(_LEFT)
        register(outputs)

    stack.register_outputs = registered


def failure_of_program() -> pulumi.RunError | None:
    """Return what the program raised, as an error that a wait can raise in its place."""
    stack = pulumi.runtime.get_root_resource()
    return None if stack is None else _failures.get(stack)


def _failure(raised: BaseException | None) -> pulumi.RunError | None:
    if isinstance(raised, pulumi.RunError):
        return raised
    if isinstance(raised, SystemExit) and raised.code:
        return pulumi.RunError(f"The program ended itself: {raised.code}")
    if isinstance(raised, Exception):
        # As text: of an exception that several Outputs raise, asyncio loses the traceback.
        return pulumi.RunError(f"Program failed with an unhandled exception:\n{_told(raised)}")
    return None


def _told(raised: Exception) -> str:
    """Return the traceback from the program's own first line on, as Pulumi shows it."""
    start = step = raised.__traceback__
    while step:
        if "runpy" in step.tb_frame.f_code.co_filename:
            start = step.tb_next
        step = step.tb_next
    return "".join(traceback.format_exception(type(raised), raised, start)).rstrip()
