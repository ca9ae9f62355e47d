"""Done is done, failures are seen, and a new run comes only where a rule asks for one."""

from __future__ import annotations

from typing import Any

import pytest

from omics_provider.emulator import control
from tests.engine.harness import (
    ACTIVE,
    ENDED,
    FAILED,
    ROLE,
    Outcome,
    Stack,
    declaration,
    kept,
    name_of,
    until,
)

CAPACITY = {"emulator:seconds": "0", "emulator:fails": "INSTANCE_RESERVATION_FAILED"}
USERS_OWN = {"emulator:seconds": "0", "emulator:fails": "RUN_TASK_FAILED"}


def starts(stack: Stack, *arguments: str, expect: int | None = 0) -> tuple[Outcome, int]:
    """Bring the stack up; give the outcome, and how many runs were started."""
    outcome, calls = stack.calls(lambda: stack.up(*arguments, expect=expect))
    return outcome, calls.get("StartRun", 0)


# Done is done ----------------------------------------------------------------------------------


def test_records_that_retention_removed_are_done_and_never_started_again(stack: Stack) -> None:
    stack.settings(maxStoredRuns=2, ids="fresh")
    unseen, seen = "NA12878", "NA12891"
    runs = {
        name: declaration(tags=ENDED, retention_mode="REMOVE", parameters={"sample_name": name})
        for name in (unseen, seen)
    }
    stack.declare(runs)
    stack.up()
    stack.refresh("--target", stack.recorded(seen)["urn"])
    before = {name: stack.recorded(name) for name in runs}
    for number in (1, 2):
        stack.service.start_run(
            workflowId="9500764", workflowType="READY2RUN", roleArn=ROLE,
            outputUri="s3://elsewhere/runs", requestId=f"a stranger's {number}", tags=ENDED,
        )  # fmt: skip
    assert stack.statuses().keys().isdisjoint(run["id"] for run in before.values())

    # Nobody has looked yet: no difference, no call, no start.
    _, calls = stack.calls(lambda: stack.up("--expect-no-changes"))
    assert calls == {}
    stack.refresh()

    for name, status in ((unseen, "DELETED"), (seen, "COMPLETED")):
        outputs = {**before[name]["outputs"], "status": status, "recordGone": True}
        assert stack.recorded(name)["outputs"] == outputs
    preview, calls = stack.calls(lambda: stack.preview("--expect-no-changes"))
    assert (preview.summary, calls) == ({"same": 3}, {})
    # How the first one ended nobody knows, which is said; the other one is done, and quiet.
    assert preview.warnings.keys() == {unseen}
    _, calls = stack.calls(lambda: stack.up("--refresh", "--expect-no-changes"))
    assert calls.keys() <= {"GetRun"}

    destroyed, calls = stack.calls(stack.destroy)
    assert calls.keys() <= {"GetRun"}
    assert stack.resources() == []
    assert "warning" not in destroyed.text.lower()
    assert len(stack.statuses()) == 2


# Failures are seen -----------------------------------------------------------------------------


def test_an_end_without_a_result_is_told_at_each_step_and_starts_nothing(stack: Stack) -> None:
    stack.declare(
        {
            "failed": declaration(tags=FAILED),
            "cancelled": declaration(),
            "fine": declaration(tags=ENDED),
        }
    )
    stack.up()
    stack.service.cancel_run(id=stack.recorded("cancelled")["id"])
    until(lambda: stack.live("cancelled"), lambda run: run["status"] == "CANCELLED")
    stack.refresh()
    before = kept(stack)

    preview, calls = stack.calls(lambda: stack.preview("--expect-no-changes"))
    assert calls == {}
    assert preview.warnings.keys() == {"failed", "cancelled"}
    reason = f"Run {stack.recorded('failed')['id']} ended FAILED: INPUT_URI_NOT_FOUND"
    assert reason in preview.warnings["failed"]
    assert "Nothing starts it again: give `rerun` a new value" in preview.warnings["failed"]
    assert "ended CANCELLED" in preview.warnings["cancelled"]

    outcome, calls = stack.calls(lambda: stack.up("--expect-no-changes"))
    assert calls == {}
    assert reason in outcome.message
    assert "ended CANCELLED" in outcome.message
    assert kept(stack) == before


def test_rerun_on_replaces_says_why_and_stops(stack: Stack) -> None:
    rules: dict[str, Any] = {"tags": FAILED, "rerun_on": ["FAILED"], "max_attempts": 2}
    stack.declare(**rules)
    stack.up()
    first = stack.recorded()

    # The end has not been recorded; where a rule asks, it is looked up.
    preview = stack.preview()
    step = preview.steps()["replace NA12878"]
    assert step["replaceReasons"] == ["status"]
    assert "INPUT_URI_NOT_FOUND" in preview.warnings["NA12878"]
    assert "It is replaced by a new run: attempt 2 of 2." in preview.warnings["NA12878"]
    outcome, started = starts(stack)
    assert started == 1
    assert f"Run {first['id']} ended FAILED: INPUT_URI_NOT_FOUND" in outcome.message
    second = stack.recorded()["outputs"]
    assert second["uuid"] != first["outputs"]["uuid"]
    assert second["attempts"] == 2
    (earlier,) = second["earlierAttempts"]
    assert (earlier["uuid"], earlier["status"]) == (first["outputs"]["uuid"], "FAILED")

    # An operator that repeats a failed update does not pay for ever.
    for _ in range(2):
        outcome, started = starts(stack, "--refresh")
        assert started == 0
        assert "All 2 attempts are used up" in outcome.message
    assert stack.recorded()["outputs"]["uuid"] == second["uuid"]
    assert stack.recorded()["outputs"]["attempts"] == 2

    # Allowed more, it goes on counting; asked anew, it starts to count anew.
    stack.declare(**{**rules, "max_attempts": 3})
    _, started = starts(stack)
    assert (started, stack.recorded()["outputs"]["attempts"]) == (1, 3)
    stack.declare(**{**rules, "rerun": "the input is there now"})
    _, started = starts(stack)
    fresh = stack.recorded()["outputs"]
    assert (started, fresh.get("attempts"), fresh.get("earlierAttempts")) == (1, None, None)
    assert len(stack.statuses()) == 1


# Retry -----------------------------------------------------------------------------------------


def test_retry_starts_again_what_the_service_failed_and_nothing_else(stack: Stack) -> None:
    retry = {"attempts": 3}
    lives = {"capacity": CAPACITY, "own-fault": USERS_OWN, "fine": ENDED}
    runs = {
        name: declaration(tags=tags, retry=retry, parameters={"sample_name": name})
        for name, tags in lives.items()
    }
    stack.declare(runs)
    stack.up()
    uuids = {name: [stack.recorded(name)["outputs"]["uuid"]] for name in runs}

    for attempt in (2, 3):
        outcome, started = starts(stack)
        assert started == 1
        assert "INSTANCE_RESERVATION_FAILED" in outcome.message
        assert f"attempt {attempt} of 3" in outcome.message
        uuids["capacity"].append(stack.recorded("capacity")["outputs"]["uuid"])
    last = stack.recorded("capacity")["outputs"]
    assert last["attempts"] == 3
    assert [each["uuid"] for each in last["earlierAttempts"]] == uuids["capacity"][:2]
    for each in last["earlierAttempts"]:
        assert each["failureReason"] == "INSTANCE_RESERVATION_FAILED"
        assert each["stopTime"] >= each["startTime"]

    stack.refresh()
    outcome, calls = stack.calls(lambda: stack.up("--expect-no-changes"))
    assert calls == {}
    assert "All 3 attempts are used up" in outcome.message
    assert "RUN_TASK_FAILED" in outcome.message
    assert len({uuid for each in uuids.values() for uuid in each}) == 5
    for name in ("own-fault", "fine"):
        assert stack.recorded(name)["outputs"]["uuid"] == uuids[name][0]
        assert "attempts" not in stack.recorded(name)["outputs"]
    assert len(stack.statuses()) == 3


# A start of which nobody knows -----------------------------------------------------------------


@pytest.mark.timeout(200)
@pytest.mark.parametrize("fault", ["late-500", "cut-before"])
def test_an_unconfirmed_start_is_kept_and_found_again(stack: Stack, fault: str) -> None:
    names = ("refreshed", "destroyed", "resolved")
    runs = {
        name: declaration(name=name, parameters={"sample_name": name}, tags=ACTIVE)
        for name in names
    }
    stack.declare(runs)
    stack.plan_faults(
        {"operation": "StartRun", "fault": fault, "count": 100},
        {"operation": "ListRuns", "fault": "denied", "count": 100},
    )

    outcome = stack.up(expect=1)

    stack.plan_faults()
    took_effect = fault != "cut-before"
    for name in names:
        assert f"StartRun for run {name} failed" in outcome.message
        held = stack.recorded(name)
        assert held["id"].startswith("unconfirmed-")
        assert "uuid" not in held["outputs"]
        assert held["outputs"]["requestId"]
    assert "Whether the run has started is not known" in outcome.message
    live = {run["name"]: run["id"] for run in listed(stack)}
    assert live.keys() == (set(names) if took_effect else set())

    # Refresh finds the run, and waits for better news where there is none.
    stack.refresh("--target", stack.recorded("refreshed")["urn"])
    known = stack.recorded("refreshed")
    if took_effect:
        assert known["id"] == live["refreshed"]
        assert known["outputs"]["uuid"] == stack.live("refreshed")["uuid"]
    else:
        assert known["id"].startswith("unconfirmed-")

    # Destroy ends the run, if there is one, and starts none.
    _, calls = stack.calls(lambda: stack.destroy("--target", stack.recorded("destroyed")["urn"]))
    assert calls.get("StartRun", 0) == 0
    assert calls.get("CancelRun", 0) == int(took_effect)
    assert "destroyed" not in {run["name"] for run in listed(stack)}
    assert "destroyed" not in {name_of(each["urn"]) for each in stack.resources()}

    # The next up finds the run or starts it, and never a second one.
    stack.up()
    assert sorted(run["name"] for run in listed(stack)) == sorted(names)
    assert {stack.recorded(name)["id"] for name in names} == stack.statuses().keys()
    if took_effect:
        assert stack.recorded("resolved")["id"] == live["resolved"]
        assert stack.recorded("refreshed")["id"] == live["refreshed"]
    stack.preview("--expect-no-changes")


def listed(stack: Stack) -> list[dict[str, Any]]:
    """Give ListRuns' items."""
    return [dict(run) for run in stack.service.list_runs()["items"]]


def test_time_stands_for_nothing(stack: Stack) -> None:
    """A run that goes through all of its states is at no moment a difference."""
    stack.declare(tags={"emulator:seconds": "1000"})
    stack.up()
    seen = set()
    for _ in range(3):
        stack.up("--refresh", "--expect-no-changes")
        seen.add(stack.recorded()["outputs"]["status"])
        control.advance(stack.emulator_state, 600)
    assert {"RUNNING", "COMPLETED"} <= seen
