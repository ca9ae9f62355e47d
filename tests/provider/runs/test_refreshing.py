"""A refresh of many runs asks no call for one whose record is known to be gone."""

from __future__ import annotations

import pytest

from omics_provider.providers.run import OmicsRunProvider
from omics_provider.runs import lookup
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
