"""Preflight, through the real engine: what a preview says of runs that an update would start."""

from __future__ import annotations

import json
from typing import Any

from tests.engine.harness import PROGRAM, ROLE, Outcome, Stack, declaration

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


def messages(preview: Outcome) -> list[str]:
    """Give the diagnostics of a `preview --json`."""
    return [d["message"] for d in json.loads(preview.stdout).get("diagnostics", [])]


def test_all_problems_in_one_preview_and_nothing_starts(stack: Stack) -> None:
    check(stack, "fail")
    runs = {f"S{n:03}": fit(run_group_id="7777777", name=f"S{n:03}") for n in range(37)}
    runs["other"] = fit(cache_id="7777777")
    runs["faulty"] = declaration(**FAULTY)
    stack.declare(runs)

    outcome, calls = stack.calls(lambda: stack.pulumi("up", "--yes", expect=None))

    for words in (
        'workflow 9500764 is READY2RUN: set workflow_type to "READY2RUN"',
        "run_group_id: there is no run group 1234567",
        "cache_id: there is no run cache 7654321",
        "configuration_name: there is no configuration nowhere",
        "Preflight of 37 runs (S000, S001, S002, S003, S004 and 32 more):",
        "run_group_id: there is no run group 7777777",
        "Preflight of this run",
        "cache_id: there is no run cache 7777777",
    ):
        assert words in outcome.text, f"{words!r} is not in\n{outcome.text}"
    # Each thing is looked at once, a workflow in both types where it is not there in one.
    # Nothing starts.
    assert calls == {"GetWorkflow": 3, "GetRunGroup": 2, "GetRunCache": 2, "GetConfiguration": 1}
    assert stack.resources() == []


#: Writes down whether the program has imported boto3.
PROBE = """
import atexit, pathlib, sys
atexit.register(lambda: pathlib.Path('seen').write_text(str('boto3' in sys.modules)))
"""


def test_it_looks_where_a_run_starts_and_as_the_stack_or_the_run_says(stack: Stack) -> None:
    stack.program(PROGRAM + PROBE)
    stack.declare(
        {"quiet": fit(preflight="off"), "run": declaration(parameters={"sample": "NA12878"})}
    )

    # A warning lets the update go on. Only its preview looks.
    check(stack, None)
    outcome, calls = stack.calls(lambda: stack.pulumi("up", "--yes"))
    assert "workflow 9500764 requires sample_name, fastq_pairs as well" in outcome.text
    assert calls == {"GetWorkflow": 1, "StartRun": 2}
    assert "preflight" not in json.dumps([stack.recorded(name) for name in ("quiet", "run")])

    # Nothing starts: nothing is looked at, and boto3 not even imported.
    check(stack, "fail")
    run = {"parameters": {"sample": "NA12878"}}
    stack.declare({"quiet": fit(), "run": declaration(**run, tags={"now": "other"})})
    preview, calls = stack.calls(stack.preview)
    assert (preview.summary, calls) == ({"same": 2, "update": 1}, {})
    assert (stack.home / "seen").read_text() == "False"

    # A replacement is a start.
    stack.declare({"quiet": fit(), "run": fit(run_group_id="1234567")})
    failed, calls = stack.calls(lambda: stack.preview(expect=None))
    assert "there is no run group 1234567" in failed.text
    assert calls == {"GetWorkflow": 1, "GetRunGroup": 1}
    assert (stack.home / "seen").read_text() == "True"

    # A run says for itself what is done; what the caller may not see is told once, and fails none.
    stack.plan_faults({"operation": "GetRunCache", "fault": "denied", "rate": 1.0})
    stack.declare(
        {
            "quiet": fit(run_group_id="7777777", preflight="off"),
            "run": fit(run_group_id="1234567", preflight="warn"),
            **{f"S{n}": fit(cache_id=f"123456{n}") for n in range(5)},
        }
    )
    preview, calls = stack.calls(stack.preview)
    assert (calls["GetWorkflow"], calls["GetRunGroup"]) == (1, 1)
    told = messages(preview)
    (said,) = (m for m in told if "omics:GetRunCache" in m)
    assert "run caches could not be checked" in said
    (said,) = (m for m in told if "run group" in m)
    assert "there is no run group 1234567" in said
    assert len(told) == 2, told


#: What a stack makes itself, given to its runs in each way. Nobody has such a run group.
GIVEN = """\
import json

import pulumi
from omics_provider import OmicsRun, OmicsWorkflow
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

with open("runs.json") as file:
    declared = json.load(file)


class Provider(ResourceProvider):
    def create(self, props):
        return CreateResult("made", props)


class Group(Resource):
    group: pulumi.Output[str]

    def __init__(self, name, group):
        super().__init__(Provider(), name, {"group": group})


group = Group("group", "1111111")
workflow = OmicsWorkflow("align", definition="align", **declared["workflow"])
of_workflow = {"workflow_id": workflow.id, "workflow_version_name": workflow.version_name}
ways = {
    "output": {"run_group_id": group.group},
    "secret": {"run_group_id": pulumi.Output.secret("2222222")},
    "depends": {"run_group_id": "3333333", "opts": pulumi.ResourceOptions(depends_on=[group])},
    "workflow": {**declared["own"], **of_workflow},
}
for way in declared["ways"]:
    OmicsRun(way, **{**(declared["run"] if way != "workflow" else {}), **ways[way]})
"""
WDL = """\
version 1.0
workflow Align {
  input { String reads }
  output { String same = reads }
}
"""


def give(stack: Stack, *ways: str, wdl: str = WDL, template: dict[str, Any] | None = None) -> None:
    """Declare a group, a workflow with this definition, and runs that are given them."""
    stack.program(GIVEN)
    (stack.home / "align").mkdir(exist_ok=True)
    (stack.home / "align" / "main.wdl").write_text(wdl)
    declared = {
        "ways": ways,
        "run": fit(),
        "own": {"role_arn": ROLE, "output_uri": "s3://results/x", "parameters": {"reads": "a"}},
        "workflow": {} if template is None else {"parameter_template": template},
    }
    (stack.home / "runs.json").write_text(json.dumps(declared))


def test_what_the_update_makes_itself_is_judged_as_it_will_be(stack: Stack) -> None:
    check(stack, "fail")
    reads: dict[str, Any] = {"reads": {"description": "FASTQ"}}

    # Not known yet, or a secret: not looked at. What may be made by then is no failure.
    give(stack, "output", "secret", "depends", "workflow", template=reads)
    preview, calls = stack.calls(stack.preview)
    assert calls == {"GetWorkflow": 1, "GetRunGroup": 1}
    (said,) = messages(preview)
    assert "1 thing is missing and was not checked: this update may create it" in said

    # Made: what it gives is looked at, and the update may yet mend it.
    give(stack, "workflow", template=reads)
    stack.up()
    give(stack, "output", "workflow", template=reads)
    preview, calls = stack.calls(stack.preview)
    assert calls == {"GetWorkflow": 1, "GetRunGroup": 1}
    (warning,) = json.loads(preview.stdout)["diagnostics"]
    assert warning["severity"] == "warning"
    assert "there is no run group 1111111" in warning["message"]

    # The group is there, so what is missing stays so. The next version of the workflow is not
    # there yet, and its parameters no longer fit.
    changed = WDL.replace("String reads }", "String reads String panel }")
    give(stack, "depends", "workflow", wdl=changed, template={"reads": {}, "panel": {}})
    failed = stack.preview(expect=None)
    assert "there is no run group 3333333" in failed.text
    assert "the workflow of this stack requires panel as well" in failed.stdout
    assert "there is no version" not in failed.text

    # Without a template the service reads it from the definition: not judged before it is there.
    give(stack, "workflow", wdl=changed)
    preview = stack.preview()
    assert "1 thing is missing and was not checked: this update may create it" in preview.stdout
