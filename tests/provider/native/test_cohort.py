"""The component RunCohort over gRPC, with an engine that writes down what is registered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from omics_provider.base.values import UNKNOWN
from omics_provider.native import values
from omics_provider.native.values import Bag, received
from tests.provider.harness import ROLE, Emulator

from .door import Door, failure, struct

TYPE = "omics:index:RunCohort"
PARENT = "urn:pulumi:prod::omics-runs::pulumi:pulumi:Stack::omics-runs-prod"
ROWS = [
    {"sample": "NA1", "cram": "s3://b/1", "note": "x"},
    {"sample": "NA2", "cram": "s3://b/2", "note": "y"},
]


@dataclass
class Engine(resource_pb2_grpc.ResourceMonitorServicer):
    """A monitor: it makes what is registered, `ends` by name as they say."""

    ends: dict[str, str] = field(default_factory=dict)
    is_preview: bool = False
    requests: list[Any] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.Lock)

    def RegisterResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self.lock:
            self.requests.append(request)
        status = self.ends.get(request.name, "PENDING")
        if status == "aborted":
            context.abort(grpc.StatusCode.UNAVAILABLE, "resource monitor shut down")
        facts: dict[str, Any] = {
            "arn": f"arn:{request.name}",
            "uuid": f"u-{request.name}",
            "status": status,
        }
        if self.is_preview:
            facts = dict.fromkeys(facts, UNKNOWN)
        result = resource_pb2.Result.FAIL if status == "no" else resource_pb2.Result.SUCCESS
        given = received(request.object)
        return resource_pb2.RegisterResourceResponse(
            urn=f"urn:{request.type}::{request.name}",
            id="" if self.is_preview or not request.custom else f"id-{request.name}",
            object=values.sent({**given.properties, **facts}, given.secrets),
            result=result,
        )

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.outputs[request.urn] = received(request.outputs).properties
        return empty_pb2.Empty()

    @property
    def children(self) -> dict[str, Any]:
        return {each.name: each for each in self.requests if each.custom}


@pytest.fixture
def engine() -> Iterator[tuple[Engine, str]]:
    made = Engine()
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(made, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield made, f"127.0.0.1:{port}"
    server.stop(grace=None).wait()


@pytest.fixture
def template(emulator: Emulator) -> dict[str, Any]:
    return {"roleArn": ROLE, "outputUri": "s3://results/c", "workflowId": emulator.workflow}


def construct(
    door: Door,
    engine: tuple[Engine, str],
    inputs: dict[str, Any],
    *secrets: values.Path,
    **more: Any,
) -> Any:
    request = provider_pb2.ConstructRequest(
        type=TYPE,
        name="trio",
        parent=PARENT,
        project="omics-runs",
        stack="prod",
        monitorEndpoint=engine[1],
        inputs=struct(inputs, *secrets),
        **more,
    )
    return door.stub.Construct(request)


def given(request: Any) -> Bag:
    return received(request.object)


def test_a_run_for_each_sample(
    door: Door, engine: tuple[Engine, str], template: dict[str, Any]
) -> None:
    shared = {**template, "parameters": {"ref": "s3://r"}, "tags": {"team": "a", "old": "b"}}
    overrides = {"NA2": {"priority": 3, "parameters": {"ref": "s3://q"}, "tags": {"old": "c"}}}
    cohort = {"samples": ROWS, "template": shared, "parameters": ["cram"], "overrides": overrides}
    answer = construct(door, engine, cohort)
    first, second = (given(engine[0].children[f"trio-NA{n}"]).properties for n in (1, 2))
    assert first == {
        **shared,
        "name": "NA1",
        "parameters": {"ref": "s3://r", "cram": "s3://b/1"},
    }
    assert second == {
        **shared,
        "name": "NA2",
        "priority": 3,
        "tags": {"team": "a", "old": "c"},
        "parameters": {"ref": "s3://q", "cram": "s3://b/2"},
    }
    assert {each.parent for each in engine[0].children.values()} == {answer.urn}
    assert {each.type for each in engine[0].children.values()} == {"omics:index:Run"}
    told = received(answer.state).properties["runs"]
    assert told["NA1"] == {
        "id": "id-trio-NA1",
        "arn": "arn:trio-NA1",
        "uuid": "u-trio-NA1",
        "status": "PENDING",
    }
    assert engine[0].outputs == {answer.urn: {"runs": told}}
    assert sorted(answer.stateDependencies["runs"].urns) == sorted(
        f"urn:omics:index:Run::trio-NA{n}" for n in (1, 2)
    )


def test_what_a_component_is_given_reaches_its_runs(
    door: Door, engine: tuple[Engine, str], template: dict[str, Any]
) -> None:
    """Dependencies, time limits and the provider do; what a parent hands on, the engine gives."""
    depended = provider_pb2.ConstructRequest.PropertyDependencies(urns=["urn:w"])
    construct(
        door,
        engine,
        {"samples": ROWS, "template": template, "parameters": ["cram"]},
        inputDependencies={"template": depended},
        dependencies=["urn:d"],
        providers={"omics": "urn:p::id"},
        protect=True,
        customTimeouts=provider_pb2.ConstructRequest.CustomTimeouts(create="2h"),
        aliases=[{"urn": "urn:old"}],
        stack_trace_handle="where",
    )
    (component,) = (each for each in engine[0].requests if not each.custom)
    assert (component.type, component.name, component.parent) == (TYPE, "trio", PARENT)
    assert component.protect is True
    assert component.parentStackTraceHandle == "where"
    assert list(component.dependencies) == ["urn:d"]
    assert dict(component.providers) == {"omics": "urn:p::id"}
    assert [each.urn for each in component.aliases] == ["urn:old"]
    for each in engine[0].children.values():
        assert each.provider == "urn:p::id"
        assert list(each.dependencies) == ["urn:d", "urn:w"]
        assert list(each.propertyDependencies["workflowId"].urns) == ["urn:d", "urn:w"]
        assert each.customTimeouts.create == "2h"
        assert not each.HasField("protect")
        # Each run's record would have the frames of the component's declaration again.
        assert each.parentStackTraceHandle == ""


def test_a_preview_that_does_not_know_the_workflow_or_a_cell(
    door: Door, engine: tuple[Engine, str], template: dict[str, Any], emulator: Emulator
) -> None:
    engine[0].is_preview = True
    rows = [ROWS[0], {**ROWS[1], "cram": UNKNOWN}]
    cohort = {
        "samples": rows,
        "template": {**template, "workflowId": UNKNOWN},
        "parameters": {"cram": "{cram}", "out": "{note}/out"},
    }
    answer = construct(door, engine, cohort, dryRun=True)
    second = given(engine[0].children["trio-NA2"]).properties
    assert second["workflowId"] is UNKNOWN
    assert second["parameters"] == {"cram": UNKNOWN, "out": "y/out"}
    assert received(answer.state).properties["runs"]["NA1"]["id"] is UNKNOWN
    # Which columns are parameters is not known either then.
    del cohort["parameters"]
    calls = emulator.since(lambda: construct(door, engine, cohort, dryRun=True))
    assert calls == []
    assert given(engine[0].requests[-1]).properties["parameters"] is UNKNOWN


def test_columns_are_those_of_the_workflows_template(
    door: Door, engine: tuple[Engine, str], template: dict[str, Any], emulator: Emulator
) -> None:
    workflow = emulator.aws.create_workflow(
        name="columns",
        engine="NEXTFLOW",
        definitionUri="s3://workflows/w.zip",
        parameterTemplate={"cram": {"optional": False}},
    )["id"]
    emulator.advance(100)
    cohort = {"samples": ROWS, "template": {**template, "workflowId": workflow}}
    assert emulator.since(lambda: construct(door, engine, cohort)) == ["GetWorkflow"]
    assert given(engine[0].children["trio-NA1"]).properties["parameters"] == {"cram": "s3://b/1"}


def test_secrets_stay_where_they_are(
    door: Door, engine: tuple[Engine, str], template: dict[str, Any]
) -> None:
    cohort = {
        "samples": ROWS,
        "template": {**template, "parameters": {"key": "hush"}},
        "parameters": ["cram"],
        "overrides": {"NA1": {"sessionPolicy": '{"a": 1}'}},
    }
    construct(
        door,
        engine,
        cohort,
        ("template", "parameters", "key"),
        ("overrides", "NA1", "sessionPolicy"),
    )
    children = engine[0].children
    assert given(children["trio-NA1"]).secrets == {("parameters", "key"), ("sessionPolicy",)}
    assert given(children["trio-NA2"]).secrets == {("parameters", "key")}
    engine[0].requests.clear()
    construct(door, engine, cohort, ("samples", 0, "cram"), ("template",))
    secrets = given(engine[0].children["trio-NA2"]).secrets
    assert {("parameters",), ("roleArn",)} <= secrets


def test_nothing_is_registered_where_something_is_wrong(
    door: Door, engine: tuple[Engine, str], template: dict[str, Any], emulator: Emulator
) -> None:
    def told(**changes: Any) -> str:
        cohort = {"samples": ROWS, "template": template, "parameters": ["cram"], **changes}
        failed = failure(lambda: construct(door, engine, cohort))
        assert failed.message.startswith(
            "Cohort trio can't be created, and none of its runs starts or changes:\n"
        )
        return failed.message.partition("\n")[2]

    assert told(samples="none.csv").startswith("the sample sheet none.csv can't be read: No such")
    assert told(samples=[*ROWS, ROWS[0]]) == (
        "samples: entry 3: the sample NA1 is in entry 1 already."
    )
    assert told(samples=[]).startswith("samples: ")
    assert told(samples=UNKNOWN).startswith("samples: is not known yet")
    wrong = told(max_failures=1, maxFailures=-1, idColumn="")
    assert "max_failures: is not an argument of RunCohort: did you mean maxFailures?" in wrong
    assert "maxFailures: -1: must be 0 to 100,000" in wrong
    assert 'idColumn: "": must have 1 or more characters, has 0' in wrong
    wrong = told(
        template={**template, "outputUri": "x", "hush": "h"}, overrides={"NA2": {"priority": -1}}
    )
    assert wrong.splitlines() == [
        "NA1, NA2: hush: is not an argument of Run",
        "NA1, NA2: outputUri: must be an S3 URI, s3://bucket or s3://bucket/prefix",
        "NA2: priority: must be 0 to 100,000",
    ]
    assert "no sample 'NA3', for which there are overrides" in told(overrides={"NA3": {}})
    assert told(overrides={"NA1": 3}) == (
        "NA1: the overrides are a int: give arguments of Run by name."
    )
    assert told(template=3) == "template: must be a JSON object: names and values"
    assert told(template={**template, "parameters": 3}, parameters=["cram"]) == (
        "NA1, NA2: parameters: must be a JSON object: names and values"
    )
    assert not engine[0].requests
    emulator.fault("GetWorkflow", "denied", count=9)
    assert told(parameters=None).startswith("The columns of the sample sheet need")
    assert not engine[0].requests


def test_as_many_samples_may_fail_as_the_cohort_says(
    door: Door, engine: tuple[Engine, str], template: dict[str, Any]
) -> None:
    engine[0].ends = {"trio-NA1": "FAILED"}
    waiting = {**template, "waitForCompletion": True}
    cohort = {"samples": ROWS, "template": waiting, "parameters": ["cram"]}
    construct(door, engine, {**cohort, "maxFailures": 1})
    assert given(engine[0].children["trio-NA1"]).properties["onFailure"] == "warn"
    engine[0].ends |= {"trio-NA2": "CANCELLED"}
    failed = failure(lambda: construct(door, engine, {**cohort, "maxFailures": 1}))
    assert failed.message.startswith("2 of 2 samples of the cohort trio failed, 1 may: NA1, NA2")
    # What a single sample says of itself holds.
    warned = {**cohort, "maxFailures": 1, "overrides": {"NA2": {"onFailure": "warn"}}}
    construct(door, engine, warned)
    engine[0].ends = {"trio-NA1": "FAILED", "trio-NA2": "FAILED"}
    waits = {each: {"waitForCompletion": True} for each in ("NA1", "NA2")}
    single = {**cohort, "template": template, "overrides": waits, "maxFailures": 1}
    assert "2 of 2 samples" in failure(lambda: construct(door, engine, single)).message
    engine[0].requests.clear()
    # Without it each run fails for itself.
    construct(door, engine, cohort)
    assert "onFailure" not in given(engine[0].children["trio-NA1"]).properties


def test_a_run_that_could_not_be_made(
    door: Door, engine: tuple[Engine, str], template: dict[str, Any]
) -> None:
    """The engine goes on where the user says so, and ends the update where not."""
    cohort = {"samples": ROWS, "template": template, "parameters": ["cram"]}
    engine[0].ends = {"trio-NA1": "no"}
    answer = construct(door, engine, cohort)
    assert set(received(answer.state).properties["runs"]) == {"NA2"}
    engine[0].ends = {"trio-NA1": "aborted"}
    failed = failure(lambda: construct(door, engine, cohort))
    assert failed.message.startswith("Cohort trio is not complete")


def test_a_component_that_is_not_there(door: Door, engine: tuple[Engine, str]) -> None:
    request = provider_pb2.ConstructRequest(type="omics:index:Cohort", monitorEndpoint=engine[1])
    failed = failure(lambda: door.stub.Construct(request))
    assert "there is no omics:index:Cohort" in failed.message
    assert "omics:index:RunCohort" in failed.message
