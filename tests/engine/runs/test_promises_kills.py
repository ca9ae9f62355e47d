"""A plugin that dies, and then its engine: nothing in the stack tells of the start."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import psutil

from tests.engine.doors import NATIVE_FIRST
from tests.engine.harness import Stack, declaration, until


@NATIVE_FIRST
def test_a_start_that_nothing_notes_is_found_by_the_next_update(stack: Stack) -> None:
    stack.declare({"NA12878": declaration(name="NA12878")})
    stack.up()
    declared = {name: declaration(name=name) for name in ("NA12878", "NA12891")}
    stack.declare(declared)
    known = set(history(stack))
    process = start_under_way(stack)

    for plugin in plugins(process, stack.door.plugin):
        plugin.kill()
    assert stack.finish(process).code != 0
    # As if it had been killed before it wrote that the update failed.
    for name in set(history(stack)) - known:
        (folder(stack) / name).unlink()
    noted = json.loads(stack.checkpoint)["checkpoint"]["latest"].get("pending_operations")
    assert not noted

    outcome, calls = stack.calls(stack.up)

    assert "StartRun" not in calls, outcome.text
    # The list, the run with its mark, and what the plugin looks at before its requests end.
    assert calls["ListRuns"] == 1
    assert set(stack.statuses()) == {stack.recorded(name)["id"] for name in declared}
    stack.preview("--expect-no-changes")

    # The same run again, asked for by its declaration, is a new one.
    stack.declare({**declared, "NA12891": declaration(name="NA12891", rerun=1)})
    _, calls = stack.calls(stack.up)
    assert calls["StartRun"] == 1


def start_under_way(stack: Stack) -> subprocess.Popen[str]:
    """Begin an update, and return when its start has taken effect and is not answered yet."""
    before = stack.counted().get("StartRun", 0)
    stack.plan_faults({"operation": "StartRun", "fault": "slow", "seconds": 30, "count": 1})
    process = stack.begin("up", "--yes", "--skip-preview")
    until(lambda: stack.counted().get("StartRun", 0), lambda asked: asked > before, 60)
    stack.plan_faults()
    return process


def plugins(process: subprocess.Popen[str], word: str) -> list[psutil.Process]:
    below = psutil.Process(process.pid).children(recursive=True)
    return [each for each in below if word in " ".join(each.cmdline())]


def folder(stack: Stack) -> Path:
    return next((stack.home / "backend" / ".pulumi" / "history").glob("*/*"))


def history(stack: Stack) -> list[str]:
    return [each.name for each in folder(stack).iterdir()]
