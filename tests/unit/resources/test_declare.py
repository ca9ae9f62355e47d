"""How a program's classes take their arguments, and hand them to Pulumi."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi import ResourceOptions
from pulumi.runtime.mocks import MockMonitor

from omics_provider import (
    OmicsRun,
    OmicsRunBatch,
    OmicsRunCache,
    OmicsRunGroup,
    OmicsWorkflow,
    RunCohort,
)
from tests.programs import Engine

RUN: dict[str, Any] = {"role_arn": "arn:r", "output_uri": "s3://b", "workflow_id": "1"}
MISNAMED = "__misnamed"
CONCEALED = "__concealed"


class Monitor(MockMonitor):
    """Keeps what it is asked to register, by name."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.inputs = engine.inputs
        self.requests: dict[str, Any] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  # Pulumi's name
        self.requests[request.name] = request
        return super().RegisterResource(request)


def up(program: Callable[[], object]) -> Monitor:
    engine = Engine()
    monitor = Monitor(engine)
    pulumi.runtime.set_mocks(engine, "omics-runs", "trial", preview=False, monitor=monitor)

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def update() -> None:
        program()

    update()
    return monitor


def refused(program: Callable[[], object]) -> list[str]:
    with pytest.raises(pulumi.RunError) as refusal:
        up(program)
    first, *lines = str(refusal.value).splitlines()
    assert first.endswith("can't be declared:")
    return [line.strip() for line in lines]


def test_names_that_do_not_exist_are_for_the_preview_to_tell() -> None:
    given: dict[str, Any] = {**RUN, "workflowId": "7", "prority": 1, "status": "RUNNING"}
    inputs = up(lambda: OmicsRun("run", **given)).inputs["run"]
    assert inputs[MISNAMED] == ["workflowId", "prority", "status"]
    assert inputs["workflowId"] == "1"
    assert "prority" not in inputs


def test_missing_arguments_are_for_the_preview_to_tell() -> None:
    make: Any = OmicsRun
    assert "roleArn" not in up(lambda: make("run", output_uri="s3://b")).inputs["run"]


def test_options_come_second_or_by_name() -> None:
    kept = ResourceOptions(ignore_changes=["tags"])
    made = up(lambda: (OmicsRunGroup("second", kept), OmicsRunGroup("named", opts=kept)))
    assert [list(made.requests[name].ignoreChanges) for name in ("second", "named")] == [
        ["tags"], ["tags"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "named", "told"),
    [
        ((), {}, ["resource_name: is required"]),
        (("",), {}, ["resource_name: must be a text that is not empty"]),
        ((7,), {}, ["resource_name: must be a text that is not empty"]),
        (("run", "arn:r"), {}, ["opts: must be pulumi.ResourceOptions"]),
        (("run",), {"opts": {}}, ["opts: must be pulumi.ResourceOptions"]),
        (("run", None, "arn:r"), {}, ["only resource_name and opts can stand without their names, "
                                      "1 more does"]),
        (("run", None), {"opts": None}, ["opts: is given twice"]),
    ],
)  # fmt: skip
def test_a_call_that_can_not_be_is_told(arguments: Any, named: Any, told: list[str]) -> None:
    assert refused(lambda: OmicsRun(*arguments, **named, **RUN)) == told


def test_all_that_is_wrong_with_such_a_call_is_told_at_once() -> None:
    make: Any = OmicsRun
    assert refused(lambda: make("run", "s3://b", output_uri="s3://b", workflowId="1")) == [
        "opts: must be pulumi.ResourceOptions",
        "workflowId: is not an argument of OmicsRun: did you mean workflow_id?",
        "role_arn: is required",
    ]


def test_samples_are_needed_in_the_program() -> None:
    batch: Any = OmicsRunBatch
    cohort: Any = RunCohort
    assert refused(lambda: batch("batch", templat={}, workflow_id="1")) == [
        "samples: is required",
        "templat: is not an argument of OmicsRunBatch: did you mean template?",
        "role_arn: is required",
    ]
    assert refused(lambda: cohort("cohort", template={})) == ["samples: is required"]


def test_what_may_be_secret_is_concealed_from_messages() -> None:
    def program() -> None:
        OmicsRun("plain", **RUN, parameters={"token": pulumi.Output.secret("x")})
        OmicsRun("run", **{**RUN, "output_uri": pulumi.Output.secret("s3://b")}, priority=1)
        mapping = {"upstreamRegistryUrl": pulumi.Output.from_input("quay.io")}
        nested = {"registryMappings": [mapping]}
        OmicsWorkflow("workflow", definition_uri="s3://b/x.zip", container_registry_map=nested)

    inputs = up(program).inputs
    assert CONCEALED not in inputs["plain"]
    assert inputs["run"][CONCEALED] == ["outputUri"]
    assert "containerRegistryMap" in inputs["workflow"][CONCEALED]


def test_names_in_a_batch_s_template() -> None:
    template: Any = {"roleArn": "arn:r", "tags": {"of": "run"}, "workflow_id": "1"}
    make: Any = OmicsRunBatch
    inputs = up(lambda: make("b", samples={"S1": {}}, template=template, role="x")).inputs["b"]
    assert inputs[MISNAMED] == ["roleArn", "role"]
    assert inputs["runTags"] == {"of": "run"}
    assert "roleArn" not in inputs


def test_options_name_properties_in_both_spellings() -> None:
    options = ResourceOptions(
        ignore_changes=["role_arn", "workflowId", 'parameters["role_arn"]', "tags.role_arn"],
        replace_on_changes=["max_attempts"],
        additional_secret_outputs=["run_output_uri", "parameters"],
    )
    before = list(options.ignore_changes or ())
    parameters = {"role_arn": "s3://b/x", "deep": [{"output_uri": 1}]}
    made = up(lambda: OmicsRun("run", options, **RUN, parameters=parameters))
    asked = made.requests["run"]
    assert list(asked.ignoreChanges) == [
        "roleArn", "workflowId", 'parameters["role_arn"]', "tags.role_arn",
    ]  # fmt: skip
    assert list(asked.replaceOnChanges) == ["maxAttempts"]
    assert list(asked.additionalSecretOutputs) == ["runOutputUri", "parameters"]
    # Names inside of values are the program's own, and so are its options.
    assert made.inputs["run"]["parameters"] == parameters
    assert options.ignore_changes == before


def test_an_argument_left_unset_is_an_attribute_without_a_value() -> None:
    told: list[Any] = []

    def program() -> Any:
        run, cache = OmicsRun("run", **RUN), OmicsRunCache("cache", cache_s3_location="s3://b")
        return pulumi.Output.all(run.name, run.workflow_id, cache.description).apply(told.extend)

    up(program)
    assert told == [None, "1", None]


def test_a_class_s_attributes_say_what_they_are() -> None:
    assert inspect.getdoc(OmicsRun.run_output_uri) == "Where the service puts this run's results."
    assert "100,000" in (inspect.getdoc(OmicsRunGroup.max_cpus) or "")


def test_a_class_of_one_s_own() -> None:
    class Mine(OmicsRun):
        def __init__(self, name: str, sample: str) -> None:
            super().__init__(name, **RUN, parameters={"sample": sample})

    assert up(lambda: Mine("mine", "NA1")).inputs["mine"]["parameters"] == {"sample": "NA1"}
