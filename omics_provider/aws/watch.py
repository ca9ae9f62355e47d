"""One poller for all waits of a program.

Each wait hands in the runs that it waits for and gets a future for each. One thread a place looks
at all of them together, in times that fit their age, and goes on through trouble that passes.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from omics_provider.core import errors, watching
from omics_provider.core.settings import Settings
from omics_provider.core.watching import Facts, Target

from .gateway import Runs
from .lookout import Lookout, Sighting

#: Trouble that passes by itself, or once somebody signs in again.
_PASSING: Final = (
    errors.CredentialsError,
    errors.ServiceFault,
    errors.Throttled,
    errors.TimedOut,
    errors.Unreachable,
)
#: Of these, what is reported at once where no look has succeeded yet: the set-up may be wrong.
_SET_UP: Final = (errors.CredentialsError, errors.Unreachable)
#: Seconds between two calls at the service: half of the quota of 10 a second.
_SPACING: Final = 0.2
#: Seconds without a further wait before the first look, and how long that is put off at most.
_QUIET, _QUIET_LOCAL, _QUIET_LONGEST = 0.5, 0.1, 3.0


@dataclass
class _Watched:
    target: Target
    ends: list[Future[Facts]] = field(default_factory=list)
    looks: list[Future[Facts | None]] = field(default_factory=list)
    #: What was last seen of it while it was active.
    live: Mapping[str, Any] | None = None

    def is_wanted(self) -> bool:
        """Whether anybody still waits: a wait that ended early cancels its futures."""
        return not all(future.cancelled() for future in self.futures())

    def futures(self) -> list[Future[Any]]:
        """Return the futures of all who wait."""
        return [*self.ends, *self.looks]


@dataclass(frozen=True)
class News:
    """What has happened since the last news: ends seen, trouble begun, trouble over."""

    ends: list[tuple[str, Facts]]
    trouble: list[errors.OmicsError]
    is_over: bool


class Watcher:
    """Looks at all runs that are waited for at one place, in a thread of its own."""

    def __init__(
        self, lookout: Lookout, pace: watching.Pace, *, quiet: float = _QUIET_LOCAL
    ) -> None:
        self._lookout = lookout
        self._pace = pace
        self._quiet = quiet
        self._changed = threading.Condition()
        self._watched: dict[str, _Watched] = {}
        self._asked_at = 0.0
        self._thread: threading.Thread | None = None
        self._ended: Counter[str] = Counter()
        self._ends: list[tuple[str, Facts]] = []
        self._trouble: list[errors.OmicsError] = []
        self._in_trouble = self._is_over = self._has_seen = False

    def until_end(self, target: Target) -> Future[Facts]:
        """Return a future of the run's final facts."""
        future: Future[Facts] = Future()
        with self._changed:
            self._entry(target).ends.append(future)
        return future

    def once(self, target: Target) -> Future[Facts | None]:
        """Return a future of the run's final facts, None where one look finds it active."""
        future: Future[Facts | None] = Future()
        with self._changed:
            self._entry(target).looks.append(future)
        return future

    def tally(self) -> watching.Tally:
        """Return what is known of all runs at this moment."""
        with self._changed:
            waited_for = [each for each in self._watched.values() if each.ends]
            active = [each.live or each.target.recorded for each in waited_for]
            return watching.Tally(active, Counter(self._ended), self._lookout.lengths)

    def news(self) -> News:
        """Return what has happened since the last call."""
        with self._changed:
            news = News(self._ends, self._trouble, self._is_over)
            self._ends, self._trouble, self._is_over = [], [], False
            return news

    def _entry(self, target: Target) -> _Watched:
        self._asked_at = time.monotonic()
        if self._thread is None:
            # A daemon: the program's end, Ctrl-C's too, never waits for it.
            self._thread = threading.Thread(target=self._run, name="omics-wait", daemon=True)
            self._thread.start()
        self._changed.notify_all()
        return self._watched.setdefault(target.uuid, _Watched(target))

    def _run(self) -> None:
        try:
            while True:
                self._await_quiet()
                began = time.thread_time()
                is_well = self._look()
                self._pause(time.thread_time() - began, is_well=is_well)
        finally:
            # Only a defect leads here. Nobody may wait for ever because of it.
            self._thread = None
            self._fail(errors.OmicsError("Waiting", "the poller ended", advice="Report this."))

    def _await_quiet(self) -> None:
        """Wait until something is waited for, and nothing more has been added for a moment."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._watched))
            latest = time.monotonic() + _QUIET_LONGEST
            while (left := min(self._asked_at + self._quiet, latest) - time.monotonic()) > 0:
                self._changed.wait(left)

    def _look(self) -> bool:
        """Look at all runs once; tell whether all went well."""
        with self._changed:
            self._leave_out_unwanted()
            targets = [watched.target for watched in self._watched.values()]
        try:
            for sighting in self._lookout.look(targets):
                self._saw(sighting)
        except errors.OmicsError as error:
            return self._met(error)
        with self._changed:
            self._has_seen = True
            self._is_over = self._is_over or self._in_trouble
            self._in_trouble = False
        return True

    def _leave_out_unwanted(self) -> None:
        self._watched = {u: w for u, w in self._watched.items() if w.is_wanted()}

    def _saw(self, sighting: Sighting) -> None:
        target = sighting.target
        told = target.ended_as(sighting.live) if sighting.has_ended else None
        with self._changed:
            watched = self._watched.get(target.uuid)
            if watched is None:
                return
            looks, watched.looks = watched.looks, []
            ends: list[Future[Facts]] = []
            if told is None:
                watched.live = sighting.live
            else:
                ends = self._watched.pop(target.uuid).ends
            if told is not None and ends:
                self._ended[told["status"]] += 1
                if watched.live is not None:
                    self._ends.append((target.name, told))
        for look in looks:
            _resolve(look, told)
        for end in ends:
            _resolve(end, told)

    def _met(self, error: errors.OmicsError) -> bool:
        passes = isinstance(error, _PASSING)
        if not passes or (isinstance(error, _SET_UP) and not self._has_seen):
            self._fail(error)
            return True
        with self._changed:
            if not self._in_trouble:
                self._trouble.append(error)
            self._in_trouble = True
        return False

    def _fail(self, error: errors.OmicsError) -> None:
        with self._changed:
            watched, self._watched = list(self._watched.values()), {}
        for each in watched:
            for future in each.futures():
                if future.set_running_or_notify_cancel():
                    future.set_exception(error)

    def _pause(self, cost: float, *, is_well: bool) -> None:
        """Wait for the next look; a new wait brings it forward."""
        with self._changed:
            self._leave_out_unwanted()
            if not self._watched:
                return
            now = datetime.now(UTC)
            ages = [watching.age(w.live or {}, now) for w in self._watched.values()]
            seconds = watching.interval(ages, cost, self._pace)
            if not is_well:
                seconds = max(seconds, self._pace.longest / 4)
            seconds *= random.uniform(0.8, 1.2)  # noqa: S311  # jitter, no secret
            asked = self._asked_at
            self._changed.wait_for(lambda: self._asked_at != asked, seconds)


def _resolve(future: Future[Any], told: Facts | None) -> None:
    if future.set_running_or_notify_cancel():
        # A copy: two waits may be for the same run, and a program may change what it gets.
        future.set_result(None if told is None else dict(told))


_watchers: dict[Settings, Watcher] = {}
_lock = threading.Lock()


def watcher_of(settings: Settings, recorded_at: Callable[[], Mapping[str, str] | None]) -> Watcher:
    """Return this program's watcher for a place; `recorded_at` as in Lookout."""
    with _lock:
        if settings not in _watchers:
            is_local = settings.is_local
            _watchers[settings] = Watcher(
                Lookout(Runs(settings), recorded_at, spacing=0.0 if is_local else _SPACING),
                watching.LOCAL if is_local else watching.REMOTE,
                quiet=_QUIET_LOCAL if is_local else _QUIET,
            )
        return _watchers[settings]
