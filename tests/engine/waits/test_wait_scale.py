"""Many runs waited for at once: calls, memory and processor time of the program."""

from __future__ import annotations

import itertools
import json
import math
import time
from datetime import datetime

import psutil
import pytest

from tests.engine.harness import Stack, until
from tests.engine.runs.test_scale import ONE_CHECKPOINT
from tests.engine.wait_program import lasting, outputs, program_of, wait_for

#: Emulated seconds of each run: more than it takes to start them all.
LENGTH = 3000.0
STEADY_SECONDS = 30.0
MOST_MEBIBYTES = 250.0
MOST_OF_A_CORE = 0.05


@pytest.mark.slow
def test_a_hundred_runs_waited_for_at_once(stack: Stack) -> None:
    wait_for_all(stack, 120)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_thousand_runs_waited_for_at_once(stack: Stack) -> None:
    wait_for_all(stack, 1000)


def wait_for_all(stack: Stack, count: int) -> None:
    stack.environment.update(ONE_CHECKPOINT)
    wait_for(stack, {f"S{n:04}": lasting(LENGTH) for n in range(count)})
    process = stack.begin("up", "--yes", "--skip-preview")
    pages = math.ceil(count / 100)
    until(lambda: stack.counted().get("ListRuns", 0), lambda calls: calls >= pages, 600)
    program = program_of(process)
    assert stack.counted()["StartRun"] == count

    began, before = time.monotonic(), processor_seconds(program)
    time.sleep(STEADY_SECONDS)
    share = (processor_seconds(program) - before) / (time.monotonic() - began)
    memory = program.memory_info().rss / 2**20
    listed = [call["time"] for call in stack.log if call["operation"] == "ListRuns"]
    ticks = looks([datetime.fromisoformat(moment).timestamp() for moment in listed])
    longest = max((later - sooner for sooner, later in itertools.pairwise(ticks)), default=0.0)
    stack.settings(speed=LENGTH)
    last_end = time.monotonic() + 1.0
    outcome = stack.finish(process, 300)
    late = time.monotonic() - last_end

    assert outcome.code == 0, outcome.text
    ended = outputs(stack)["ended"]
    assert [run["status"] for run in ended.values()] == ["COMPLETED"] * count
    figures = {
        "runs": count, "looks": len(ticks), "longestInterval": round(longest, 1),
        "shareOfACore": round(share, 4), "MiB": round(memory), "untilTheEnd": round(late, 1),
        "calls": stack.counted(),
    }  # fmt: skip
    (stack.home / "figures.json").write_text(json.dumps(figures))
    assert max(ticks.values()) <= pages + 1, figures
    assert late < 2 * longest + 5, figures
    assert share < MOST_OF_A_CORE, figures
    assert memory < MOST_MEBIBYTES, figures


def processor_seconds(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return spent.user + spent.system


def looks(times: list[float]) -> dict[float, int]:
    """Count the calls of each look: they follow each other within a fraction of a second."""
    found: dict[float, int] = {}
    began = last = float("-inf")
    for moment in sorted(times):
        if moment - last > 0.15:
            began = moment
        found[began] = found.get(began, 0) + 1
        last = moment
    return found
