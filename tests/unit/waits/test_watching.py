"""Waiting, as tables: when to look again, whose entry it is, what an end is told as."""

from __future__ import annotations

from typing import Any

import pytest

from omics_provider.waits.rules import targets
from omics_provider.waits.rules.targets import LOCAL, REMOTE, Target, Verdict

MADE = "2026-11-23T10:00:00.123Z"


def target(**recorded: Any) -> Target:
    return Target("HG002", "1234567", "uuid-1", {"uuid": "uuid-1", **recorded})


def item(status: str, created: str = MADE) -> dict[str, Any]:
    return {"id": "1234567", "status": status, "creationTime": created}


@pytest.mark.parametrize(
    ("ages", "cost", "pace", "seconds"),
    [
        ([], 0, REMOTE, 1.5),
        ([0], 0, REMOTE, 1.5),
        ([600], 0, REMOTE, 6),
        ([3600, 1200], 0, REMOTE, 12),
        ([10 * 3600], 0, REMOTE, 60),
        ([-5], 0, REMOTE, 1.5),
        ([0], 0, LOCAL, 0.2),
        ([10 * 3600], 0, LOCAL, 1),
        ([0], 0.3, LOCAL, 10),
        ([10 * 3600], 0.3, REMOTE, 60),
        # One look that was dear, a busy machine's say, does not put off the next for long.
        ([0], 3, LOCAL, 10),
    ],
)
def test_the_next_look(ages: list[float], cost: float, pace: targets.Pace, seconds: float) -> None:
    assert targets.interval(ages, cost, pace) == pytest.approx(seconds)


LATER = "2026-11-23T11:00:00Z"
JUST_AFTER = "2026-11-23T10:00:00.523Z"


@pytest.mark.parametrize(
    ("recorded", "listed", "recorded_at", "expected"),
    [
        # The creation is recorded.
        (MADE, item("RUNNING"), None, Verdict.ACTIVE),
        (MADE, item("COMPLETED"), None, Verdict.ENDED),
        (MADE, item("RUNNING", LATER), None, Verdict.ASK),
        (MADE, item("COMPLETED", LATER), None, Verdict.ASK),
        # It is not, as after a first up.
        (None, item("PENDING"), None, Verdict.ACTIVE),
        (None, item("COMPLETED"), None, Verdict.ASK),
        (None, item("COMPLETED"), {}, Verdict.ENDED),
        (None, item("COMPLETED"), {"uuid-1": JUST_AFTER}, Verdict.ENDED),
        (None, item("COMPLETED", LATER), {"uuid-1": JUST_AFTER}, Verdict.ASK),
        # A failure's reason is in GetRun's answer only.
        (MADE, item("FAILED"), {}, Verdict.ASK),
        (MADE, item("CANCELLED"), {}, Verdict.ASK),
        (None, item("DELETED"), {}, Verdict.ASK),
        # Another place has this id, too.
        (None, {**item("COMPLETED"), "arn": "arn:of-another"}, {}, Verdict.ASK),
        (MADE, {**item("RUNNING"), "arn": "arn:of-another"}, {}, Verdict.ASK),
        (MADE, {**item("COMPLETED"), "arn": "arn:of-this"}, {}, Verdict.ENDED),
    ],
)
def test_whose_entry_it_is(
    recorded: str | None,
    listed: dict[str, Any],
    recorded_at: dict[str, str] | None,
    expected: Verdict,
) -> None:
    known = {"creationTime": recorded} if recorded else {}
    waited_for = target(arn="arn:of-this", **known)
    assert targets.verdict(waited_for, listed, recorded_at) is expected


def test_an_entry_that_changes_its_creation_is_another_run() -> None:
    assert targets.verdict(target(), item("COMPLETED"), {}, MADE) is Verdict.ENDED
    assert targets.verdict(target(), item("COMPLETED"), {}, LATER) is Verdict.ASK
    assert targets.verdict(target(), item("RUNNING"), {}, LATER) is Verdict.ASK


def test_only_a_completed_run_of_unknown_creation_needs_the_times_of_the_state() -> None:
    assert targets.needs_record_times(target(), item("COMPLETED"))
    assert not targets.needs_record_times(target(), item("FAILED"))
    assert not targets.needs_record_times(target(), item("RUNNING"))
    assert not targets.needs_record_times(target(creationTime=MADE), item("COMPLETED"))


def test_the_facts_of_a_run() -> None:
    run = target(status="PENDING", runOutputUri="s3://r/1", attempts=2)
    listed = {**item("COMPLETED"), "startTime": MADE, "stopTime": LATER}
    assert run.ended_as(listed) == {
        "id": "1234567", "status": "COMPLETED", "run_output_uri": "s3://r/1", "start_time": MADE,
        "stop_time": LATER, "status_message": None, "failure_reason": None, "attempts": 2,
        "earlier_attempts": [], "outputs": None, "tasks": None,
    }  # fmt: skip
    gone = run.ended_as(None)
    assert gone["status"] == "DELETED"
    assert gone["run_output_uri"] == "s3://r/1"
    known = target(status="COMPLETED", stopTime=LATER)
    assert known.has_ended
    assert known.ended_as(None)["status"] == "COMPLETED"
    assert known.ended_as(None)["stop_time"] == LATER
    assert known.ended_as(None)["attempts"] == 1


def test_the_facts_by_the_names_of_the_api() -> None:
    told = {**target().ended_as(item("FAILED")), "failure_reason": "RUN_TASK_FAILED"}
    answer = target(arn="arn:1").answer(told)
    assert answer["name"] == "HG002"
    assert answer["arn"] == "arn:1"
    assert answer["failureReason"] == "RUN_TASK_FAILED"
    assert answer["recordGone"] is False
    assert target().answer(target().ended_as(None))["recordGone"] is True
