"""Creates of workflows, groups and caches that are interrupted or half done, through the engine."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.engine.harness import Stack, until
from tests.engine.shared.test_groups_and_caches import CACHE, GROUP
from tests.engine.shared.test_groups_and_caches import declare as declare_group
from tests.engine.workflows.test_workflow_life import (
    GOOD,
    WORKFLOW,
    declare,
    recorded,
    versions,
    write,
)


def kill_at(stack: Stack, operation: str) -> None:
    """Begin an `up`, and kill the CLI while the answer of this operation is under way.

    The engine writes nothing then: a state that is cut off within a write is another matter.
    """
    stack.plan_faults({"operation": operation, "fault": "slow", "count": 1})
    process = stack.begin("up", "--yes", "--skip-preview")
    until(lambda: stack.counted().get(operation, 0), lambda calls: calls > 0, 60)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    stack.plan_faults()
    stack.pulumi("cancel", "--yes")


def test_a_killed_create_makes_no_second_workflow(stack: Stack) -> None:
    stack.settings(creationSeconds=2, requestId="forget")
    write(stack, GOOD)
    declare(stack, samples=())
    kill_at(stack, "CreateWorkflow")

    stack.up()

    (only,) = stack.service.list_workflows(type="PRIVATE")["items"]
    assert only["id"] == recorded(stack)["id"]
    assert set(versions(stack).values()) == {"ACTIVE"}
    assert len(versions(stack)) == 1


@pytest.mark.slow
def test_a_killed_create_makes_no_second_group(stack: Stack) -> None:
    declare_group(stack)
    kill_at(stack, "CreateRunGroup")

    declare_group(stack, max_runs=7)
    stack.up()

    (group,) = stack.service.list_run_groups()["items"]
    assert (group["id"], group["maxRuns"]) == (stack.resources(GROUP)[0]["id"], 7)
    (cache,) = stack.service.list_run_caches()["items"]
    assert cache["id"] == stack.resources(CACHE)[0]["id"]
    stack.preview("--expect-no-changes")


@pytest.mark.slow
def test_a_workflow_without_its_version_is_in_the_state_and_completed(stack: Stack) -> None:
    write(stack, GOOD)
    declare(stack, samples=())
    stack.plan_faults({"operation": "CreateWorkflowVersion", "fault": "denied", "rate": 1})
    refused = stack.up(expect=None)
    assert "Allow the caller omics:CreateWorkflowVersion" in refused.message
    half = recorded(stack)
    assert half["initErrors"]
    assert "versionName" not in half["outputs"]
    stack.plan_faults()

    stack.up()

    assert recorded(stack)["id"] == half["id"]
    assert set(versions(stack)) == {recorded(stack)["outputs"]["versionName"]}
    assert "initErrors" not in recorded(stack)
    stack.preview("--expect-no-changes")


@pytest.mark.slow
def test_a_program_in_a_folder_of_its_own_finds_its_definition(stack: Stack) -> None:
    declare(stack, samples=())
    (stack.home / "src").mkdir()
    for name in ("__main__.py", "declared.json"):
        (stack.home / name).rename(stack.home / "src" / name)
    (stack.home / "src" / "align").mkdir()
    (stack.home / "src" / "align" / "main.wdl").write_text(GOOD)
    path = stack.home / "Pulumi.yaml"
    path.write_text(path.read_text() + "main: src\n")
    stack.up()
    assert json.dumps(str(stack.home)) not in json.dumps(recorded(stack)["inputs"])
    assert recorded(stack)["inputs"]["definition"] == "align"
    assert len(stack.resources(WORKFLOW)) == 1
    stack.preview("--expect-no-changes")
