"""When a run that ended without its result is started again, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from omics_provider.base.status import RunStatus
from omics_provider.base.values import UNKNOWN
from omics_provider.runs.rules import run_table
from omics_provider.runs.rules import words as facts
from omics_provider.runs.rules.lifecycle import (
    attempt_limit,
    attempts,
    attempts_left,
    next_attempt,
    rerun_may_come,
    rerun_wanted,
)

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
            "It does not start again by itself: for a new run, give `rerun` a new value.",
        ),
        (
            {"status": "FAILED", "failureReason": "E", "statusMessage": "Run failed: E"},
            {},
            "Run 1 ended FAILED: E.\n"
            "It does not start again by itself: for a new run, give `rerun` a new value.",
        ),
        (
            {"status": "CANCELLED"},
            {"rerunOn": ["FAILED"]},
            "Run 1 ended CANCELLED: no reason given.\n"
            "It does not start again by itself: for a new run, give `rerun` a new value.",
        ),
        (
            {**FAILED, "attempts": 2},
            {"rerunOn": ["FAILED"]},
            "Run 1 ended FAILED: OUT_OF_MEMORY_ERROR: task 3.\n"
            "A new run replaces it: attempt 3 of 3.",
        ),
        (
            {**FAILED, "attempts": 5},
            {"rerunOn": ["FAILED"], "maxAttempts": 5},
            "Run 1 ended FAILED: OUT_OF_MEMORY_ERROR: task 3.\n"
            "All 5 attempts are used. For a new run, allow more attempts, or give `rerun` a new "
            "value.",
        ),
        (
            FAILED,
            {"retry": {"attempts": 5}},
            "Run 1 ended FAILED: OUT_OF_MEMORY_ERROR: task 3.\n"
            "It does not start again by itself: for a new run, give `rerun` a new value.",
        ),
        (
            {"status": "FAILED", "failureReason": "SERVICE_ERROR"},
            {"retry": {"attempts": 2}},
            "Run 1 ended FAILED: SERVICE_ERROR.\nA new run replaces it: attempt 2 of 2.",
        ),
        (
            {"status": "FAILED", "failureReason": "SERVICE_ERROR", "attempts": 2},
            {"retry": {"attempts": 2}, "rerunOn": ["CANCELLED"]},
            "Run 1 ended FAILED: SERVICE_ERROR.\n"
            "All 2 attempts are used. For a new run, allow more attempts, or give `rerun` a new "
            "value.",
        ),
    ],
)
def test_what_is_known_and_what_becomes_of_it(
    recorded: dict[str, Any], inputs: dict[str, Any], text: str
) -> None:
    assert facts.outlook("1", recorded, inputs) == text


# retry -----------------------------------------------------------------------------------------

# Codes of the developer guide's page workflows-run-errors that are the user's to put right.
USERS_OWN = [
    "ASSUME_ROLE_FAILED", "ECR_PERMISSION_ERROR", "FILE_SYSTEM_OUT_OF_SPACE", "IMPORT_FAILED",
    "INPUT_URI_NOT_FOUND", "OUT_OF_MEMORY_ERROR", "RUN_TASK_FAILED", "RUN_TIMED_OUT",
    "TASK_TIMED_OUT", "WORKFLOW_RUN_FAILED",
]  # fmt: skip


def ended(status: str, code: str | None = None, made: int | None = None) -> dict[str, Any]:
    facts = {"status": status, "failureReason": code, "attempts": made}
    return {key: value for key, value in facts.items() if value is not None}


@pytest.mark.parametrize("code", run_table.RETRYABLE)
@pytest.mark.parametrize("status", [str(state) for state in RunStatus])
def test_only_a_failed_run_is_retried(status: str, code: str) -> None:
    recorded = ended(status, code)
    assert rerun_wanted(recorded, {"retry": {"attempts": 2}}) is (status == "FAILED")
    assert attempt_limit(recorded, {"retry": {"attempts": 2}}) == 2 * (status == "FAILED")


@pytest.mark.parametrize("code", [*USERS_OWN, None, "", "A_CODE_OF_NEXT_YEAR"])
@pytest.mark.parametrize("on", [None, [], list(run_table.RETRYABLE)])
def test_what_the_user_has_to_put_right_is_never_retried(code: str | None, on: Any) -> None:
    retry = {"attempts": 10} if on is None else {"attempts": 10, "on": on}
    assert rerun_wanted(ended("FAILED", code), {"retry": retry}) is False


@pytest.mark.parametrize("code", run_table.RETRYABLE)
@pytest.mark.parametrize("named", run_table.RETRYABLE)
def test_of_the_codes_only_the_named_are_retried(code: str, named: str) -> None:
    retry = {"attempts": 2, "on": [named]}
    assert rerun_wanted(ended("FAILED", code), {"retry": retry}) is (code == named)


@pytest.mark.parametrize(
    ("made", "limit", "left"),
    [(None, 1, False), (None, 2, True), (1, 2, True), (2, 2, False), (9, 10, True), (3, 2, False)],
)
def test_retries_end(made: int | None, limit: int, left: bool) -> None:
    recorded, inputs = ended("FAILED", "SERVICE_ERROR", made), {"retry": {"attempts": limit}}
    assert attempts_left(recorded, inputs) is left
    assert rerun_wanted(recorded, inputs) is left


@pytest.mark.parametrize(
    ("retry", "wanted"),
    [
        (UNKNOWN, False),
        ({"attempts": UNKNOWN}, False),
        ({"attempts": 2, "on": [UNKNOWN]}, False),
        # What `on` leaves open is every code that can be retried; so it is for a value to come.
        ({"attempts": 2, "on": UNKNOWN}, True),
        ({"attempts": 2, "on": [UNKNOWN, "SERVICE_ERROR"]}, True),
    ],
)
def test_what_a_preview_does_not_know_of_retry(retry: Any, wanted: bool) -> None:
    recorded = ended("FAILED", "SERVICE_ERROR")
    assert rerun_wanted(recorded, {"retry": retry}) is wanted
    assert "ended FAILED: SERVICE_ERROR" in facts.outlook("1", recorded, {"retry": retry})


@pytest.mark.parametrize(
    ("recorded", "limit"),
    [
        (ended("FAILED", "SERVICE_ERROR"), 5),
        (ended("FAILED", "RUN_TASK_FAILED"), 2),
        (ended("CANCELLED"), 0),
    ],
)
def test_of_two_rules_the_one_that_allows_more_holds(recorded: dict[str, Any], limit: int) -> None:
    inputs = {"retry": {"attempts": 5}, "rerunOn": ["FAILED"], "maxAttempts": 2}
    assert attempt_limit(recorded, inputs) == limit


@pytest.mark.parametrize(
    ("inputs", "made", "may"),
    [
        ({}, None, False),
        ({"retry": {"attempts": 1}}, None, False),
        ({"retry": {"attempts": 2}}, None, True),
        ({"retry": {"attempts": 2}}, 2, False),
        ({"rerunOn": []}, None, False),
        ({"rerunOn": ["FAILED"]}, 2, True),
        ({"rerunOn": ["FAILED"]}, 3, False),
        ({"rerunOn": ["FAILED"], "maxAttempts": 1}, None, False),
        ({"rerunOn": ["FAILED"], "maxAttempts": 1, "retry": {"attempts": 3}}, 2, True),
        ({"rerunOn": UNKNOWN, "retry": UNKNOWN}, None, False),
        ({"retry": {"attempts": UNKNOWN}}, None, False),
        ({"rerunOn": ["FAILED"], "maxAttempts": UNKNOWN}, None, False),
    ],
)
def test_whether_an_unseen_end_could_matter(
    inputs: dict[str, Any], made: int | None, may: bool
) -> None:
    assert rerun_may_come(ended("RUNNING", made=made), inputs) is may


def test_what_is_recorded_of_the_run_that_is_replaced() -> None:
    first = {
        **ended("FAILED", "SERVICE_ERROR"),
        "uuid": "u1",
        "startTime": "2026-11-01T10:01:00Z",
        "stopTime": "2026-11-01T12:00:00Z",
        "roleArn": "arn:x",
        "parameters": {"token": "not for the list"},
    }
    one = {
        "id": "1",
        "uuid": "u1",
        "status": "FAILED",
        "failureReason": "SERVICE_ERROR",
        "startTime": "2026-11-01T10:01:00Z",
        "stopTime": "2026-11-01T12:00:00Z",
    }
    beside = next_attempt("1", first)
    assert beside == {"attempts": 2, "earlierAttempts": [one]}
    second = {**ended("FAILED", "INSTANCE_RESERVATION_FAILED"), "uuid": "u2", **beside}
    two = {
        "id": "2", "uuid": "u2", "status": "FAILED", "failureReason": "INSTANCE_RESERVATION_FAILED"
    }  # fmt: skip
    assert next_attempt("2", second) == {"attempts": 3, "earlierAttempts": [one, two]}
    assert second["earlierAttempts"] == [one]
