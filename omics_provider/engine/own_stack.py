"""The stack's own recorded state and history, asked of the Pulumi CLI that this process works for.

Needed before a run is started: only they tell the first start of a run from the retry of a start
that was interrupted (docs/adr/0003-exactly-once.md). Read once per process, which is once per
update. Secrets stay encrypted but where an interrupted start is found: then its inputs have to be
compared with those declared now.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeAlias, cast

from omics_provider.base.errors import OmicsError
from omics_provider.service.polling import Pace, TimeLimitReached, poll

from . import process, state
from .state import StackState

_LIMIT_SECONDS: Final = 120
#: Seconds. A file backend is read while the engine writes to it, so a read can fail in passing.
_PATIENCE: Final = 5.0
_PACE: Final = Pace(first=0.3, longest=3.0)
_OPERATION: Final = "Looking for interrupted starts"
_HISTORY: Final = ("history", "--json", "--page-size", "100")

_Done: TypeAlias = subprocess.CompletedProcess[bytes]

_states: dict[tuple[str, bool, bool], Future[StackState]] = {}
_lock = threading.Lock()
_readers = ThreadPoolExecutor(thread_name_prefix="stack-state")


def ask_early(stack: str) -> None:
    """Begin to read what is recorded of `stack`, beside other work."""
    _asked_for(stack, secrets=False)


def state_of(stack: str, *, secrets: bool = False, fresh: bool = False) -> StackState:
    """Return what is recorded of `stack`, organization/project/stack; `secrets` in plain text.

    It is read once, unless it is to be `fresh`: as it is now, while the update goes on.

    Raises OmicsError where the CLI or the state can't be had: nothing then tells whether a run was
    started before.
    """
    if fresh:
        return _read(stack, [])
    return _asked_for(stack, secrets=secrets).result()


def late_state_of(stack: str) -> StackState:
    """Return what is recorded of `stack` when it is first asked for here; raises as state_of."""
    return _asked_for(stack, secrets=False, late=True).result()


def _asked_for(stack: str, *, secrets: bool, late: bool = False) -> Future[StackState]:
    with _lock:
        found = _states.get((stack, secrets, late))
        if found is None or (found.done() and found.exception() is not None):
            found = _readers.submit(_read, stack, ["--show-secrets"] if secrets else [])
            _states[stack, secrets, late] = found
        return found


def _read(stack: str, options: list[str]) -> StackState:
    history = _readers.submit(_asked, stack, *_HISTORY)
    return state.parse(_asked(stack, "export", *options), history.result())


def _asked(stack: str, *arguments: str) -> Any:
    command = [_cli(), "stack", *arguments, "--stack", stack, "--non-interactive"]
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}

    def ask() -> _Done:
        return subprocess.run(  # noqa: S603  # fixed commands; the stack's name is one argument
            command, capture_output=True, check=False, timeout=_LIMIT_SECONDS, env=environment
        )

    asked = f"`pulumi stack {arguments[0]}`"
    try:
        return json.loads(poll(ask, _succeeded, limit=_PATIENCE, pace=_PACE).stdout)
    except TimeLimitReached as error:
        raise _cannot(f"{asked} failed ({_words(cast(_Done, error.last))})") from error
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise _cannot(f"{asked} failed ({type(error).__name__})") from error


def _succeeded(done: _Done) -> bool:
    return done.returncode == 0


def _words(done: _Done) -> str:
    """Return what the CLI wrote last, else its exit code."""
    lines = done.stderr.decode(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return last or f"exit code {done.returncode}"


def _cli() -> str:
    """Return the CLI's path: the engine that serves this process, else the one on PATH."""
    found = next(iter(process.command()), None) or shutil.which("pulumi")
    if not found:
        raise _cannot("there is no `pulumi` on PATH")
    return found


def _cannot(why: str) -> OmicsError:
    return OmicsError(
        _OPERATION,
        f"{why}, so nothing tells whether an interrupted update has started it already",
        advice="Nothing was started. Make `pulumi stack export` and `pulumi stack history` work "
        "where `pulumi up` runs.",
    )
