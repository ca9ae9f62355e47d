"""The stack's own recorded state and history, asked of the Pulumi CLI that this process works for.

Needed before a run is started: only they tell the first start of a run from the retry of a start
that was interrupted (docs/adr/0003-exactly-once.md). Reading them starts processes, so it is done
where it is needed only, and once an update. Secrets stay encrypted but where an interrupted start
is found: then its inputs have to be compared with those declared now.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar, cast

from omics_provider.base.errors import OmicsError
from omics_provider.service.polling import Pace, TimeLimitReached, poll

from . import cli
from . import state as recorded
from .process import Engine
from .state import StackState

#: Seconds. A file backend is read while the engine writes to it, so a read can fail in passing.
_PATIENCE: Final = 5.0
_PACE: Final = Pace(first=0.3, longest=3.0)
_OPERATION: Final = "Looking for interrupted starts"
_HISTORY: Final = ("stack", "history", "--json", "--page-size", "100")

T = TypeVar("T")
_Done: TypeAlias = subprocess.CompletedProcess[str]


class _Way(NamedTuple):
    """A read that is made once: of which stack, and how."""

    stack: str
    secrets: bool = False
    late: bool = False


class OwnStack:
    """What is recorded of a stack, read once each way; `stack` is organization/project/stack.

    The CLI is asked as the engine itself was started: in its folder, with its environment. `mark`
    is what the engine's own stack is known to hold of the resource in question; an answer without
    it is of another stack of that name, and is not believed. Empty where nothing is known.

    Every method that reads raises OmicsError where the CLI or the state can't be had: nothing then
    tells whether a run was started before.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._lock = threading.Lock()
        self._states: dict[_Way, Future[StackState]] = {}
        #: The reads that held the mark of a resource.
        self._held: set[Future[StackState]] = set()
        #: Those of a place that held what this very update had noted.
        self._proven: set[Future[StackState]] = set()

    def ask_early(self, stack: str) -> None:
        """Begin to read what is recorded, beside other work."""
        self._asked_for(_Way(stack))

    def state(self, stack: str, *, secrets: bool = False, mark: str = "") -> StackState:
        """Return what was recorded before this update created anything; `secrets` in plain text."""
        return self._believed(_Way(stack, secrets=secrets), mark)

    def late(self, stack: str, *, mark: str = "") -> StackState:
        """Return what is recorded when this is first asked: one read for all deletes.

        The engine deletes when the program has ended and all else is done, but what it replaces
        with `delete_before_replace`.
        """
        return self._believed(_Way(stack, late=True), mark)

    def current(self, stack: str, *, mark: str = "") -> StackState:
        """Return what is recorded now, while the update goes on, in other processes too.

        Without the history: that tells of earlier updates alone.
        """
        state = self._read(stack, [], has_history=False)
        if not self._is_own(state, mark):
            raise _foreign()
        return state

    def config(self, stack: str, file: str = "") -> dict[str, Any]:
        """Return the stack's configuration by full keys, as the CLI tells it; `file` is its own.

        A secret has None for its value.
        """
        named = ["--config-file", file] if file else []
        found = self._asked(stack, "config", "--json", *named)
        return {key: each.get("value") for key, each in found.items()}

    def _believed(self, way: _Way, mark: str) -> StackState:
        """Return what a read found; where it lacks the mark, a second read has to hold it.

        The first read stays all the same, once it was believed: by and by, an update takes out the
        notes of the one before.
        """
        asked = self._asked_for(way)
        if self._holds(asked, mark):
            return asked.result()
        newer = self._begun(way)
        if not self._holds(newer, mark):
            raise _foreign()
        with self._lock:
            if asked not in self._held:
                self._states[way] = newer
                return newer.result()
            self._proven.add(asked)
            return asked.result()

    def _holds(self, asked: Future[StackState], mark: str) -> bool:
        if asked in self._proven:
            return True
        state = asked.result()
        if not self._is_own(state, mark):
            return False
        if mark:
            self._held.add(asked)
            if state.notes(mark):
                self._proven.add(asked)
        return True

    def _is_own(self, state: StackState, mark: str) -> bool:
        return not mark or state.knows(mark) or not self.engine.place().takes_notes

    def _asked_for(self, way: _Way) -> Future[StackState]:
        with self._lock:
            found = self._states.get(way)
            if found is None or (found.done() and found.exception() is not None):
                found = self._states[way] = self._begun(way)
            return found

    def _begun(self, way: _Way) -> Future[StackState]:
        options = ["--show-secrets"] if way.secrets else []
        return _beside(partial(self._read, way.stack, options))

    def _read(self, stack: str, options: list[str], *, has_history: bool = True) -> StackState:
        if not has_history:
            return recorded.parse(self._asked(stack, "stack", "export", *options))
        history = _beside(partial(self._asked, stack, *_HISTORY))
        return recorded.parse(self._asked(stack, "stack", "export", *options), history.result())

    def _asked(self, stack: str, *arguments: str) -> Any:
        place = self.engine.place()
        ask = partial(
            cli.run,
            [place.program, *arguments, "--stack", stack, "--non-interactive"],
            place.environment,
            folder=place.folder,
            seconds=cli.LIMIT_SECONDS,
        )
        asked = f"`pulumi {arguments[0]} {arguments[1]}`"
        try:
            return json.loads(poll(ask, _succeeded, limit=_PATIENCE, pace=_PACE).stdout)
        except TimeLimitReached as error:
            raise _cannot(f"{asked} failed ({_words(cast(_Done, error.last))})") from error
        except OmicsError as error:
            raise _cannot(f"{asked} failed ({error.detail})") from error
        except ValueError as error:
            raise _cannot(f"{asked} failed ({type(error).__name__})") from error


def _beside(read: Callable[[], T]) -> Future[T]:
    """Begin a read beside other work.

    In a daemon: a wait may read while its program ends, and a pool takes no work any more by then.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(read())
        except BaseException as error:  # noqa: BLE001  # whoever asks for the result raises it
            future.set_exception(error)

    threading.Thread(target=run, name="stack-state", daemon=True).start()
    return future


def _succeeded(done: _Done) -> bool:
    return done.returncode == 0


def _words(done: _Done) -> str:
    """Return what the CLI wrote last, else its exit code."""
    lines = done.stderr.split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return last or f"exit code {done.returncode}"


def _cannot(why: str) -> OmicsError:
    return OmicsError(
        _OPERATION,
        f"{why}, so it is not known whether an interrupted update has already started it",
        advice="Nothing was started. Make `pulumi stack export` and `pulumi stack history` work "
        "where `pulumi up` runs.",
    )


def _foreign() -> OmicsError:
    return OmicsError(
        _OPERATION,
        "`pulumi stack export` answered for another stack of this name: it lacks this update's "
        "notes, so it is not known whether an interrupted update has already started it",
        advice="Nothing was started. Set PULUMI_BACKEND_URL to the absolute URL of the stack's "
        "backend (`pulumi whoami --verbose` shows it), then run `pulumi up` again.",
    )
