"""The native provider's cohort, batch and workflow under a real engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omics_provider.emulator import control
from tests.engine.harness import ACTIVE, ENDED, FAILED, ROLE, Outcome, Stack, name_of
from tests.engine.wait_program import outputs

RUN = "omics:index:Run"
WDL = "version 1.0\nworkflow Align {\n  input { String cram  String sex = 'x' }\n}\n"

#: What a generated SDK does: a resource by its token, and a component that the plugin makes.
PROGRAM = """\
import json

import pulumi


class Component(pulumi.ComponentResource):
    def __init__(self, token, name, inputs, opts=None):
        super().__init__(token, name, {**inputs, "runs": None}, opts, remote=True)


class Resource(pulumi.CustomResource):
    def __init__(self, token, name, inputs, opts=None):
        told = {"versionName": None} if token.endswith(":Workflow") else {}
        super().__init__(token, name, {**told, **inputs}, opts)


made = {}


def revive(value):
    if isinstance(value, dict):
        if set(value) == {"$of"}:
            name, _, output = value["$of"].partition(".")
            return pulumi.get(made[name], output) if output != "id" else made[name].id
        if set(value) == {"$secret"}:
            return pulumi.Output.secret(value["$secret"])
        return {key: revive(item) for key, item in value.items()}
    return [revive(item) for item in value] if isinstance(value, list) else value


with open("declared.json") as file:
    for name, (token, inputs, *options) in json.load(file).items():
        if token == "provider":
            made[name] = pulumi.ProviderResource("omics", name, inputs)
            continue
        kind = Component if token.endswith(":RunCohort") else Resource
        opts = pulumi.ResourceOptions(**{key: made[each] for key, each in options[0].items()}) \
            if options else None
        made[name] = kind(token, name, revive(inputs), opts)
        if kind is Component:
            pulumi.export(name, made[name].runs)
"""


@pytest.fixture
def native(make: Callable[..., Stack]) -> Stack:
    """A stack of its own: where a component can't be made, Pulumi's SDK shows a traceback."""
    stack = make("project")
    stack.program(PROGRAM)
    (stack.home / "wf").mkdir()
    (stack.home / "wf" / "main.wdl").write_text(WDL)
    sheet(stack, "NA1,s3://b/1.cram,f", "NA2,s3://b/2.cram,m")
    return stack


def sheet(stack: Stack, *rows: str) -> None:
    (stack.home / "samples.csv").write_text("\n".join(["sample,cram,sex,note", *map(_noted, rows)]))


def _noted(row: str) -> str:
    return f"{row},nothing"


def declare(stack: Stack, **resources: Any) -> None:
    (stack.home / "declared.json").write_text(json.dumps(resources))


def template(**more: Any) -> dict[str, Any]:
    return {
        "roleArn": ROLE,
        "outputUri": "s3://results/runs",
        "workflowId": {"$of": "align.id"},
        "workflowVersionName": {"$of": "align.versionName"},
        "tags": ACTIVE,
        **more,
    }


def cohort(**more: Any) -> list[Any]:
    return ["omics:index:RunCohort", {"samples": "samples.csv", "template": template(), **more}]


ALIGN = ["omics:index:Workflow", {"name": "align", "definition": "wf"}]


def started(stack: Stack, outcome_of: Any) -> tuple[Outcome, int]:
    outcome, calls = stack.calls(outcome_of)
    return outcome, calls.get("StartRun", 0)


def runs(stack: Stack) -> dict[str, dict[str, Any]]:
    return {name_of(each["urn"]): each for each in stack.resources(RUN)}


def test_a_cohort_of_a_workflow_that_the_same_update_makes(native: Stack) -> None:
    """A preview knows no workflow yet; up starts a run a row; a changed row is one run."""
    declare(native, align=ALIGN, cohort=cohort())
    preview = native.preview()
    assert preview.summary == {"create": 5}
    _, many = started(native, native.up)
    assert many == 2
    assert set(runs(native)) == {"cohort-NA1", "cohort-NA2"}
    first = runs(native)["cohort-NA1"]
    assert first["inputs"]["parameters"] == {"cram": "s3://b/1.cram", "sex": "f"}
    assert first["inputs"]["name"] == "NA1"
    assert first["parent"].endswith("omics:index:RunCohort::cohort")
    told = outputs(native)["cohort"]
    assert told["NA1"]["id"] == first["id"]
    assert told["NA1"]["runOutputUri"].startswith("s3://results/runs/")

    same, calls = native.calls(native.preview)
    assert same.summary == {"same": 5}
    assert "StartRun" not in calls

    sheet(native, "NA2,s3://b/2.cram,f", "NA1,s3://b/1.cram,f")
    _, many = started(native, native.up)
    assert many == 1
    assert runs(native)["cohort-NA1"]["id"] == first["id"]
    native.destroy()
    assert set(native.statuses().values()) <= {"DELETED", "CANCELLED"}


def test_everything_that_is_wrong_with_a_sheet_at_once(native: Stack) -> None:
    sheet(native, "NA1,,f", "NA2,s3://b/2.cram,m", "NA2,s3://b/3.cram,m")
    declare(native, align=ALIGN, cohort=cohort(parameters={"cram": "{cram}", "age": "{age}"}))
    failed = native.up(expect=None)
    assert "Cohort cohort can't be created, and none of its runs starts" in failed.message
    for each in ("line 2: nothing in cram", "no column 'age'", "line 4: the sample NA2 is in line"):
        assert each in failed.message
    assert not runs(native)


# In `make test`: tests/provider/native/test_cohort.py.
@pytest.mark.slow
def test_what_is_wrong_with_the_runs_of_a_cohort_in_the_names_of_the_program(
    native: Stack,
) -> None:
    declare(
        native,
        align=ALIGN,
        cohort=cohort(
            template=template(cacheBehavior="CACHE_ALWAYS", storage_type="STATIC"),
            parameters=["cram"],
            overrides={"NA2": {"priority": -1}},
        ),
    )
    failed = native.up(expect=None)
    assert "NA1, NA2: cacheBehavior: cacheBehavior needs cacheId" in failed.message
    assert "storage_type: is not an argument of Run: did you mean storageType?" in failed.message
    assert "NA2: priority: must be 0 to 100,000" in failed.message
    assert not runs(native)


def test_a_secret_of_the_template_stays_one(native: Stack) -> None:
    secret = '{"Version": "2012-10-17", "Statement": []}'
    declare(
        native,
        align=ALIGN,
        cohort=cohort(
            template=template(sessionPolicy={"$secret": secret}), parameters=["cram", "sex"]
        ),
    )
    native.up()
    assert "2012-10-17" not in native.checkpoint
    assert "cram" in native.checkpoint


def test_a_cohort_that_waits_and_bears_a_failure(native: Stack) -> None:
    """Its runs are at the explicit provider's place, and end before the update does."""
    elsewhere = native.home / "elsewhere.db"
    place = {"endpoint": "local", "region": "us-east-1", "localState": str(elsewhere)}
    waiting = template(
        workflowId="9500764", workflowType="READY2RUN", tags=ENDED, waitForCompletion=True
    )
    del waiting["workflowVersionName"]

    def declared(most: int) -> None:
        given = cohort(
            template=waiting,
            parameters={"sample_name": "{sample}", "fastq_pairs": ["{cram}"]},
            overrides={"NA2": {"tags": FAILED}},
            maxFailures=most,
        )
        provider = ["provider", {**place, "localRunSeconds": "1"}]
        declare(native, there=provider, cohort=[*given, {"provider": "there"}])

    declared(1)
    outcome = native.up()
    assert "INPUT_URI_NOT_FOUND" in outcome.message
    told = outputs(native)["cohort"]
    assert {id_: each["status"] for id_, each in told.items()} == {
        "NA1": "COMPLETED",
        "NA2": "FAILED",
    }
    assert native.counted().get("StartRun", 0) == 0
    starts = [each for each in control.calls(elsewhere) if each["operation"] == "StartRun"]
    assert len(starts) == 2
    assert all("::there::" in each["provider"] for each in runs(native).values())
    assert native.preview().summary == {"same": 5}


@pytest.mark.slow
def test_a_batch_from_a_sheet(native: Stack) -> None:
    """A batch is one call; a changed row is a further batch of one."""
    shared = {key: value for key, value in template().items() if key != "tags"}
    batch = [
        "omics:index:RunBatch",
        {
            "samples": "samples.csv",
            "parameters": ["cram", "sex"],
            "template": {**shared, "runTags": ENDED},
            "overrides": {"NA2": {"priority": 3}},
        },
    ]
    declare(native, align=ALIGN, batch=batch)
    assert native.preview().summary == {"create": 3}
    _, calls = native.calls(native.up)
    assert calls["StartRunBatch"] == 1
    (recorded,) = native.resources("omics:index:RunBatch")
    assert recorded["inputs"]["samples"]["count"] == 2
    assert recorded["inputs"]["workflowId"] == native.resources("omics:index:Workflow")[0]["id"]
    assert "template" not in recorded["inputs"]
    assert native.preview().summary == {"same": 3}

    sheet(native, "NA1,s3://b/1.cram,f", "NA2,s3://b/2.cram,m", "NA3,s3://b/3.cram,m")
    _, calls = native.calls(native.up)
    assert calls["StartRunBatch"] == 1
    (recorded,) = native.resources("omics:index:RunBatch")
    assert [each["count"] for each in recorded["outputs"]["batches"]] == [2, 1]

    sheet(native, "NA1,s3://b/1.cram,f", "N A2,s3://b/2.cram,m", ",s3://b/3.cram,m")
    failed = native.up(expect=None)
    assert "line 3: sample 'N A2' can't be the name of a run" in failed.message
    assert "line 4: nothing in sample" in failed.message


@pytest.mark.slow
def test_a_changed_definition_is_another_version(native: Stack) -> None:
    declare(native, align=ALIGN)
    native.up()
    (first,) = native.resources("omics:index:Workflow")
    assert first["inputs"]["versionName"].startswith("sha-")
    assert native.preview().summary == {"same": 2}
    (Path(native.home) / "wf" / "main.wdl").write_text(WDL.replace("'x'", "'y'"))
    _, calls = native.calls(native.up)
    assert calls["CreateWorkflowVersion"] == 1
    (second,) = native.resources("omics:index:Workflow")
    assert second["id"] == first["id"]
    assert second["inputs"]["versionName"] != first["inputs"]["versionName"]


YAML = f"""\
name: trial
runtime: yaml
resources:
  align:
    type: omics:Workflow
    properties: {{name: align, definition: wf}}
  cohort:
    type: omics:RunCohort
    properties:
      samples: samples.csv
      template:
        roleArn: {ROLE}
        outputUri: s3://results/runs
        workflowId: ${{align.id}}
        workflowVersionName: ${{align.versionName}}
        tags: {json.dumps(ACTIVE)}
      parameters:
        cram: "{{cram}}"
        sex: {{column: sex, type: string}}
      overrides:
        NA2: {{priority: 7}}
variables:
  seen:
    fn::invoke:
      function: omics:getRun
      arguments:
        id: ${{cohort.runs["NA2"].id}}
outputs:
  runs: ${{cohort.runs}}
  priority: ${{seen.priority}}
"""


@pytest.mark.slow
def test_a_cohort_in_yaml(native: Stack) -> None:
    """A program without code: a workflow, a cohort of it, and a function that reads a run."""
    (native.home / "Pulumi.yaml").write_text(YAML)
    (native.home / "__main__.py").unlink()
    preview, calls = native.calls(native.preview)
    assert preview.summary == {"create": 5}
    assert not {"StartRun", "CreateWorkflow"} & calls.keys()
    up, calls = native.calls(native.up)
    assert "Traceback" not in up.text
    assert calls["StartRun"] == 2
    told = json.loads(native.pulumi("stack", "output", "--json").stdout)
    assert set(told["runs"]) == {"NA1", "NA2"}
    assert told["priority"] == 7
    assert runs(native)["cohort-NA1"]["inputs"]["parameters"] == {
        "cram": "s3://b/1.cram",
        "sex": "f",
    }
    assert native.preview().summary == {"same": 5}
    sheet(native, "NA1,,f", "N/A,s3://b/2.cram,m")
    failed, calls = native.calls(lambda: native.up(expect=None))
    assert "line 2: nothing in cram" in failed.message
    assert "line 3: sample 'N/A' can't be the name of a run" in failed.message
    assert "Traceback" not in failed.text
    assert not {"StartRun", "CancelRun", "DeleteRun"} & calls.keys()
