"""What a resource is, whichever door it was declared at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from omics_provider.engine.call import Call, subject
from omics_provider.engine.replaced import replaced
from omics_provider.engine.state import StackState
from omics_provider.engine.update import Update
from omics_provider.engine.urn import BATCH, CACHE, DYNAMIC, GROUP, NATIVE, RUN, WORKFLOW, own_kind

DOORS = (DYNAMIC, NATIVE)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", [RUN, BATCH, GROUP, CACHE, WORKFLOW])
def test_both_doors_have_the_same_kinds(door: str, kind: str) -> None:
    assert own_kind(f"{door}{kind}") == kind


@pytest.mark.parametrize(
    "token",
    [
        "", None, "Run", "omics:index:RunCohort", "omics:index:", "other:index:Run",
        "pulumi-python:dynamic:Resource", "pulumi:providers:omics",
    ],
)  # fmt: skip
def test_what_is_none_of_this_package_is_none(token: Any) -> None:
    assert own_kind(token) == ""


@pytest.mark.parametrize("door", DOORS)
def test_a_resource_is_named_by_what_it_is(door: str) -> None:
    urn = f"urn:pulumi:dev::trial::omics:index:RunCohort${door}RunGroup::shared"
    assert subject(urn) == Call(Update(), urn=urn).subject == "run group shared"


@pytest.mark.parametrize("door", DOORS)
def test_what_is_replaced_ends_early_at_both_doors(door: str) -> None:
    urn = f"urn:pulumi:dev::trial::{door}Run::S1"
    old, new = (
        {"urn": urn, "type": f"{door}Run", "id": uuid, "outputs": {"uuid": uuid}, "delete": gone}
        for uuid, gone in (("old", True), ("new", False))
    )
    assert [each.old["id"] for each in replaced(StackState((old, new)))] == ["old"]


@pytest.mark.parametrize("door", DOORS)
def test_another_run_that_is_being_ended_is_one_of_either_door(door: str) -> None:
    urn, other = (f"urn:pulumi:dev::trial::{door}Run::{name}" for name in ("S1", "S2"))
    ending = {"urn": other, "type": f"{door}Run", "id": "2", "outputs": {"uuid": "u"}}
    state = StackState((ending,), deleting=(ending,))
    for each in DOORS:
        assert state.is_ending_another(f"urn:pulumi:dev::trial::{each}Run::S1")
        assert not state.is_ending_another(f"urn:pulumi:dev::trial::{each}RunGroup::g")
    assert not replace(state, deleting=()).is_ending_another(urn)
