"""The life of a run: its status as a pure function of stored times and the time now."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

PENDING: Final = "PENDING"
STARTING: Final = "STARTING"
RUNNING: Final = "RUNNING"
STOPPING: Final = "STOPPING"
COMPLETED: Final = "COMPLETED"
FAILED: Final = "FAILED"
CANCELLED: Final = "CANCELLED"
ACTIVE: Final = (PENDING, STARTING, RUNNING, STOPPING)
ENDED: Final = frozenset({COMPLETED, FAILED, CANCELLED})

# Shares of a run's length. The rest is RUNNING.
_STARTUP_SHARE: Final = 0.15
_STOPPING_SHARE: Final = 0.05
#: How much of the time before RUNNING is PENDING; then it is STARTING.
_PENDING_PART: Final = 1 / 3
#: From this length on those spans do not grow: a run of a day begins, and stops, in seconds.
_LONGEST_SCALED: Final = 200.0


@dataclass(frozen=True)
class Life:
    """The times at which a run passes from state to state, in emulated seconds.

    None means that the passage is not foreseen: a run that waits for room has no `starting`,
    a frozen one no `stopping`. `outcome` is the state in which it ends.
    """

    created: float
    starting: float | None
    running: float | None
    stopping: float | None
    ended: float | None
    outcome: str

    @staticmethod
    def planned(
        created: float, begins: float, seconds: float, outcome: str, startup: float | None = None
    ) -> Life:
        """Give a life of `seconds` that begins (leaves the queue) at `begins`.

        Some of the `seconds` pass before it is RUNNING; with `startup` it takes so long until then,
        and the `seconds` come after.
        """
        scaled = min(seconds, _LONGEST_SCALED)
        before = scaled * _STARTUP_SHARE if startup is None else startup
        starting = begins + before * _PENDING_PART
        running = begins + before
        ended = begins + seconds if startup is None else running + seconds
        return Life(created, starting, running, ended - stopping_seconds(seconds), ended, outcome)

    def passages(self) -> Iterator[tuple[float, str]]:
        """Give each foreseen time with the state that begins then."""
        times = (self.created, self.starting, self.running, self.stopping, self.ended)
        for time, state in zip(times, (*ACTIVE, self.outcome), strict=True):
            if time is not None:
                yield time, state

    def status(self, now: float) -> str:
        """Give the state at the time `now`."""
        reached = PENDING
        for time, state in self.passages():
            if time <= now:
                reached = state
        return reached

    def frozen(self) -> Life:
        """Give this life without an end: it stays RUNNING until it is cancelled."""
        return Life(self.created, self.starting, self.running, None, None, self.outcome)

    def cancelled(self, now: float, seconds: float) -> Life:
        """Give this life cancelled at `now`: STOPPING for `seconds`, then CANCELLED.

        States that it had not reached yet are never reached. A life that is STOPPING already
        keeps its times and ends CANCELLED.
        """
        if self.status(now) == STOPPING:
            return Life(
                self.created, self.starting, self.running, self.stopping, self.ended, CANCELLED
            )

        def reached(time: float | None) -> float | None:
            return time if time is not None and time <= now else None

        return Life(
            self.created,
            reached(self.starting),
            reached(self.running),
            now,
            now + seconds,
            CANCELLED,
        )

    def started(self, now: float) -> float | None:
        """When it began to run, if it has: its startTime."""
        return self.running if self.running is not None and self.running <= now else None

    def stopped(self, now: float) -> float | None:
        """When it ended, if it has: its stopTime."""
        return self.ended if self.ended is not None and self.ended <= now else None


def stopping_seconds(length: float) -> float:
    """Give for how long a run or a task of this length is STOPPING."""
    return min(length, _LONGEST_SCALED) * _STOPPING_SHARE


def life_of(row: sqlite3.Row | Mapping[str, Any]) -> Life:
    """Give the life of a run's row."""
    return Life(
        row["created"], row["starting"], row["running"], row["stopping"], row["ended"],
        row["outcome"],
    )  # fmt: skip
