"""Starting the next attempt of runs that failed, beside the looks at those that go on.

A StartRun waits for its turn and is repeated, so it has a thread of its own.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from omics_provider.base import errors
from omics_provider.waits.rules.targets import Target

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
            defect = errors.OmicsError("Retry", "starting it came to an end", advice="Report this.")
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
                return errors.OmicsError("Retry", "nobody waits for it any more")
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
