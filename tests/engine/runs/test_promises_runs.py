"""Done is done, failures are seen, and a new run comes only where a rule asks for one."""

from __future__ import annotations

from typing import Any

from omics_provider.emulator import control
from tests.engine.doors import BOTH_IN_SCALE
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


# Done is done ----------------------------------------------------------------------------------


@BOTH_IN_SCALE
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

    marked = {
        name: {**before[name]["outputs"], "status": status, "recordGone": True}
        for name, status in ((unseen, "DELETED"), (seen, "COMPLETED"))
    }
    for name in runs:
        assert stack.recorded(name)["outputs"] == marked[name]
    preview, calls = stack.calls(lambda: stack.preview("--expect-no-changes"))
    assert (preview.summary, calls) == ({"same": 3}, {})
    # How the first one ended nobody knows, which is said; the other one is done, and quiet.
    assert preview.warnings.keys() == {unseen}

    # A changed tag has nothing to be put on, and another look finds nothing new.
    tags = {**ENDED, "project": "late"}
    stack.declare({name: {**run, "tags": tags} for name, run in runs.items()})
    _, calls = stack.calls(lambda: stack.up("--refresh"))
    assert calls.keys() == {"GetRun"}
    for name in runs:
        assert stack.recorded(name)["outputs"] == {**marked[name], "tags": tags}

    destroyed, calls = stack.calls(stack.destroy)
    assert calls.keys() <= {"GetRun"}
    assert stack.resources() == []
    assert "warning" not in destroyed.text.lower()
    assert len(stack.statuses()) == 2


# Failures are seen, and started again where a rule says so -------------------------------------


class Watched:
    """A stack whose updates are counted by the runs that they start."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        #: The uuids that each resource has had, oldest first.
        self.uuids: dict[str, list[str]] = {}

    def up(self, *arguments: str) -> tuple[Outcome, set[str]]:
        """Bring the stack up; give the outcome, and which resources have a new run."""
        outcome, calls = self.stack.calls(lambda: self.stack.up(*arguments))
        fresh = set()
        for name, (_, _, outputs) in kept(self.stack).items():
            had = self.uuids.setdefault(name, [])
            if outputs["uuid"] not in had:
                had.append(outputs["uuid"])
                fresh.add(name)
        assert calls.get("StartRun", 0) == len(fresh)
        return outcome, fresh

    def attempts(self, name: str) -> int | None:
        """Give how many attempts are recorded."""
        found: int | None = self.stack.recorded(name)["outputs"].get("attempts")
        return found


@BOTH_IN_SCALE
def test_an_end_without_a_result_is_told_and_only_a_rule_starts_it_again(stack: Stack) -> None:
    rules: dict[str, Any] = {"tags": FAILED, "rerun_on": ["FAILED"], "max_attempts": 2}
    retry = {"attempts": 3}
    runs = {
        "failed": declaration(tags=FAILED),
        "cancelled": declaration(),
        "fine": declaration(tags=ENDED, retry=retry),
        "long": declaration(tags={"emulator:seconds": "1000"}, rerun_on=["FAILED"]),
        "ruled": declaration(**rules),
        "anew": declaration(**rules),
        "capacity": declaration(tags=CAPACITY, retry=retry),
        "own-fault": declaration(tags=USERS_OWN, retry=retry),
    }
    watched = Watched(stack)
    stack.declare(runs)
    watched.up()
    first = {name: stack.recorded(name) for name in runs}
    stack.service.cancel_run(id=first["cancelled"]["id"])
    until(lambda: stack.live("cancelled"), lambda run: run["status"] == "CANCELLED")

    # No end has been recorded; where a rule asks, it is looked up.
    preview = stack.preview()
    replaced = {name for name, step in preview.steps().items() if step["op"] == "replace"}
    assert replaced == {"replace ruled", "replace anew", "replace capacity"}
    assert preview.steps()["replace ruled"]["replaceReasons"] == ["status"]
    assert "INPUT_URI_NOT_FOUND" in preview.warnings["ruled"]
    assert "A new run replaces it: attempt 2 of 2." in preview.warnings["ruled"]

    # Second attempts.
    outcome, started = watched.up()
    assert started == {"ruled", "anew", "capacity"}
    assert f"Run {first['ruled']['id']} ended FAILED: INPUT_URI_NOT_FOUND" in outcome.message
    assert "INSTANCE_RESERVATION_FAILED" in outcome.message
    assert "attempt 2 of 3" in outcome.message
    assert {name: watched.attempts(name) for name in started} == dict.fromkeys(started, 2)
    (earlier,) = stack.recorded("ruled")["outputs"]["earlierAttempts"]
    assert (earlier["uuid"], earlier["status"]) == (watched.uuids["ruled"][0], "FAILED")

    # The third, and an operator that repeats a failed update does not pay for ever.
    control.advance(stack.emulator_state, 600)
    outcome, started = watched.up("--refresh")
    assert started == {"capacity"}
    assert "attempt 3 of 3" in outcome.message
    assert stack.recorded("long")["outputs"]["status"] == "RUNNING"
    last = stack.recorded("capacity")["outputs"]
    assert last["attempts"] == 3
    assert [each["uuid"] for each in last["earlierAttempts"]] == watched.uuids["capacity"][:2]
    for each in last["earlierAttempts"]:
        assert each["failureReason"] == "INSTANCE_RESERVATION_FAILED"
        assert each["stopTime"] >= each["startTime"]
    control.advance(stack.emulator_state, 600)
    outcome, started = watched.up("--refresh", "--expect-no-changes")
    assert started == set()
    for words in (
        "All 2 attempts are used.",
        "All 3 attempts are used.",
        "RUN_TASK_FAILED",
        f"Run {first['failed']['id']} ended FAILED: INPUT_URI_NOT_FOUND",
        "ended CANCELLED",
    ):
        assert words in outcome.message, words
    assert stack.recorded("long")["outputs"]["status"] == "COMPLETED"

    # What is recorded is told without a call, and stays as it is.
    before = kept(stack)
    preview, calls = stack.calls(lambda: stack.preview("--expect-no-changes"))
    assert calls == {}
    assert preview.warnings.keys() == runs.keys() - {"fine", "long"}
    reason = f"Run {first['failed']['id']} ended FAILED: INPUT_URI_NOT_FOUND"
    assert reason in preview.warnings["failed"]
    assert (
        "It does not start again by itself: for a new run, give `rerun` a new value"
        in preview.warnings["failed"]
    )
    assert "ended CANCELLED" in preview.warnings["cancelled"]
    assert kept(stack) == before

    # Allowed more, it goes on counting; asked anew, it starts to count anew.
    runs["ruled"] = declaration(**{**rules, "max_attempts": 3})
    runs["anew"] = declaration(**rules, rerun="the input is there now")
    stack.declare(runs)
    _, started = watched.up()
    assert started == {"ruled", "anew"}
    assert (watched.attempts("ruled"), watched.attempts("anew")) == (3, None)
    assert "earlierAttempts" not in stack.recorded("anew")["outputs"]

    had = {name: len(uuids) for name, uuids in watched.uuids.items()}
    assert had == dict.fromkeys(runs, 1) | {"ruled": 3, "anew": 3, "capacity": 3}
    assert len(stack.statuses()) == len(runs)


# A start of which nobody knows -----------------------------------------------------------------

WAYS = ("refreshed", "destroyed", "resolved")


@BOTH_IN_SCALE
def test_an_unconfirmed_start_is_kept_and_found_again(stack: Stack) -> None:
    """One half of the starts took effect, the other did not; the answers say neither."""
    done, lost = ([f"{half}-{way}" for way in WAYS] for half in ("done", "lost"))
    names = (*done, *lost)
    stack.declare(
        {
            name: declaration(name=name, parameters={"sample_name": name}, tags=ACTIVE)
            for name in names
        }
    )

    denied = {"operation": "ListRuns", "fault": "denied", "count": 100}
    for half, fault, more in ((done, "late-500", [denied]), (lost, "cut-before", [])):
        stack.plan_faults({"operation": "StartRun", "fault": fault, "count": 100}, *more)
        outcome = stack.up(*targets(half), expect=1)
        for name in half:
            assert f"StartRun for run {name} failed" in outcome.message
        assert "It is not known whether the run has started" in outcome.message
    stack.plan_faults()
    for name in names:
        held = stack.recorded(name)
        assert held["id"].startswith("unconfirmed-"), name
        assert "uuid" not in held["outputs"], name
        assert held["outputs"]["requestId"], name
    live = {run["name"]: run["id"] for run in listed(stack)}
    assert live.keys() == set(done)

    # Refresh finds the run, and waits for better news where there is none.
    stack.refresh(*targets(("done-refreshed", "lost-refreshed")))
    known = stack.recorded("done-refreshed")
    assert known["id"] == live["done-refreshed"]
    assert known["outputs"]["uuid"] == stack.live("done-refreshed")["uuid"]
    assert stack.recorded("lost-refreshed")["id"].startswith("unconfirmed-")

    # Destroy ends the run, if there is one, and starts none.
    gone = ("done-destroyed", "lost-destroyed")
    _, calls = stack.calls(lambda: stack.destroy(*targets(gone)))
    assert (calls.get("StartRun", 0), calls["CancelRun"], calls["DeleteRun"]) == (0, 1, 1)
    assert not {run["name"] for run in listed(stack)} & set(gone)
    assert not {name_of(each["urn"]) for each in stack.resources()} & set(gone)

    # The next up finds the run or starts it, and never a second one.
    stack.up()
    assert sorted(run["name"] for run in listed(stack)) == sorted(names)
    assert {stack.recorded(name)["id"] for name in names} == stack.statuses().keys()
    for name in ("done-resolved", "done-refreshed"):
        assert stack.recorded(name)["id"] == live[name], name
    stack.preview("--expect-no-changes")


def targets(names: tuple[str, ...] | list[str]) -> list[str]:
    """Give the options that leave all other resources alone."""
    return [word for name in names for word in ("--target", f"**::{name}")]


def listed(stack: Stack) -> list[dict[str, Any]]:
    """Give ListRuns' items."""
    return [dict(run) for run in stack.service.list_runs()["items"]]
