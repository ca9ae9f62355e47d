"""Runs whose create waits, through the real engine and the native provider."""

from __future__ import annotations

import os
import signal
import subprocess
from datetime import datetime
from typing import Any

import psutil
import pytest

from omics_provider.runs.lookup import ONE_BY_ONE
from tests.engine.doors import NATIVE
from tests.engine.harness import Stack, declaration, until
from tests.engine.runs.test_scale import ONE_CHECKPOINT
from tests.engine.wait_program import lasting
from tests.engine.waits.test_wait_scale import looks

pytestmark = pytest.mark.parametrize("door", [NATIVE], indirect=True, ids=["native"])

LOOKS = ("GetRun", "ListRuns")
#: Emulated seconds of a run that lasts longer than it takes to start many.
LONG = 3000.0


def waiting(seconds: float | None = None, fails: str = "", **more: Any) -> dict[str, Any]:
    """Declare a run that is waited for; without `seconds`, one that stays at work."""
    made = declaration() if seconds is None else lasting(seconds, fails)
    return {**made, "waitForCompletion": True, **more}


def begin_to_wait(stack: Stack) -> subprocess.Popen[str]:
    """Start an update, and come back when it waits."""
    before = len(stack.log)
    process = stack.begin("up", "--yes", "--skip-preview")

    def looks() -> int:
        counted = stack.counted(before)
        return sum(counted.get(each, 0) for each in LOOKS)

    until(looks, lambda many: many > 2 or process.poll() is not None, 120)
    assert process.poll() is None, stack.finish(process).text
    return process


def plugins(stack: Stack) -> list[psutil.Process]:
    """Give the native provider's processes of this stack."""
    found = []
    for each in psutil.process_iter(["cmdline"]):
        if any("pulumi-resource-omics" in word for word in each.info["cmdline"] or ()):
            try:
                is_own = stack.environment["PULUMI_HOME"] == each.environ().get("PULUMI_HOME")
            except psutil.Error:
                continue
            found += [each] if is_own else []
    return found


def test_the_state_holds_the_end_after_the_same_update(stack: Stack) -> None:
    stack.declare({"good": waiting(2), "bad": waiting(1, "INPUT_URI_NOT_FOUND")})

    failed, calls = stack.calls(lambda: stack.up(expect=1))

    assert calls["StartRun"] == 2
    good, bad = stack.recorded("good"), stack.recorded("bad")
    assert good["outputs"]["status"] == "COMPLETED"
    assert good["outputs"]["stopTime"]
    assert good["outputs"]["digest"]
    assert bad["outputs"]["status"] == "FAILED"
    assert f"{bad['id']}) FAILED: INPUT_URI_NOT_FOUND" in failed.message
    assert "Check the path" in failed.message
    assert "give `rerun` a new value" in failed.message

    # It fails with this until a new run takes its place, and starts nothing.
    preview, calls = stack.calls(stack.preview)
    assert calls == {}
    assert "update bad" in preview.steps(stack.door.type)
    again, calls = stack.calls(lambda: stack.up(expect=1))
    # After an update that failed, lost starts are looked for, too.
    assert not calls.keys() - {"ListRuns", "GetRun", "ListRunTasks", "GetRunTask"}
    assert "FAILED: INPUT_URI_NOT_FOUND" in again.message
    # A refresh takes the engine's note of the failure away, not the failure.
    stack.refresh()
    stack.up(expect=1)

    stack.declare({"good": waiting(2), "bad": waiting(1, "INPUT_URI_NOT_FOUND", onFailure="warn")})
    warned, calls = stack.calls(stack.up)
    assert "StartRun" not in calls
    assert "INPUT_URI_NOT_FOUND" in warned.message
    _, calls = stack.calls(lambda: stack.preview("--expect-no-changes"))
    assert calls == {}


def test_an_interrupted_and_a_killed_wait_are_gone_on_with(stack: Stack) -> None:
    stack.declare({"one": waiting(), "two": waiting()})
    process = begin_to_wait(stack)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    # Nothing keeps the provider: it ends by itself.
    until(lambda: plugins(stack), lambda found: not found, 60)
    stack.pulumi("cancel", "--yes")
    killed = set(stack.statuses())
    assert len(killed) == 2
    assert stack.resources(stack.door.type) == []

    process = begin_to_wait(stack)
    os.killpg(process.pid, signal.SIGINT)
    outcome = stack.finish(process)

    assert outcome.code != 0
    assert outcome.message.count("interrupted. The run continues, and the state records it.") >= 2
    assert {stack.recorded(name)["id"] for name in ("one", "two")} == killed
    assert stack.counted()["StartRun"] == 2

    # A limit of time ends the next wait in the same way.
    limited = {**waiting(), "$opts": {"custom_timeouts": {"update": "1s"}}}
    stack.declare({"one": limited, "two": limited})
    late = stack.up(expect=1)
    assert "after 1 s it has not ended." in late.message

    stack.declare({"one": waiting(), "two": waiting()})
    process = begin_to_wait(stack)
    for run_id in killed:
        stack.service.cancel_run(id=run_id)
    outcome = stack.finish(process)
    assert outcome.code != 0
    assert outcome.message.count("CANCELLED") >= 2
    assert stack.recorded("one")["outputs"]["status"] == "CANCELLED"
    assert stack.counted()["StartRun"] == 2


@pytest.mark.slow
def test_the_state_follows_runs_at_work_and_asks_no_more_of_ended_ones(stack: Stack) -> None:
    count = 30
    stack.declare({f"S{n}": lasting(LONG) for n in range(count)})
    stack.up("--parallel", "30")

    _, calls = stack.calls(lambda: stack.preview("--expect-no-changes"))
    assert calls["GetRun"] <= ONE_BY_ONE
    assert calls["ListRuns"] <= 2

    stack.settings(speed=LONG)
    until(lambda: set(stack.statuses().values()), lambda found: found == {"COMPLETED"}, 60)
    _, calls = stack.calls(stack.up)
    assert calls.keys() == {"GetRun", "ListRuns"}
    recorded = [each["outputs"] for each in stack.resources(stack.door.type)]
    assert {each["status"] for each in recorded} == {"COMPLETED"}
    assert all(each["stopTime"] for each in recorded)
    _, calls = stack.calls(lambda: stack.preview("--expect-no-changes"))
    assert calls == {}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_thousand_creates_that_wait(stack: Stack) -> None:
    stack.environment.update(ONE_CHECKPOINT)
    count = 1000
    stack.declare({f"S{n:04}": {**lasting(LONG), "waitForCompletion": True} for n in range(count)})
    process = stack.begin("up", "--yes", "--skip-preview", "--parallel", str(count))
    until(lambda: stack.counted().get("StartRun", 0), lambda made: made == count, 600)
    before = len(stack.log)
    until(lambda: stack.counted(before).get("ListRuns", 0), lambda pages: pages > 30, 120)
    (plugin,) = plugins(stack)
    assert plugin.num_threads() < count + 60
    assert plugin.memory_info().rss < 400 * 2**20
    listed = [call["time"] for call in stack.log[before:] if call["operation"] == "ListRuns"]
    ticks = looks([datetime.fromisoformat(moment).timestamp() for moment in listed])
    assert max(ticks.values()) <= 11
    stack.settings(speed=LONG)
    outcome = stack.finish(process, 400)
    assert outcome.code == 0, outcome.text[-3000:]
    recorded = [each["outputs"] for each in stack.resources(stack.door.type)]
    assert [each["status"] for each in recorded] == ["COMPLETED"] * count
