"""The one polling loop, on a clock that the test turns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from omics_provider.service.polling import Pace, TimeLimitReached, poll
from tests.provider.harness import Clock


def polled(clock: Clock, answers: Iterator[Any], **more: Any) -> Any:
    settings = {"limit": None, "pace": Pace(), "sleep": clock.sleep, "clock": clock.read, **more}
    return poll(lambda: next(answers), lambda found: found == "done", **settings)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_is_done_at_once_is_looked_at_once(clock: Clock) -> None:
    assert polled(clock, iter(["done"])) == "done"
    assert clock.slept == []


def test_it_looks_until_it_is_done(clock: Clock) -> None:
    assert polled(clock, iter(["a", "b", "done", "never"])) == "done"
    assert len(clock.slept) == 2


def test_the_pace_slows_down_to_its_longest(clock: Clock) -> None:
    answers = iter([*["a"] * 30, "done"])
    polled(clock, answers, pace=Pace(first=1, longest=10, factor=2))
    expected = [1, 2, 4, 8, *[10] * 26]
    assert len(clock.slept) == len(expected)
    for slept, middle in zip(clock.slept, expected, strict=True):
        assert 0.8 * middle <= slept <= 1.2 * middle


def test_pauses_are_jittered(clock: Clock) -> None:
    polled(clock, iter([*["a"] * 30, "done"]), pace=Pace(first=1, longest=1))
    assert len(set(clock.slept)) > 20


@pytest.mark.parametrize("limit", [0.0, 0.1, 7.0, 100.0])
def test_it_ends_at_its_limit(clock: Clock, limit: float) -> None:
    begin = clock.now
    answers = (f"look {number}" for number in range(10_000))
    with pytest.raises(TimeLimitReached) as caught:
        polled(clock, answers, limit=limit)
    assert clock.now - begin == pytest.approx(limit)
    assert caught.value.seconds == limit
    assert caught.value.last == f"look {len(clock.slept)}"


def test_it_looks_once_more_when_the_limit_is_reached(clock: Clock) -> None:
    # The last pause is cut to what is left, and what comes just then still counts.
    assert polled(clock, iter(["a", "done"]), limit=0.1) == "done"
    assert clock.slept == [pytest.approx(0.1)]


def test_a_look_that_takes_long_counts_against_the_limit(clock: Clock) -> None:
    def slow() -> Iterator[str]:
        while True:
            clock.now += 60
            yield "a"

    with pytest.raises(TimeLimitReached):
        polled(clock, slow(), limit=100)
    assert clock.now - 1000 <= 180


def test_what_a_look_raises_comes_through(clock: Clock) -> None:
    def broken() -> Iterator[str]:
        yield "a"
        raise ConnectionError("cut")

    with pytest.raises(ConnectionError, match="cut"):
        polled(clock, broken())


def test_a_clock_that_can_not_tell_the_last_moment_apart_ends_the_wait() -> None:
    now = [2.0**40]

    def sleep(seconds: float) -> None:
        # Ends a hair before the limit; then it adds nothing that a float of this size shows.
        now[0] += max(0.0, seconds - 2.0**-12)

    with pytest.raises(TimeLimitReached):
        poll(lambda: 1, lambda _: False, limit=1.0, pace=Pace(), sleep=sleep, clock=lambda: now[0])
