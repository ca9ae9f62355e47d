"""Which replaced runs are surely ended: the evidence in one reading of the state."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from omics_provider.engine.replaced import replaced, uuid_of
from omics_provider.engine.state import StackState
from tests.tokens import BATCH, RUN, WORKFLOW

URN = f"urn:pulumi:dev::trial::{RUN}::NA1"
OTHER = f"urn:pulumi:dev::trial::{RUN}::NA2"
#: What an entry may carry beside `delete`, each of which alone leaves it to the engine.
HOLDS: dict[str, Any] = {
    "protect": True,
    "retainOnDelete": True,
    "external": True,
    "deletedWith": OTHER,
    "pendingReplacement": True,
    "resourceHooks": {"BeforeDelete": ["ask"]},
}


def run(uuid: str, urn: str = URN, **more: Any) -> dict[str, Any]:
    outputs = {"uuid": uuid} if uuid else {"requestId": "in doubt"}
    return {"urn": urn, "type": RUN, "id": f"id-{uuid}", "outputs": outputs, **more}


def ended(*resources: dict[str, Any], creating: tuple[dict[str, Any], ...] = ()) -> list[str]:
    return [uuid_of(each.old) for each in replaced(StackState(resources, creating))]


@pytest.mark.parametrize(
    ("marked", "held"), list(itertools.product([True, False], [None, *HOLDS, "all"]))
)
def test_only_what_nothing_can_hold_back_is_ended(marked: bool, held: str | None) -> None:
    holds = HOLDS if held == "all" else {held: HOLDS[held]} if held else {}
    old = run("old", **({"delete": True} if marked else {}), **holds)

    for resources in ((run("new"), old), (old, run("new"))):
        assert ended(*resources) == (["old"] if marked and not held else [])


@pytest.mark.parametrize("successor", [
    None,
    run(""),                                    # its start is in doubt
    run("old"),                                 # it has adopted the very run
    run("new", OTHER),                          # another resource
    run("new", delete=True),
    run("new", external=True),
    run("new", pendingReplacement=True),
])  # fmt: skip
def test_without_a_recorded_successor_nothing_is_ended(successor: dict[str, Any] | None) -> None:
    beside = [successor] if successor else []
    assert "old" not in ended(run("old", delete=True), *beside)


def test_a_run_that_another_resource_stands_for_goes_on() -> None:
    pair = (run("old", delete=True), run("new"))

    assert ended(*pair, run("old", OTHER)) == []
    # One that was read alone does not declare it, and one that is going does not keep it.
    assert ended(*pair, run("old", OTHER, external=True)) == ["old"]
    assert ended(*pair, run("old", OTHER, delete=True)) == ["old"]


def test_a_run_that_is_being_adopted_goes_on() -> None:
    pair = (run("old", delete=True), run("new"))
    adopts = {"urn": OTHER, "type": RUN, "inputs": {"adoptRunId": "id-old"}}

    assert ended(*pair, creating=(adopts,)) == []
    assert ended(*pair, creating=({"urn": OTHER, "type": RUN, "inputs": {}},)) == ["old"]


def test_what_killed_updates_have_left_is_ended_too() -> None:
    assert ended(run("one", delete=True), run("two", delete=True), run("new")) == ["one", "two"]


def test_a_run_without_a_uuid_is_nobodys() -> None:
    assert ended(run("", delete=True), run("new")) == []


@pytest.mark.parametrize(("kind", "is_ended"), [(RUN, True), (BATCH, True), (WORKFLOW, False)])
def test_runs_and_batches_cost_money(kind: str, is_ended: bool) -> None:
    urn = f"urn:pulumi:dev::trial::{kind}::it"
    pair = (run("old", urn, type=kind, delete=True), run("new", urn, type=kind))
    assert bool(ended(*pair)) is is_ended


def test_a_batch_that_its_successor_has_taken_over_goes_on() -> None:
    def cohort(*uuids: str, **more: Any) -> dict[str, Any]:
        made = run(uuids[0], URN, **more, type=BATCH)
        made["outputs"]["batches"] = [{"uuid": uuid} for uuid in uuids]
        return made

    assert ended(cohort("a", "b", delete=True), cohort("c")) == ["a"]
    assert ended(cohort("a", "b", delete=True), cohort("c", "b")) == []


def test_an_empty_state_has_nothing() -> None:
    assert ended() == []
