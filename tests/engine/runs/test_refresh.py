"""Refresh: the state follows the service, and no difference comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omics_provider.emulator import control
from tests.engine.harness import ACTIVE, ENDED, FAILED, ROLE, Stack, declaration, until

if TYPE_CHECKING:
    from types_boto3_omics.type_defs import StartRunResponseTypeDef


def test_a_run_that_went_on_is_brought_up_to_date_without_a_difference(stack: Stack) -> None:
    stack.declare(tags={"emulator:seconds": "3600", "project": "trio"}, priority=5, log_level="ALL")
    stack.up()
    uuid = stack.recorded()["outputs"]["uuid"]

    control.advance(stack.emulator_state, 1800)
    _, calls = stack.calls(stack.refresh)
    assert calls == {"GetRun": 1}
    running = stack.recorded()["outputs"]
    assert (running["status"], running["uuid"]) == ("RUNNING", uuid)
    assert running["startTime"].endswith("Z")
    assert stack.preview("--expect-no-changes").summary == {"same": 2}

    control.advance(stack.emulator_state, 1900)
    stack.refresh()
    completed = stack.recorded()["outputs"]
    assert completed["status"] == "COMPLETED"
    assert completed["stopTime"] > completed["startTime"] > completed["creationTime"]
    for output in ("startedBy", "digest", "workflowUuid", "logLocation", "runOutputUri"):
        assert completed[output], output
    _, calls = stack.calls(lambda: stack.up("--expect-no-changes"))
    assert calls == {}
    _, calls = stack.calls(lambda: stack.preview("--refresh", "--expect-no-changes"))
    assert calls == {"GetRun": 1}


def test_a_failed_run_is_recorded_with_its_reason_and_is_no_difference(stack: Stack) -> None:
    stack.declare(tags=FAILED)
    stack.up()
    stack.refresh()

    recorded = stack.recorded()["outputs"]
    assert recorded["status"] == "FAILED"
    assert recorded["failureReason"] == "INPUT_URI_NOT_FOUND"
    outcome, calls = stack.calls(lambda: stack.up("--expect-no-changes"))
    assert calls == {}
    # No difference, but not a secret either.
    assert "warning" in outcome.text
    assert "INPUT_URI_NOT_FOUND" in outcome.text


@pytest.mark.parametrize("storage", ["DYNAMIC", "STATIC"])
def test_what_the_service_fills_in_or_rounds_is_no_difference(stack: Stack, storage: str) -> None:
    stack.settings(defaultStorageType=storage)
    workflow = stack.service.create_workflow(
        name="germline",
        engine="NEXTFLOW",
        definitionUri="s3://workflows/germline.zip",
        requestId="once",
    )["id"]
    until(
        lambda: stack.service.get_workflow(id=workflow)["status"],
        lambda status: status == "ACTIVE",
    )
    asked: dict[str, Any] = (
        {"storage_type": "STATIC", "storage_capacity": 1300} if storage == "STATIC" else {}
    )
    stack.declare(workflow_id=workflow, workflow_type=None, tags=ENDED, **asked)
    stack.up()
    assert stack.live()["storageCapacity"] != 1300  # rounded up, or what was used

    stack.refresh()

    stack.preview("--expect-no-changes")
    if asked:
        assert stack.recorded()["outputs"]["storageCapacity"] == 1300


def test_a_tag_changed_by_hand_is_drift_that_up_puts_right(stack: Stack) -> None:
    stack.declare(tags={**ACTIVE, "project": "trio"})
    stack.up()
    arn = stack.recorded()["outputs"]["arn"]
    stack.service.tag_resource(resourceArn=arn, tags={"project": "someone else's", "extra": "1"})

    # Plain preview never asks the service; a refreshing one sees the drift and writes nothing.
    stack.preview("--expect-no-changes")
    drifted = stack.preview("--refresh")
    step = drifted.steps()["update NA12878"]
    assert {path.split(".", 1)[0].split("[", 1)[0] for path in step["detailedDiff"]} == {"tags"}

    stack.refresh()
    assert stack.recorded()["outputs"]["tags"]["project"] == "someone else's"
    _, calls = stack.calls(stack.up)
    assert calls == {"GetRun": 1, "TagResource": 1, "UntagResource": 1}
    assert stack.tags() == {**ACTIVE, "project": "trio"}
    stack.preview("--expect-no-changes")


@pytest.mark.parametrize(("tags", "last"), [(ENDED, "COMPLETED"), (ACTIVE, "DELETED")])
def test_a_run_deleted_by_hand_stays_marked_and_is_never_started_again(
    stack: Stack, tags: dict[str, str], last: str
) -> None:
    stack.declare(tags=tags)
    stack.up()
    first = stack.recorded()
    if tags == ENDED:
        stack.refresh()
        before = stack.recorded()["outputs"]
    else:
        stack.service.cancel_run(id=first["id"])
        until(stack.live, lambda run: run["status"] == "CANCELLED")
        before = {**first["outputs"], "status": "DELETED"}
    stack.service.delete_run(id=first["id"])

    _, calls = stack.calls(stack.refresh)

    assert calls == {"GetRun": 1}
    marked = stack.recorded()
    assert marked["id"] == first["id"]
    assert marked["outputs"] == {**before, "status": last, "recordGone": True}

    _, calls = stack.calls(lambda: stack.up("--expect-no-changes"))
    assert calls == {}
    stack.refresh()
    assert stack.recorded()["outputs"] == marked["outputs"]
    # A changed tag has nothing to be put on, and is no reason to start anything.
    stack.declare(tags={**tags, "project": "late"})
    _, calls = stack.calls(stack.up)
    assert "StartRun" not in calls
    assert stack.recorded()["outputs"]["recordGone"] is True
    # Done is done: destroy has nothing left to do.
    _, calls = stack.calls(stack.destroy)
    assert calls.keys() <= {"GetRun"}
    assert stack.resources() == []


def test_another_run_with_the_same_id_is_not_ours(stack: Stack) -> None:
    stack.declare(tags=ENDED)
    stack.up()
    first = stack.recorded()
    stack.service.delete_run(id=first["id"])
    stranger = start_a_stranger(stack, ACTIVE)
    assert stranger["id"] == first["id"]

    stack.refresh()
    recorded = stack.recorded()["outputs"]
    assert recorded["recordGone"] is True
    assert recorded["uuid"] == first["outputs"]["uuid"]
    assert recorded["outputUri"] == first["outputs"]["outputUri"]
    stack.preview("--expect-no-changes")

    _, calls = stack.calls(stack.destroy)
    assert calls.keys() <= {"GetRun"}
    assert stack.resources() == []
    alive = stack.service.get_run(id=stranger["id"])
    assert alive["uuid"] == stranger["uuid"]
    assert alive["status"] in ("PENDING", "STARTING", "RUNNING")


def test_destroy_without_a_refresh_leaves_another_run_with_the_same_id_alone(stack: Stack) -> None:
    stack.declare(tags=ENDED)
    stack.up()
    first = stack.recorded()
    stack.service.delete_run(id=first["id"])
    stranger = start_a_stranger(stack, ENDED)
    assert stranger["id"] == first["id"]

    _, calls = stack.calls(stack.destroy)

    assert calls == {"GetRun": 1}
    assert stack.service.get_run(id=stranger["id"])["uuid"] == stranger["uuid"]


def test_a_changed_tag_does_not_land_on_another_run_with_the_same_id(stack: Stack) -> None:
    stack.declare(tags=ENDED)
    stack.up()
    first = stack.recorded()
    stack.service.delete_run(id=first["id"])
    stranger = start_a_stranger(stack, ACTIVE)
    assert stranger["id"] == first["id"]

    # Nothing was refreshed: the state does not know yet that the run is gone.
    stack.declare(tags={**ENDED, "project": "trio"})
    outcome, calls = stack.calls(stack.up)

    assert stack.service.get_run(id=stranger["id"])["tags"] == ACTIVE, outcome.text
    assert "StartRun" not in calls


def test_a_refused_read_is_unknown_and_leaves_the_state_as_it_is(stack: Stack) -> None:
    stack.declare({"NA12878": declaration(), "NA12891": declaration(tags=ENDED)})
    stack.up()
    before = {name: stack.recorded(name)["outputs"] for name in ("NA12878", "NA12891")}
    stack.plan_faults({"operation": "GetRun", "fault": "denied", "count": 100})

    outcome = stack.refresh(expect=None)

    assert "omics:GetRun" in outcome.message
    assert "AccessDeniedException" in outcome.message
    assert {name: stack.recorded(name)["outputs"] for name in before} == before
    stack.plan_faults()
    stack.preview("--expect-no-changes")


def start_a_stranger(stack: Stack, tags: dict[str, str]) -> StartRunResponseTypeDef:
    """Start a run that belongs to no stack. The service gives it the id that was freed last."""
    return stack.service.start_run(
        workflowId="9500764",
        workflowType="READY2RUN",
        roleArn=ROLE,
        outputUri="s3://elsewhere/runs",
        requestId="a stranger's",
        name="stranger",
        tags=tags,
    )
