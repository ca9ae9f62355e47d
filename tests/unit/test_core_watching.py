"""Waiting, as tables: when to look again, whose entry it is, what is told."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from omics_provider.core import watching
from omics_provider.core.watching import LOCAL, REMOTE, Tally, Target, Verdict

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
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
def test_the_next_look(ages: list[float], cost: float, pace: watching.Pace, seconds: float) -> None:
    assert watching.interval(ages, cost, pace) == pytest.approx(seconds)


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
    assert watching.verdict(waited_for, listed, recorded_at) is expected


def test_an_entry_that_changes_its_creation_is_another_run() -> None:
    assert watching.verdict(target(), item("COMPLETED"), {}, MADE) is Verdict.ENDED
    assert watching.verdict(target(), item("COMPLETED"), {}, LATER) is Verdict.ASK
    assert watching.verdict(target(), item("RUNNING"), {}, LATER) is Verdict.ASK


def test_only_a_completed_run_of_unknown_creation_needs_the_times_of_the_state() -> None:
    assert watching.needs_record_times(target(), item("COMPLETED"))
    assert not watching.needs_record_times(target(), item("FAILED"))
    assert not watching.needs_record_times(target(), item("RUNNING"))
    assert not watching.needs_record_times(target(creationTime=MADE), item("COMPLETED"))


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
    answer = target(arn="arn:1").answer(facts_of("FAILED", failure_reason="RUN_TASK_FAILED"))
    assert answer["name"] == "HG002"
    assert answer["arn"] == "arn:1"
    assert answer["failureReason"] == "RUN_TASK_FAILED"
    assert answer["recordGone"] is False
    assert target().answer(target().ended_as(None))["recordGone"] is True


def ran(hours: float) -> str:
    return (NOW - timedelta(hours=hours)).isoformat()


def test_the_line() -> None:
    active = [
        {"status": "RUNNING", "startTime": ran(2.2278), "creationTime": ran(3)},
        {"status": "RUNNING", "startTime": ran(1)},
        {"status": "PENDING", "creationTime": ran(0.5)},
        {},
    ]
    tally = Tally(active, Counter(COMPLETED=84, FAILED=1))
    assert watching.line(tally, NOW) == (
        "2 running, 2 pending, 84 completed, 1 failed, oldest 02:13:40"
    )
    assert watching.line(Tally(), NOW) == ""


def test_the_next_end_is_told_where_past_runs_allow_it() -> None:
    run = {"status": "RUNNING", "startTime": ran(1), "workflowId": "7"}
    late = {"status": "RUNNING", "startTime": ran(5), "workflowId": "7"}
    hours = [3600 * 1.5, 3600 * 2, 3600 * 9]
    assert watching.next_end(Tally([run], lengths={"7": hours[:2]}), NOW) is None
    assert watching.next_end(Tally([run], lengths={"8": hours}), NOW) is None
    assert watching.next_end(Tally([late], lengths={"7": hours}), NOW) is None
    found = watching.next_end(Tally([late, run], lengths={"7": hours}), NOW)
    assert found == NOW + timedelta(hours=1)
    line = watching.line(Tally([run], lengths={"7": hours}), NOW)
    assert f"next end expected about {found.astimezone():%H:%M}" in line


def facts_of(status: str, **more: Any) -> dict[str, Any]:
    return {**target().ended_as(item(status)), **more}


def test_several_places_are_told_as_one() -> None:
    started = (NOW - timedelta(minutes=30)).isoformat()
    run = {"status": "RUNNING", "startTime": started, "workflowId": "7"}
    hour = [3600.0] * 3
    here = Tally([run], Counter(COMPLETED=2), {"7": hour})
    there = Tally([run, {"status": "PENDING"}], Counter(COMPLETED=1, FAILED=1))
    whole = watching.together([here, there])
    assert watching.states(whole) == [
        ("RUNNING", 2), ("PENDING", 1), ("COMPLETED", 3), ("FAILED", 1),
    ]  # fmt: skip
    # Workflow 7 there is not workflow 7 here.
    assert watching.next_end(whole, NOW) == NOW + timedelta(minutes=30)
    assert (
        watching.next_end(watching.together([Tally([], lengths={"7": hour}), there]), NOW) is None
    )
    assert watching.together([here]) is here


def test_an_event_for_each_end() -> None:
    ended = facts_of("COMPLETED", start_time=MADE, stop_time="2026-11-23T12:13:40.123Z")
    failed = facts_of("FAILED", failure_reason="RUN_TASK_FAILED")
    assert watching.events([("HG002", ended), ("HG003", failed)]) == [
        "Run HG002 (1234567) ended COMPLETED after 02:13:40.",
        "Run HG003 (1234567) ended FAILED: RUN_TASK_FAILED.",
    ]
    assert watching.events([(f"S{n}", ended) for n in range(22)]) == [
        f"22 runs COMPLETED: {', '.join(f'S{n}' for n in range(20))} and 2 more."
    ]


def test_equal_failures_are_told_once() -> None:
    input_missing = facts_of("FAILED", failure_reason="INPUT_URI_NOT_FOUND", status_message="s3://")
    found = {f"S{n}": input_missing for n in range(5)}
    found |= {"T": facts_of("FAILED", failure_reason="RUN_TASK_FAILED"), "U": facts_of("COMPLETED")}
    first, second = watching.failures(found)
    assert first.splitlines() == [
        "Run S0 (1234567) ended FAILED: INPUT_URI_NOT_FOUND: s3://.",
        "  5 runs ended like this: S0, S1, S2, S3, S4.",
    ]
    assert second == "Run T (1234567) ended FAILED: RUN_TASK_FAILED."
    assert watching.failures({"U": facts_of("COMPLETED")}) == []


def test_a_length_of_time() -> None:
    assert watching.clock(8020.9) == "02:13:40"
    assert watching.clock(100 * 3600) == "100:00:00"


def test_tasks_are_counted_by_their_ends() -> None:
    states = ["COMPLETED"] * 3 + ["FAILED", "CANCELLED", "CANCELLED", "RUNNING"]
    assert watching.task_counts({"status": state} for state in states) == {
        "total": 7, "completed": 3, "failed": 1, "cancelled": 2,
    }  # fmt: skip
    assert watching.task_counts([])["total"] == 0


def test_what_can_not_be_read_is_told_once_for_all_alike() -> None:
    missing = {f"S{n}": "there is none" for n in range(7)}
    lines = watching.unread("Outputs are", {**missing, "T": "not allowed"})
    assert lines == [
        "Outputs are left out of S0, S1, S2, S3, S4 and 2 more: there is none",
        "Outputs are left out of T: not allowed",
    ]
