"""Repeating a StartRun, and how fast: on a clock that the test turns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

import pytest

from omics_provider.base import errors
from omics_provider.service import start_loop
from omics_provider.service.pacing import DEFAULT_RATE, Pacer
from tests.provider.harness import Clock

ANSWER = {"id": "1"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


def failure(kind: type[errors.OmicsError]) -> errors.OmicsError:
    return kind("StartRun", kind.__name__)


def started(clock: Clock, *outcomes: Any) -> tuple[Any, int]:
    """Repeat over `outcomes`, the last for ever; give the result and the number of calls."""
    calls = 0
    ahead: Iterator[Any] = chain(outcomes, repeat(outcomes[-1]))

    def call() -> Any:
        nonlocal calls
        calls += 1
        outcome = next(ahead)
        if isinstance(outcome, type):
            raise failure(outcome)
        return outcome

    pacer = Pacer(None, clock=clock.read, sleep=clock.sleep)
    try:
        result = start_loop.repeat(call, pacer, sleep=clock.sleep, clock=clock.read)
    except errors.OmicsError as error:
        return error, calls
    return result, calls


def test_a_good_answer_is_the_only_call(clock: Clock) -> None:
    assert started(clock, ANSWER) == (ANSWER, 1)
    assert clock.slept == []


@pytest.mark.parametrize(
    "kind", [errors.Unreachable, errors.TimedOut, errors.ServiceFault, errors.NotSent]
)
def test_no_clear_answer_is_asked_again(clock: Clock, kind: type[errors.OmicsError]) -> None:
    assert started(clock, kind, kind, ANSWER) == (ANSWER, 3)
    assert len(clock.slept) == 2


@pytest.mark.parametrize("kind", [errors.Unreachable, errors.TimedOut, errors.ServiceFault])
def test_after_all_tries_it_is_not_known(clock: Clock, kind: type[errors.OmicsError]) -> None:
    error, calls = started(clock, kind)
    assert isinstance(error, errors.Unconfirmed)
    assert type(error.cause) is kind
    assert calls == 6
    assert sum(clock.slept) < 60


def test_without_any_connection_nothing_started(clock: Clock) -> None:
    error, calls = started(clock, errors.NotSent)
    assert (type(error), calls) == (errors.NotSent, 3)


REFUSALS = [
    errors.Denied,
    errors.Invalid,
    errors.NotFound,
    errors.Conflict,
    errors.QuotaExceeded,
    errors.CredentialsError,
    errors.SettingsError,
]


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_is_final(clock: Clock, kind: type[errors.OmicsError]) -> None:
    error, calls = started(clock, kind)
    assert (type(error), calls) == (kind, 1)


@pytest.mark.parametrize("kind", [*REFUSALS, errors.NotSent])
def test_a_refusal_after_a_lost_answer_proves_nothing(
    clock: Clock, kind: type[errors.OmicsError]
) -> None:
    error, _ = started(clock, errors.Unreachable, kind)
    assert isinstance(error, errors.Unconfirmed)
    assert type(error.cause) is kind


def test_throttled_calls_are_no_failures(clock: Clock) -> None:
    result, calls = started(clock, *[errors.Throttled] * 100, ANSWER)
    assert (result, calls) == (ANSWER, 101)


def test_throttling_has_an_end(clock: Clock) -> None:
    error, calls = started(clock, errors.Throttled)
    assert type(error) is errors.Throttled
    assert calls < 4000
    assert clock.now - 1000 < 3700


def test_throttling_has_no_end_while_other_starts_of_the_process_succeed(clock: Clock) -> None:
    pacer = Pacer(None, clock=clock.read, sleep=clock.sleep)
    begin, answers = clock.now, iter(range(10_000))

    def call() -> Any:
        if next(answers) % 100 == 50:
            # Another thread's start.
            pacer.succeeded(clock.now)
        if clock.now < begin + 2 * 3600:
            raise failure(errors.Throttled)
        return ANSWER

    assert start_loop.repeat(call, pacer, sleep=clock.sleep, clock=clock.read) == ANSWER


# The pace --------------------------------------------------------------------------------------


def starts_under_a_quota(clock: Clock, pacer: Pacer, runs: int, quota: float) -> tuple[float, int]:
    """Start `runs` runs at a service that takes `quota` calls a second; seconds and throttles."""
    begin, throttled, tokens, last = clock.now, 0, 1.0, clock.now
    done = 0
    while done < runs:
        turn = pacer.wait_turn()
        tokens, last = min(1.0, tokens + (clock.now - last) * quota), clock.now
        if tokens >= 1 - 1e-9:
            tokens -= 1
            done += 1
            pacer.succeeded(turn)
        else:
            throttled += 1
            pacer.throttled(turn)
    return clock.now - begin, throttled


@pytest.mark.parametrize(
    ("quota", "seconds", "throttles"), [(0.5, 215, 120), (1.0, 105, 8), (5.0, 36, 8), (20.0, 25, 8)]
)
def test_a_hundred_starts_find_the_quota(
    clock: Clock, quota: float, seconds: float, throttles: int
) -> None:
    pacer = Pacer(clock=clock.read, sleep=clock.sleep)
    took, throttled = starts_under_a_quota(clock, pacer, 100, quota)
    assert took <= seconds, (took, throttled)
    assert throttled <= throttles, (took, throttled)


def test_turns_are_a_second_apart_at_first(clock: Clock) -> None:
    pacer = Pacer(DEFAULT_RATE, clock=clock.read, sleep=clock.sleep)
    for _ in range(4):
        pacer.wait_turn()
    assert clock.slept == [pytest.approx(1.0)] * 3


def test_the_emulator_in_process_sets_no_pace(clock: Clock) -> None:
    pacer = Pacer(None, clock=clock.read, sleep=clock.sleep)
    for _ in range(100):
        pacer.succeeded(pacer.wait_turn())
    assert clock.slept == []
