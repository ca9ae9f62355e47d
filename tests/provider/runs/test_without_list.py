"""A caller that may not list runs: everything works, with a call for each run."""

from __future__ import annotations

import pytest

from omics_provider.base.settings import Settings
from omics_provider.engine.call import Call
from omics_provider.engine.state import StackState
from omics_provider.engine.update import Update
from omics_provider.providers.run import OmicsRunProvider
from omics_provider.runs import ending, lookup
from omics_provider.runs.calls import Runs
from tests.provider.harness import Emulator, Inputs, Up, next_update

TYPE = "pulumi-python:dynamic/omics:Run"


def test_a_refresh_of_many_reads_each(
    provider: OmicsRunProvider,
    emulator: Emulator,
    up: Up,
    declared: Inputs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lookup, "ONE_BY_ONE", 0)
    run = up(declared)
    emulator.advance(1000)
    ended = provider.read(run.id, run.bag())
    next_update()
    emulator.fault("ListRuns", "denied", count=100)

    again = None

    def read() -> None:
        nonlocal again
        again = provider.read(run.id, {**(ended.outs or {}), "__provider": ""})

    assert emulator.since(read) == ["ListRuns", "GetRun"]
    assert again is not None
    assert (again.outs or {})["status"] == "COMPLETED"
    # What is not allowed is not tried again.
    assert emulator.since(read) == ["GetRun"]


def test_a_destroy_ends_each_by_itself(
    emulator: Emulator,
    up: Up,
    declared: Inputs,
    config: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warned: list[str] = []
    runs = [up({**declared, "name": f"{declared['name'][-120:]}{n}"}) for n in range(2)]
    state = StackState(tuple({"id": r.id, "type": TYPE, "outputs": r.outs} for r in runs))
    monkeypatch.setattr(StackState, "beside", lambda *_: list(state.resources))
    emulator.fault("ListRuns", "denied", count=100)

    local = Settings("us-east-1", None, "local", config["omics:localState"])
    call = Call(Update(), local, warn=warned.append)
    calls = emulator.since(lambda: ending.cancel_all(call, Runs(local), state, runs[0].outs))

    assert calls == ["ListRuns"]
    assert len(warned) == 1
    assert "Some active runs were not cancelled early" in warned[0]
