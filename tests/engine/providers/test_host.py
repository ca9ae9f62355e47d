"""Canaries: what `omics_provider.providers._host` reaches for is still there in the real host.

Each fails first where a release of Pulumi moves what the provider stands on.
"""

from __future__ import annotations

import json

from tests.engine.harness import Stack

#: A provider of the test's own, beside the program, that notes what `host` sees at each call.
RECORDER = """\
import json
import os

from pulumi.dynamic import (
    CheckResult, CreateResult, DiffResult, ReadResult, ResourceProvider, UpdateResult,
)

from omics_provider.base.errors import RunError
from omics_provider.providers import _host as host


def note(method):
    call = host.current_call()
    seen = call and {
        "urn": call.urn,
        "timeout": call.timeout,
        "seed": call.random_seed.hex(),
    }
    with open("calls.jsonl", "a") as file:
        file.write(json.dumps({"method": method, "call": seen}) + "\\n")


class Recorder(ResourceProvider):
    def __getstate__(self):
        return {}

    def check(self, _olds, news):
        note("check")
        return CheckResult(news, [])

    def diff(self, _id, _olds, _news):
        note("diff")
        return DiffResult(changes=None)

    @host.told_plainly
    def create(self, props):
        note("create")
        if props.get("fails"):
            raise RunError("Recording", "it was asked to fail", advice="Ask for less.")
        return CreateResult("recorded", dict(props))

    def read(self, id_, props):
        note("read")
        return ReadResult(id_, dict(props))

    def update(self, _id, _olds, _news):
        note("update")
        return UpdateResult(dict(_news))

    def delete(self, _id, _props):
        note("delete")
"""

PROGRAM = """\
import json

import pulumi
from pulumi import dynamic
from recorder import Recorder


class Recording(dynamic.Resource, module="test", name="Recording"):
    pass


with open("inputs.json") as file:
    inputs = json.load(file)
Recording(
    Recorder(),
    "canary",
    inputs,
    pulumi.ResourceOptions(
        custom_timeouts=pulumi.CustomTimeouts(create="11s", update="12s", delete="13s")
    ),
)
"""

URN = "urn:pulumi:dev::trial::pulumi-python:dynamic/test:Recording::canary"


def recorder(stack: Stack, **inputs: object) -> None:
    (stack.home / "recorder.py").write_text(RECORDER)
    (stack.home / "inputs.json").write_text(json.dumps(inputs))
    stack.program(PROGRAM)


def noted(stack: Stack) -> dict[str, list[dict[str, object]]]:
    """Give what was seen, by method, and forget it."""
    path = stack.home / "calls.jsonl"
    seen: dict[str, list[dict[str, object]]] = {}
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        assert entry["call"] is not None, f"{entry['method']}: the host hides its call"
        seen.setdefault(entry["method"], []).append(entry["call"])
    path.unlink()
    return seen


def test_what_the_host_hands_on(stack: Stack) -> None:
    recorder(stack, value=1)
    stack.pulumi("preview", "--save-plan", "plan.json")
    planned = noted(stack)["check"]
    stack.up("--plan", "plan.json")
    created = noted(stack)
    recorder(stack, value=2)
    stack.up()
    updated = noted(stack)
    stack.refresh()
    refreshed = noted(stack)
    stack.destroy()
    deleted = noted(stack)
    recorder(stack, fails=True)
    failed = stack.up(expect=1)

    # The URN, and the limits of time.
    for moment in (created, updated, refreshed, deleted):
        for calls in moment.values():
            for call in calls:
                assert call["urn"] == URN
    assert [call["timeout"] for call in created["create"]] == [11.0]
    assert [call["timeout"] for call in updated["update"]] == [12.0]
    assert [call["timeout"] for call in deleted["delete"]] == [13.0]
    assert updated.keys() >= {"check", "diff", "update"}
    assert refreshed.keys() >= {"read"}

    # The seed that makes one start differ from another: long, the same for a plan and its update,
    # and another one for each update.
    seed = str(created["check"][0]["seed"])
    assert len(seed) >= 32
    assert [call["seed"] for call in created["check"]] == [call["seed"] for call in planned]
    assert str(noted(stack)["check"][0]["seed"]) not in ("", seed)

    # An error reaches the user as its text alone.
    assert "Recording for resource canary failed: it was asked to fail." in failed.text
    assert "Ask for less." in failed.text
    assert stack.resources("pulumi-python:dynamic/test:Recording") == []
