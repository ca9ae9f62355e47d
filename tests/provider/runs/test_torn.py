"""Answers that are cut between their headers and their body: errors, and never news."""

from __future__ import annotations

import pytest

from omics_provider.base import errors
from omics_provider.base.settings import from_config
from omics_provider.emulator import control
from omics_provider.providers._host import ProviderError
from omics_provider.providers.run import OmicsRunProvider
from omics_provider.runs.calls import Runs
from omics_provider.service import clients
from tests.provider.harness import RUN_SECONDS, Emulator, Inputs, Recorded, Up, bag

TORN = "the connection ended in the middle of the answer"


@pytest.mark.parametrize("count", [1, 3])
def test_a_torn_start_is_one_run(emulator: Emulator, up: Up, declared: Inputs, count: int) -> None:
    emulator.fault("StartRun", "torn-answer", count=count)
    run: list[Recorded] = []
    # The first try took effect, and the run is found by its mark.
    assert emulator.since(lambda: run.append(up(declared))) == ["StartRun", "ListRuns", "GetRun"]
    assert [item["id"] for item in emulator.named(declared["name"])] == [run[0].id]
    assert run[0].outs["uuid"] == (emulator.run(run[0].id) or {})["uuid"]


@pytest.mark.parametrize("blind", ["denied", "torn-answer"])
def test_a_torn_start_that_nobody_can_look_for_is_repeated_with_the_same_request_id(
    emulator: Emulator, config: dict[str, str], up: Up, declared: Inputs, blind: str
) -> None:
    sent: list[str] = []

    def note(params: Inputs, **_: object) -> None:
        sent.append(params["requestId"])

    events = clients.omics(from_config(config.get), retries=False).meta.events
    plans = [("StartRun", "torn-answer"), ("ListRuns", blind)]
    control.plan_faults(
        emulator.state, [{"operation": o, "fault": fault, "count": 2} for o, fault in plans]
    )
    run: list[Recorded] = []
    events.register("provide-client-params.omics.StartRun", note)
    try:
        calls = emulator.since(lambda: run.append(up(declared)))
    finally:
        events.unregister("provide-client-params.omics.StartRun", note)
    assert calls == ["StartRun", "ListRuns", "StartRun", "ListRuns", "StartRun"]
    assert sent == [run[0].outs["requestId"]] * 3
    assert [item["id"] for item in emulator.named(declared["name"])] == [run[0].id]


def test_a_start_whose_every_answer_is_torn_is_unconfirmed_and_found_later(
    emulator: Emulator, provider: OmicsRunProvider, up: Up, declared: Inputs
) -> None:
    control.plan_faults(
        emulator.state,
        [
            {"operation": "StartRun", "fault": "torn-answer", "count": 100},
            {"operation": "ListRuns", "fault": "denied", "count": 100},
        ],
    )
    with pytest.raises(ProviderError) as caught:
        up(declared)
    assert TORN in str(caught.value)
    assert "It is not known whether the run has started" in str(caught.value)
    control.plan_faults(emulator.state, [])
    (started,) = emulator.named(declared["name"])
    assert up(declared).id == started["id"]
    assert len(emulator.named(declared["name"])) == 1


@pytest.mark.parametrize("times", [1, 100])
def test_a_torn_get_run_is_an_error_and_never_gone(
    emulator: Emulator, provider: OmicsRunProvider, up: Up, declared: Inputs, times: int
) -> None:
    run = up(declared)
    emulator.advance(2 * RUN_SECONDS)
    emulator.fault("GetRun", "torn-answer", count=times)
    changed = bag({**run.outs, "tags": {"a": "b"}})
    for call in (
        lambda: provider.read(run.id, run.bag()),
        lambda: provider.update(run.id, run.bag(), changed),
        lambda: provider.delete(run.id, run.bag()),
    ):
        with pytest.raises(ProviderError) as caught:
            call()
        assert f"GetRun failed: {TORN}" in str(caught.value)
        if times == 1:
            emulator.fault("GetRun", "torn-answer")
    control.plan_faults(emulator.state, [])
    assert (emulator.run(run.id) or {})["status"] == "COMPLETED"
    now = provider.read(run.id, run.bag()).outs or {}
    assert (now["uuid"], now["status"]) == (run.outs["uuid"], "COMPLETED")


def test_a_torn_list_is_an_error_and_never_empty(
    emulator: Emulator, config: dict[str, str], up: Up, declared: Inputs
) -> None:
    up(declared)
    runs = Runs(from_config(config.get))
    emulator.fault("ListRuns", "torn-answer")
    with pytest.raises(errors.Unreachable, match=TORN):
        list(runs.list())
    assert list(runs.list(name=declared["name"]))
