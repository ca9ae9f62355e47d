"""Refresh: the state follows the service, and no difference comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omics_provider.emulator import control
from tests.engine.harness import ACTIVE, ENDED, FAILED, ROLE, Stack, declaration, kept, until

if TYPE_CHECKING:
    from types_boto3_omics.type_defs import StartRunResponseTypeDef


def workflow_of_ones_own(stack: Stack) -> str:
    """Make a workflow whose storage one may choose, and give its id."""
    made = stack.service.create_workflow(
        name="germline",
        engine="NEXTFLOW",
        definitionUri="s3://workflows/germline.zip",
        requestId="once",
    )
    workflow_id = made["id"]
    until(
        lambda: stack.service.get_workflow(id=workflow_id)["status"],
        lambda status: status == "ACTIVE",
    )
    return workflow_id


def test_the_state_follows_the_service_and_up_puts_right_only_what_drifted(stack: Stack) -> None:
    own: dict[str, Any] = {
        "workflow_id": workflow_of_ones_own(stack), "workflow_type": None, "tags": ENDED,
    }  # fmt: skip
    runs = {
        "long": declaration(
            tags={"emulator:seconds": "3600", "project": "trio"}, priority=5, log_level="ALL"
        ),
        "failed": declaration(tags=FAILED),
        "dynamic": declaration(**own),
        "static": declaration(**own, storage_type="STATIC", storage_capacity=1300),
        "tagged": declaration(tags={**ACTIVE, "project": "trio"}),
    }
    stack.declare(runs)
    stack.up()
    uuids = {name: stack.recorded(name)["outputs"]["uuid"] for name in runs}
    # The service rounds one up, and tells of the other what it used.
    assert stack.live("static")["storageCapacity"] != 1300
    assert stack.live("dynamic")["storageCapacity"] != 1300

    # A run went on, another failed: that is recorded, and is no difference.
    control.advance(stack.emulator_state, 1800)
    stack.refresh()
    running = stack.recorded("long")["outputs"]
    assert (running["status"], running["uuid"]) == ("RUNNING", uuids["long"])
    assert running["startTime"].endswith("Z")
    failed = stack.recorded("failed")["outputs"]
    assert (failed["status"], failed["failureReason"]) == ("FAILED", "INPUT_URI_NOT_FOUND")
    assert stack.recorded("static")["outputs"]["storageCapacity"] == 1300

    # A plain preview asks nobody; it tells of the failed run.
    arn = stack.recorded("tagged")["outputs"]["arn"]
    stack.service.tag_resource(resourceArn=arn, tags={"project": "someone else's", "extra": "1"})
    preview, calls = stack.calls(lambda: stack.preview("--expect-no-changes"))
    assert (preview.summary, calls) == ({"same": 6}, {})
    assert preview.warnings.keys() == {"failed"}
    assert "INPUT_URI_NOT_FOUND" in preview.warnings["failed"]

    # A refreshing one sees the drift, writes nothing, and would do nothing else.
    before = kept(stack)
    drifted = stack.preview("--refresh")
    steps = {name: step for name, step in drifted.steps().items() if step["op"] != "same"}
    changes = [name for name in steps if not name.startswith("refresh ")]
    assert changes == ["update tagged"], steps.keys()
    paths = steps["update tagged"]["detailedDiff"]
    assert {path.split(".", 1)[0].split("[", 1)[0] for path in paths} == {"tags"}
    assert kept(stack) == before

    control.advance(stack.emulator_state, 1900)
    stack.refresh()
    completed = stack.recorded("long")["outputs"]
    assert completed["status"] == "COMPLETED"
    assert completed["stopTime"] > completed["startTime"] > completed["creationTime"]
    for output in ("startedBy", "digest", "workflowUuid", "logLocation", "runOutputUri"):
        assert completed[output], output
    assert stack.recorded("tagged")["outputs"]["tags"]["project"] == "someone else's"

    outcome, calls = stack.calls(stack.up)
    assert calls == {"GetRun": 1, "TagResource": 1, "UntagResource": 1}
    assert stack.tags("tagged") == {**ACTIVE, "project": "trio"}
    assert "INPUT_URI_NOT_FOUND" in outcome.text

    # A refused read is unknown: the state stays as it is.
    before = kept(stack)
    denied = {"fault": "denied", "count": 100}
    stack.plan_faults(*({"operation": name, **denied} for name in ("GetRun", "ListRuns")))
    refused = stack.refresh(expect=None)
    assert "omics:GetRun" in refused.message
    assert "AccessDeniedException" in refused.message
    assert kept(stack) == before
    stack.plan_faults()
    stack.preview("--expect-no-changes")
    assert {name: stack.recorded(name)["outputs"]["uuid"] for name in runs} == uuids


# In `make test`, for each call by itself: tests/provider/runs/test_run.py.
@pytest.mark.slow
def test_another_run_with_the_same_id_is_not_ours(stack: Stack) -> None:
    names = ("refreshed", "changed", "destroyed", "destroyed-ended")
    runs = {name: declaration(tags=ENDED) for name in names} | {"gone": declaration()}
    stack.declare(runs)
    stack.up()
    ours = {name: stack.recorded(name) for name in runs}
    # Beside them, an active run is ended and deleted by hand, and its id is not given away.
    gone = ours["gone"]["id"]
    stack.service.cancel_run(id=gone)
    until(lambda: stack.live("gone"), lambda run: run["status"] == "CANCELLED")
    stack.service.delete_run(id=gone)
    strangers = {"refreshed": take_over(stack, "refreshed")}

    stack.refresh()

    recorded = stack.recorded("refreshed")["outputs"]
    assert recorded["recordGone"] is True
    assert recorded["uuid"] == ours["refreshed"]["outputs"]["uuid"]
    assert recorded["outputUri"] == ours["refreshed"]["outputs"]["outputUri"]
    marked = {**ours["gone"]["outputs"], "status": "DELETED", "recordGone": True}
    assert stack.recorded("gone")["outputs"] == marked

    # Nothing was refreshed since: the state does not know yet that this run is gone.
    strangers["changed"] = take_over(stack, "changed")
    changed = {**ENDED, "project": "trio"}
    runs["refreshed"] = runs["changed"] = declaration(tags=changed)
    stack.declare(runs)
    outcome, calls = stack.calls(stack.up)
    assert calls.keys() == {"GetRun"}, outcome.text
    assert stack.recorded("changed")["outputs"]["recordGone"] is True

    strangers["destroyed"] = take_over(stack, "destroyed")
    strangers["destroyed-ended"] = take_over(stack, "destroyed-ended", ENDED)
    _, calls = stack.calls(stack.destroy)
    assert calls.keys() <= {"GetRun", "ListRuns"}
    assert stack.resources() == []
    for name, stranger in strangers.items():
        alive = stack.service.get_run(id=stranger["id"])
        ended = name == "destroyed-ended"
        assert alive["uuid"] == stranger["uuid"], name
        assert alive["tags"] == (ENDED if ended else ACTIVE), name
        assert (alive["status"] == "COMPLETED") is ended, name
        assert (alive["status"] in ("PENDING", "STARTING", "RUNNING")) is not ended, name


def take_over(stack: Stack, name: str, tags: dict[str, str] = ACTIVE) -> StartRunResponseTypeDef:
    """Delete our run by hand; somebody else's gets the id, which the service freed last."""
    run_id = stack.recorded(name)["id"]
    stack.service.delete_run(id=run_id)
    stranger = stack.service.start_run(
        workflowId="9500764",
        workflowType="READY2RUN",
        roleArn=ROLE,
        outputUri="s3://elsewhere/runs",
        requestId=f"a stranger's {name}",
        name="stranger",
        tags=tags,
    )
    assert stranger["id"] == run_id, name
    return stranger
