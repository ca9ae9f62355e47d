"""The attempts that a wait starts in place of a run that failed, and that `retry` allows.

A wait knows the end of a run first and starts the next attempt itself. The state still names the
first run: the next update finds the attempts by their marks, takes the one that stands, and ends
the others as on_delete says.

A StartRun waits for its turn and is repeated. So attempts are started in a thread of their own,
beside the looks at the runs that go on.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from omics_provider.base import errors, identity
from omics_provider.base.settings import Settings
from omics_provider.engine.own_stack import OwnStack
from omics_provider.engine.state import StackState
from omics_provider.engine.urn import urn_name
from omics_provider.runs.calls import Runs
from omics_provider.runs.rules import declaration
from omics_provider.runs.search import Live
from omics_provider.runs.starts import Start, since

from .rules.targets import Declared, Target

#: Trouble that passes by itself, or once somebody signs in again.
PASSING: Final = (
    errors.CredentialsError,
    errors.ServiceFault,
    errors.Throttled,
    errors.TimedOut,
    errors.Unreachable,
)


@dataclass(frozen=True)
class Failed:
    """A run that failed, `live` by GetRun, and that another attempt is to follow.

    `may_be_followed` says that an earlier update may have started that attempt already,
    `is_repeated` that an earlier try of this program may have.
    """

    target: Target
    live: Mapping[str, Any] | None
    may_be_followed: bool
    is_repeated: bool = False


#: Gives the next attempt, started or found. Raises the errors of `omics_provider.base.errors`.
NextAttempt = Callable[[Failed], Target]


@dataclass(frozen=True)
class Job:
    """One run to follow on.

    `is_wanted` tells whether anybody still waits, `trouble` is told what passes, once; `done` gets
    the next attempt, or why there is none.
    """

    failed: Failed
    is_wanted: Callable[[], bool]
    trouble: Callable[[errors.OmicsError], None]
    done: Callable[[Target | errors.OmicsError], None]


class Succession:
    """Starts next attempts, one after the other, in a thread of its own."""

    def __init__(
        self,
        next_attempt: NextAttempt,
        pause: float,
        renew: Callable[[], object] = lambda: None,
    ) -> None:
        """Take what makes an attempt, and the seconds to wait where trouble has to pass.

        `renew` is called where the credentials are refused.
        """
        self._next_attempt = next_attempt
        self._renew = renew
        self._seconds = pause
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, job: Job) -> None:
        """Have a run followed by its next attempt."""
        with self._lock:
            self._jobs.put(job)
            if self._thread is None:
                # A daemon: the program's end, Ctrl-C's too, never waits for it. What it may have
                # started then is found by the next update.
                self._thread = threading.Thread(target=self._run, name="omics-retry", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        job = self._jobs.get()
        try:
            while True:
                job.done(self._carried_out(job))
                job = self._jobs.get()
        finally:
            # Only a defect leads here. Nobody may wait for ever because of it.
            defect = errors.OmicsError("Retry", "its start gave no result", advice="Report this.")
            with self._lock:
                self._thread = None
                left = [job]
                while not self._jobs.empty():
                    left.append(self._jobs.get())
            for each in left:
                each.done(defect)

    def _carried_out(self, job: Job) -> Target | errors.OmicsError:
        failed, is_told = job.failed, False
        while True:
            if not job.is_wanted():
                return errors.OmicsError("Retry", "no wait for it is left")
            try:
                return self._next_attempt(failed)
            except errors.OmicsError as error:
                if not _passes(error):
                    return error
                if isinstance(error, errors.CredentialsError):
                    self._renew()
                if not is_told:
                    job.trouble(error)
                is_told = True
            failed = replace(failed, is_repeated=True)
            time.sleep(self._seconds)


def _passes(error: errors.OmicsError) -> bool:
    return isinstance(error.cause if isinstance(error, errors.Unconfirmed) else error, PASSING)


def of_program(settings: Settings, stack: str, own_stack: OwnStack) -> Attempts:
    """Return what makes the next attempts of a program's runs.

    An update that was killed starts nothing more: its engine is looked up now, while it lives.
    """

    def state() -> StackState:
        try:
            return own_stack.state(stack)
        except errors.OmicsError:
            # It spares a GetRun for runs that the state records, no more.
            return StackState()

    return Attempts(Runs(settings, own_stack.engine.require_alive), stack, state)


class Attempts:
    """Starts or finds the next attempt of a run that failed: a NextAttempt."""

    def __init__(self, runs: Runs, stack: str, state: Callable[[], StackState]) -> None:
        self._runs = runs
        self._stack = stack
        self._state = state
        self._lock = threading.Lock()
        self._listed: list[Mapping[str, Any]] | None = None

    def __call__(self, failed: Failed) -> Target:
        """Return the attempt after `failed`, started once, however often this is asked.

        Raises the errors of `omics_provider.base.errors`.
        """
        target = failed.target
        if target.declared is None:
            raise errors.OmicsError("Retry", "the declaration has no retry")
        start = self._start(failed, target.declared)
        live = self._found(failed, start)
        if live is None:
            made = start.started_or_found()
            live = {**made.properties, "id": made.run_id}
        return target.successor(failed.live, live)

    def _start(self, failed: Failed, declared: Declared) -> Start:
        token = identity.retry_token(declared.uuid, failed.target.next_number)
        name = declaration.name_sent({}, declared.inputs, urn_name(declared.urn))
        inputs = {**declared.inputs, **name}
        return Start(
            self._runs, self._state(), self._stack, declared.urn, inputs, token,
            # An attempt is looked for by its token alone.
            recent=list, listed=partial(self._listed_since, failed.live), must_look=True,
        )  # fmt: skip

    def _listed_since(self, ended: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
        return since(ended, self._runs.list())

    def _found(self, failed: Failed, start: Start) -> Live | None:
        if failed.is_repeated:
            return start.find()
        if failed.may_be_followed:
            return replace(start, listed=lambda: since(failed.live, self._listed_once())).find()
        return None

    def _listed_once(self) -> list[Mapping[str, Any]]:
        """List the runs that earlier updates left. No other update goes on beside this one."""
        with self._lock:
            if self._listed is None:
                self._listed = list(self._runs.list())
            return self._listed
