"""Processes that know nothing of each other share the quota of StartRun: all of it, and evenly."""

from __future__ import annotations

import pytest

from .crowd import Account, Crowd


@pytest.mark.parametrize(("quota", "seed"), [(1.0, 1), (2.0, 2)])
def test_fifty_stacks_use_the_whole_quota_and_none_starves(quota: float, seed: int) -> None:
    shared = Crowd(50, 20, Account(quota), seed).share()

    assert shared.started == [20] * 50
    assert shared.of_the_quota >= 0.9
    assert shared.slowest_to_mean <= 1.3


def test_where_a_burst_is_allowed_nothing_of_the_quota_is_lost() -> None:
    shared = Crowd(50, 20, Account(1.0, burst=5.0)).share()

    assert shared.of_the_quota >= 0.95
    assert shared.slowest_to_mean <= 1.3


@pytest.mark.parametrize(("stacks", "quota"), [(1, 1.0), (2, 1.0), (5, 1.0), (10, 1.0)])
def test_few_stacks_use_most_of_it(stacks: int, quota: float) -> None:
    shared = Crowd(stacks, 40, Account(quota)).share()

    assert shared.of_the_quota >= 0.78
    assert shared.slowest_to_mean <= 1.3


def test_a_stack_alone_is_hardly_throttled() -> None:
    assert Crowd(1, 200, Account(1.0)).share().tries <= 1.5
