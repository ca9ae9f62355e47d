"""Waiting for runs, through the real engine: ends, failures, interruptions, trouble."""

from __future__ import annotations

import os
import signal
import subprocess

from tests.engine.harness import ENDED, Stack, declaration, until
from tests.engine.wait_program import WAITING, lasting, outputs, program_of, wait_for


def begin_to_wait(
    stack: Stack, runs: dict[str, object], *options: str
) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """Start an update, and come back when it waits for `runs`, all of them active."""
    wait_for(stack, runs)
    before = len(stack.log)
    process = stack.begin("up", "--yes", "--skip-preview", *options)
    until(lambda: stack.counted(before).get("ListRuns", 0), lambda looks: looks > 2, 90)
    return process, {name: stack.recorded(name)["id"] for name in runs}


def test_an_update_that_waits_and_one_after_it(stack: Stack) -> None:
    wait_for(stack, {f"S{n}": lasting(2 + n / 10) for n in range(5)})

    up, calls = stack.calls(stack.up)

    assert {run["status"] for run in outputs(stack)["ended"].values()} == {"COMPLETED"}
    assert outputs(stack)["first"] == "COMPLETED"
    told = outputs(stack)["ended"]["S0"]
    assert told["id"] == stack.recorded("S0")["id"]
    assert told["run_output_uri"] == stack.recorded("S0")["outputs"]["runOutputUri"]
    assert told["attempts"] == 1
    assert told["start_time"] < told["stop_time"]
    # Of several, ListRuns tells; a run that is left alone is asked for by GetRun.
    assert calls.keys() | {"GetRun"} == {"StartRun", "ListRuns", "GetRun"}
    assert calls["StartRun"] == 5
    assert "COMPLETED" in up.text

    # Done is done: no wait, one call for all, nothing to change.
    preview, calls = stack.calls(lambda: stack.preview("--expect-no-changes"))
    assert calls == {"ListRuns": 1}
    assert "diagnostics" not in preview.stdout
    # And none where the state knows the end.
    stack.refresh()
    _, calls = stack.calls(lambda: stack.preview("--expect-no-changes"))
    assert calls == {}


def test_failures_end_the_update_or_are_told(stack: Stack) -> None:
    failing = lasting(0, "INPUT_URI_NOT_FOUND")
    runs = {**{f"S{n}": failing for n in range(5)}, "good": declaration(tags=ENDED)}
    wait_for(stack, runs)

    failed = stack.up(expect=1)

    assert "INPUT_URI_NOT_FOUND" in failed.message
    assert "5 runs" in failed.message
    assert "Runs: S0 (" in failed.message
    # Once for all that failed alike, in the error alone.
    assert failed.message.count("INPUT_URI_NOT_FOUND") <= 4
    assert len(stack.resources()) == 6

    # A preview is not silent about what the next update will fail with.
    shown = stack.preview("--expect-no-changes")
    assert "INPUT_URI_NOT_FOUND" in shown.message
    assert "The next `pulumi up` fails with this" in shown.message

    wait_for(stack, runs, on_failure="warn")
    warned = stack.up("--expect-no-changes")
    assert "INPUT_URI_NOT_FOUND" in warned.message
    assert outputs(stack)["ended"]["S3"]["failure_reason"] == "INPUT_URI_NOT_FOUND"
    assert outputs(stack)["ended"]["good"]["status"] == "COMPLETED"

    # A program that fails itself is told as well, and waits for nothing any more.
    wait_for(stack, {**runs, "long": declaration()})
    stack.program(f"{WAITING}\nraise pulumi.RunError('on the last line')\n")
    failed = stack.up(expect=1)
    assert "INPUT_URI_NOT_FOUND" in failed.message
    assert "error: on the last line" in failed.message
    assert "Runs that have started continue" in failed.message
    assert stack.live("long")["status"] != "CANCELLED"


def test_cancelled_deleted_and_reused_runs_end_the_wait_and_trouble_does_not(stack: Stack) -> None:
    runs = {name: declaration() for name in ("cancelled", "deleted", "reused")}
    process, ids = begin_to_wait(stack, runs)

    stack.plan_faults({"operation": "ListRuns", "fault": "error-500", "count": 14})
    # Stopped, as a closed laptop leaves it, so that it sees what the runs have become and not what
    # they were on the way.
    program = program_of(process)
    program.suspend()
    for run_id in ids.values():
        stack.service.cancel_run(id=run_id)
    for run_id in ids.values():
        until(
            lambda run_id=run_id: stack.service.get_run(id=run_id),  # type: ignore[misc]
            lambda run: run["status"] == "CANCELLED",
        )
    stack.service.delete_run(id=ids["deleted"])
    stack.service.delete_run(id=ids["reused"])
    # Another run gets the id that was freed last.
    other = stack.service.start_run(
        workflowId="9500764", workflowType="READY2RUN", roleArn="arn:aws:iam::123456789012:role/o",
        outputUri="s3://results/others", requestId="other", parameters={},
        tags=dict(ENDED),
    )["id"]  # fmt: skip
    program.resume()
    outcome = stack.finish(process)

    assert other == ids["reused"]
    assert outcome.code == 1
    assert f"cancelled ({ids['cancelled']}) ended CANCELLED" in outcome.message
    for name in ("deleted", "reused"):
        assert f"Run {name} ({ids[name]}) ended DELETED" in outcome.message
    assert (
        outcome.message.count("This message comes once.") <= 2
    )  # shown as it comes, and at the end
    assert "This message comes once." in outcome.message


def test_waits_that_are_interrupted_killed_or_too_long_leave_the_runs_and_are_taken_up(
    stack: Stack,
) -> None:
    said = "Waiting for 2 runs. Ctrl-C ends the wait, not the runs. The next"
    events = stack.home / "events.json"
    stack.environment["PULUMI_DEBUG_COMMANDS"] = "1"
    process, ids = begin_to_wait(
        stack, {name: declaration() for name in ("one", "two")}, "--event-log", str(events)
    )
    until(events.read_text, lambda text: said in text, 90)
    os.killpg(process.pid, signal.SIGINT)
    outcome = stack.finish(process)
    assert outcome.code != 0
    assert "canceled" in outcome.message
    assert said in outcome.message
    assert stack.recorded("one")["id"] == ids["one"]

    process, again = begin_to_wait(stack, {name: declaration() for name in ids})
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    stack.pulumi("cancel", "--yes")
    assert again == ids

    wait_for(stack, {name: declaration() for name in ids}, timeout=1)
    outcome = stack.up(expect=1)
    assert "after 1 s these runs have not ended: one, two" in outcome.message
    assert "They continue. Run `pulumi up` again to continue the wait." in outcome.message
    assert stack.statuses().keys() == set(ids.values())
    assert set(stack.statuses().values()) <= {"PENDING", "STARTING", "RUNNING"}
    assert stack.counted()["StartRun"] == 2
