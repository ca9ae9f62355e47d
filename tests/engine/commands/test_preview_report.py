"""`python -m omics_provider preview` through the real engine: what it says is what `up` does."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.engine.harness import ACTIVE, ENDED, FAILED, Stack, declaration, secret

PASSWORD = "hunter2-of-a-parameter"
OTHER = "correct-horse-battery"


def report(stack: Stack, *arguments: str, given: str | None = None) -> tuple[int, str]:
    """Run the command in the stack's folder; give its exit code and what it wrote."""
    done = subprocess.run(
        [sys.executable, "-m", "omics_provider", "preview", *arguments],
        cwd=stack.home,
        env={**stack.environment, "PULUMI_STACK": stack.name},
        input=given or "",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert OTHER not in done.stdout + done.stderr
    return done.returncode, done.stdout


def uuids(stack: Stack) -> dict[str, str]:
    return {each["urn"].rpartition("::")[2]: each["outputs"]["uuid"] for each in stack.resources()}


@pytest.mark.slow
def test_a_report_says_what_the_update_then_does(stack: Stack) -> None:
    def run(sample: str, **more: Any) -> dict[str, Any]:
        return declaration(**{"parameters": {"sample_name": sample}, **more})

    runs = {
        "same": run("same"),
        "active": run("active", parameters={"password": secret(PASSWORD), "depth": 30}),
        "done": run("done", tags=ENDED),
        "kept": run("kept"),
        "tagged": run("tagged", tags={**ACTIVE, "project": "a"}),
        "gone": run("gone"),
        "left": run("left", on_delete="keep"),
        "failed": run("failed", tags=FAILED, rerun_on=["FAILED"]),
    }
    stack.declare(runs)
    stack.up()
    before, ids = uuids(stack), {name: stack.recorded(name)["id"] for name in runs}

    runs["active"] = run("active", parameters={"password": secret(OTHER), "depth": 40})
    runs["done"] = run("done", tags=ENDED, rerun=1)
    runs["kept"] = run("kept", name="other", on_delete="keep")
    runs["tagged"] = run("tagged", tags={**ACTIVE, "project": "b"})
    del runs["gone"], runs["left"]
    runs["new"] = run("new")
    own = stack.service.create_workflow(name="own", engine="WDL", definitionUri="s3://w/w.zip")
    runs["private"] = run("private", workflow_type=None, workflow_id=own["id"])
    stack.declare(runs)

    (code, text), calls = stack.calls(lambda: report(stack, "--stack", "dev", "--format", "json"))
    said = json.loads(text)
    # The preview itself reads one run, for its rule; the report the active ones, and past runs.
    assert code == 0
    assert set(calls) <= {"GetRun", "ListRuns", "ListRunTasks"}

    # The same preview, piped, gives the same bytes.
    digest = stack.preview("--show-sames", "--show-replacement-steps").stdout
    first, second = (report(stack, "-", given=digest)[1] for _ in range(2))
    assert first == second
    assert first.startswith("### 2 new runs start, 4 are replaced, 2 are removed, 1 changes")
    assert json.loads(report(stack, "-", "--format", "json", given=digest)[1]) == said

    counted = stack.counted()
    stack.up()
    done = {name: n - counted.get(name, 0) for name, n in stack.counted().items()}

    of = {each["name"]: each for each in said["runs"]}
    figures = said["figures"]
    after = uuids(stack)
    # Started, replaced, removed, unchanged.
    assert figures["new"] == len(after.keys() - before.keys()) == 2
    assert figures["replaced"] == sum(after[n] != before[n] for n in after.keys() & before.keys())
    assert {n for n, each in of.items() if each["starts"]} == {
        name for name, uuid in after.items() if before.get(name) != uuid
    }
    assert figures["new"] + figures["replaced"] == done["StartRun"] == 6
    assert {n for n, each in of.items() if each["action"] == "remove"} == {"gone", "left"}
    assert figures["unchanged"] == 1
    # What became of the old runs.
    fates = {n: each["oldRun"]["fate"] for n, each in of.items() if each["oldRun"]}
    assert fates == {
        "active": "cancelled",
        "done": "record deleted",
        "failed": "record deleted",
        # Its old run is ended as it was declared then.
        "kept": "cancelled",
        "gone": "cancelled",
        "left": "kept",
    }
    assert figures["cancelled"] == done["CancelRun"] == 3
    assert figures["maybeCancelled"] == 0
    statuses = stack.statuses()
    for name, fate in fates.items():
        uuid = before[name]
        there = ids[name] in statuses and (stack.service.get_run(id=ids[name])["uuid"] == uuid)
        assert there == (fate == "kept"), name
    # Why.
    assert {c["path"]: (c["before"], c["after"]) for c in of["active"]["changes"]} == {
        "parameters.depth": ("30", "40"),
        "parameters.password": ("(a secret)", "(a secret)"),
    }
    assert of["failed"]["changes"] == []
    assert "rerun_on" in of["failed"]["reasons"][0]
    assert "FAILED" in of["failed"]["notices"][0]["message"]
    # Ready2Run by the list; of the private workflow nothing is known.
    assert figures["usd"] == [50, 50]
    assert figures["usdUnknown"] == 1

    # The failed one fails again: its rule asks for a third run, which the policy forbids.
    code, text = report(stack, "--max-runs", "0", "--no-cancel-running")
    assert code == 3
    assert text.startswith("### 0 new runs start, 1 is replaced, 0 cancelled, about 10 USD")
    assert "max_runs: runs that start: 1, allowed: 0: 1 too many." in text
    assert "no_cancel_running" not in text


@pytest.mark.slow
def test_a_preview_that_fails_is_reported_and_ends_with_1(stack: Stack) -> None:
    stack.declare(priority=100_001, workflow_id="bad")
    code, text = report(stack, "--stack", "dev")
    assert code == 1
    assert text.startswith("### The preview failed. ")
    assert ": must match" in text
    code, text = report(stack, "--stack", "no-such-stack")
    assert (code, text) == (1, "")
