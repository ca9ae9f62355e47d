"""The commands read a stack of the native door as they read one of Python's classes.

`golden/native` is what CLI 3.259.0 wrote of a stack whose resources the native provider has:
S1 gets another parameter, S2 has failed with `rerunOn`, S3 another name and tag, S4 a secret
parameter, S5 goes, S6 is at another Provider, S7 comes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from omics_provider.base.settings import Settings
from omics_provider.commands.drift.rules.record import read_record
from omics_provider.commands.preview.command import write_preview
from omics_provider.commands.preview.data import Facts, preview_report
from omics_provider.commands.preview.prices import price_list
from omics_provider.commands.preview.rules.plan import Action, InputChange, read_plan
from omics_provider.commands.report.of_stack import runs_of
from omics_provider.engine.urn import CACHE, GROUP
from tests.tokens import at_native_door
from tests.unit.commands.test_preview_report import SHAPES

GOLDEN = Path(__file__).parent / "golden" / "native"


def written(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / name).read_text("utf-8"))
    return found


def test_a_preview_tells_each_run_and_why() -> None:
    plan = read_plan(written("preview.json"))
    runs = {run.name: run for run in plan.runs}
    assert {name: run.action for name, run in runs.items()} == {
        "S1": Action.REPLACE,
        "S2": Action.REPLACE,
        "S3": Action.REPLACE,
        "S4": Action.REPLACE,
        "S5": Action.REMOVE,
        "S6": Action.SAME,
        "S7": Action.START,
    }
    assert runs["S1"].changes == (InputChange("parameters.sample_name", '"a"', '"b"'),)
    assert [change.path for change in runs["S3"].changes] == ["name", "tags.t"]
    assert not any(run.reasons for name, run in runs.items() if name != "S2")
    secret = runs["S4"].changes[0]
    assert (secret.before, secret.after) == ("(a secret)", "(a secret)")
    assert runs["S1"].old is not None
    assert runs["S1"].old.on_delete == "delete"
    assert sum(run.most for run in plan.runs) == 5


def test_a_failed_run_is_replaced_for_its_end_and_for_no_input() -> None:
    (failed,) = (run for run in read_plan(written("preview.json")).runs if run.name == "S2")
    assert failed.reasons == ("status",)
    assert failed.changes == ()


def test_what_comes_twice_is_told_once() -> None:
    told = [note.text for note in read_plan(written("preview.json")).notices]
    assert len(told) == 1
    assert "ended FAILED" in told[0]


def test_beside_the_runs_there_are_no_providers() -> None:
    plan = read_plan(written("preview.json"))
    assert dict(plan.others) == {("update", "omics:index:RunGroup"): 1}


def test_a_state_gives_its_runs_and_what_they_share() -> None:
    record = read_record(written("state.json"))
    assert {each.name for each in record.runs} == {"S1", "S2", "S3", "S4", "S5", "S6"}
    assert {each.type for each in record.lasting} == {GROUP, CACHE}
    assert record.names == {"organization/trial/dev"}
    own = {each.name: each.provider for each in record.runs if each.provider}
    assert own == {"S6": "there"}
    (far,) = (each for each in record.runs if each.name == "S6")
    assert far.region == "us-west-2"
    assert far.is_at(Settings(endpoint="local", local_state="there.db"))
    assert not far.is_at(Settings(endpoint="local", local_state="local.db"))


def test_a_report_asks_at_the_place_of_the_provider() -> None:
    places = {str(each.resource): each.place for each in runs_of(written("state.json"))}
    assert places["S1"] is None
    there = places["S6"]
    assert there is not None
    assert (there.region, there.endpoint, there.local_state) == ("us-west-2", "local", "there.db")


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_a_preview_reads_alike(shape: str) -> None:
    digest, facts = SHAPES[shape]()
    assert report(at_native_door(digest), facts) == at_native_door(report(digest, facts))


def report(digest: Any, facts: Facts) -> Any:
    found = preview_report(read_plan(digest), facts, price_list())
    return json.loads(write_preview(found, None, "json"))
