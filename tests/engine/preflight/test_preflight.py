"""Preflight, through the real engine: what a preview says of runs that an update would start."""

from __future__ import annotations

import json
from typing import Any

from tests.engine.harness import PROGRAM, ROLE, Stack, declaration

FAULTY = {
    "workflow_type": "PRIVATE",
    "run_group_id": "1234567",
    "cache_id": "7654321",
    "configuration_name": "nowhere",
}

FIT = {"sample_name": "NA12878", "fastq_pairs": []}


def fit(**arguments: Any) -> dict[str, Any]:
    """Declare a run that fits its workflow."""
    return declaration(parameters=FIT, **arguments)


def check(stack: Stack, mode: str | None) -> None:
    stack.configure(preflight=mode)


def test_all_problems_in_one_preview_and_nothing_starts(stack: Stack) -> None:
    check(stack, "fail")
    stack.declare(**FAULTY)

    outcome, calls = stack.calls(lambda: stack.pulumi("up", "--yes", expect=None))

    assert 'workflow 9500764 is READY2RUN: set workflow_type to "READY2RUN"' in outcome.text
    assert "run_group_id: there is no run group 1234567" in outcome.text
    assert "cache_id: there is no run cache 7654321" in outcome.text
    assert "configuration_name: there is no configuration nowhere" in outcome.text
    assert "StartRun" not in calls
    assert stack.resources() == []


def test_a_warning_lets_the_update_go_on(stack: Stack) -> None:
    check(stack, None)
    stack.declare(parameters={"sample": "NA12878"})

    outcome, calls = stack.calls(lambda: stack.pulumi("up", "--yes"))

    assert "workflow 9500764 requires sample_name, fastq_pairs as well" in outcome.text
    assert calls["StartRun"] == 1
    # In the preview alone.
    assert calls["GetWorkflow"] == 1


def test_no_look_where_nothing_starts_or_where_it_is_off(stack: Stack) -> None:
    check(stack, "off")
    stack.declare(**FAULTY)
    preview, calls = stack.calls(stack.preview)
    assert calls == {}
    assert "diagnostics" not in json.loads(preview.stdout)

    stack.declare()
    stack.up()
    check(stack, "fail")
    for change in ({}, {"tags": {"now": "other"}}):
        stack.declare(**change)
        _, calls = stack.calls(stack.preview)
        assert calls == {}

    # A replacement is a start.
    stack.declare(name="other", run_group_id="1234567")
    failed, calls = stack.calls(lambda: stack.preview(expect=None))
    assert "there is no run group 1234567" in failed.text
    assert calls == {"GetWorkflow": 1, "GetRunGroup": 1}


def test_many_runs_are_looked_up_once_and_told_of_together(stack: Stack) -> None:
    check(stack, None)
    runs = {f"S{n:03}": fit(run_group_id="1234567", name=f"S{n:03}") for n in range(37)}
    runs["other"] = fit(cache_id="7654321")
    stack.declare(runs)

    preview, calls = stack.calls(stack.preview)

    assert calls == {"GetWorkflow": 1, "GetRunGroup": 1, "GetRunCache": 1}
    messages = [d["message"] for d in json.loads(preview.stdout)["diagnostics"]]
    (of_many,) = [m for m in messages if "run group" in m]
    assert "37 runs (S000, S001, S002, S003, S004 and 32 more)" in of_many
    (of_one,) = [m for m in messages if "run cache" in m]
    assert "Preflight of this run" in of_one
    assert len(messages) == 2, messages


def test_a_preview_that_starts_nothing_imports_nothing(stack: Stack) -> None:
    check(stack, "warn")
    stack.program(
        PROGRAM
        + "import atexit, pathlib, sys\n"
        + "atexit.register(lambda: pathlib.Path('seen').write_text(str('boto3' in sys.modules)))\n"
    )
    stack.declare(parameters=FIT)
    stack.preview()
    assert (stack.home / "seen").read_text() == "True"
    stack.up()
    stack.preview("--expect-no-changes")
    assert (stack.home / "seen").read_text() == "False"


def test_the_cost_of_many_runs(stack: Stack) -> None:
    stack.declare({f"S{n:03}": fit(name=f"S{n:03}") for n in range(300)})
    without = stack.preview()
    check(stack, "fail")
    preview, calls = stack.calls(stack.preview)
    assert calls == {"GetWorkflow": 1}
    # In proportion: both take longer on a busy machine.
    assert preview.seconds < 2 * without.seconds + 10, (preview.seconds, without.seconds)


def test_a_run_says_for_itself_what_is_done(stack: Stack) -> None:
    check(stack, "fail")
    stack.declare(parameters=FIT, preflight="warn", run_group_id="1234567")
    preview = stack.preview()
    assert "there is no run group 1234567" in preview.stdout
    stack.declare(preflight="off", run_group_id="1234567")
    _, calls = stack.calls(stack.preview)
    assert calls == {}
    stack.declare(preflight="off")
    stack.up()
    stack.declare()
    stack.up("--expect-no-changes")
    assert "preflight" not in json.dumps(stack.recorded())


def test_what_can_not_be_looked_at_is_said_once(stack: Stack) -> None:
    check(stack, "fail")
    stack.plan_faults({"operation": "GetRunGroup", "fault": "denied", "rate": 1.0})
    stack.declare({f"S{n}": fit(run_group_id=f"123456{n}") for n in range(5)})

    preview = stack.preview()

    messages = [d["message"] for d in json.loads(preview.stdout)["diagnostics"]]
    (said,) = [m for m in messages if "omics:GetRunGroup" in m]
    assert "run groups could not be looked at" in said


#: Resources that give a run its group, beside a run with a literal group and a secret one.
GIVEN = """\
import json

import pulumi
from omics_provider import OmicsRun
from pulumi.dynamic import CreateResult, Resource, ResourceProvider, UpdateResult

with open("runs.json") as file:
    declared = json.load(file)


class Provider(ResourceProvider):
    def create(self, props):
        return CreateResult("made", props)


class Group(Resource):
    group: pulumi.Output[str]

    def __init__(self, name, group):
        super().__init__(Provider(), name, {"group": group})


group = Group("group", declared["group"])
arguments = declared["run"]
if declared["way"] == "output":
    OmicsRun("run", **arguments, run_group_id=group.group)
if declared["way"] == "depends":
    opts = pulumi.ResourceOptions(depends_on=[group])
    OmicsRun("run", **arguments, run_group_id=declared["group"], opts=opts)
if declared["way"] == "secret":
    OmicsRun("run", **arguments, run_group_id=pulumi.Output.secret(declared["group"]))
"""


def give(stack: Stack, way: str) -> None:
    stack.program(GIVEN)
    (stack.home / "runs.json").write_text(
        json.dumps({"group": "1234567", "run": fit(), "way": way})
    )


def test_what_this_update_makes_first_is_not_judged(stack: Stack) -> None:
    check(stack, "fail")
    for way in ("output", "secret"):
        give(stack, way)
        preview, calls = stack.calls(stack.preview)
        assert calls == {"GetWorkflow": 1}, way
        assert "1234567: check" not in preview.stdout
    give(stack, "depends")
    preview, calls = stack.calls(stack.preview)
    assert calls == {"GetWorkflow": 1, "GetRunGroup": 1}
    assert "1 thing that is missing may be made by this update" in preview.stdout

    # Made, as it were: what it gives is looked at, and the update may yet mend it.
    give(stack, "none")
    stack.up()
    give(stack, "output")
    preview, calls = stack.calls(stack.preview)
    assert calls == {"GetWorkflow": 1, "GetRunGroup": 1}
    (warning,) = json.loads(preview.stdout)["diagnostics"]
    assert warning["severity"] == "warning"
    assert "there is no run group 1234567" in warning["message"]
    give(stack, "depends")
    failed = stack.preview(expect=None)
    assert "there is no run group 1234567" in failed.text


WITH_WORKFLOW = """\
import json

from omics_provider import OmicsRun, OmicsWorkflow

with open("runs.json") as file:
    declared = json.load(file)
workflow = OmicsWorkflow("align", definition="align", **declared["workflow"])
OmicsRun(
    "run",
    **declared["run"],
    workflow_id=workflow.id,
    workflow_version_name=workflow.version_name,
)
"""
WDL = """\
version 1.0
workflow Align {
  input { String reads }
  output { String same = reads }
}
"""


def with_workflow(stack: Stack, wdl: str, template: dict[str, Any] | None) -> None:
    stack.program(WITH_WORKFLOW)
    (stack.home / "align").mkdir(exist_ok=True)
    (stack.home / "align" / "main.wdl").write_text(wdl)
    run = {"role_arn": ROLE, "output_uri": "s3://results/x", "parameters": {"reads": "a"}}
    workflow = {} if template is None else {"parameter_template": template}
    (stack.home / "runs.json").write_text(json.dumps({"run": run, "workflow": workflow}))


def test_a_workflow_of_the_same_stack_is_judged_as_it_will_be(stack: Stack) -> None:
    check(stack, "fail")
    with_workflow(stack, WDL, {"reads": {"description": "FASTQ"}})
    preview, calls = stack.calls(stack.preview)
    assert calls == {}
    assert "diagnostics" not in json.loads(preview.stdout)
    stack.up()

    # The next version is not there yet, and its parameters no longer fit.
    changed = WDL.replace("String reads }", "String reads String panel }")
    with_workflow(stack, changed, {"reads": {}, "panel": {}})
    preview = stack.preview(expect=None)
    assert "the workflow of this stack requires panel as well" in preview.stdout
    assert "there is no version" not in preview.stdout

    # Without a template the service reads it from the definition: not judged before it is there.
    with_workflow(stack, changed, None)
    preview = stack.preview()
    assert "1 thing that is missing may be made by this update" in preview.stdout
