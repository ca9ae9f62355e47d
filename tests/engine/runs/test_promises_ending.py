"""Many runs end in bounded time, each by its own rules, and what is not ended is named."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from omics_provider.emulator import control
from tests.engine.harness import ACTIVE, Stack, declaration, until

HUNDRED = 100
STOPPING_SECONDS = 6.0
#: An active run that takes STOPPING_SECONDS to stop: 5 % of its length.
SLOW = {"emulator:freezes": "yes", "emulator:seconds": str(20 * STOPPING_SECONDS)}
STUCK = {"emulator:freezes": "yes", "emulator:seconds": "1000000"}
#: Writes the state once, at the end: what takes time here is to be the runs alone.
ONE_CHECKPOINT = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}


def test_a_hundred_active_runs_are_cancelled_first_and_waited_for_once(stack: Stack) -> None:
    stack.environment.update(ONE_CHECKPOINT)
    stack.declare({f"S{number:03}": declaration(tags=SLOW) for number in range(HUNDRED)})
    stack.up()
    ids = {each["id"] for each in stack.resources()}
    assert len(ids) == HUNDRED
    before = len(stack.log)

    destroyed = stack.destroy()

    assert stack.resources() == []
    assert stack.statuses() == {}
    served = stack.log[before:]
    operations = [call["operation"] for call in served]
    cancelled = [call["runId"] for call in served if call["operation"] == "CancelRun"]
    assert sorted(cancelled) == sorted(ids)
    last_cancel = len(operations) - operations[::-1].index("CancelRun")
    assert operations.index("DeleteRun") >= last_cancel
    assert operations.count("DeleteRun") == HUNDRED
    assert operations.count("ListRuns") <= 2
    # A look before the cancellation, one for the end, and those of the four that wait meanwhile.
    assert operations.count("GetRun") <= 2 * HUNDRED + 60
    # One by one, four at a time, it would take 25 stops.
    assert destroyed.seconds < 12 * STOPPING_SECONDS


def test_a_run_that_stays_stopping_is_named_and_destroy_again_goes_on(stack: Stack) -> None:
    limit = {"custom_timeouts": {"delete": "3s"}}
    names = ("stuck", "quick", "gone")
    stack.declare(
        {
            name: declaration(tags=STUCK if name == "stuck" else ACTIVE, **{"$opts": limit})
            for name in names
        }
    )
    stack.up()
    ids = {name: stack.recorded(name)["id"] for name in names}
    stack.service.cancel_run(id=ids["gone"])
    control.advance(stack.emulator_state, 2)
    stack.service.delete_run(id=ids["gone"])

    outcome = stack.destroy(expect=1)

    said = f"Delete for run stuck failed: run {ids['stuck']} is still STOPPING 3 s after"
    assert said in outcome.message
    assert "Run the same command again" in outcome.message
    assert "custom_timeouts" in outcome.message
    for name in ("quick", "gone"):
        assert f"for run {name}" not in outcome.message
    assert stack.statuses() == {ids["stuck"]: "STOPPING"}
    assert {each["id"] for each in stack.resources()} <= set(ids.values())
    assert stack.recorded("stuck")["id"] == ids["stuck"]

    control.advance(stack.emulator_state, 1_000_000)
    again, calls = stack.calls(stack.destroy)
    # No second cancellation, and nothing said of what went before.
    assert calls == {"GetRun": 1, "DeleteRun": 1}
    assert "error" not in again.text.lower()
    assert "warning" not in again.text.lower()
    assert stack.resources() == []
    assert stack.statuses() == {}


@pytest.mark.parametrize("on_delete", ["delete", "cancel"])
def test_destroy_of_a_target_ends_that_run_alone(stack: Stack, on_delete: str) -> None:
    stack.declare({name: declaration(on_delete=on_delete) for name in ("one", "other", "third")})
    stack.up()
    one = stack.recorded("one")
    before = len(stack.log)

    stack.destroy("--target", one["urn"])

    served = stack.log[before:]
    assert {call["runId"] for call in served} == {one["id"]}
    assert [call["operation"] for call in served].count("CancelRun") == 1
    assert len(stack.resources()) == 2
    for name in ("other", "third"):
        assert stack.live(name)["status"] in ("PENDING", "STARTING", "RUNNING")


def test_a_protected_run_goes_on_where_the_others_are_destroyed(stack: Stack) -> None:
    kept = declaration(**{"$opts": {"protect": True}})
    stack.declare({"one": declaration(), "protected": kept, "third": declaration()})
    stack.up()
    protected = stack.recorded("protected")

    outcome = stack.destroy(expect=1)

    assert "because it is protected" in outcome.message
    assert [each["urn"] for each in stack.resources()] == [protected["urn"]]
    assert list(stack.statuses()) == [protected["id"]]
    assert stack.live("protected")["status"] in ("PENDING", "STARTING", "RUNNING")


@pytest.mark.parametrize("command", ["destroy", "up"])
def test_after_a_killed_delete_a_plain_up_leaves_no_run_that_is_dead(
    stack: Stack, command: str
) -> None:
    """The delete is a destroy's, or comes before a replacement that is then taken back."""
    options = {"$opts": {"delete_before_replace": command == "up"}}
    declared = {name: declaration(tags=SLOW, **options) for name in ("one", "two")}
    stack.declare(declared)
    stack.up()
    before = {each["outputs"]["uuid"] for each in stack.resources()}
    if command == "up":
        stack.declare({name: {**run, "rerun": 2} for name, run in declared.items()})
    process = stack.begin(command, "--yes", "--skip-preview")
    until(lambda: stack.counted().get("CancelRun", 0), lambda cancelled: cancelled == 2)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    stack.pulumi("cancel", "--yes")
    stack.declare(declared)

    outcome, calls = stack.calls(stack.up)

    assert calls["StartRun"] == 2
    told = outcome.text.partition("Diagnostics:")[2]
    assert told.count("is still declared: a new run takes its place.") == 2
    # The emulator gives ids of deleted runs to the next ones at once.
    now = {each["outputs"]["uuid"]: each["id"] for each in stack.resources()}
    assert len(now) == 2
    assert not now.keys() & before
    assert stack.statuses().keys() == set(now.values())
    assert set(stack.statuses().values()) <= {"PENDING", "STARTING", "RUNNING"}
    again, calls = stack.calls(lambda: stack.up("--expect-no-changes"))
    assert calls == {}
    assert "warning" not in again.text.lower()


def killed_in_delete(stack: Stack, *command: str) -> None:
    """Kill a command and its plugin while no CancelRun of theirs takes effect."""
    stack.plan_faults({"operation": "CancelRun", "fault": "cut-before", "rate": 1})
    process = stack.begin(*command, "--yes", "--skip-preview")
    until(lambda: stack.counted().get("CancelRun", 0), lambda asked: asked > 0)
    for each in [*psutil.Process(process.pid).children(recursive=True), process]:
        each.kill()
    process.communicate(timeout=60)
    stack.plan_faults()
    stack.pulumi("cancel", "--yes")


def test_a_run_that_a_killed_destroy_did_not_reach_is_kept_for_good(stack: Stack) -> None:
    """Its record is dropped long after its end, when the engine's note of the delete is stale."""
    stack.declare()
    stack.up()
    run = stack.recorded()
    killed_in_delete(stack, "destroy")
    assert stack.live()["status"] in ("PENDING", "STARTING", "RUNNING")

    _, calls = stack.calls(stack.up)

    assert "StartRun" not in calls
    assert stack.recorded()["outputs"]["uuid"] == run["outputs"]["uuid"]
    assert stack.recorded()["outputs"]["status"] == run["outputs"]["status"]
    stack.service.cancel_run(id=run["id"])
    until(stack.live, lambda live: live["status"] == "CANCELLED")
    stack.service.delete_run(id=run["id"])
    outcome, calls = stack.calls(lambda: stack.up("--expect-no-changes"))
    assert calls == {}
    assert "warning" not in outcome.message


def test_a_run_cancelled_by_hand_is_not_taken_for_one_that_a_killed_delete_ended(
    stack: Stack,
) -> None:
    both = {name: declaration(name=name) for name in ("stays", "withdrawn")}
    stack.declare(both)
    stack.up()
    stack.declare({"stays": both["stays"]})
    killed_in_delete(stack, "up")
    stack.service.cancel_run(id=stack.recorded("stays")["id"])
    until(lambda: stack.live("stays"), lambda live: live["status"] == "CANCELLED")
    stack.declare(both)

    outcome, calls = stack.calls(stack.up)

    assert "StartRun" not in calls
    assert "Whether it asked for this is not known, so nothing is started" in outcome.message
    assert stack.live("withdrawn")["status"] in ("PENDING", "STARTING", "RUNNING")
