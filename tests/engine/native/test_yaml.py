"""A stack in YAML alone, from its first preview to its destroy: it starts what it says, once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any, Final

import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi

from omics_provider.emulator import control
from tests.engine.doors import NATIVE
from tests.engine.harness import ACTIVE, ENDED, PROJECT, Outcome, Stack, name_of, until
from tests.engine.native.declared import COSTLY, run

WDL: Final = "version 1.0\nworkflow Align {\n  input { String cram  String sex = 'x' }\n}\n"
RESOURCES: Final = """\
group:
  type: omics:RunGroup
  properties:
    name: lab
    maxRuns: 10
cache:
  type: omics:RunCache
  properties:
    cacheS3Location: s3://results/cache
align:
  type: omics:Workflow
  properties:
    name: align
    definition: wf
trio:
  type: omics:RunCohort
  properties:
    samples: samples.csv
    template:
      workflowId: ${align.id}
      workflowVersionName: ${align.versionName}
      runGroupId: ${group.id}
      cacheId: ${cache.id}
      roleArn: arn:aws:iam::123456789012:role/omics
      outputUri: s3://results/runs
      tags:
        emulator:freezes: "yes"
        emulator:seconds: "1"
one:
  type: omics:Run
  properties:
    workflowId: "9500764"
    workflowType: READY2RUN
    roleArn: arn:aws:iam::123456789012:role/omics
    outputUri: s3://results/runs
    parameters:
      sample_name: NA12878
    tags:
      project: trio
      emulator:freezes: "yes"
      emulator:seconds: "1"
"""
SAMPLES: Final = ("NA1", "NA2", "NA3")


class Program:
    """A stack whose program is its Pulumi.yaml."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.resources: dict[str, Any] = yaml.safe_load(RESOURCES)
        (stack.home / "__main__.py").unlink()
        (stack.home / "wf").mkdir()
        (stack.home / "wf" / "main.wdl").write_text(WDL)
        self.sheet(*(f"{name},s3://b/{name}.cram,f" for name in SAMPLES))
        self.write()

    def sheet(self, *rows: str) -> None:
        """Write the sample sheet."""
        (self.stack.home / "samples.csv").write_text("\n".join(["sample,cram,sex", *rows, ""]))

    def write(self) -> None:
        """Write Pulumi.yaml."""
        program = {
            "name": PROJECT,
            "runtime": "yaml",
            **yaml.safe_load(NATIVE.project),
            "resources": self.resources,
            "outputs": {"status": "${one.status}"},
        }
        (self.stack.home / "Pulumi.yaml").write_text(yaml.safe_dump(program, sort_keys=False))

    def run(self, name: str, tags: dict[str, str], **more: Any) -> None:
        """Declare a run."""
        self.resources[name] = {
            "type": "omics:Run",
            "properties": {**run(parameters={"sample_name": name}), "tags": tags, **more},
        }
        self.write()

    def ids(self) -> dict[str, str]:
        """Give the ids of the recorded runs by name."""
        return {name_of(each["urn"]): each["id"] for each in self.stack.resources()}

    def costs(self, during: Callable[[], Outcome], **expected: int) -> Outcome:
        """Have a command make these calls, and no other that starts, changes or ends anything."""
        outcome, calls = self.stack.calls(during)
        made = {name: count for name, count in calls.items() if name in COSTLY}
        assert made == expected, outcome.text
        return outcome


@pytest.fixture
def program(make: Callable[..., Stack]) -> Program:
    return Program(make("project", door=NATIVE))


def test_a_stack_in_yaml_from_its_first_preview_to_its_destroy(program: Program) -> None:
    stack = program.stack
    assert program.costs(stack.preview).summary == {"create": 9}
    program.costs(
        stack.up,
        CreateRunGroup=1,
        CreateRunCache=1,
        CreateWorkflow=1,
        CreateWorkflowVersion=1,
        StartRun=4,
    )
    first = program.ids()
    assert first.keys() == {"one", *(f"trio-{name}" for name in SAMPLES)}
    live = stack.live("trio-NA1")
    assert live["parameters"] == {"cram": "s3://b/NA1.cram", "sex": "f"}
    assert live["runGroupId"] == stack.resources("omics:index:RunGroup")[0]["id"]
    assert live["cacheId"] == stack.resources("omics:index:RunCache")[0]["id"]

    same = program.costs(lambda: stack.preview("--expect-no-changes"))
    assert same.summary == {"same": 9}

    # A changed row is one run, and a changed tag a change in place.
    program.sheet("NA1,s3://b/NA1.cram,f", "NA2,s3://b/NA2.cram,m", "NA3,s3://b/NA3.cram,f")
    program.costs(stack.up, StartRun=1, CancelRun=1, DeleteRun=1)
    second = program.ids()
    assert {name for name in first if first[name] != second[name]} == {"trio-NA2"}
    program.resources["one"]["properties"]["tags"]["project"] = "quartet"
    program.write()
    program.costs(stack.up, TagResource=1)
    assert stack.tags("one") == {**ACTIVE, "project": "quartet"}

    program.costs(stack.refresh)
    assert stack.recorded("one")["outputs"]["status"] == "RUNNING"
    import_what_is_there(program)
    program.costs(lambda: stack.preview("--expect-no-changes"))

    before = stack.statuses()
    stack.destroy()
    assert stack.resources() == []
    assert stack.statuses() == {}
    assert len(before) == 5


def import_what_is_there(program: Program) -> None:
    """Import a run; the code that comes of it, put into the program, changes nothing."""
    stack = program.stack
    arguments: Any = run(parameters={"sample_name": "found"})
    id_ = stack.service.start_run(**arguments, requestId="by hand", tags=ENDED)["id"]
    command = ("import", "omics:index:Run", "found", id_, "--yes", "--skip-preview")
    program.costs(lambda: stack.pulumi(*command, "--protect=false", "--out", "found.yaml"))
    made = yaml.safe_load((stack.home / "found.yaml").read_text())["resources"]["found"]
    assert made["properties"]["parameters"] == {"sample_name": "found"}
    program.resources["found"] = made
    program.write()


def test_a_preview_says_what_will_not_work_and_in_the_mode_fail_nothing_starts(
    program: Program,
) -> None:
    stack = program.stack
    template = program.resources["trio"]["properties"]["template"]
    for name in ("runGroupId", "cacheId", "workflowVersionName"):
        del template[name]
    template["workflowId"] = "7777777"
    program.resources = {name: program.resources[name] for name in ("trio", "one")}
    program.write()

    # Three runs of a workflow that is not there, one of a workflow whose parameters it lacks.
    stack.configure(preflight="warn")
    warned, calls = stack.calls(stack.preview)
    # The cohort's columns, the three runs and the one: an id that is not there is of neither type.
    assert calls == {"GetWorkflow": 2 + 2 + 1}
    told = [text for text in warned.warnings.values() if "Preflight of this run:" in text]
    assert len(told) == 2
    assert sum("workflowId: there is no PRIVATE workflow 7777777" in text for text in told) == 1
    assert "parameters: workflow 9500764 requires" in warned.warnings["one"]

    stack.configure(preflight="fail")
    program.resources["one"]["properties"]["parameters"]["fastq_pairs"] = []
    program.write()
    failed = program.costs(lambda: stack.pulumi("up", "--yes", expect=None))
    assert failed.code != 0
    assert "there is no PRIVATE workflow 7777777" in failed.message
    assert "With `pulumi config set omics:preflight warn` the update continues" in failed.message
    assert "has a fault" not in failed.message
    assert "Traceback" not in failed.message


def looks(stack: Stack) -> int:
    """Give how often a run was looked at."""
    counted = stack.counted()
    return counted.get("GetRun", 0) + counted.get("ListRuns", 0)


@pytest.mark.slow
def test_a_wait_ends_with_the_run_and_goes_on_after_it_is_interrupted(program: Program) -> None:
    stack = program.stack
    program.resources = {"one": program.resources["one"]}
    del program.resources["one"]["properties"]["tags"]["emulator:freezes"]
    program.run("long", {"emulator:seconds": "1000"}, waitForCompletion=True)

    # Ctrl-C: the run goes on, and is recorded.
    process = stack.begin("up", "--yes", "--skip-preview")
    until(lambda: looks(stack), lambda seen: seen > 0, 90)
    process.send_signal(signal.SIGINT)
    interrupted = stack.finish(process)
    assert interrupted.code != 0
    assert "Traceback" not in interrupted.text
    id_ = stack.recorded("long")["id"]
    assert set(stack.statuses().values()) <= {"PENDING", "STARTING", "RUNNING", "COMPLETED"}

    # The next one starts nothing, and ends with the run.
    before = stack.counted()["StartRun"]
    looked = looks(stack)
    process = stack.begin("up", "--yes", "--skip-preview")
    # Each run that may be at work is read first: what is looked at after that is waited for.
    until(lambda: looks(stack), lambda seen: seen > looked + 2, 90)
    control.advance(stack.emulator_state, 2000)
    waited = stack.finish(process)
    assert waited.code == 0, waited.text
    assert stack.counted()["StartRun"] == before == 2
    recorded = stack.recorded("long")
    assert (recorded["id"], recorded["outputs"]["status"]) == (id_, "COMPLETED")

    # A run that fails, fails the update with its reason.
    fails = {"emulator:seconds": "0", "emulator:fails": "INPUT_URI_NOT_FOUND"}
    program.run("bad", fails, waitForCompletion=True)
    failed = program.costs(lambda: stack.up(expect=1), StartRun=1)
    assert "INPUT_URI_NOT_FOUND" in failed.message
    assert stack.recorded("bad")["outputs"]["status"] == "FAILED"
    again = program.costs(lambda: stack.up(expect=1))
    assert "INPUT_URI_NOT_FOUND" in again.message
    program.run("bad", fails, waitForCompletion=True, onFailure="warn")
    program.costs(stack.up)
    program.costs(stack.destroy, DeleteRun=3)
