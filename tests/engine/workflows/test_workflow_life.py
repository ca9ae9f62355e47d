"""The life of a workflow through the real engine: versions, errors, runs that follow."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.engine.harness import ACTIVE, ROLE, TYPE, Stack

WORKFLOW = "pulumi-python:dynamic/omics:Workflow"
GOOD = """\
version 1.0
workflow Align {
  input { File reads  Int threads = 4 }
  call map { input: reads = reads, threads = threads }
  output { File bam = map.bam }
}
task map {
  input { File reads Int threads }
  command { touch a.bam }
  output { File bam = "a.bam" }
}
"""
#: One stack: a workflow, a group, a cache, and the runs of two samples that use all three.
PROGRAM = """\
import json

import pulumi
from omics_provider import OmicsRun, OmicsRunCache, OmicsRunGroup, OmicsWorkflow

with open("declared.json") as file:
    declared = json.load(file)
workflow = OmicsWorkflow("align", **declared["workflow"])
group = OmicsRunGroup("nightly", max_runs=10)
cache = OmicsRunCache("germline", cache_s3_location="s3://results/cache")
for sample in declared["samples"]:
    OmicsRun(
        sample,
        workflow_id=workflow.id,
        workflow_version_name=workflow.version_name,
        run_group_id=group.id,
        cache_id=cache.id,
        parameters={"reads": f"s3://reads/{sample}.fastq.gz"},
        **declared["run"],
    )
pulumi.export("version", workflow.version_name)
pulumi.export("workflow", workflow.arn)
"""
SAMPLES = ("HG002", "HG003")


def write(stack: Stack, wdl: str) -> None:
    folder = stack.home / "align"
    folder.mkdir(exist_ok=True)
    (folder / "main.wdl").write_text(wdl)


def declare(stack: Stack, samples: tuple[str, ...] = SAMPLES, **workflow: Any) -> None:
    stack.program(PROGRAM)
    declared = {
        "workflow": {"definition": "align", "name": "align", **workflow},
        "samples": samples,
        "run": {"role_arn": ROLE, "output_uri": "s3://results/runs", "tags": ACTIVE},
    }
    (stack.home / "declared.json").write_text(json.dumps(declared))


def recorded(stack: Stack) -> dict[str, Any]:
    (found,) = stack.resources(WORKFLOW)
    return found


def versions(stack: Stack) -> dict[str, str]:
    listed = stack.service.list_workflow_versions(workflowId=recorded(stack)["id"])["items"]
    return {item["versionName"]: item["status"] for item in listed}


def started(stack: Stack) -> dict[str, str]:
    """Give the uuid of each sample's run, which has the workflow and version of the state."""
    workflow = recorded(stack)
    runs = {name: stack.live(name) for name in SAMPLES}
    for name, run in runs.items():
        assert run["workflowId"] == workflow["id"], name
        assert run["workflowVersionName"] == workflow["outputs"]["versionName"], name
    return {name: run["uuid"] for name, run in runs.items()}


def test_a_workflow_from_its_first_error_to_its_end(stack: Stack) -> None:
    stack.settings(parameterCheck="start", creationSeconds=1)
    an_error_in_the_first_definition_names_its_place_and_leaves_nothing(stack)
    first = the_first_version_is_one_that_all_runs_use(stack)
    a_changed_task_is_one_new_version_and_the_runs_it_replaces(stack)
    an_error_in_a_later_definition_leaves_version_and_runs_as_they_are(stack)
    a_definition_that_is_back_is_the_version_that_is_there(stack, first)
    a_destroy_leaves_what_others_have_made_and_started(stack)


def an_error_in_the_first_definition_names_its_place_and_leaves_nothing(stack: Stack) -> None:
    write(stack, GOOD.replace("call map", "call mop"))
    declare(stack)
    refused = stack.up(expect=None)
    assert "workflow align failed: HealthOmics refused the definition" in refused.message
    assert "(main.wdl Ln 4 Col 3) No such task/workflow: mop" in refused.message
    assert "Correct the definition" in refused.message
    assert stack.service.list_workflows(type="PRIVATE")["items"] == []
    assert stack.resources(WORKFLOW) == []
    assert stack.counted().get("StartRun") is None


def the_first_version_is_one_that_all_runs_use(stack: Stack) -> str:
    """Bring it up as declared; give the version's name."""
    write(stack, GOOD)
    preview, calls = stack.calls(stack.preview)
    assert calls == {}
    assert preview.steps(WORKFLOW).keys() == {"create align"}
    assert preview.steps(TYPE).keys() == {f"create {name}" for name in SAMPLES}
    stack.up()
    first = str(recorded(stack)["outputs"]["versionName"])
    assert re.fullmatch("sha-[0-9a-f]{16}", first)
    assert versions(stack) == {first: "ACTIVE"}
    started(stack)
    # The zip is nowhere: not in the state, not in the history, not in the program's inputs.
    assert "touch a.bam" not in stack.checkpoint
    assert len(json.dumps(recorded(stack))) < 5_000
    return first


def a_changed_task_is_one_new_version_and_the_runs_it_replaces(stack: Stack) -> None:
    first, before = recorded(stack)["outputs"], started(stack)
    write(stack, GOOD.replace("touch a.bam", "bwa mem > a.bam"))
    preview, calls = stack.calls(stack.preview)
    assert calls == {}
    assert preview.summary == {"same": 3, "update": 1, "replace": 2}
    step = preview.steps(WORKFLOW)["update align"]
    assert set(step["detailedDiff"]) == {"versionName"}
    for name in SAMPLES:
        replaced = preview.steps(TYPE)[f"replace {name}"]
        assert set(replaced["detailedDiff"]) == {"workflowVersionName"}
    stack.up()
    second = recorded(stack)["outputs"]
    assert second["uuid"] == first["uuid"]
    assert second["versionName"] != first["versionName"]
    assert versions(stack) == {first["versionName"]: "ACTIVE", second["versionName"]: "ACTIVE"}
    assert not set(started(stack).values()) & set(before.values())
    assert len(stack.statuses()) == 2


def an_error_in_a_later_definition_leaves_version_and_runs_as_they_are(stack: Stack) -> None:
    before = recorded(stack)["outputs"]["versionName"], versions(stack), stack.statuses()
    write(stack, GOOD.replace("File reads Int threads }", "File reads Int threads"))
    refused = stack.up(expect=None)
    assert re.search(r"\(main.wdl Ln (8|9) Col", refused.message), refused.text
    now = recorded(stack)["outputs"]["versionName"], versions(stack), stack.statuses()
    assert now == before


def a_definition_that_is_back_is_the_version_that_is_there(stack: Stack, first: str) -> None:
    write(stack, GOOD)
    stack.up()
    assert recorded(stack)["outputs"]["versionName"] == first
    assert len(versions(stack)) == 2
    started(stack)


def a_destroy_leaves_what_others_have_made_and_started(stack: Stack) -> None:
    found = recorded(stack)
    theirs = stack.service.start_run(
        workflowId=found["id"], workflowVersionName=found["outputs"]["versionName"],
        roleArn=ROLE, outputUri="s3://results", parameters={"reads": "s3://a/b"}, tags=ACTIVE,
    )["id"]  # fmt: skip
    stack.service.create_workflow_version(
        workflowId=found["id"], versionName="by-hand", definitionUri="s3://b/w.zip"
    )
    refused = stack.destroy(expect=None)
    words = f"workflow {found['id']} has versions that this stack did not create: by-hand"
    assert words in refused.message
    assert "by-hand" in versions(stack)
    stack.service.delete_workflow_version(workflowId=found["id"], versionName="by-hand")
    stack.destroy()
    assert stack.service.list_workflows(type="PRIVATE")["items"] == []
    assert stack.resources(WORKFLOW) == []
    # The service lets runs of a deleted workflow go on (developer guide, delete-private-workflow).
    left = stack.statuses()
    assert left.keys() == {theirs}
    assert left[theirs] in ("PENDING", "STARTING", "RUNNING")


def test_what_shows_without_the_service_is_told_in_the_preview(stack: Stack) -> None:
    declare(stack, engine="WLD", definition="nowhere", parameter_template="nowhere.json")
    told = stack.preview(expect=None).message
    for problem in (
        "definition: there is no folder or file nowhere",
        "must be one of WDL, NEXTFLOW, CWL, WDL_LENIENT: did you mean WDL?",
        "parameter_template: nowhere.json: No such file or directory",
    ):
        assert problem in told
    assert stack.counted() == {}


def block(mark: str) -> str:
    """Give the block of docs/workflows.md that stands after this mark."""
    page = (Path(__file__).parents[3] / "docs" / "workflows.md").read_text("utf-8")
    found = re.search(rf"^<!-- {mark} -->\n```\w+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_page_shows_what_happens(stack: Stack) -> None:
    stack.settings(parameterCheck="start")
    wdl = block("definition")
    write(stack, wdl)
    stack.program(block("program"))
    stack.up()
    assert {run["status"] for run in map(stack.live, SAMPLES)} <= {"PENDING", "STARTING", "RUNNING"}

    write(stack, wdl.replace("-t ~{threads}", "-x sr -t ~{threads}"))
    shown = {" ".join(line.split()) for line in stack.pulumi("preview").stdout.splitlines()}
    page = [" ".join(line.split()) for line in block("preview").splitlines()[1:]]
    assert [line for line in page if line not in shown] == []
    changes = [line for line in shown if line.startswith(("~ pul", "+- pul", "+ pul", "- pul"))]
    assert len(changes) == len(page), changes
