"""The stack's own recorded state and history, asked of the Pulumi CLI that this process works for.

Needed before a run is started: only they tell the first start of a run from the retry of a start
that was interrupted (docs/adr/0003-exactly-once.md). Reading them starts processes, so it is done
where it is needed only, and once an update. Secrets stay encrypted but where an interrupted start
is found: then its inputs have to be compared with those declared now.
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

from . import state as recorded
from .process import Engine
from .state import StackState

_LIMIT_SECONDS: Final = 120
#: Seconds. A file backend is read while the engine writes to it, so a read can fail in passing.
_PATIENCE: Final = 5.0
_PACE: Final = Pace(first=0.3, longest=3.0)
_OPERATION: Final = "Looking for interrupted starts"
_HISTORY: Final = ("history", "--json", "--page-size", "100")

_Done: TypeAlias = subprocess.CompletedProcess[bytes]


class OwnStack:
    """What is recorded of a stack, read once each way; `stack` is organization/project/stack.

    Every method that reads raises OmicsError where the CLI or the state can't be had: nothing then
    tells whether a run was started before.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._lock = threading.Lock()
        self._states: dict[tuple[str, bool, bool], Future[StackState]] = {}
        self._readers = ThreadPoolExecutor(thread_name_prefix="stack-state")

    def ask_early(self, stack: str) -> None:
        """Begin to read what is recorded, beside other work."""
        self._asked_for(stack, secrets=False)

    def state(self, stack: str, *, secrets: bool = False) -> StackState:
        """Return what was recorded before this update created anything; `secrets` in plain text."""
        return self._asked_for(stack, secrets=secrets).result()

    def late(self, stack: str) -> StackState:
        """Return what is recorded when this is first asked: one read for all deletes.

        The engine deletes when the program has ended and all else is done, but what it replaces
        with `delete_before_replace`.
        """
        return self._asked_for(stack, secrets=False, late=True).result()

    def current(self, stack: str) -> StackState:
        """Return what is recorded now, while the update goes on, in other processes too."""
        return self._read(stack, [])

    def _asked_for(self, stack: str, *, secrets: bool, late: bool = False) -> Future[StackState]:
        with self._lock:
            found = self._states.get((stack, secrets, late))
            if found is None or (found.done() and found.exception() is not None):
                options = ["--show-secrets"] if secrets else []
                found = self._readers.submit(self._read, stack, options)
                self._states[stack, secrets, late] = found
            return found

    def _read(self, stack: str, options: list[str]) -> StackState:
        history = self._readers.submit(self._asked, stack, *_HISTORY)
        return recorded.parse(self._asked(stack, "export", *options), history.result())

    def _asked(self, stack: str, *arguments: str) -> Any:
        command = [self._cli(), "stack", *arguments, "--stack", stack, "--non-interactive"]
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

    def _cli(self) -> str:
        """Return the CLI's path: the engine that serves this process, else the one on PATH."""
        found = next(iter(self.engine.command), None) or shutil.which("pulumi")
        if not found:
            raise _cannot("there is no `pulumi` on PATH")
        return found


def _succeeded(done: _Done) -> bool:
    return done.returncode == 0


def _words(done: _Done) -> str:
    """Return what the CLI wrote last, else its exit code."""
    lines = done.stderr.decode(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return last or f"exit code {done.returncode}"


def _cannot(why: str) -> OmicsError:
    return OmicsError(
        _OPERATION,
        f"{why}, so nothing tells whether an interrupted update has started it already",
        advice="Nothing was started. Make `pulumi stack export` and `pulumi stack history` work "
        "where `pulumi up` runs.",
    )
