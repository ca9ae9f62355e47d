"""Chains: runs whose inputs are the results of other runs, through the real engine."""

from __future__ import annotations

import json
from typing import Any

from tests.engine.harness import ROLE, Stack, name_of
from tests.engine.wait_program import outputs

SAMPLES = 12

#: A joint run over the results of all samples, in plain Python.
CHAIN = f"""\
import json
import pathlib

import pulumi
from omics_provider import OmicsRun

COMMON = dict(
    role_arn="{ROLE}", output_uri="s3://results/runs", workflow_id="9500764",
    workflow_type="READY2RUN",
)
samples = json.loads(pathlib.Path("samples.json").read_text())
results = []
for name, seconds in samples.items():
    sample = OmicsRun(
        name, parameters={{"sample": name, "seconds": seconds}},
        tags={{"emulator:seconds": "1"}}, **COMMON,
    )
    results.append(sample.wait()["run_output_uri"])
joint = OmicsRun(
    "joint", parameters={{"gvcfs": results}}, tags={{"emulator:seconds": "1"}}, **COMMON
)
pulumi.export("joint", joint.wait()["run_output_uri"])
"""


def declare(stack: Stack, **changed: Any) -> None:
    stack.program(CHAIN)
    samples = {f"S{n:02}": 1 for n in range(SAMPLES)} | changed
    (stack.home / "samples.json").write_text(json.dumps(samples))


def uuids(stack: Stack) -> dict[str, str]:
    return {name_of(each["urn"]): each["outputs"]["uuid"] for each in stack.resources()}


def test_a_chain_of_twelve_and_one(stack: Stack) -> None:
    declare(stack)

    _, calls = stack.calls(stack.up)

    assert calls["StartRun"] == SAMPLES + 1
    joint = stack.recorded("joint")
    uris = {
        each["outputs"]["runOutputUri"] for each in stack.resources() if each["id"] != joint["id"]
    }
    assert set(joint["outputs"]["parameters"]["gvcfs"]) == uris
    assert len(uris) == SAMPLES
    assert outputs(stack)["joint"] == joint["outputs"]["runOutputUri"]

    # A preview of a finished chain is complete, and looks at many runs at once: how many calls that
    # takes depends on the machine, and is counted in tests/provider/waits/test_wait.py.
    preview, calls = stack.calls(lambda: stack.preview("--expect-no-changes"))
    assert preview.summary == {"same": SAMPLES + 2}
    assert 0 < sum(calls.values()) < SAMPLES

    declare(stack, S07=2)
    before = uuids(stack)
    _, calls = stack.calls(stack.up)
    assert calls["StartRun"] == 2
    # Ids may be used again; the uuids of all others are those of before.
    now = uuids(stack)
    assert now.keys() == before.keys()
    assert {name for name in now if now[name] != before[name]} == {"S07", "joint"}
    gvcfs = set(stack.recorded("joint")["outputs"]["parameters"]["gvcfs"])
    assert len(gvcfs & uris) == SAMPLES - 1
    assert stack.recorded("S07")["outputs"]["runOutputUri"] in gvcfs
