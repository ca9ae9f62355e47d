"""What the native provider makes of a sheet and of a definition before it checks them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from omics_provider.base.values import UNKNOWN
from omics_provider.native import values
from omics_provider.native.values import Bag
from omics_provider.resources.workflow import _identified
from tests.provider.harness import ROLE

from .door import Door, struct

STACK = "urn:pulumi:prod::omics-runs::omics:index"
TEMPLATE = {"roleArn": ROLE, "outputUri": "s3://results/b", "workflowId": "12"}
ROWS = [{"sample": "NA1", "cram": "s3://b/1"}, {"sample": "NA2", "cram": "s3://b/2"}]
WDL = "version 1.0\nworkflow Align { input { String x } }\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin's working folder is the program's."""
    monkeypatch.chdir(tmp_path)


def checked(door: Door, kind: str, given: dict[str, Any], *secrets: values.Path) -> Any:
    return door.stub.Check(
        provider_pb2.CheckRequest(
            urn=f"{STACK}:{kind}::it", news=struct(given, *secrets), randomSeed=os.urandom(16)
        )
    )


def inputs(door: Door, kind: str, given: dict[str, Any], *secrets: values.Path) -> Bag:
    answer = checked(door, kind, given, *secrets)
    assert list(answer.failures) == []
    return values.received(answer.inputs)


def reasons(door: Door, kind: str, given: dict[str, Any], *secrets: values.Path) -> list[str]:
    return [
        ": ".join(filter(None, (each.property, each.reason)))
        for each in checked(door, kind, given, *secrets).failures
    ]


# A batch -----------------------------------------------------------------------------------------


def test_a_batch_has_its_sheet_as_rows_and_its_template_as_inputs(door: Door) -> None:
    given = {
        "samples": ROWS,
        "parameters": ["cram"],
        "template": TEMPLATE,
        "overrides": {"NA2": {"priority": 4}},
    }
    found = inputs(door, "RunBatch", given).properties
    assert {name: found[name] for name in TEMPLATE} == TEMPLATE
    assert found["samples"]["count"] == 2
    assert not {"template", "overrides"} & found.keys()
    rows = Path(found["__folder"]) / f"{found['samples']['sha256']}.rows.json"
    assert json.loads(rows.read_text()) == [
        {"runSettingId": "NA1", "name": "NA1", "parameters": {"cram": "s3://b/1"}},
        {"runSettingId": "NA2", "name": "NA2", "parameters": {"cram": "s3://b/2"}, "priority": 4},
    ]


def test_a_batch_from_a_file_in_another_order_is_the_same(door: Door) -> None:
    Path("s.csv").write_text("sample,cram\nNA2,s3://b/2\nNA1,s3://b/1\n")
    of_file = inputs(door, "RunBatch", {"samples": "s.csv", "template": TEMPLATE}).properties
    of_list = inputs(door, "RunBatch", {"samples": ROWS, "template": TEMPLATE}).properties
    assert of_file["samples"] == of_list["samples"]


def test_all_that_is_wrong_with_a_batch_in_the_names_of_the_program(door: Door) -> None:
    Path("s.csv").write_text("sample,cram\nNA1,\n,s3://b/1\n")
    given = {
        "samples": "s.csv",
        "parameters": ["cram"],
        "template": {"outputUri": "results", "cacheBehavior": "CACHE_ALWAYS", "roleArn": ROLE},
        "batchName": "",
        "onChange": "never",
    }
    told = reasons(door, "RunBatch", given)
    assert "s.csv: line 2: nothing in cram.\ns.csv: line 3: nothing in sample." in told
    assert "template.workflowId: is required" in told
    assert "template.cacheBehavior: cacheBehavior needs cacheId" in told
    assert any(each.startswith("template.outputUri: must be an S3 URI") for each in told)
    assert any(each.startswith("batchName: ") for each in told)
    assert any(each.startswith("onChange: ") for each in told)
    assert not Path(".omics").exists()


def test_names_that_a_batch_does_not_take(door: Door) -> None:
    given = {
        "samples": ROWS,
        "template": {**TEMPLATE, "tags": {"a": "b"}},
        "roleArn": ROLE,
        "id_column": "sample",
    }
    assert sorted(reasons(door, "RunBatch", given)) == [
        "id_column: is not an argument of RunBatch: did you mean idColumn?",
        "roleArn: all runs share this value: give it in the template",
        "template.tags: is not an argument of the template",
    ]
    assert reasons(door, "RunBatch", {"template": TEMPLATE}) == ["samples: is required"]
    assert "samples is a int" in reasons(door, "RunBatch", {"samples": 3, "template": TEMPLATE})[0]


def test_a_preview_that_does_not_know_all_of_a_batch(door: Door) -> None:
    shared = {**TEMPLATE, "workflowId": UNKNOWN}
    found = inputs(door, "RunBatch", {"samples": ROWS, "template": shared}).properties
    assert found["workflowId"] is UNKNOWN
    assert found["samples"]["count"] == 2
    later = [*ROWS, {"sample": "NA3", "cram": UNKNOWN}]
    found = inputs(door, "RunBatch", {"samples": later, "template": TEMPLATE}).properties
    assert found["samples"] is UNKNOWN
    found = inputs(door, "RunBatch", {"samples": ROWS, "template": UNKNOWN}).properties
    assert found["roleArn"] is UNKNOWN


def test_secrets_of_a_batch(door: Door) -> None:
    policy = '{"Statement": []}'
    shared = {**TEMPLATE, "sessionPolicy": policy, "parameters": {"key": "hush"}}
    found = inputs(
        door,
        "RunBatch",
        {"samples": ROWS, "template": shared},
        ("template", "sessionPolicy"),
        ("template", "parameters", "key"),
    )
    assert found.secrets == {("sessionPolicy",), ("parameters", "key")}
    given = {"samples": ROWS, "template": TEMPLATE}
    (told,) = reasons(door, "RunBatch", given, ("samples", 0, "cram"))
    assert told.startswith("samples: has a secret in it, and a file keeps the samples")
    assert "s3://b/1" not in told


# A workflow --------------------------------------------------------------------------------------


def test_a_version_is_named_as_a_program_in_python_names_it(door: Door) -> None:
    Path("wf").mkdir()
    Path("wf/main.wdl").write_text(WDL)
    given = {"definition": str(Path("wf").resolve()), "engine": "WDL"}
    found = inputs(door, "Workflow", given).properties
    assert found["definition"] == "wf"
    assert found["versionName"] == _identified({"definition": "wf", "engine": "WDL"})["versionName"]
    Path("wf/main.wdl").write_text(WDL.replace("x", "y"))
    assert inputs(door, "Workflow", given).properties["versionName"] != found["versionName"]


def test_what_is_wrong_with_a_definition(door: Door) -> None:
    Path("wf").mkdir()
    Path("wf/a.wdl").write_text(WDL)
    Path("wf/b.wdl").write_text(WDL)
    told = reasons(door, "Workflow", {"definition": "wf", "storageCapacity": "x"})
    assert any(each.startswith("definition: wf ") for each in told)
    assert any(each.startswith("storageCapacity: ") for each in told)
    assert "no folder or file nowhere" in reasons(door, "Workflow", {"definition": "nowhere"})[0]
    told = reasons(door, "Workflow", {"definition": "wf", "definitionUri": "s3://bucket/x.zip"})
    assert any(
        "exactly one of definition, definitionUri and definitionRepository" in each for each in told
    )


def test_a_preview_that_does_not_know_a_definition(door: Door) -> None:
    found = inputs(door, "Workflow", {"definitionUri": UNKNOWN, "name": "w"}).properties
    assert found["versionName"] is UNKNOWN
    assert found["definitionUri"] is UNKNOWN


# A run -------------------------------------------------------------------------------------------


def test_a_run_is_told_of_in_the_names_of_the_program(door: Door) -> None:
    given = {"roleArn": ROLE, "outputUri": "s3://results/x", "networkingMode": "VPC"}
    told = reasons(door, "Run", {**given, "workflow_id": "1", "storage_typ": "STATIC"})
    assert "networkingMode: VPC networking needs configurationName" in " ".join(told)
    assert any(
        "exactly one of workflowId, runId and adoptRunId must be given; got none" in each
        for each in told
    )
    assert "workflow_id: is not an argument of Run: did you mean workflowId?" in told
