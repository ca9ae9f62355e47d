"""A month of a team's repository: each preview says before what then happens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.harness import Stack
from tests.engine.month.play import ROUNDING, Month
from tests.engine.month.script import DAYS, MONTH, Day

Record = Callable[[str, object], None]


@pytest.fixture
def played(make: Callable[..., Stack], tmp_path: Path) -> Callable[[tuple[Day, ...]], Month]:
    """Play days from the beginning."""

    def play(days: tuple[Day, ...]) -> Month:
        stack = make("project")
        stack.configure(preflight="warn")
        month = Month(stack, tmp_path / "team")
        month.play(days)
        month.settle()
        stack.preview("--expect-no-changes")
        assert "Traceback" not in stack.transcript
        return month

    return play


def hold(month: Month, days: tuple[Day, ...], record: Record) -> None:
    """Hold each claim against what came of it, and against the bill."""
    assert month.repository.count() == len(days)
    assert [claim.said for claim in month.claims] == [claim.happened for claim in month.claims]
    for claim in month.claims:
        billed = sum(month.bills[uuid] for uuid in claim.started)
        where = f"{claim.message}: started {len(claim.started)}, {claim.usd}, billed {billed:.4f}"
        # `pytest --junitxml=FILE -o junit_family=xunit1` keeps it.
        record(claim.message, where)
        if claim.usd is None:
            assert claim.unknown == len(claim.started), where
            continue
        assert claim.unknown == 0, where
        low, high = claim.usd
        assert billed <= high + ROUNDING, where
        # A run that fails or is cancelled costs less than one that completes.
        if month.completed.issuperset(claim.started):
            assert billed >= low - ROUNDING, where


def test_three_days_of_commits(
    played: Callable[[tuple[Day, ...]], Month], record_property: Record
) -> None:
    hold(played(DAYS), DAYS, record_property)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_month_of_commits(
    played: Callable[[tuple[Day, ...]], Month], record_property: Record
) -> None:
    assert len(MONTH) == 30
    hold(played(MONTH), MONTH, record_property)
