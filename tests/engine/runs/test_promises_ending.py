"""Many runs end in bounded time, each by its own rules, and what is not ended is named."""

from __future__ import annotations

import os
import signal

from omics_provider.emulator import control
from tests.children import kill_with_children
from tests.engine.doors import BOTH_IN_SCALE
from tests.engine.harness import ACTIVE, Stack, declaration, until

MANY = 40
#: An active run that stays STOPPING until the emulator's clock is put forward by LONG seconds.
STUCK = {"emulator:freezes": "yes", "emulator:stopping": "50000"}
LONG = 1_000_000
GOES_ON = ("PENDING", "STARTING", "RUNNING")
#: Writes the state once, at the end: what takes time here is to be the runs alone.
ONE_CHECKPOINT = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}


def cancelled(stack: Stack) -> int:
    """Give how often a cancellation was asked for."""
    return stack.counted().get("CancelRun", 0)


@BOTH_IN_SCALE
def test_many_active_runs_are_cancelled_first_and_waited_for_once(stack: Stack) -> None:
    stack.environment.update(ONE_CHECKPOINT)
    stack.declare({f"S{number:03}": declaration(tags=STUCK) for number in range(MANY)})
    stack.up()
    ids = {each["id"] for each in stack.resources()}
    assert len(ids) == MANY
    before = len(stack.log)

    destroying = stack.begin("destroy", "--yes", "--skip-preview")
    # Not one has ended yet: one by one, four at a time, it would not come to the fifth.
    until(lambda: cancelled(stack), lambda asked: asked == MANY, 60)
    control.advance(stack.emulator_state, LONG)
    outcome = stack.finish(destroying)

    assert outcome.code == 0, outcome.text
    assert stack.resources() == []
    assert stack.statuses() == {}
    served = stack.log[before:]
    operations = [call["operation"] for call in served]
    asked = [call["runId"] for call in served if call["operation"] == "CancelRun"]
    assert sorted(asked) == sorted(ids)
    last_cancel = len(operations) - operations[::-1].index("CancelRun")
    assert operations.index("DeleteRun") >= last_cancel
    assert operations.count("DeleteRun") == MANY
    assert operations.count("ListRuns") <= 2
    # A look before the cancellation, one for the end, and those of the four that wait meanwhile.
    assert operations.count("GetRun") <= 2 * MANY + 60


@BOTH_IN_SCALE
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
    assert "customTimeouts" in outcome.message
    for name in ("quick", "gone"):
        assert f"for run {name}" not in outcome.message
    assert stack.statuses() == {ids["stuck"]: "STOPPING"}
    assert stack.recorded("stuck")["id"] == ids["stuck"]

    control.advance(stack.emulator_state, LONG)
    again, calls = stack.calls(stack.destroy)
    # No second cancellation, and nothing said of what went before.
    assert calls == {"GetRun": 1, "DeleteRun": 1}
    assert "error" not in again.text.lower()
    assert "warning" not in again.text.lower()
    assert stack.resources() == []
    assert stack.statuses() == {}


@BOTH_IN_SCALE
def test_destroy_of_targets_ends_those_alone_and_a_protected_run_goes_on(stack: Stack) -> None:
    runs = {
        "delete": declaration(),
        "cancel": declaration(on_delete="cancel"),
        "third": declaration(),
        "protected": declaration(**{"$opts": {"protect": True}}),
    }
    stack.declare(runs)
    stack.up()
    recorded = {name: stack.recorded(name) for name in runs}
    ids = {name: each["id"] for name, each in recorded.items()}
    before = len(stack.log)
    targets = [
        word for name in ("delete", "cancel") for word in ("--target", recorded[name]["urn"])
    ]

    stack.destroy(*targets)

    served = stack.log[before:]
    assert {call["runId"] for call in served} == {ids["delete"], ids["cancel"]}
    assert [call["operation"] for call in served].count("CancelRun") == 2
    assert {each["id"] for each in stack.resources()} == {ids["third"], ids["protected"]}
    for name in ("third", "protected"):
        assert stack.live(name)["status"] in GOES_ON, name

    outcome = stack.destroy(expect=1)

    assert "because it is protected" in outcome.message
    assert [each["urn"] for each in stack.resources()] == [recorded["protected"]["urn"]]
    left = stack.statuses()
    assert left.keys() == {ids["cancel"], ids["protected"]}
    assert left[ids["protected"]] in GOES_ON


@BOTH_IN_SCALE
def test_after_a_killed_delete_a_plain_up_leaves_no_run_that_is_dead(stack: Stack) -> None:
    """The delete is a destroy's, or comes before a replacement that is then taken back."""
    options = {"$opts": {"delete_before_replace": True}}
    declared = {name: declaration(tags=STUCK, **options) for name in ("one", "two")}
    stack.declare(declared)
    stack.up()

    killed_while_stopping(stack, "destroy")
    assert_new_runs_take_the_places(stack)

    stack.declare({name: {**run, "rerun": 2} for name, run in declared.items()})
    killed_while_stopping(stack, "up")
    stack.declare(declared)
    assert_new_runs_take_the_places(stack)

    again, calls = stack.calls(lambda: stack.up("--expect-no-changes"))
    assert calls.keys() <= stack.door.looks
    assert "warning" not in again.text.lower()


def killed_while_stopping(stack: Stack, command: str) -> None:
    """Kill a command once it has cancelled both runs; they end after it."""
    before = cancelled(stack)
    process = stack.begin(command, "--yes", "--skip-preview")
    until(lambda: cancelled(stack) - before, lambda asked: asked == 2, 60)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    stack.pulumi("cancel", "--yes")
    control.advance(stack.emulator_state, LONG)


def assert_new_runs_take_the_places(stack: Stack) -> None:
    """Update: both runs that were being ended are told of, and each has one successor."""
    before = {each["outputs"]["uuid"] for each in stack.resources()}
    assert len(before) == 2

    outcome, calls = stack.calls(stack.up)

    assert calls.get("StartRun") == 2, outcome.text
    told = outcome.text.partition("Diagnostics:")[2]
    assert told.count("The program still declares the run, so a new run takes its place.") == 2
    # The emulator gives ids of deleted runs to the next ones at once.
    now = {each["outputs"]["uuid"]: each["id"] for each in stack.resources()}
    assert len(now) == 2
    assert not now.keys() & before
    assert stack.statuses().keys() == set(now.values())
    assert set(stack.statuses().values()) <= set(GOES_ON)


def killed_in_delete(stack: Stack, *command: str) -> None:
    """Kill a command and its plugin while no CancelRun of theirs takes effect."""
    stack.plan_faults({"operation": "CancelRun", "fault": "cut-before", "rate": 1})
    process = stack.begin(*command, "--yes", "--skip-preview")
    until(lambda: cancelled(stack), lambda asked: asked > 0, 60)
    kill_with_children(process)
    stack.plan_faults()
    stack.pulumi("cancel", "--yes")


def cancelled_by_hand(stack: Stack, name: str) -> None:
    """Cancel a run and see it CANCELLED."""
    stack.service.cancel_run(id=stack.recorded(name)["id"])
    control.advance(stack.emulator_state, 2)
    assert stack.live(name)["status"] == "CANCELLED"


@BOTH_IN_SCALE
def test_a_run_that_a_killed_delete_did_not_reach_is_kept_for_good(stack: Stack) -> None:
    """And one that was cancelled by hand meanwhile is not taken for one that the delete ended."""
    both = {name: declaration(name=name) for name in ("stays", "withdrawn")}
    stack.declare(both)
    stack.up()
    run = stack.recorded("withdrawn")
    stack.declare({"stays": both["stays"]})
    killed_in_delete(stack, "up")
    assert stack.live("withdrawn")["status"] in GOES_ON
    cancelled_by_hand(stack, "stays")
    stack.declare(both)

    outcome, calls = stack.calls(stack.up)

    assert "StartRun" not in calls
    assert (
        "It is not known whether that update ended this run, so nothing starts" in outcome.message
    )
    assert stack.live("withdrawn")["status"] in GOES_ON
    for fact in ("uuid", "status"):
        assert stack.recorded("withdrawn")["outputs"][fact] == run["outputs"][fact]

    # Its record is dropped after its end, when the engine's note of the delete is stale.
    cancelled_by_hand(stack, "withdrawn")
    stack.service.delete_run(id=run["id"])
    outcome, calls = stack.calls(lambda: stack.up("--expect-no-changes"))
    assert calls == {}
    assert "warning" not in outcome.message
