"""Preflight, through the real engine: what a preview says of runs that an update would start."""

from __future__ import annotations

import json
from typing import Any

from .harness import Stack, declaration

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
