"""What is told of runs that are waited for."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from omics_provider.runs.rules import words
from omics_provider.waits.rules import progress
from omics_provider.waits.rules.targets import Target

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
MADE = "2026-11-23T10:00:00.123Z"
LATER = "2026-11-23T11:00:00Z"


def ran(hours: float) -> str:
    return (NOW - timedelta(hours=hours)).isoformat()


def test_the_line_begins_with_what_needs_somebody() -> None:
    active = [
        {"status": "RUNNING", "startTime": ran(2.2278), "creationTime": ran(3)},
        {"status": "RUNNING", "startTime": ran(1)},
        {"status": "PENDING", "creationTime": ran(0.5)},
        {},
    ]
    tally = progress.Tally(active, Counter(COMPLETED=84, FAILED=1))
    assert progress.line(tally, NOW) == (
        "1 failed, 2 running, 2 pending, 84 completed, oldest 02:13:40"
    )
    assert progress.line(progress.Tally(), NOW) == ""


def test_the_next_end_is_told_where_past_runs_allow_it() -> None:
    run = {"status": "RUNNING", "startTime": ran(1), "workflowId": "7"}
    late = {"status": "RUNNING", "startTime": ran(5), "workflowId": "7"}
    hours = [3600 * 1.5, 3600 * 2, 3600 * 9]
    assert progress.next_end(progress.Tally([run], lengths={"7": hours[:2]}), NOW) is None
    assert progress.next_end(progress.Tally([run], lengths={"8": hours}), NOW) is None
    assert progress.next_end(progress.Tally([late], lengths={"7": hours}), NOW) is None
    found = progress.next_end(progress.Tally([late, run], lengths={"7": hours}), NOW)
    assert found == NOW + timedelta(hours=1)
    line = progress.line(progress.Tally([run], lengths={"7": hours}), NOW)
    assert f"next end expected about {found.astimezone():%H:%M}" in line


def facts_of(status: str, **more: Any) -> dict[str, Any]:
    run = Target("HG002", "1234567", "u")
    return {**run.ended_as({"id": "1234567", "status": status, "creationTime": MADE}), **more}


def test_several_places_are_told_as_one() -> None:
    started = (NOW - timedelta(minutes=30)).isoformat()
    run = {"status": "RUNNING", "startTime": started, "workflowId": "7"}
    hour = [3600.0] * 3
    here = progress.Tally([run], Counter(COMPLETED=2), {"7": hour})
    there = progress.Tally([run, {"status": "PENDING"}], Counter(COMPLETED=1, FAILED=1))
    whole = progress.together([here, there])
    assert progress.states(whole) == [
        ("FAILED", 1), ("RUNNING", 2), ("PENDING", 1), ("COMPLETED", 3),
    ]  # fmt: skip
    # Workflow 7 there is not workflow 7 here.
    assert progress.next_end(whole, NOW) == NOW + timedelta(minutes=30)
    elsewhere = progress.together([progress.Tally([], lengths={"7": hour}), there])
    assert progress.next_end(elsewhere, NOW) is None
    assert progress.together([here]) is here


def test_an_event_for_each_end() -> None:
    ended = facts_of("COMPLETED", start_time=MADE, stop_time="2026-11-23T12:13:40.123Z")
    failed = facts_of("FAILED", failure_reason="RUN_TASK_FAILED")
    assert progress.events([("HG002", ended), ("HG003", failed)]) == [
        "Run HG002 (1234567) ended COMPLETED after 02:13:40.",
        "Run HG003 (1234567) ended FAILED: RUN_TASK_FAILED.",
    ]
    assert progress.events([(f"S{n}", ended) for n in range(22)]) == [
        f"22 runs COMPLETED: {', '.join(f'S{n}' for n in range(20))} and 2 more."
    ]


def test_equal_failures_are_told_once() -> None:
    input_missing = facts_of("FAILED", failure_reason="INPUT_URI_NOT_FOUND", status_message="s3://")
    found = {f"S{n}": input_missing for n in range(5)}
    found |= {"T": facts_of("FAILED", failure_reason="RUN_TASK_FAILED"), "U": facts_of("COMPLETED")}
    first, second = progress.failures(found)
    assert first.splitlines() == [
        "Run S0 (1234567) ended FAILED: INPUT_URI_NOT_FOUND: s3://.",
        "  5 runs ended like this: S0, S1, S2, S3, S4.",
    ]
    assert second == "Run T (1234567) ended FAILED: RUN_TASK_FAILED."
    assert progress.failures({"U": facts_of("COMPLETED")}) == []


def test_failures_that_name_their_own_files_and_logs_are_told_once() -> None:
    found = {
        f"S{n}": facts_of(
            "FAILED",
            failure_reason="INPUT_URI_NOT_FOUND",
            status_message=f"does not exist: s3://b/{n}.bam. Check it.",
        )
        for n in range(5)
    }
    (line,) = progress.failures(found)
    first, *_ = line.splitlines()
    assert first.endswith("FAILED: INPUT_URI_NOT_FOUND: does not exist: s3://b/0.bam. Check it.")
    assert "5 runs ended like this" in line


def test_a_length_of_time() -> None:
    assert progress.clock(8020.9) == "02:13:40"
    assert progress.clock(100 * 3600) == "100:00:00"


def test_tasks_are_counted_by_their_ends() -> None:
    states = ["COMPLETED"] * 3 + ["FAILED", "CANCELLED", "CANCELLED", "RUNNING"]
    assert words.task_counts({"status": state} for state in states) == {
        "total": 7, "completed": 3, "failed": 1, "cancelled": 2,
    }  # fmt: skip
    assert words.task_counts([])["total"] == 0


def test_what_can_not_be_read_is_told_once_for_all_alike() -> None:
    missing = {f"S{n}": "there is none" for n in range(7)}
    lines = progress.unread("Outputs are", {**missing, "T": "not allowed"})
    assert lines == [
        "Outputs are left out of S0, S1, S2, S3, S4 and 2 more: there is none",
        "Outputs are left out of T: not allowed",
    ]
