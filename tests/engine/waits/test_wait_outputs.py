"""What a workflow gave back and how its tasks ended, through the real engine and the server."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.engine.harness import Stack
from tests.engine.wait_program import lasting, outputs
from tests.served import ACCOUNT, REGION, Served, serving

#: `seen` is what the program has in hand, as text: what Pulumi carries as it is.
PROGRAM: Final = """\
import json
import pathlib

import pulumi
from omics_provider import OmicsRun, wait_all

declared = json.loads(pathlib.Path("runs.json").read_text())
runs = {name: OmicsRun(name, **given) for name, given in declared.items()}
ended = wait_all(runs, outputs=True, tasks=True)
pulumi.export("ended", ended)
pulumi.export("seen", ended.apply(lambda facts: json.dumps(facts, sort_keys=True)))
pulumi.export("vcf", ended["wdl"]["outputs"].apply(lambda found: found and found.get("Call.vcf")))
"""
WDL: Final = """\
version 1.0

workflow Call {
  output {
    File vcf = "a.vcf"
    Int count = 1
    Array[File] parts = ["a"]
  }
}
"""
#: What JSON can say and Pulumi's own wire can't.
ODD: Final = {
    "Call.vcf": "s3://results/a.vcf",
    "Call.big": 2**60 + 1,
    "Call.nothing": None,
    "Call.parts": ["s3://results/1", None, {"left": 1, "right": [True, 0.5, None]}],
    "Call.empty": {},
}


@pytest.fixture
def served(stack: Stack, tmp_path: Path) -> Iterator[Served]:
    """The emulator's server with a bucket, and a stack that asks it."""
    state = tmp_path / "served.db"
    with serving(state) as server:
        stack.emulator_state = state
        stack.configure(endpoint=server.url, region=REGION, localState=None)
        stack.environment.update(server.keys_of(ACCOUNT))
        stack.program(PROGRAM)
        yield server


def workflows(served: Served) -> tuple[str, str]:
    """Make a WDL and a Nextflow workflow; give their ids."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("main.wdl", WDL)
    wdl = served.omics.create_workflow(name="Call", engine="WDL", definitionZip=file.getvalue())
    nextflow = served.omics.create_workflow(
        name="n", engine="NEXTFLOW", definitionUri="s3://results/w.zip"
    )
    return wdl["id"], nextflow["id"]


def seen(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(outputs(stack)["seen"])
    return found


@pytest.mark.slow
def test_outputs_and_tasks_of_ended_runs(stack: Stack, served: Served) -> None:
    s3 = served.client("s3")
    s3.create_bucket(Bucket="results")
    wdl, nextflow = workflows(served)
    runs = {
        name: lasting(
            1,
            reason,
            workflow_id=workflow,
            workflow_type="PRIVATE",
            output_uri="s3://results/runs",
            parameters={},
        )
        for name, workflow, reason in (
            ("wdl", wdl, ""),
            ("nextflow", nextflow, ""),
            ("failed", nextflow, "RUN_TASK_FAILED"),
        )
    }
    stack.declare({name: run for name, run in runs.items() if name != "failed"})

    up = stack.up()

    facts = seen(stack)
    base = facts["wdl"]["run_output_uri"]
    assert facts["wdl"]["outputs"].keys() == {"Call.vcf", "Call.count", "Call.parts"}
    assert facts["wdl"]["outputs"]["Call.vcf"].startswith(base)
    assert facts["wdl"]["outputs"]["Call.count"] == 1
    assert outputs(stack)["vcf"] == facts["wdl"]["outputs"]["Call.vcf"]
    # What there is not is said, and is no failure.
    assert facts["nextflow"]["outputs"] is None
    assert "Outputs are left out of nextflow" in up.message
    assert "<run_output_uri>/logs/outputs.json" in up.message
    assert "Nextflow workflows do not" in up.message
    for run in facts.values():
        counts = run["tasks"]
        assert counts["total"] == counts["completed"] > 0
        assert (counts["failed"], counts["cancelled"]) == (0, 0)

    # Values of every kind arrive as they were written.
    place = f"{base.removeprefix('s3://results/')}/logs/outputs.json"
    s3.put_object(Bucket="results", Key=place, Body=json.dumps(ODD).encode())
    stack.up()
    assert seen(stack)["wdl"]["outputs"] == ODD
    # A preview of a finished stack knows them, too.
    stack.preview("--expect-no-changes")

    s3.delete_object(Bucket="results", Key=place)
    stack.up()
    assert seen(stack)["wdl"]["outputs"] is None

    stack.program(PROGRAM.replace("outputs=True", "on_failure='warn'"))
    stack.declare(runs)
    stack.up()
    counts = seen(stack)["failed"]["tasks"]
    assert counts["failed"] == 1
    assert counts["total"] == sum(counts.values()) - counts["total"]


@pytest.mark.slow
def test_a_failure_without_a_failed_task_is_explained_by_the_engines_log(
    stack: Stack, served: Served
) -> None:
    _, nextflow = workflows(served)
    run = lasting(1, "INPUT_URI_NOT_FOUND", workflow_id=nextflow, workflow_type="PRIVATE")
    stack.declare({"failed": run})

    failed = stack.up(expect=1)

    stream = f"run/{stack.recorded('failed')['id']}/engine"
    assert f"End of {stream}: | NEXTFLOW: workflow n is RUNNING" in failed.message
    # As well where the state knows the end.
    stack.refresh()
    assert f"End of {stream}:" in stack.up(expect=1).message
