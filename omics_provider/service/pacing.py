"""How fast StartRun may be called: as fast as the account's quota lets, found out by trying.

The quota is one call a second by default and adjustable (developer guide, api-quotas); no call
tells what it is. The pace starts there and is raised while nothing is throttled. After a throttled
call it goes back, and waits twice as long before it tries again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

#: Calls a second that every account has.
DEFAULT_RATE: Final = 1.0
_LOWEST_RATE: Final = 0.5
_FIRST_PATIENCE: Final = 10
#: Calls without throttling after which a pace below the default rate is raised again: there, other
#: callers of the account may have used up the quota.
_SHORT_PATIENCE: Final = 3
_LONGEST_PATIENCE: Final = 320
_BOLD, _CAREFUL = 2.0, 1.25


class Pacer:
    """Turns for calls, shared by all threads of a process. `rate` None means no limit so far."""

    def __init__(
        self,
        rate: float | None = DEFAULT_RATE,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.rate = rate
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = 0.0
        self._streak = 0
        self._patience = _FIRST_PATIENCE
        self._growth = _BOLD
        self._slowed_at = float("-inf")

    def wait_turn(self) -> None:
        """Wait for this thread's turn, in the order of asking."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            if self.rate is not None:
                self._next = turn + 1 / self.rate
        if turn > now:
            self._sleep(turn - now)

    def succeeded(self) -> None:
        """Count a call that was not throttled; after enough of them, go faster."""
        with self._lock:
            self._streak += 1
            if self.rate is not None and self._streak >= self._needed(self.rate):
                self.rate *= self._growth
                self._streak = 0

    def _needed(self, rate: float) -> int:
        return _SHORT_PATIENCE if rate < DEFAULT_RATE else self._patience

    def throttled(self) -> None:
        """Go slower. Calls of other threads that were under way count as the same event."""
        with self._lock:
            now = self._clock()
            rate = self.rate or DEFAULT_RATE * self._growth
            if now - self._slowed_at >= 1 / rate:
                self.rate = max(_LOWEST_RATE, rate / self._growth)
                self._growth = _CAREFUL
                self._patience = min(2 * self._patience, _LONGEST_PATIENCE)
                self._slowed_at = now
            self._streak = 0
            self._next = max(self._next, now + 1 / (self.rate or rate))
