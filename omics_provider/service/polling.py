"""The one polling loop."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look, in seconds: from `first` on, growing by `factor` up to `longest`."""

    first: float = 1.0
    longest: float = 15.0
    factor: float = 1.5


class TimeLimitReached(Exception):
    """What was waited for did not come within the limit; `last` is what was seen last."""

    def __init__(self, seconds: float, last: object) -> None:
        super().__init__(f"not within {seconds:.0f} s")
        self.seconds = seconds
        self.last = last


#: Seconds. Less than a clock can tell apart is no time left.
_SHORTEST: Final = 1e-3


def poll(
    look: Callable[[], T],
    done: Callable[[T], bool],
    *,
    limit: float | None,
    pace: Pace,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """Call `look` until `done` says so of what it gave, and return that.

    `limit` is in seconds, None for no limit. Raises TimeLimitReached, and what `look` raises.
    """
    start = clock()
    interval = pace.first
    while not done(found := look()):
        left = float("inf") if limit is None else limit - (clock() - start)
        if left < _SHORTEST:
            raise TimeLimitReached(limit or 0.0, found)
        sleep(min(left, interval * random.uniform(0.8, 1.2)))  # noqa: S311  # jitter, no secret
        interval = min(interval * pace.factor, pace.longest)
    return found
