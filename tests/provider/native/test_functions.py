"""Functions of the native provider over gRPC, against the emulator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from omics_provider.base.values import UNKNOWN
from omics_provider.native import tables, values
from tests.provider.harness import ROLE, Emulator

from .door import Door, failure, struct


def ask(door: Door, name: str, /, **arguments: Any) -> Any:
    request = provider_pb2.InvokeRequest(tok=f"omics:index:{name}", args=struct(arguments))
    return door.stub.Invoke(request)


def told(door: Door, name: str, /, **arguments: Any) -> dict[str, Any]:
    answer = ask(door, name, **arguments)
    assert list(answer.failures) == []
    return values.received(getattr(answer, "return")).properties


def wrong(door: Door, name: str, /, **arguments: Any) -> list[tuple[str, str]]:
    return [(each.property, each.reason) for each in ask(door, name, **arguments).failures]


@pytest.fixture
def run(emulator: Emulator, declared: dict[str, Any]) -> str:
    return str(emulator.aws.start_run(**declared, requestId=declared["name"])["id"])


def test_a_run_by_its_id(door: Door, run: str, declared: dict[str, Any]) -> None:
    facts = told(door, "getRun", id=run)
    assert facts["id"] == run
    assert facts["status"] == "PENDING"
    assert {name: facts[name] for name in declared} == declared
    assert facts["arn"].endswith(f"run/{run}")
    assert facts["creationTime"].endswith("Z")
    assert facts.keys() <= {row.wire for row in tables.FUNCTIONS["omics:index:getRun"].told}


def test_a_run_that_is_not_there(door: Door) -> None:
    failed = failure(lambda: ask(door, "getRun", id="999999"))
    assert failed.message.startswith("GetRun failed: ResourceNotFoundException")
    assert "Traceback" not in failed.message


def test_runs_by_their_name(
    door: Door, emulator: Emulator, run: str, declared: dict[str, Any]
) -> None:
    calls = emulator.since(lambda: told(door, "getRuns", name=declared["name"]))
    assert calls == ["ListRuns"]
    (found,) = told(door, "getRuns", name=declared["name"], status="PENDING")["runs"]
    assert found["id"] == run
    assert found["priority"] == 7
    assert told(door, "getRuns", name=declared["name"], status="COMPLETED")["runs"] == []


def test_a_workflow_by_its_id_and_by_its_name(door: Door, emulator: Emulator) -> None:
    name = "function-test"
    made = emulator.aws.create_workflow(
        name=name,
        engine="NEXTFLOW",
        definitionUri="s3://workflows/w.zip",
        parameterTemplate={"reads": {"description": "Reads.", "optional": False}},
    )["id"]
    emulator.advance(100)
    emulator.aws.create_workflow_version(
        workflowId=made,
        versionName="second",
        engine="NEXTFLOW",
        definitionUri="s3://workflows/w.zip",
    )
    by_id = told(door, "getWorkflow", id=made)
    assert by_id["parameterTemplate"] == {"reads": {"description": "Reads.", "optional": False}}
    assert [each["versionName"] for each in by_id["versions"]] == ["second"]
    assert by_id["type"] == "PRIVATE"
    assert told(door, "getWorkflow", name=name, type="PRIVATE") == by_id
    emulator.aws.create_workflow(name=name, engine="NEXTFLOW", definitionUri="s3://workflows/w.zip")
    failed = failure(lambda: ask(door, "getWorkflow", name=name))
    assert "2 PRIVATE workflows have the name function-test, for example" in failed.message
    failed = failure(lambda: ask(door, "getWorkflow", name="no such workflow"))
    assert "there is no PRIVATE workflow of the name no such workflow" in failed.message


def test_outputs_of_a_run_that_has_none_yet(door: Door, run: str) -> None:
    failed = failure(lambda: ask(door, "getRunOutputs", id=run))
    assert f"run {run} is PENDING: a run has outputs when it is COMPLETED" in failed.message


def test_outputs_of_an_ended_run(
    door: Door, run: str, emulator: Emulator, declared: dict[str, Any]
) -> None:
    """Those that its engine wrote; Nextflow writes none."""
    workflow = emulator.aws.create_workflow(
        name="Align", engine="WDL", definitionUri="s3://workflows/w.zip"
    )["id"]
    emulator.advance(100)
    given = {**declared, "workflowId": workflow, "name": "with outputs"}
    made = emulator.aws.start_run(**given, requestId="with outputs")
    emulator.advance(1000)
    found = told(door, "getRunOutputs", id=made["id"])
    assert found["id"] == made["id"]
    files = list(found["outputs"].values())
    assert files
    assert all(each.startswith(made["runOutputUri"]) for each in files)
    failed = failure(lambda: ask(door, "getRunOutputs", id=run))
    assert "there is no s3://results/trio/" in failed.message
    assert "Nextflow workflows do not" in failed.message


@pytest.mark.parametrize(
    ("name", "arguments", "problems"),
    [
        ("getRun", {}, [("id", "is required")]),
        (
            "getRun",
            {"id": "x1", "run": "2"},
            [
                ("run", "is not an argument of getRun"),
                ("id", '"x1": must match [0-9]+'),
            ],
        ),
        (
            "getRuns",
            {"status": "DONE", "run_group_id": "1"},
            [
                ("run_group_id", "is not an argument of getRuns: did you mean runGroupId?"),
                ("status", '"DONE": must be one of'),
            ],
        ),
        ("getWorkflow", {}, [("", "exactly one of id and name must be given; got none")]),
        (
            "getWorkflow",
            {"id": "1", "name": "x", "type": "OWN"},
            [
                ("type", '"OWN": must be one of PRIVATE, READY2RUN'),
                ("", "exactly one of id and name must be given; got both"),
            ],
        ),
    ],
)
def test_all_that_is_wrong_with_the_arguments(
    door: Door, name: str, arguments: dict[str, Any], problems: list[tuple[str, str]]
) -> None:
    found = wrong(door, name, **arguments)
    assert [each for each, _ in found] == [each for each, _ in problems]
    for (_, reason), (_, begin) in zip(found, problems, strict=True):
        assert reason.startswith(begin)


def test_an_argument_that_a_preview_does_not_know(door: Door, emulator: Emulator) -> None:
    calls = emulator.since(
        lambda: [told(door, "getRun", id=UNKNOWN), told(door, "getRuns", name=UNKNOWN)]
    )
    assert calls == []
    assert told(door, "getRuns", name=UNKNOWN) == {"runs": UNKNOWN}


def test_a_function_that_is_not_there(door: Door) -> None:
    failed = failure(lambda: ask(door, "getRunz"))
    assert "there is no omics:index:getRunz" in failed.message
    assert "omics:index:getRunOutputs" in failed.message


def test_the_schema(door: Door) -> None:
    schema = json.loads(door.stub.GetSchema(provider_pb2.GetSchemaRequest()).schema)
    assert schema["name"] == "omics"
    assert set(schema["functions"]) == set(tables.FUNCTIONS)
    assert ROLE not in json.dumps(schema["config"])
