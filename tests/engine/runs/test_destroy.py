"""Destroy: what becomes of a run, for each on_delete, from each state."""

from __future__ import annotations

import time

import pytest

from tests.engine.harness import ACTIVE, ENDED, FAILED, Stack, declaration, until


def test_destroy_ends_each_run_as_its_on_delete_says(stack: Stack) -> None:
    lives = {"active": ACTIVE, "completed": ENDED, "failed": FAILED}
    stack.declare(
        {
            f"{life}-{on_delete}": declaration(tags=tags, on_delete=on_delete)
            for life, tags in lives.items()
            for on_delete in ("delete", "cancel", "keep")
        }
    )
    stack.up()
    names = {each["id"]: each["urn"].rpartition("::")[2] for each in stack.resources()}
    assert len(names) == 9

    _, calls = stack.calls(stack.destroy)

    assert stack.resources() == []
    left = until(
        lambda: {names[run_id]: status for run_id, status in stack.statuses().items()},
        lambda seen: seen["active-cancel"] != "STOPPING",
    )
    assert left.pop("active-keep") in ("PENDING", "STARTING", "RUNNING")
    assert left == {
        "active-cancel": "CANCELLED",
        "completed-cancel": "COMPLETED",
        "completed-keep": "COMPLETED",
        "failed-cancel": "FAILED",
        "failed-keep": "FAILED",
    }
    assert calls["CancelRun"] == 2
    assert calls["DeleteRun"] == 3
    # One page tells which of the recorded runs are still active: those are cancelled first.
    assert calls["ListRuns"] == 1
    assert set(calls) == {"ListRuns", "GetRun", "CancelRun", "DeleteRun"}


def test_destroy_acts_on_the_live_status_not_on_the_recorded_one(stack: Stack) -> None:
    stack.declare(tags={"emulator:seconds": "1"})
    stack.up()
    assert stack.recorded()["outputs"]["status"] == "PENDING"
    until(stack.live, lambda run: run["status"] == "COMPLETED")

    _, calls = stack.calls(stack.destroy)

    assert calls == {"GetRun": 1, "DeleteRun": 1}
    assert stack.statuses() == {}


def test_destroy_gives_up_in_time_and_goes_on_when_asked_again(stack: Stack) -> None:
    # STOPPING takes 5% of its length: 6 seconds, beyond the limit of 2.
    slow = {"emulator:freezes": "yes", "emulator:seconds": "120"}
    stack.program(
        f"""\
import pulumi
from omics_provider import OmicsRun

OmicsRun(
    "NA12878",
    role_arn="arn:aws:iam::123456789012:role/omics",
    output_uri="s3://results/runs",
    workflow_id="9500764",
    workflow_type="READY2RUN",
    tags={slow!r},
    opts=pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(delete="2s")),
)
"""
    )
    stack.up()

    started = time.monotonic()
    outcome = stack.destroy(expect=None)
    assert time.monotonic() - started < 60  # 20 minutes by default

    assert "NA12878" in outcome.message
    assert stack.recorded()["id"] in outcome.message
    assert "still STOPPING 2 s after its cancellation" in outcome.message
    assert "custom_timeouts" in outcome.message
    assert stack.live()["status"] == "STOPPING"

    until(stack.live, lambda run: run["status"] == "CANCELLED")
    _, calls = stack.calls(stack.destroy)
    assert calls == {"GetRun": 1, "DeleteRun": 1}
    assert stack.resources() == []
    assert stack.statuses() == {}


def test_a_run_that_is_gone_already_is_destroyed_without_a_word(stack: Stack) -> None:
    stack.declare({"NA12878": declaration(tags=ENDED), "NA12891": declaration(tags=ENDED)})
    stack.up()
    stack.service.delete_run(id=stack.recorded("NA12878")["id"])

    outcome, calls = stack.calls(stack.destroy)

    assert calls == {"ListRuns": 1, "GetRun": 2, "DeleteRun": 1}
    assert stack.resources() == []
    assert "error" not in outcome.text.lower()
    assert "warning" not in outcome.text.lower()


@pytest.mark.parametrize("on_delete", ["cancel", "keep"])
def test_a_replaced_run_ends_as_its_own_on_delete_says(stack: Stack, on_delete: str) -> None:
    stack.declare(on_delete=on_delete)
    stack.up()
    first = stack.recorded()

    stack.declare(on_delete=on_delete, parameters={"sample_name": "NA12891"})
    stack.up()

    second = stack.recorded()
    assert stack.statuses().keys() == {first["id"], second["id"]}
    ended = until(stack.statuses, lambda seen: seen[first["id"]] != "STOPPING")[first["id"]]
    expected = {"cancel": {"CANCELLED"}, "keep": {"PENDING", "STARTING", "RUNNING"}}
    assert ended in expected[on_delete]
    assert stack.live()["status"] in expected["keep"]
