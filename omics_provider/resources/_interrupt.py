"""Ctrl-C while a program waits: the wait ends at once, and cleanly."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_waiting: set[asyncio.Future[Any]] = set()
_blocks = 0


@contextmanager
def interruptible(futures: Iterable[asyncio.Future[Any]]) -> Iterator[None]:
    """Cancel the futures where this process is told to stop, instead of raising anywhere."""
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
