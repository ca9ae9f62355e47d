"""`python -m omics_provider drift` through the real engine: what it finds, and what --fix does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from omics_provider.base.identity import Mark
from tests.engine.harness import ACTIVE, ENDED, FAILED, ROLE, Stack, declaration, name_of, until

OWN = "organization/trial/dev"
#: What `drift` may call without --fix.
READS = {"GetRun", "ListRuns", "ListBatch", "GetBatch"}
DANGEROUS = {"StartRun", "CancelRun", "DeleteRun", "StartRunBatch"}


def drift(stack: Stack, *arguments: str, command: str = "drift") -> tuple[int, str]:
    """Run the command in the stack's folder; give its exit code and what it wrote."""
    done = subprocess.run(
        [sys.executable, "-m", "omics_provider", command, "--stack", "dev", *arguments],
        cwd=stack.home,
        env=stack.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode in (0, 4) or not done.stdout, done.stderr
    return done.returncode, done.stdout


def kinds(text: str) -> dict[str, str]:
    """Give what was found by the name of what it was found of."""
    return {each["name"]: each["kind"] for each in json.loads(text)["findings"]}


def orphan(stack: Stack, name: str, **more: Any) -> dict[str, Any]:
    """Start a run by hand that carries this stack's mark, as a lost resource's does."""
    mark = Mark.of(OWN, f"urn:pulumi:dev::trial::pulumi-python:dynamic/omics:Run::{name}", "t" * 64)
    return dict(
        stack.service.start_run(
            name=name,
            workflowId="9500764",
            workflowType="READY2RUN",
            roleArn=ROLE,
            outputUri="s3://results/runs",
            requestId=name,
            tags={**mark.tags(OWN), **ACTIVE},
            **more,
        )
    )


def test_drift_is_told_fixed_where_that_is_safe_and_then_is_no_more(stack: Stack) -> None:
    tags = {**ACTIVE, "project": "trio", "owner": "me"}
    stack.declare(
        {
            "same": declaration(),
            "done": declaration(tags=ENDED),
            "failed": declaration(tags=FAILED),
            "gone": declaration(tags=ENDED),
            "reused": declaration(tags=ENDED),
            "tagged": declaration(tags=tags),
            "added": declaration(),
        }
    )
    stack.up()
    runs = {name_of(each["urn"]): each["outputs"] for each in stack.resources()}
    ids = {name_of(each["urn"]): each["id"] for each in stack.resources()}
    service = stack.service
    service.delete_run(id=ids["reused"])
    arn = runs["tagged"]["arn"]
    service.tag_resource(resourceArn=arn, tags={"project": "theirs"})
    service.untag_resource(resourceArn=arn, tagKeys=["owner"])
    service.tag_resource(resourceArn=runs["added"]["arn"], tags={"bill": "42"})
    stranger = service.start_run(
        name="stranger", workflowId="9500764", workflowType="READY2RUN", roleArn=ROLE,
        outputUri="s3://results/runs", requestId="theirs", tags=ACTIVE,
    )  # fmt: skip
    assert stranger["id"] == ids["reused"]
    # Its resource was in no state after `pulumi state delete`, or the state was lost.
    lost = orphan(stack, "lost")
    service.delete_run(id=ids["gone"])
    before = stack.checkpoint

    (code, text), calls = stack.calls(lambda: drift(stack, "--format", "json"))
    assert code == 4
    assert kinds(text) == {
        "done": "completed", "failed": "failed", "gone": "gone", "reused": "reused",
        "tagged": "tags", "added": "tags", "lost": "orphan",
    }  # fmt: skip
    # Seven recorded runs, one of whose ids is the stranger's, and the orphan; a page of each list.
    assert calls == {"GetRun": 8, "ListRuns": 1, "ListBatch": 1}
    assert stack.checkpoint == before

    (code, text), calls = stack.calls(lambda: drift(stack, "--fix", "--format", "json"))
    assert code == 4
    assert not DANGEROUS & calls.keys()
    assert calls["TagResource"] == 1
    assert "UntagResource" not in calls
    said = {each["name"]: each for each in json.loads(text)["findings"]}
    assert {name for name, each in said.items() if each["fixed"]} == said.keys() - {"lost"}
    assert stack.tags("tagged") == tags
    assert stack.recorded("done")["outputs"]["status"] == "COMPLETED"
    assert stack.recorded("failed")["outputs"]["failureReason"] == "INPUT_URI_NOT_FOUND"
    assert stack.recorded("gone")["outputs"]["recordGone"] is True
    # A tag that was added is in the state from now on, and taken away by the next update.
    assert stack.recorded("added")["inputs"]["tags"]["bill"] == "42"
    statuses = stack.statuses()
    assert statuses[lost["id"]] in ("PENDING", "STARTING", "RUNNING")
    assert statuses[stranger["id"]] in ("PENDING", "STARTING", "RUNNING")

    # What is left is for somebody to decide: here, to cancel it.
    service.cancel_run(id=lost["id"])
    until(stack.statuses, lambda now: now[lost["id"]] == "CANCELLED")
    code, text = drift(stack, "--drift", "--offline", command="preview")
    assert code == 0
    assert text.startswith("### 0 new runs start")
    assert "\n### No drift\n" in text


@pytest.mark.slow
def test_a_start_that_was_cut_off_is_no_orphan_and_outlives_a_fix(stack: Stack) -> None:
    stack.declare({"done": declaration(tags=ENDED)})
    stack.up()
    stack.declare({"done": declaration(tags=ENDED), "cut": declaration()})
    kill_while_starting(stack)

    code, text = drift(stack, "--fix", "--format", "json")
    assert (code, kinds(text)) == (4, {"done": "completed", "cut": "unconfirmed"})
    (cut,) = (each for each in json.loads(text)["findings"] if each["name"] == "cut")
    assert stack.statuses()[cut["id"]] in ("PENDING", "STARTING", "RUNNING")

    # The engine still knows of the start: the next update takes its run.
    _, calls = stack.calls(stack.up)
    assert "StartRun" not in calls
    assert stack.recorded("cut")["id"] == cut["id"]
    assert drift(stack)[0] == 0


# Its rule in `make test`: tests/unit/commands/test_drift.py.
@pytest.mark.slow
def test_a_run_of_a_renamed_stack_is_no_orphan_of_the_next_one_of_its_name(stack: Stack) -> None:
    stack.declare({"one": declaration(tags=ACTIVE)})
    stack.up()
    settings = stack.home / "Pulumi.dev.yaml"
    configuration = settings.read_text()
    stack.pulumi("stack", "rename", "prod")
    settings.write_text(configuration)
    stack.pulumi("stack", "init")
    code, text = drift(stack, "--format", "json")
    (found,) = json.loads(text)["findings"]
    assert (code, found["kind"], found["detail"]) == (0, "other-stack", "trial/prod")
    # The mark follows the stack with its next update.
    replace(stack, name="prod").up()
    code, text = drift(stack, "--format", "json")
    assert (code, json.loads(text)["findings"]) == (0, [])


@pytest.mark.slow
def test_runs_of_a_lost_state_are_found_again(stack: Stack) -> None:
    stack.declare({"one": declaration(), "two": declaration(tags=ENDED)})
    stack.up()
    stack.pulumi("stack", "rm", "--force", "--yes", "--preserve-config")
    stack.pulumi("stack", "init")
    code, text = drift(stack, "--format", "json")
    # Nothing tells their resources' names any more.
    found = sorted(each["kind"] for each in json.loads(text)["findings"])
    assert (code, found) == (4, ["left", "orphan"])
    assert drift(stack, "--orphans", "0")[0] == 0


def kill_while_starting(stack: Stack) -> None:
    """Kill all of an update as soon as the service has started its run."""
    before = stack.counted().get("StartRun", 0)
    stack.plan_faults({"operation": "StartRun", "fault": "slow", "count": 1})
    process = stack.begin("up", "--yes", "--skip-preview")
    until(stack.counted, lambda now: now.get("StartRun", 0) > before, seconds=60)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    stack.plan_faults()
    stack.pulumi("cancel", "--yes")
