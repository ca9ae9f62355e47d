"""Many processes that share one quota of StartRun, on a clock of events: minutes in a second."""

from __future__ import annotations

import heapq
import itertools
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from omics_provider.service.pacing import Pacer

#: Threads of a plugin that start runs, and the longest way of a request or of an answer, seconds.
THREADS: Final = 4
WAY: Final = 0.05


class _NotYet(Exception):
    """The turn is so many seconds away."""


def _not_yet(seconds: float) -> None:
    raise _NotYet(seconds)


@dataclass
class Account:
    """Starts `quota` runs a second, at most `burst` at once, and throttles the others."""

    quota: float
    burst: float = 1.0
    left: float = field(init=False)
    seen: float = 0.0

    def __post_init__(self) -> None:
        self.left = self.burst

    def starts(self, now: float) -> bool:
        """Whether a request that arrives now starts a run."""
        self.left = min(self.burst, self.left + (now - self.seen) * self.quota)
        self.seen = now
        good = self.left >= 1 - 1e-9
        self.left -= good
        return good


@dataclass
class Shared:
    """What a crowd did: a share of the quota, its slowest to the mean, tries for each start."""

    started: list[int]
    of_the_quota: float
    slowest_to_mean: float
    tries: float


class Crowd:
    """Processes that each have `starts` runs to start; all begin within five seconds."""

    def __init__(self, stacks: int, starts: int, account: Account, seed: int = 1) -> None:
        self._account = account
        self._starts = starts
        self._random = random.Random(seed)  # a course that repeats, no secret
        self._now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._pacers = [
            Pacer(clock=lambda: self._now, sleep=_not_yet, draw=self._random.uniform)
            for _ in range(stacks)
        ]
        self._begun = [self._random.uniform(0, 5) for _ in range(stacks)]
        self._ended = list(self._begun)
        self._to_do = [starts] * stacks
        self._waiting = [0] * stacks
        self._asked = [0] * stacks
        self._tries = 0

    def share(self) -> Shared:
        """Let all of them start their runs."""
        for stack, begin in enumerate(self._begun):
            for _ in range(min(THREADS, self._starts)):
                self._at(begin, lambda stack=stack: self._next(stack))  # type: ignore[misc]
        while self._events:
            self._now, _, event = heapq.heappop(self._events)
            event()
        took = [end - begin for end, begin in zip(self._ended, self._begun, strict=True)]
        seconds = max(self._ended) - min(self._begun)
        runs = self._starts * len(took)
        return Shared(
            [self._starts - left for left in self._to_do],
            runs / seconds / self._account.quota,
            max(took) / statistics.mean(took),
            self._tries / runs,
        )

    def _at(self, when: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._numbers), event))

    def _next(self, stack: int) -> None:
        """Let a thread of the process take up a start, if there is one left."""
        if self._to_do[stack]:
            self._to_do[stack] -= 1
            self._wait(stack)

    def _wait(self, stack: int) -> None:
        self._waiting[stack] += 1
        self._look(stack)

    def _look(self, stack: int) -> None:
        """Look at the pacer, as a waiting thread does when it is woken."""
        self._asked[stack] += 1
        number = self._asked[stack]
        while self._waiting[stack]:
            try:
                turn = self._pacers[stack].wait_turn()
            except _NotYet as wait:
                self._at(
                    self._now + wait.args[0],
                    lambda: self._look(stack) if number == self._asked[stack] else None,
                )
                return
            self._waiting[stack] -= 1
            self._at(self._now + self._way(), lambda turn=turn: self._arrive(stack, turn))  # type: ignore[misc]

    def _arrive(self, stack: int, turn: float) -> None:
        self._tries += 1
        good = self._account.starts(self._now)
        self._at(self._now + self._way(), lambda: self._answered(stack, turn, good))

    def _answered(self, stack: int, turn: float, good: bool) -> None:
        if good:
            self._pacers[stack].succeeded(turn)
            self._ended[stack] = self._now
            self._next(stack)
            self._look(stack)
        else:
            self._pacers[stack].throttled(turn)
            self._wait(stack)

    def _way(self) -> float:
        return self._random.uniform(WAY / 2, WAY)
