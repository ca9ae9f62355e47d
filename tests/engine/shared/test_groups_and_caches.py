"""Run groups and run caches through the real engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.harness import ACTIVE, ROLE, Stack

GROUP = "pulumi-python:dynamic/omics:RunGroup"
CACHE = "pulumi-python:dynamic/omics:RunCache"

#: What `declared.json` says of a group, a cache, and a run that uses both.
PROGRAM = """\
import json

import pulumi
from omics_provider import OmicsRun, OmicsRunCache, OmicsRunGroup

with open("declared.json") as file:
    declared = json.load(file)
group = OmicsRunGroup("nightly", **declared["group"])
cache = OmicsRunCache("germline", **declared["cache"])
if declared["run"]:
    OmicsRun("NA12878", run_group_id=group.id, cache_id=cache.id, **declared["run"])
pulumi.export("group", group.id)
pulumi.export("made", group.creation_time)
pulumi.export("cache", cache.arn)
"""
RUN = {
    "role_arn": ROLE,
    "output_uri": "s3://results/runs",
    "workflow_id": "9500764",
    "workflow_type": "READY2RUN",
    "parameters": {"sample_name": "NA12878"},
    "tags": ACTIVE,
}


def declare(stack: Stack, *, run: dict[str, Any] | None = None, **limits: Any) -> None:
    stack.program(PROGRAM)
    group = {"name": "nightly", "max_runs": 2, "tags": {"team": "rare"}, **limits}
    cache = {"cache_s3_location": "s3://results/cache", "cache_behavior": "CACHE_ALWAYS"}
    declared = {"group": group, "cache": cache, "run": run}
    (stack.home / "declared.json").write_text(json.dumps(declared))


def test_group_and_cache_live_as_declared(stack: Stack) -> None:
    declare(stack, run=RUN)
    stack.up()
    (group,), (cache,) = stack.resources(GROUP), stack.resources(CACHE)
    run = stack.live()
    assert (run["runGroupId"], run["cacheId"]) == (group["id"], cache["id"])

    # A limit changes in place, and the run goes on.
    declare(stack, run=RUN, max_runs=5)
    preview = stack.preview()
    assert preview.summary == {"same": 3, "update": 1}
    step = preview.steps(GROUP)["update nightly"]
    assert set(step["detailedDiff"]) == {"maxRuns"}
    _, calls = stack.calls(stack.up)
    assert calls == {"GetRunGroup": 1, "UpdateRunGroup": 1}
    assert stack.service.get_run_group(id=group["id"])["maxRuns"] == 5
    assert stack.live()["uuid"] == run["uuid"]

    # What was changed by hand shows after a refresh, and up puts it back.
    stack.service.update_run_group(id=group["id"], maxRuns=1)
    stack.refresh()
    assert stack.resources(GROUP)[0]["inputs"]["maxRuns"] == 1
    _, calls = stack.calls(stack.up)
    assert calls == {"GetRunGroup": 1, "UpdateRunGroup": 1}
    assert stack.service.get_run_group(id=group["id"])["maxRuns"] == 5

    # The run goes first, then what it uses.
    stack.destroy()
    assert stack.service.list_run_groups()["items"] == []
    assert stack.service.list_run_caches()["items"] == []
    assert stack.resources(GROUP) == []


@pytest.mark.slow
def test_a_group_that_others_use_stays_and_one_that_is_gone_is_made_again(stack: Stack) -> None:
    declare(stack)
    stack.up()
    group = stack.resources(GROUP)[0]["id"]
    theirs = stack.service.start_run(
        workflowId="9500764", workflowType="READY2RUN", roleArn=ROLE, outputUri="s3://results",
        runGroupId=group, tags=ACTIVE,
    )["id"]  # fmt: skip

    refused = stack.destroy(expect=None)
    assert f"group {group} can't be deleted while the runs {theirs}" in refused.message
    assert "Wait for the runs' end, or cancel them" in refused.message
    assert stack.service.get_run_group(id=group)["name"] == "nightly"

    stack.service.cancel_run(id=theirs)
    stack.destroy()
    stack.up()
    stack.service.delete_run_group(id=stack.resources(GROUP)[0]["id"])
    stack.refresh()
    assert stack.resources(GROUP) == []
    stack.up()
    (again,) = stack.resources(GROUP)
    assert stack.service.get_run_group(id=again["id"])["maxRuns"] == 2


@pytest.mark.slow
def test_every_problem_is_told_in_the_preview(stack: Stack) -> None:
    declare(stack, max_runs=0, max_cpus="many", max_gpu=1)
    told = stack.preview(expect=None).message
    for problem in (
        "must be 1 to 100,000",
        "must be a whole number",
        "max_gpu: is not an argument of OmicsRunGroup: did you mean max_gpus?",
    ):
        assert problem in told
    assert stack.counted() == {}


@pytest.mark.slow
def test_what_others_own_is_read_and_left(stack: Stack) -> None:
    group = stack.service.create_run_group(name="theirs", maxRuns=3)["id"]
    program = f"""\
import pulumi
from omics_provider import OmicsRunGroup

group = OmicsRunGroup.get("shared", "{group}")
pulumi.export("name", group.name)
pulumi.export("limits", [group.max_runs, group.max_cpus])
"""
    stack.program(program)
    stack.up()
    (found,) = stack.resources(GROUP)
    assert found["external"]
    assert json.loads(stack.pulumi("stack", "output", "--json").stdout) == {
        "name": "theirs",
        "limits": [3, None],
    }
    stack.destroy()
    assert stack.service.get_run_group(id=group)["name"] == "theirs"

    stack.program(program.replace(group, "999"))
    assert "there is none with the id 999 in us-east-1" in stack.up(expect=None).message
