"""`pulumi stack rename`: what the old name stands in is followed, and nobody else's touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from omics_provider.base.diff import TagChange
from omics_provider.base.identity import STACK_MARK, Mark, retry_token
from omics_provider.base.settings import Settings
from omics_provider.emulator import control
from omics_provider.engine.call import Call, Found
from omics_provider.engine.state import StackState
from omics_provider.engine.update import Update
from omics_provider.runs.calls import Runs
from omics_provider.runs.handler import RunHandler
from omics_provider.runs.starts import Start

from .test_starting import FIRST, INPUTS, STACK, URN

PROD = STACK.replace("/dev", "/prod")
URN_OF_PROD = URN.replace(":dev:", ":prod:")
DECLARED = {**INPUTS, "__stack": PROD}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    state = tmp_path / "omics.db"
    control.change_settings(state, {"parameterCheck": "off"})
    return Settings(region="us-east-1", endpoint="local", local_state=str(state))


@pytest.fixture
def runs(settings: Settings) -> Runs:
    return Runs(settings)


@pytest.fixture
def call(settings: Settings) -> Call:
    return Call(Update(), settings, urn=URN_OF_PROD)


def started(runs: Runs, token: str = FIRST) -> dict[str, Any]:
    """A run of the stack's old name, as the state has it."""
    properties = (
        Start(runs, StackState(), STACK, URN, INPUTS, token, list).started_or_found().properties
    )
    return dict(runs.find(properties["arn"].rpartition("/")[2]) or {}) | properties


def test_the_marks_of_an_active_run_follow_the_stack(runs: Runs, call: Call) -> None:
    recorded = started(runs)
    assert RunHandler().diff(call, recorded["id"], recorded, DECLARED) == Found(True)
    now = RunHandler().update(call, recorded["id"], recorded, DECLARED)
    live = runs.find(recorded["id"]) or {}
    assert live["tags"][STACK_MARK] == PROD
    assert Mark.on(live) == Mark.of(PROD, URN_OF_PROD, FIRST)
    assert live["tags"]["emulator:freezes"] == "yes"
    assert RunHandler().diff(call, recorded["id"], now, DECLARED) == Found(False)


@pytest.mark.parametrize("changes", [{"status": "COMPLETED"}, {"requestId": None}])
def test_a_run_that_ended_or_was_adopted_keeps_its_marks(
    runs: Runs, call: Call, changes: dict[str, Any]
) -> None:
    recorded = {k: v for k, v in {**started(runs), **changes}.items() if v is not None}
    assert RunHandler().diff(call, recorded["id"], recorded, DECLARED) == Found(False)


def test_the_marks_of_another_resource_are_left_alone(runs: Runs, call: Call) -> None:
    recorded = started(runs)
    other = "organization/omics-runs/other"
    runs.retag(recorded["arn"], TagChange(Mark.of(other, URN, "t").tags(other), ()))
    RunHandler().update(call, recorded["id"], recorded, DECLARED)
    assert Mark.stack_on(runs.find(recorded["id"]) or {}) == other


def test_the_attempt_that_a_wait_started_before_is_found(runs: Runs) -> None:
    recorded = started(runs)
    attempt = started(runs, retry_token(recorded["uuid"], 2))
    start = Start(runs, StackState(), PROD, URN_OF_PROD, DECLARED, "", list)
    found = start.successors(recorded["uuid"], STACK)
    assert [(number, live["id"]) for number, live in found] == [(2, attempt["id"])]
