"""Emulated time: real, faster by a factor, or stepped by hand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """A straight line from real seconds to emulated seconds, both since 1970 in UTC.

    `speed` 1 is real time, 60 lets a minute pass each second, and 0 stands still until
    `advanced` moves it. The line is kept in the state file, so every process reads the
    same time; no thread or daemon drives it.
    """

    real: float
    emulated: float
    speed: float = 1.0

    def now(self, real: float) -> float:
        """Give the emulated time at the real time `real`."""
        return self.emulated + (real - self.real) * self.speed

    def with_speed(self, real: float, speed: float) -> Clock:
        """Give the clock that goes on from `real` at another speed, without a jump."""
        return Clock(real, self.now(real), speed)

    def advanced(self, real: float, seconds: float) -> Clock:
        """Give the clock moved forward by `seconds` of emulated time at `real`."""
        return Clock(real, self.now(real) + seconds, self.speed)
