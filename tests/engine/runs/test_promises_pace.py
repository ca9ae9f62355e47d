"""The service's quotas are respected, and a refresh of many runs costs few calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.engine.doors import BOTH, BOTH_IN_SCALE
from tests.engine.harness import ACTIVE, ENDED, Stack, declaration
from tests.served import ACCOUNT, Served, serving

ONE_CHECKPOINT = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}


@pytest.fixture
def served(stack: Stack) -> Iterator[Served]:
    """The stack's emulator behind its server: only there StartRun has a pace."""
    with serving(stack.emulator_state) as server:
        stack.configure(endpoint=server.url, localState=None)
        stack.environment.update(server.keys_of(ACCOUNT))
        yield server


def cohort(count: int, tags: dict[str, str]) -> dict[str, dict[str, object]]:
    """Declare `count` runs, each with parameters of its own."""
    return {
        f"S{number:03}": declaration(parameters={"sample_name": f"S{number:03}"}, tags=tags)
        for number in range(count)
    }


@BOTH
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_thirty_starts_at_one_a_second_are_seldom_throttled(stack: Stack, served: Served) -> None:
    runs = 30
    stack.environment.update(ONE_CHECKPOINT)
    stack.settings(quotas=True, startRunPerSecond=1)
    stack.declare(cohort(runs, ACTIVE))

    up = stack.up()

    starts = [call for call in stack.log if call["operation"] == "StartRun"]
    by_status = Counter(call["status"] for call in starts)
    assert by_status[201] == runs
    # Whether the account lets it go faster can only be found out by trying, once in a while. And
    # without a burst, a request that is a little faster than the one before comes too early.
    assert by_status[429] < runs
    assert by_status.keys() <= {201, 429}
    assert len(stack.statuses()) == runs
    assert len({each["outputs"]["uuid"] for each in stack.resources()}) == runs
    # Never faster than the quota, and not much slower.
    assert runs - 2 <= up.seconds < 3 * runs
    assert "throttl" not in up.text.lower()

    # Ten GetRun a second: also a refresh waits its turn, and no throttled call is an error.
    refreshed, calls = stack.calls(lambda: stack.refresh())
    assert runs <= calls["GetRun"]
    assert "throttl" not in refreshed.text.lower()
    assert all(each["outputs"]["creationTime"] for each in stack.resources())
    stack.preview("--expect-no-changes")


@BOTH_IN_SCALE
def test_a_refresh_of_many_ended_runs_lists_them(stack: Stack) -> None:
    """More than the twenty that are read one by one, and than a page of the list holds."""
    runs = 110
    stack.environment.update(ONE_CHECKPOINT)
    stack.declare(cohort(runs, ENDED))
    stack.up()
    stack.refresh()
    before = {each["id"]: each["outputs"] for each in stack.resources()}
    assert {outputs["status"] for outputs in before.values()} == {"COMPLETED"}

    # One that is gone meanwhile is found, and is the only one that may cost a call more.
    gone = stack.recorded(f"S{runs - 1:03}")["id"]
    stack.service.delete_run(id=gone)
    _, calls = stack.calls(stack.refresh)
    assert calls.keys() == {"GetRun", "ListRuns"}
    assert calls["ListRuns"] == 2
    assert 20 <= calls["GetRun"] <= 21
    marked = [each["id"] for each in stack.resources() if each["outputs"].get("recordGone")]
    assert marked == [gone]
    now = {each["id"]: each["outputs"] for each in stack.resources()}
    assert {**now, gone: None} == {**before, gone: None}
