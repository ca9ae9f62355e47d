"""How fast StartRun may be called: as fast as the account's quota lets, found out by trying.

The quota is one call a second by default and adjustable (developer guide, api-quotas); no call
tells what it is, and no process knows how many others use it. So a process knows three things:
how long it rests after a start, how often it asks again while it is throttled, and for how long
the start before took. Alone, it rests just as long as the quota wants, and is hardly throttled.
Among others it rests for less than a start takes, and then asks often: a quota that allows no
burst is used up only if somebody asks soon after each start (docs/adr/0019).
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Final

#: Calls a second that every account has.
DEFAULT_RATE: Final = 1.0
#: Starts without throttling after which the rest becomes shorter, and by how much; at first, and
#: once the quota has been met. A longer rest than the default quota's becomes shorter at once.
_FIRST_PATIENCE, _LONGEST_PATIENCE, _PATIENCE_AMONG_OTHERS = 10, 40, 3
_BOLD, _CAREFUL = 0.5, 0.8
#: With at most so many throttled tries, a start within so many seconds has met the quota alone.
_FEW: Final = 3
_ALONE_SECONDS: Final = 3.0
#: Of the time that the start before took, and at most: a rest among others, in seconds.
_REST, _LONGEST_REST = 0.4, 5.0
#: One start in so many is followed by a rest as for who is alone.
_AMONG_OTHERS: Final = 5
#: Tries a second while throttled. A throttled try lowers the rate by a share. A start raises it,
#: a low rate by more than a high one: so the rates of all who share a quota become equal.
_FIRST_RATE, _LOWEST_RATE, _HIGHEST_RATE = 4.0, 0.5, 10.0
_SLOWER, _FASTER = 0.996, 0.25
#: Seconds without an answer to a try, after which the next one goes.
_UNANSWERED: Final = 1.0


class Pacer:
    """Turns for calls, shared by all threads of a process. `rate` None means no limit so far."""

    def __init__(
        self,
        rate: float | None = DEFAULT_RATE,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
        draw: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Take the first pace; `sleep` stands for a wait that news from other threads end."""
        self._clock = clock
        self._sleep = sleep
        self._draw = draw
        self._order = threading.Lock()
        self._news = threading.Condition()
        self._rest = 1 / rate if rate else 0.0
        self._rate = _FIRST_RATE
        self._next = 0.0
        self._streak = 0
        self._patience = _FIRST_PATIENCE
        self._growth = _BOLD
        self._crowded = 0
        #: Throttled tries since the last start; when the first was made; who was told since then.
        self._misses = 0
        self._missed_first = self._known = float("-inf")
        #: When the last call succeeded, by the clock.
        self.succeeded_at = float("-inf")

    def wait_turn(self) -> float:
        """Wait for this thread's turn, in the order of asking; give its time."""
        with self._order, self._news:
            while (now := self._clock()) < self._next:
                self._pause(self._next - now)
            # While throttled, one try at a time: its answer says when the next one goes.
            self._next = now + (_UNANSWERED if self._misses else self._rest)
            return now

    def _pause(self, seconds: float) -> None:
        if self._sleep is None:
            self._news.wait(seconds)
        else:
            self._sleep(seconds)

    def succeeded(self, turn: float) -> None:
        """Count a call that was not throttled: after enough of them, go faster."""
        with self._news:
            self.succeeded_at = self._clock()
            if not self._misses:
                self._unhindered()
            elif turn >= self._missed_first:
                self._after_throttling(self._rest + turn - self._missed_first)
                self._known = turn
                self._next = turn + self._rest
                self._news.notify_all()

    def _unhindered(self) -> None:
        self._streak += 1
        if self._streak >= (self._patience if self._rest <= 1 / DEFAULT_RATE else 1):
            self._rest *= self._growth
            self._streak = 0

    def _after_throttling(self, seconds: float) -> None:
        """Learn from a start that came `seconds` after the one before."""
        few = self._misses <= _FEW or self._growth == _BOLD
        alone = few and seconds <= _ALONE_SECONDS
        if alone:
            # The seconds include the way of an answer, which is more than a short rest.
            self._rest = min(seconds, self._rest / self._growth)
            self._patience = min(2 * self._patience, _LONGEST_PATIENCE)
            self._crowded = 0
        else:
            # Now and then a whole rest: it ends the search for those who were last among others.
            share = _REST if self._crowded % _AMONG_OTHERS else 1.0
            self._rest = min(_LONGEST_REST, share * seconds)
            self._patience = _PATIENCE_AMONG_OTHERS
            self._crowded += 1
        if self._misses > _FEW:
            self._rate = min(_HIGHEST_RATE, self._rate * (1 + _FASTER / self._rate**0.5))
        self._growth = _CAREFUL
        self._misses = self._streak = 0

    def throttled(self, turn: float) -> None:
        """Try again soon. Calls of other threads that were under way count as the same event."""
        with self._news:
            if turn <= self._known:
                return
            self._rest = self._rest or 1 / DEFAULT_RATE
            if not self._misses:
                self._missed_first = turn
            self._misses += 1
            self._rate = max(_LOWEST_RATE, self._rate * _SLOWER)
            self._known = self._clock()
            self._next = self._known + self._soon()
            self._news.notify_all()

    def _soon(self) -> float:
        """Return for how long to wait after a throttled try: never twice the same."""
        longest = self._rest / 4 if self._misses <= _FEW else float("inf")
        return self._draw(0.5, 1.5) * min(1 / self._rate, longest)
