"""When an update has to wait, or to fail once more, and what a preview then knows."""

from __future__ import annotations

from typing import Any

import pytest

from omics_provider.base.status import ACTIVE, ENDED, RunStatus
from omics_provider.base.values import UNKNOWN
from omics_provider.native import waiting
from omics_provider.native.kinds import KINDS

RUN = {"uuid": "u", "requestId": "r"}
#: What is owed in each state: where a failure fails the update, and where it is a warning.
OWED: dict[RunStatus, tuple[bool, bool]] = {
    **dict.fromkeys(ACTIVE, (True, True)),
    RunStatus.COMPLETED: (False, False),
    RunStatus.FAILED: (True, False),
    RunStatus.CANCELLED: (True, False),
    RunStatus.DELETED: (True, False),
}


@pytest.mark.parametrize("status", RunStatus)
def test_a_wait_is_owed_until_the_run_has_its_result(status: RunStatus) -> None:
    recorded = {**RUN, "status": str(status)}
    for on_failure, owed in zip(("fail", "warn"), OWED[status], strict=True):
        declared = {"waitForCompletion": True, "onFailure": on_failure}
        assert waiting.is_owed(recorded, declared) is owed
    assert waiting.is_owed(recorded, {"waitForCompletion": True}) is OWED[status][0]
    for none in ({}, {"waitForCompletion": False}, {"waitForCompletion": UNKNOWN}):
        assert not waiting.is_owed(recorded, none)


def test_nothing_is_owed_for_a_start_in_doubt() -> None:
    assert not waiting.is_owed({"requestId": "r", "status": "PENDING"}, {"waitForCompletion": True})


@pytest.mark.parametrize(
    ("status", "declared", "moves"),
    [
        ("RUNNING", {"waitForCompletion": True}, True),
        ("RUNNING", {}, False),
        # It fails once more, with what is known.
        ("FAILED", {"waitForCompletion": True}, False),
    ],
)
def test_a_preview_of_a_wait_does_not_know_the_end(
    status: str, declared: dict[str, Any], moves: bool
) -> None:
    known = {**RUN, "status": status, "runOutputUri": "s3://a/1", "creationTime": "t"}
    shown = KINDS["omics:index:Run"].foreseen_change(known, declared)
    assert (shown["status"] is UNKNOWN, shown.get("stopTime") is UNKNOWN) == (moves, moves)
    assert (shown["runOutputUri"], shown["uuid"]) == ("s3://a/1", "u")


def test_a_batch_is_active_while_any_of_its_runs_goes_on() -> None:
    is_active = KINDS["omics:index:RunBatch"].is_active
    started = {"status": "CREATING"}
    at_work = {"status": "PROCESSED", "runs": {"completed": 2, "running": 1}}
    over = {"status": "PROCESSED", "runs": {"completed": 3}}
    assert is_active({"batches": [started]})
    assert is_active({"batches": [over, at_work]})
    assert not is_active({"batches": [over]})
    # A start in doubt has no batch.
    assert not is_active({"requestId": "r"})


@pytest.mark.parametrize("kind", ["RunGroup", "RunCache", "Workflow"])
def test_nothing_else_goes_on_by_itself(kind: str) -> None:
    assert not KINDS[f"omics:index:{kind}"].is_active({"status": "ACTIVE"})


def test_a_run_is_active_until_its_end() -> None:
    for status in ENDED:
        assert not waiting.is_active({"status": str(status)})
    for status in ACTIVE:
        assert waiting.is_active({"status": str(status)})
