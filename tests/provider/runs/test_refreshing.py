"""What a refresh asks of runs that are gone, and tells of runs that are deleted anyway."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from omics_provider.engine.call import Call
from omics_provider.engine.process import Engine
from omics_provider.engine.state import StackState
from omics_provider.engine.update import Update
from omics_provider.providers.run import OmicsRunProvider
from omics_provider.runs import lookup
from omics_provider.runs.handler import RunHandler
from tests.provider.harness import Emulator, Inputs, Recorded, Up


@pytest.fixture
def gone(
    provider: OmicsRunProvider,
    emulator: Emulator,
    up: Up,
    declared: Inputs,
    monkeypatch: pytest.MonkeyPatch,
) -> Recorded:
    """A run that was recorded as gone, to be read after as many as are read one by one."""
    monkeypatch.setattr(lookup, "ONE_BY_ONE", 0)
    up({**declared, "name": "beside"})
    run = up(declared)
    emulator.advance(1000)
    emulator.aws.delete_run(id=run.id)
    return Recorded(run.id, {**run.outs, "status": "DELETED", "recordGone": True})


def test_a_run_that_is_gone_takes_no_call_of_its_own(
    provider: OmicsRunProvider, emulator: Emulator, gone: Recorded
) -> None:
    assert emulator.since(lambda: provider.read(gone.id, gone.bag()))[-1] == "ListRuns"
    assert emulator.since(lambda: provider.read(gone.id, gone.bag())) == []
    assert provider.read(gone.id, gone.bag()).outs == gone.outs


def test_one_whose_id_is_listed_is_looked_at(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs, gone: Recorded
) -> None:
    other = up({**declared, "name": "later"})
    assert other.id == gone.id

    read: list[object] = []
    calls = emulator.since(lambda: read.append(provider.read(gone.id, gone.bag()).outs))

    assert calls[-1] == "GetRun"
    assert read == [gone.outs]


@pytest.mark.parametrize(
    ("command", "marks", "warns"),
    [
        ("refresh --yes", [True], False),
        ("preview --refresh", [True], False),
        ("up -r", [True], False),
        # The resource itself, and one of which the state says both.
        ("refresh --yes", [False], True),
        ("refresh --yes", [True, False], True),
        # Nothing but a refresh looks at what is left over, so the state need not be read.
        ("preview", [True], True),
    ],
)
def test_a_failed_run_that_is_deleted_anyway_is_no_reason_to_warn(
    command: str, marks: list[bool], warns: bool
) -> None:
    urn = "urn:pulumi:dev::trial::pulumi-python:dynamic/omics:Run::NA1"
    failed = {"uuid": "u", "status": "FAILED", "__stack": "organization/trial/dev"}
    kept = [{"urn": urn, "id": "1", "outputs": failed, "delete": mark} for mark in marks]
    stack: Any = SimpleNamespace(state=lambda *_, **__: StackState(tuple(kept)))
    told: list[str] = []
    update = Update(Engine(("pulumi", *command.split())), stack)
    RunHandler().diff(Call(update, urn=urn, warn=told.append), "1", failed, dict(failed))
    assert bool(told) is warns
