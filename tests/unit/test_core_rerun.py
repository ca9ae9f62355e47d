"""When a run that ended without its result is started again, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from omics_provider.core import facts
from omics_provider.core.lifecycle import attempts, attempts_left, rerun_wanted
from omics_provider.core.status import RunStatus
from omics_provider.core.values import UNKNOWN

ALL = ["FAILED", "CANCELLED", "DELETED"]


@pytest.mark.parametrize("status", [str(state) for state in RunStatus])
@pytest.mark.parametrize("wanted", [None, [], ["FAILED"], ["CANCELLED", "DELETED"], ALL])
def test_only_an_end_that_is_named_asks_for_a_new_run(status: str, wanted: Any) -> None:
    inputs = {} if wanted is None else {"rerunOn": wanted}
    assert rerun_wanted({"status": status}, inputs) is (status in (wanted or []))


@pytest.mark.parametrize(
    ("made", "limit", "left"),
    [
        (None, None, True),
        (1, None, True),
        (2, None, True),
        (3, None, False),
        (4, None, False),
        (None, 1, False),
        (1, 2, True),
        (2, 2, False),
        (99, 100, True),
        (1, UNKNOWN, False),
    ],
)
def test_attempts_end(made: int | None, limit: Any, left: bool) -> None:
    recorded = {"status": "FAILED"} if made is None else {"status": "FAILED", "attempts": made}
    inputs = {"rerunOn": ["FAILED"]} | ({} if limit is None else {"maxAttempts": limit})
    assert attempts(recorded) == (made or 1)
    assert attempts_left(recorded, inputs) is left
    assert rerun_wanted(recorded, inputs) is left


@pytest.mark.parametrize("status", ALL)
@pytest.mark.parametrize("wanted", [UNKNOWN, [UNKNOWN]])
def test_what_a_preview_does_not_know_decides_nothing(status: str, wanted: Any) -> None:
    recorded, inputs = {"status": status}, {"rerunOn": wanted}
    assert rerun_wanted(recorded, inputs) is False
    assert f"ended {status}" in facts.outlook("1", recorded, inputs)


FAILED = {"status": "FAILED", "failureReason": "OUT_OF_MEMORY_ERROR", "statusMessage": "task 3"}


@pytest.mark.parametrize(
    ("recorded", "inputs", "text"),
    [
        (
            FAILED,
            {},
            "Run 1 ended FAILED: OUT_OF_MEMORY_ERROR: task 3.\n"
            "Nothing starts it again: give `rerun` a new value for a new run.",
        ),
        (
            {"status": "CANCELLED"},
            {"rerunOn": ["FAILED"]},
            "Run 1 ended CANCELLED: no reason given.\n"
            "Nothing starts it again: give `rerun` a new value for a new run.",
        ),
        (
            {**FAILED, "attempts": 2},
            {"rerunOn": ["FAILED"]},
            "Run 1 ended FAILED: OUT_OF_MEMORY_ERROR: task 3.\n"
            "rerun_on replaces it: attempt 3 of 3.",
        ),
        (
            {**FAILED, "attempts": 5},
            {"rerunOn": ["FAILED"], "maxAttempts": 5},
            "Run 1 ended FAILED: OUT_OF_MEMORY_ERROR: task 3.\n"
            "All 5 attempts are used up: raise max_attempts, or give `rerun` a new value, "
            "for a new run.",
        ),
    ],
)
def test_what_is_known_and_what_becomes_of_it(
    recorded: dict[str, Any], inputs: dict[str, Any], text: str
) -> None:
    assert facts.outlook("1", recorded, inputs) == text
