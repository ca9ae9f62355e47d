"""A state with its resources at the native door: what changes in it, and what stops the move."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from omics_provider.base.errors import OmicsError
from omics_provider.commands.move.rules.moved import moved
from tests.tokens import BATCH, GROUP, RUN

STACK = "urn:pulumi:dev::trial::pulumi:pulumi:Stack::trial-dev"
HERE = "urn:pulumi:dev::trial::"
PYTHON = f"{HERE}pulumi:providers:pulumi-python::default::1"
OWN = f"{HERE}pulumi:providers:pulumi-python::lab::2"
CONFIG = {
    "omics:endpoint": "local", "aws:region": "eu-west-1", "aws:profile": "p", "omics:profile": "q",
}  # fmt: skip


def resource(name: str, kind: str = RUN, **more: Any) -> dict[str, Any]:
    parents = "omics:index:RunCohort$" if name.startswith("cohort-") else ""
    inputs = {"__provider": "gASV", "__attempt": "a", "name": name}
    outputs = {**inputs, "uuid": f"u-{name}", "requestId": "r", "status": "COMPLETED"}
    return {
        "urn": f"{HERE}{parents}{kind}::{name}", "type": kind, "custom": True, "id": f"id-{name}",
        "inputs": inputs, "outputs": outputs | more.pop("outputs", {}), "parent": STACK,
        "provider": PYTHON, **more,
    }  # fmt: skip


def provider(name: str, id_: str, **inputs: str) -> dict[str, Any]:
    kind = "pulumi:providers:pulumi-python"
    return {
        "urn": f"{HERE}{kind}::{name}", "type": kind, "custom": True, "id": id_,
        "inputs": inputs, "outputs": inputs, "replacementTrigger": {"a": "b"},
    }  # fmt: skip


def export(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    first = {"urn": STACK, "type": "pulumi:pulumi:Stack", "custom": False}
    listed = [first, provider("default", "1"), *resources]
    return {"version": 3, "deployment": {"resources": listed, **more}}


def after(*resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    state, _ = moved(export(*resources), CONFIG, "new")
    return {each["urn"]: each for each in state["deployment"]["resources"]}


def test_a_resource_keeps_all_but_its_door() -> None:
    group = resource("group", GROUP)
    run = resource(
        "run",
        dependencies=[group["urn"]],
        propertyDependencies={"runGroupId": [group["urn"]]},
        outputs={"note": f"see {group['urn']}"},
    )
    given = export(group, run)
    before = copy.deepcopy(given)
    state, count = moved(given, CONFIG, "new")
    assert given == before
    assert count == 2
    assert state["version"] == 3
    found = {each["urn"]: each for each in state["deployment"]["resources"]}
    now = found[f"{HERE}omics:index:Run::run"]
    new_group = f"{HERE}omics:index:RunGroup::group"
    own = {"__attempt": "a", "name": "run"}
    facts = {"uuid": "u-run", "requestId": "r", "status": "COMPLETED"}
    assert now == {
        **run,
        "urn": f"{HERE}omics:index:Run::run",
        "type": "omics:index:Run",
        "inputs": own,
        "outputs": {**own, **facts, "note": f"see {group['urn']}"},
        "dependencies": [new_group],
        "propertyDependencies": {"runGroupId": [new_group]},
        "provider": f"{HERE}pulumi:providers:omics::default::new",
    }


def test_the_default_provider_goes_by_the_stacks_configuration() -> None:
    (default,) = (each for urn, each in after(resource("run")).items() if "omics::default" in urn)
    assert default["inputs"] == {"endpoint": "local", "region": "eu-west-1", "profile": "q"}
    assert next(iter(after(resource("run")))) == default["urn"]


def test_one_that_is_there_is_used() -> None:
    there = {**provider("default", "there"), "type": "pulumi:providers:omics"}
    there["urn"] = f"{HERE}pulumi:providers:omics::default"
    found = after(there, resource("run"))
    assert found[f"{HERE}omics:index:Run::run"]["provider"] == f"{there['urn']}::there"


def test_a_provider_of_the_program_moves_with_what_it_has() -> None:
    config = {"omics:region": "us-west-2", "omics:profile": "lab", "omics-provider:name": "lab"}
    run = resource("run", provider=OWN, dependencies=[OWN.rpartition("::")[0]])
    found = after(provider("lab", "2", **config), run)
    lab = found[f"{HERE}pulumi:providers:omics::lab"]
    assert lab["inputs"] == lab["outputs"] == {"region": "us-west-2", "profile": "lab"}
    assert lab["type"] == "pulumi:providers:omics"
    assert "replacementTrigger" not in lab
    now = found[f"{HERE}omics:index:Run::run"]
    assert now["provider"] == f"{lab['urn']}::2"
    assert now["dependencies"] == [lab["urn"]]
    assert f"{HERE}pulumi:providers:omics::default" not in found


def test_a_run_of_a_cohort_keeps_its_parent() -> None:
    assert f"{HERE}omics:index:RunCohort$omics:index:Run::cohort-S1" in after(
        resource("cohort-S1"), resource("sheet", BATCH)
    )


def test_what_is_at_work_is_read_before_the_next_preview() -> None:
    found = after(resource("ended"), resource("active", outputs={"status": "RUNNING"}))
    marked = {
        urn.rpartition("::")[2] for urn, each in found.items() if each.get("refreshBeforeUpdate")
    }
    assert marked == {"active"}


def test_other_dynamic_resources_stay() -> None:
    other = {**resource("other"), "type": "pulumi-python:dynamic:Resource"}
    other["urn"] = f"{HERE}pulumi-python:dynamic:Resource::other"
    assert after(other, resource("run"))[other["urn"]] == other


@pytest.mark.parametrize(
    ("resources", "pending"),
    [
        ([resource("S1"), resource("S1", delete=True)], []),
        ([resource("S1", pendingReplacement=True)], []),
        ([resource("S1", outputs={"uuid": ""})], []),
        ([resource("S2")], [{"type": "creating", "resource": resource("S1")}]),
        ([resource("S1")], [{"type": "deleting", "resource": resource("S1")}]),
    ],
)
def test_what_an_update_has_left_open_stops_the_move(resources: Any, pending: Any) -> None:
    with pytest.raises(OmicsError, match="an update of S1 was interrupted"):
        moved(export(*resources, pending_operations=pending), CONFIG, "new")


def test_what_is_at_both_doors_stops_the_move() -> None:
    native = {**resource("S1"), "type": "omics:index:Run", "urn": f"{HERE}omics:index:Run::S1"}
    with pytest.raises(OmicsError, match="has S1 at the native provider already"):
        moved(export(native, resource("S1")), CONFIG, "new")
