"""Replaced runs end while the program waits, through the real engine; what is kept goes on."""

from __future__ import annotations

import os
import signal
from datetime import datetime
from typing import Any, Final

import pytest

from tests.engine.harness import PROGRAM, ROLE, Stack, declaration, until

#: The runs of `runs.json`, and a wait for the one that is named first.
WAITING: Final = (
    PROGRAM.replace("import OmicsRun", "import OmicsRun, wait_all").replace(
        "for name, arguments", "runs = {}\nfor name, arguments"
    )
    + """\
    runs[name] = run
first = next(iter(runs))
wait_all({first: runs[first]}, on_failure="warn")
"""
)

#: A batch of two samples that runs again as a whole.
BATCH: Final = """\
from omics_provider import OmicsRunBatch

template = {{
    "role_arn": "{role}", "output_uri": "s3://results/runs", "workflow_id": "{workflow}",
    "tags": {{"emulator:freezes": "yes", "emulator:seconds": "1"}},
}}
batch = OmicsRunBatch(
    "cohort", samples=[{{"sample": "S1"}}, {{"sample": "S2"}}], on_change="all", rerun={rerun},
    template=template,
)
"""


def declared(sample: str) -> dict[str, Any]:
    parameters = {"sample_name": sample}
    return {
        "waited": declaration(parameters=parameters),
        "beside": declaration(parameters=parameters, on_delete="cancel"),
        "kept": declaration(parameters=parameters, on_delete="keep"),
        "retained": declaration(parameters=parameters) | {"$opts": {"retain_on_delete": True}},
        "same": declaration(),
    }


def test_replaced_runs_are_cancelled_when_their_successors_are_recorded(stack: Stack) -> None:
    stack.declare(declared("one"))
    stack.up()
    old = {name: stack.recorded(name)["id"] for name in declared("")}
    stack.program(WAITING)
    stack.declare(declared("two"))
    before = stack.log[-1]["number"]

    process = stack.begin("up", "--yes", "--skip-preview")
    until(lambda: stack.counted(before).get("CancelRun", 0), lambda many: many == 2, 90)

    # The program waits: nothing but these two was ended, and nothing was deleted.
    own = [call for call in stack.log if call["number"] > before]
    ended = {call["runId"] for call in own if call["operation"] == "CancelRun"}
    assert ended == {old["waited"], old["beside"]}
    assert "DeleteRun" not in {call["operation"] for call in own}
    times = [
        max(datetime.fromisoformat(c["time"]) for c in own if c["operation"] == operation)
        for operation in ("StartRun", "CancelRun")
    ]
    assert (times[1] - times[0]).total_seconds() < 60
    assert process.poll() is None

    (new,) = (r for r in stack.resources() if r["urn"].endswith("::waited") and not r.get("delete"))
    stack.service.cancel_run(id=new["id"])
    outcome = stack.finish(process)

    # Then the engine deletes as ever, and has nothing left to cancel.
    assert f"waited ({old['waited']}), beside ({old['beside']})" in outcome.message or (
        f"beside ({old['beside']}), waited ({old['waited']})" in outcome.message
    )
    # Ours above is the third.
    assert stack.counted(before)["CancelRun"] == 3
    left = stack.statuses()
    assert old["waited"] not in left
    assert left[old["beside"]] == "CANCELLED"
    active = {"PENDING", "STARTING", "RUNNING"}
    assert {left[old[name]] for name in ("kept", "retained", "same")} <= active
    assert len(stack.resources()) == 5


# Its rule in `make test`: tests/provider/waits/test_wait_replaced.py.
@pytest.mark.slow
def test_a_replaced_batch_is_cancelled_while_the_program_waits_for_its_successor(
    stack: Stack,
) -> None:
    workflow = stack.service.create_workflow(
        name="w", engine="NEXTFLOW", definitionUri="s3://workflows/w.zip"
    )["id"]
    stack.program(BATCH.format(role=ROLE, workflow=workflow, rerun=1))
    stack.up()
    stack.program(BATCH.format(role=ROLE, workflow=workflow, rerun=2) + "batch.wait()\n")
    before = stack.log[-1]["number"]

    process = stack.begin("up", "--yes", "--skip-preview")
    until(lambda: stack.counted(before).get("CancelRunBatch", 0), bool, 90)
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    stack.finish(process)
    assert stack.counted(before)["CancelRunBatch"] == 1
