"""A stack moves from Python's classes to the native provider: nothing starts, and nothing ends."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Final

import pytest

from omics_provider.emulator import control
from tests.engine.harness import ACTIVE, ENDED, ROLE, Stack, declaration, name_of
from tests.engine.native.declared import COSTLY

DRIFTED: Final = 4
KINDS: Final = ("Run", "RunBatch", "RunGroup", "RunCache", "Workflow")
PYTHON: Final = f"""\
import pulumi
from omics_provider import (
    OmicsRun, OmicsRunBatch, OmicsRunCache, OmicsRunGroup, Provider, RunCohort
)

COMMON = {declaration(tags=None, parameters=None)!r}
PARAMETERS = {{"sample_name": "NA1", "token": pulumi.Output.secret("hunter2")}}
group = OmicsRunGroup("group", name="g", max_runs=3)
OmicsRunCache("cache", cache_s3_location="s3://results/cache")
there = Provider("there", region="us-west-2", local_state="there.db")
OmicsRun("active", parameters=PARAMETERS, run_group_id=group.id, tags={ACTIVE!r}, **COMMON)
OmicsRun("ended", parameters={{"sample_name": "NA2"}}, tags={ENDED!r}, on_delete="keep", **COMMON)
OmicsRun("far", parameters={{"sample_name": "NA3"}}, tags={ACTIVE!r},
         opts=pulumi.ResourceOptions(provider=there), **COMMON)
RunCohort("cohort", samples="cohort.tsv", parameters={{"sample_name": "{{sample}}"}},
          template={{**COMMON, "tags": {ACTIVE!r}}})
"""
#: The same in the words of the native provider, as a program in any language declares it.
NATIVE: Final = """\
import pulumi

OUTPUTS = dict.fromkeys(("arn", "uuid", "status"))


class Declared(pulumi.CustomResource):
    def __init__(self, kind, name, /, opts=None, **inputs):
        super().__init__(f"omics:index:{kind}", name, {**OUTPUTS, **inputs}, opts)


class There(pulumi.ProviderResource):
    def __init__(self):
        super().__init__("omics", "there", {"region": "us-west-2", "localState": "there.db"})


class RunCohort(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("omics:index:RunCohort", name)


COMMON = %(common)r
PARAMETERS = {"sample_name": "NA1", "token": pulumi.Output.secret("hunter2")}
group = Declared("RunGroup", "group", name="g", maxRuns=%(most)d)
Declared("RunCache", "cache", cacheS3Location="s3://results/cache")
Declared("Run", "active", parameters=PARAMETERS, runGroupId=group.id, tags=%(active)r, **COMMON)
Declared("Run", "ended", parameters={"sample_name": "NA2"}, tags=%(ended)r, onDelete="keep",
         **COMMON)
Declared("Run", "far", pulumi.ResourceOptions(provider=There()),
         parameters={"sample_name": "NA3"}, tags=%(active)r, **COMMON)
Declared("Run", "cohort-NA4", pulumi.ResourceOptions(parent=RunCohort("cohort")),
         name="NA4", parameters={"sample_name": "NA4"}, tags=%(active)r, **COMMON)
"""
COMMON: Final = {
    "workflowId": "9500764",
    "workflowType": "READY2RUN",
    "roleArn": ROLE,
    "outputUri": "s3://results/runs",
}


def native(most: int = 3) -> str:
    return NATIVE % {"common": COMMON, "active": ACTIVE, "ended": ENDED, "most": most}


def omics(stack: Stack, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "omics_provider", *arguments],
        cwd=stack.home,
        env=stack.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, DRIFTED), done.stderr
    return done.stdout


def recorded(stack: Stack) -> dict[str, Any]:
    """Give id, uuid and requestId of everything that the stack stands for, by name."""
    latest = json.loads(stack.checkpoint)["checkpoint"]["latest"]
    return {
        name_of(each["urn"]): (
            each["id"],
            *(each["outputs"].get(key) for key in ("uuid", "requestId", "arn")),
        )
        for each in latest["resources"]
        if each["type"].rpartition(":")[2] in KINDS
    }


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_stack_moves_and_nothing_starts_or_ends(stack: Stack) -> None:
    control.change_settings(stack.home / "there.db", {"parameterCheck": "off"})
    (stack.home / "cohort.tsv").write_text("sample\nNA4\n")
    stack.program(PYTHON)
    stack.up()
    before, lives = recorded(stack), stack.statuses()
    assert set(before) == {"group", "cache", "active", "ended", "far", "cohort-NA4"}

    def move() -> None:
        omics(stack, "move", "--stack", stack.name, "-o", "moved.json")
        stack.pulumi("stack", "import", "--file", "moved.json")
        stack.program(native())
        unchanged = stack.preview()
        assert set(unchanged.summary) == {"same"}, unchanged.text
        stack.refresh()
        stack.up()

    _, counted = stack.calls(move)
    assert not COSTLY & counted.keys(), counted
    assert recorded(stack) == before
    assert stack.statuses().keys() == lives.keys()
    latest = json.loads(stack.checkpoint)["checkpoint"]["latest"]["resources"]
    kinds = {each["type"] for each in latest}
    assert not any(kind.startswith("pulumi-python:") for kind in kinds)
    assert "pulumi:providers:pulumi-python" not in kinds
    assert "hunter2" not in stack.checkpoint
    assert "__provider" not in stack.checkpoint

    # Nothing of the old names is missed, looked for, or taken for lost.
    report = json.loads(omics(stack, "drift", "--stack", stack.name, "--format", "json"))
    kinds_found = {each["kind"] for each in report["findings"]}
    assert kinds_found <= {"completed", "elsewhere"}, report["findings"]
    # An update that fails sets off the search for what it may have started, and a change does what
    # it did before, once.
    stack.program(native(most=-1))
    stack.up(expect=None)
    stack.program(native().replace('"sample_name": "NA4"', '"sample_name": "NA5"'))
    _, counted = stack.calls(stack.up)
    started = {name: count for name, count in counted.items() if name in COSTLY}
    assert started == {"StartRun": 1, "CancelRun": 1, "DeleteRun": 1}
    _, counted = stack.calls(stack.destroy)
    ended = {name: count for name, count in counted.items() if name in COSTLY}
    assert ended == {
        "CancelRun": 2, "DeleteRun": 2, "DeleteRunGroup": 1, "DeleteRunCache": 1,
    }, ended  # fmt: skip
    assert stack.statuses() == {before["ended"][0]: "COMPLETED"}
