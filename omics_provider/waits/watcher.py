"""One poller for all waits of a program.

Each wait hands in the runs that it waits for and gets a future for each. One thread a place looks
at all of them together, in times that fit their age, and continues through trouble that passes.
"""

from __future__ import annotations

import copy
import functools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from omics_provider.base import errors
from omics_provider.base.settings import Settings
from omics_provider.runs.calls import Runs
from omics_provider.service import account

from .attempts import PASSING, Failed, Job, NextAttempt, Succession
from .lookout import Lookout, Sighting
from .rules import progress
from .rules import targets as watching
from .rules.targets import End, Facts, Target

#: Of these, what is reported at once where no look has succeeded yet: the set-up may be wrong.
_SET_UP: Final = (errors.CredentialsError, errors.Unreachable)
#: Seconds between two calls at the service: half of the quota of 10 a second.
_SPACING: Final = 0.2
#: Seconds for which a run that has just been started need not be known to the service.
_GRACE: Final = 60.0
#: Seconds without a further wait before the first look, and how long that is put off at most.
_QUIET, _QUIET_LOCAL, _QUIET_LONGEST = 0.5, 0.1, 3.0


@dataclass
class _Watched:
    target: Target
    ends: list[Future[End]] = field(default_factory=list)
    looks: list[Future[End | None]] = field(default_factory=list)
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
    """What has happened since the last news: ends seen, trouble begun, trouble over.

    `retries` are words on the attempts that were started, `refused` on those that could not be.
    """

    ends: list[tuple[str, Facts]]
    trouble: list[errors.OmicsError]
    is_over: bool
    retries: list[str]
    refused: list[str]


class Watcher:
    """Looks at all runs that are waited for at one place, in a thread of its own."""

    def __init__(
        self,
        lookout: Lookout,
        pace: watching.Pace,
        *,
        quiet: float = _QUIET_LOCAL,
        next_attempt: NextAttempt | None = None,
        renew: Callable[[], object] = lambda: None,
    ) -> None:
        """Take what looks, how often, and what starts the next attempt of a run that failed.

        `renew` is called where the credentials are refused, before they are used again.
        """
        self._lookout = lookout
        self._renew = renew
        self._succession = next_attempt and Succession(next_attempt, pace.longest / 4, renew)
        self._pace = pace
        self._quiet = quiet
        self._changed = threading.Condition()
        self._watched: dict[str, _Watched] = {}
        self._asked_at = 0.0
        self._thread: threading.Thread | None = None
        #: Runs that failed and whose next attempt is being started, and those that have one.
        self._retrying: dict[str, _Watched] = {}
        self._successors: dict[str, Target] = {}
        self._retries: list[str] = []
        self._refused: list[str] = []
        self._ended: Counter[str] = Counter()
        self._ends: list[tuple[str, Facts]] = []
        self._trouble: list[errors.OmicsError] = []
        self._in_trouble = self._is_over = self._has_seen = False

    def until_end(self, target: Target) -> Future[End]:
        """Return a future of the run's end: its last attempt's, where `retry` gives it more."""
        future: Future[End] = Future()
        with self._changed:
            self._entry(target).ends.append(future)
        return future

    def once(self, target: Target) -> Future[End | None]:
        """Return a future of the run's end, None where one look finds that it goes on."""
        future: Future[End | None] = Future()
        with self._changed:
            self._entry(target).looks.append(future)
        return future

    def tally(self) -> progress.Tally:
        """Return what is known of all runs at this moment."""
        with self._changed:
            waited_for = [each for each in self._watched.values() if each.ends]
            active = [each.live or each.target.recorded for each in waited_for]
            active += [{} for _ in self._retrying]
            return progress.Tally(active, Counter(self._ended), self._lookout.lengths)

    def seen(self, uuid: str) -> Mapping[str, Any]:
        """Return what was last seen of a run at work; nothing where no look has found it yet."""
        with self._changed:
            watched = self._watched.get(uuid)
            return (watched and watched.live) or {}

    @property
    def has_looked(self) -> bool:
        """Whether a look has succeeded: until then nothing is known of a run but its start."""
        return self._has_seen

    def news(self) -> News:
        """Return what has happened since the last call."""
        with self._changed:
            news = News(self._ends, self._trouble, self._is_over, self._retries, self._refused)
            self._ends, self._trouble, self._is_over = [], [], False
            self._retries, self._refused = [], []
            return news

    def _entry(self, target: Target) -> _Watched:
        self._asked_at = time.monotonic()
        if self._thread is None:
            # A daemon: the program's end, Ctrl-C's too, never waits for it.
            self._thread = threading.Thread(target=self._run, name="omics-wait", daemon=True)
            self._thread.start()
        self._changed.notify_all()
        while target.uuid in self._successors:
            target = self._successors[target.uuid]
        if target.uuid in self._retrying:
            return self._retrying[target.uuid]
        return self._watched.setdefault(target.uuid, _Watched(target))

    def _run(self) -> None:
        before = 0.0
        try:
            while True:
                self._await_quiet()
                began = time.thread_time()
                is_well = self._look()
                cost = time.thread_time() - began
                # A look that makes the client is dear once: that says nothing of the next.
                self._pause(min(cost, before), is_well=is_well)
                before = cost
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
        end = target.end(sighting.live) if sighting.has_ended else None
        goes_on = end is None or (
            self._succession is not None and target.wants_retry(sighting.live)
        )
        with self._changed:
            watched = self._watched.get(target.uuid)
            if watched is None:
                return
            looks, watched.looks = watched.looks, []
            if end is None:
                watched.live = sighting.live
            else:
                del self._watched[target.uuid]
                if goes_on:
                    self._retry(watched, sighting.live)
        for look in looks:
            _resolve(look, None if goes_on else end)
        if end is not None and not goes_on:
            self._is_over_for(watched, end)

    def _is_over_for(self, watched: _Watched, end: End) -> None:
        with self._changed:
            if watched.ends:
                self._ended[end.facts["status"]] += 1
                if watched.live is not None or end.facts["earlier_attempts"]:
                    self._ends.append((watched.target.name, end.facts))
        for future in watched.ends:
            _resolve(future, end)

    def _retry(self, watched: _Watched, live: Mapping[str, Any] | None) -> None:
        """Have the next attempt started, as long as anybody waits. Who waits, waits for that."""
        target = watched.target
        if self._succession is None or not watched.ends or not watched.is_wanted():
            return
        # A run that was seen at work by this very program has no successor yet: no other update
        # can go on meanwhile.
        failed = Failed(target, live, may_be_followed=watched.live is None)
        self._retrying[target.uuid] = watched

        def trouble(error: errors.OmicsError) -> None:
            with self._changed:
                self._trouble.append(error)

        def done(outcome: Target | errors.OmicsError) -> None:
            if isinstance(outcome, Target):
                self._succeeded(watched, live, outcome)
            else:
                self._refuse(watched, live, outcome)

        self._succession.add(Job(failed, watched.is_wanted, trouble, done))

    def _succeeded(
        self, watched: _Watched, live: Mapping[str, Any] | None, successor: Target
    ) -> None:
        with self._changed:
            del self._retrying[watched.target.uuid]
            self._successors[watched.target.uuid] = successor
            self._retries.append(progress.retried(watched.target, live, successor))
            entry = self._entry(successor)
            entry.ends += watched.ends
            entry.looks += watched.looks

    def _refuse(
        self, watched: _Watched, live: Mapping[str, Any] | None, error: errors.OmicsError
    ) -> None:
        target = watched.target
        with self._changed:
            del self._retrying[target.uuid]
            if watched.is_wanted():
                which = f"attempt {target.next_number} of run {target.name}"
                self._refused.append(f"{error.about(which)}\n{_left(error)}")
        for look in watched.looks:
            _resolve(look, target.end(live))
        self._is_over_for(watched, target.end(live))

    def _met(self, error: errors.OmicsError) -> bool:
        passes = isinstance(error, PASSING)
        if not passes or (isinstance(error, _SET_UP) and not self._has_seen):
            self._fail(error)
            return True
        if isinstance(error, errors.CredentialsError):
            self._renew()
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


def _left(error: errors.OmicsError) -> str:
    if isinstance(error, errors.Unconfirmed):
        return "It is not known whether it has started: the next `pulumi up` finds it."
    return "The run stays in its final state."


def _resolve(future: Future[Any], end: End | None) -> None:
    if future.set_running_or_notify_cancel():
        # A copy: two waits may be for the same run, and a program may change what it gets.
        future.set_result(copy.deepcopy(end))


class Watchers:
    """The watchers of one program: one for each place."""

    def __init__(self) -> None:
        self._by_place: dict[Settings, Watcher] = {}
        self._lock = threading.Lock()

    def of(
        self,
        settings: Settings,
        recorded_at: Callable[[], Mapping[str, str] | None],
        next_attempt: NextAttempt | None = None,
    ) -> Watcher:
        """Return the watcher of a place, the same for each call; `recorded_at` as in Lookout."""
        with self._lock:
            if settings not in self._by_place:
                self._by_place[settings] = _made(settings, recorded_at, next_attempt)
            return self._by_place[settings]


def _made(
    settings: Settings,
    recorded_at: Callable[[], Mapping[str, str] | None],
    next_attempt: NextAttempt | None,
) -> Watcher:
    is_local = settings.is_local
    lookout = Lookout(
        Runs(settings),
        recorded_at,
        spacing=0.0 if is_local else _SPACING,
        grace=0.0 if is_local else _GRACE,
    )
    return Watcher(
        lookout,
        watching.LOCAL if is_local else watching.REMOTE,
        quiet=_QUIET_LOCAL if is_local else _QUIET,
        next_attempt=next_attempt,
        renew=functools.partial(account.sign_in_again, settings),
    )
