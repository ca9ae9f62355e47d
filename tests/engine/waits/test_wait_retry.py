"""retry, carried out by an update that waits: one that failed is followed by the next attempt."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.engine.harness import ENDED, Stack, declaration, name_of, until
from tests.engine.wait_program import WAITING, lasting, outputs, wait_for

REASON = "SERVICE_ERROR"


def retried(seconds: float = 2, attempts: int = 3, **arguments: Any) -> dict[str, Any]:
    return lasting(seconds, retry={"attempts": attempts}, **arguments)


def standing(stack: Stack) -> dict[str, Any]:
    """Give the recorded run that stands for S0: an update that fails leaves the old one, too."""
    (found,) = (r for r in stack.resources() if name_of(r["urn"]) == "S0" and not r.get("delete"))
    return found


def failures(stack: Stack, count: int) -> None:
    """Have the next runs that are started end FAILED."""
    stack.plan_faults({"operation": "StartRun", "fault": "fails", "count": count, "reason": REASON})


def converged(stack: Stack) -> None:
    """Nothing is left to do, and nothing is asked but for the ends."""
    _, calls = stack.calls(lambda: stack.up("--expect-no-changes"))
    assert calls.keys() <= {"ListRuns", "GetRun"}


def test_a_failed_attempt_is_followed_and_the_next_update_takes_it_over(stack: Stack) -> None:
    stack.settings(ids="fresh")
    other = {"S1": declaration(tags=ENDED)}
    wait_for(stack, other)
    stack.up()
    failures(stack, 1)
    sample = {**retried(), "tags": {"emulator:seconds": "2", "sample": "HG002"}}
    wait_for(stack, {"S0": sample, **other})

    up, calls = stack.calls(stack.up)

    assert calls["StartRun"] == 2
    first = stack.recorded("S0")
    told = outputs(stack)["ended"]["S0"]
    assert (told["status"], told["attempts"]) == ("COMPLETED", 2)
    assert told["earlier_attempts"][0]["id"] == first["id"] != told["id"]
    assert told["earlier_attempts"][0]["failureReason"] == REASON
    assert f"Attempt 2 of 3 is run {told['id']}." in up.message
    second = stack.service.get_run(id=told["id"])
    assert second["tags"]["sample"] == "HG002"

    # A preview says what becomes of it, and an update starts nothing.
    preview = stack.preview()
    assert preview.steps()["replace S0"]["replaceReasons"] == ["status"]
    assert (
        f"A wait has already started attempt 2, run {told['id']} (COMPLETED)"
        in preview.warnings["S0"]
    )
    before = outputs(stack)["ended"]
    _, calls = stack.calls(stack.up)
    assert "StartRun" not in calls
    taken = stack.recorded("S0")
    assert taken["id"] == told["id"]
    assert taken["outputs"]["attempts"] == 2
    assert [each["id"] for each in taken["outputs"]["earlierAttempts"]] == [first["id"]]
    # What the wait tells is what it told before. The failed run has ended as on_delete says.
    assert outputs(stack)["ended"] == before
    assert stack.statuses().keys() == {told["id"], stack.recorded("S1")["id"]}


@pytest.mark.slow
def test_attempts_are_used_up_and_the_update_fails_with_the_reason(stack: Stack) -> None:
    stack.settings(ids="fresh")
    failures(stack, 9)
    wait_for(stack, {"S0": retried(1, attempts=2)})

    failed, calls = stack.calls(lambda: stack.up(expect=1))

    assert calls["StartRun"] == 2
    assert REASON in failed.message
    assert "Run S0 was attempt 2" in failed.message
    assert f"{stack.recorded('S0')['id']} {REASON}" in failed.message
    assert sorted(stack.statuses().values()) == ["FAILED", "FAILED"]

    # It is recorded as it ended, and not paid for again.
    for _ in range(2):
        again, calls = stack.calls(lambda: stack.up(expect=1))
        assert "StartRun" not in calls
        assert "Run S0 was attempt 2" in again.message
    assert standing(stack)["outputs"]["attempts"] == 2
    assert sorted(stack.statuses().values()) == ["FAILED", "FAILED"]

    # Asked anew it starts to count anew, and takes none of the old ones for the new.
    stack.plan_faults()
    wait_for(stack, {"S0": retried(1, attempts=2, rerun="again")})
    _, calls = stack.calls(stack.up)
    assert calls["StartRun"] == 1
    told = outputs(stack)["ended"]["S0"]
    assert (told["status"], told["attempts"], told["earlier_attempts"]) == ("COMPLETED", 1, [])
    assert stack.statuses().keys() == {stack.recorded("S0")["id"]}


# The other settings: tests/provider/waits/test_wait_retry.py.
@pytest.mark.parametrize("setting", ["forget"])
def test_killed_while_an_attempt_goes_on(stack: Stack, setting: str) -> None:
    stack.settings(ids="fresh", requestId=setting)
    failures(stack, 1)
    wait_for(stack, {"S0": retried(8)})
    process = stack.begin("up", "--yes", "--skip-preview")
    until(lambda: stack.counted().get("StartRun", 0), lambda starts: starts == 2, 120)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    stack.pulumi("cancel", "--yes")
    first = stack.recorded("S0")
    ids = set(stack.statuses())

    stack.up()

    assert stack.counted()["StartRun"] == 2
    taken = stack.recorded("S0")
    assert {first["id"], taken["id"]} == ids
    assert taken["outputs"]["attempts"] == 2
    assert outputs(stack)["ended"]["S0"]["status"] == "COMPLETED"
    converged(stack)
    assert set(stack.statuses()) == {taken["id"]}


@pytest.mark.slow
def test_an_attempt_that_nobody_declares_any_more_ends_with_the_first_run(stack: Stack) -> None:
    stack.settings(ids="fresh")
    failures(stack, 1)
    wait_for(stack, {"S0": retried(15)})
    process = stack.begin("up", "--yes", "--skip-preview")
    until(lambda: stack.counted().get("StartRun", 0), lambda starts: starts == 2, 200)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    stack.pulumi("cancel", "--yes")
    assert "COMPLETED" not in stack.statuses().values()

    changed = retried(1, parameters={"sample_name": "another"})
    wait_for(stack, {"S0": changed})
    _, calls = stack.calls(stack.up)

    assert calls["StartRun"] == 1
    assert set(stack.statuses()) == {stack.recorded("S0")["id"]}
    assert outputs(stack)["ended"]["S0"]["attempts"] == 1


@pytest.mark.slow
def test_a_new_run_asked_for_is_none_of_the_attempts_that_a_wait_has_made(stack: Stack) -> None:
    stack.settings(ids="fresh")
    failures(stack, 2)
    wait_for(stack, {"S0": retried(1, attempts=2)})
    stack.up(expect=1)
    assert len(stack.statuses()) == 2

    wait_for(stack, {"S0": retried(1, attempts=2, rerun="again")})
    _, calls = stack.calls(stack.up)

    assert calls["StartRun"] == 1
    assert outputs(stack)["ended"]["S0"]["attempts"] == 1
    assert stack.statuses() == {stack.recorded("S0")["id"]: "COMPLETED"}


@pytest.mark.slow
@pytest.mark.parametrize("first", ["create", "delete"])
def test_an_attempt_is_taken_whichever_comes_first(stack: Stack, first: str) -> None:
    stack.settings(ids="fresh")
    failures(stack, 1)
    source = WAITING.replace(
        "OmicsRun(name, **given)",
        "OmicsRun(name, **given, opts=pulumi.ResourceOptions("
        f"delete_before_replace={first == 'delete'}))",
    )
    wait_for(stack, {"S0": retried(1)})
    stack.program(source)
    stack.up()
    told = outputs(stack)["ended"]["S0"]

    _, calls = stack.calls(stack.up)

    assert "StartRun" not in calls
    assert stack.statuses() == {told["id"]: "COMPLETED"}
    assert stack.recorded("S0")["id"] == told["id"]
