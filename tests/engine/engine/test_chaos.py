"""Killed updates and bad weather: a seeded part of the campaign that `make chaos` plays in full.

The campaign itself, and what it showed: docs/chaos.md.
"""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.engine.chaos import model
from tests.engine.chaos.episode import Episode, RequestId, Setting, Step
from tests.engine.chaos.ledger import Event
from tests.engine.chaos.model import History, Promise
from tests.engine.chaos.points import POINTS, RECOVERY, Deed, Point, Recorded, Situation, Victims
from tests.engine.chaos.schedule import plays
from tests.engine.chaos.weather import storm
from tests.engine.doors import DOORS, NATIVE

NAMED = {point.name: point for point in (*POINTS, *RECOVERY)}


def kill(deed: Deed, *kills: tuple[Victims, str]) -> Step:
    return Step(deed, tuple((NAMED[point], victims) for victims, point in kills))


#: Two short ones, one through each door: every victim, and each kind of moment once. `make chaos`
#: plays them all.
EPISODES: dict[str, tuple[Setting, tuple[Step, ...]]] = {
    "the service forgets its requests": (
        Setting("forget", "delete", "active", waits=True, main=True),
        (
            kill(
                "up",
                ("both", "StartRun took effect, its answer under way"),
                ("both", "looking for the interrupted start"),
            ),
            kill(
                "change",
                ("engine", "before StartRun leaves"),
                ("both", "new run saved, old run not yet ended"),
            ),
            kill("destroy", ("engine", "DeleteRun took effect, its answer under way")),
        ),
    ),
    "the service refuses a request that it had": (
        Setting("conflict", "cancel", "active", blocks=True, door=NATIVE),
        (
            kill("up", ("late plugin", "StartRun cut before it took effect")),
            kill("change", ("both", "waiting in create")),
            kill("destroy", ("plugin", "CancelRun took effect, its answer under way")),
        ),
    ),
}


@pytest.mark.parametrize("name", EPISODES)
def test_each_update_is_killed_and_the_next_one_ends_with_one_run(
    name: str, tmp_path: Path
) -> None:
    setting, steps = EPISODES[name]

    report = Episode(tmp_path, f"1-{name}", setting).play(steps)

    assert report.violations == []
    assert len(report.kills) == sum(len(step.kills) for step in steps)
    assert report.converged == len(steps)


# In `make test` each kind of weather once: test_errors_that_pass_are_not_the_users_problem.
@pytest.mark.slow
@pytest.mark.parametrize("request_id", ["conflict"])
def test_creates_in_bad_weather_are_one_run_each(request_id: RequestId, tmp_path: Path) -> None:
    report = storm(tmp_path, request_id, runs=12, seed=3, limit=140)

    assert report.violations == []
    # It was bad weather.
    assert report.struck["throttle"] >= 2
    assert report.struck["lost-answer"] >= 1
    assert report.struck["late-500"] >= 1
    assert report.calls > report.runs


# The verdict itself can fail -----------------------------------------------------------------

A, B = "uuid-a", "uuid-b"
MARKS = {"omics-provider:start": "resource.token", "omics-provider:stack": "organization/trial/dev"}


def event(what: str, uuid: str = A, *, sample: str = "s1", ours: bool = True) -> Event:
    request = {"parameters": {"sample_name": sample}}
    marks = MARKS if ours else {}
    return Event(what, uuid, "1000001", "NA1", marks, request, call=1, foreign=True)


def state(*uuids: str) -> Recorded:
    resources: list[dict[str, Any]] = [
        {"urn": "urn:pulumi:dev::trial::t::NA1", "id": "1000001", "outputs": {"uuid": uuid}}
        for uuid in uuids
    ]
    return Recorded(tuple(resources), frozenset())


def promise(on_delete: Any = "delete", **samples: str) -> Promise:
    made = Promise(on_delete, "active")
    for name, sample in samples.items():
        made.ask(name, sample)
    return made


def verdict(promised: Promise, events: list[Event], recorded: Recorded) -> list[str]:
    return [text.split(":")[0] for text in model.settled(promised, History(events), recorded)]


def test_one_declared_run_that_is_recorded_is_right() -> None:
    assert verdict(promise(NA1="s1"), [event("start")], state(A)) == []


@pytest.mark.parametrize(
    ("events", "recorded", "expected"),
    [
        ([], state(), {"STATE", "MISSING"}),
        ([event("start"), event("start", B)], state(A), {"TWICE", "LOST"}),
        ([event("start"), event("start", B), event("cancel", B)], state(A), {"TWICE", "LOST"}),
        ([event("start"), event("cancel")], state(A), {"DEAD", "WRONG DELETE of the declared run"}),
        ([event("start")], state(), {"STATE", "LOST"}),
        ([event("start")], state(B), {"STATE", "LOST"}),
        ([event("start", sample="s0")], state(A), {"STATE", "TWICE", "MISSING"}),
        ([event("start"), event("delete", B, ours=False)], state(A), {"WRONG RUN"}),
        ([event("start"), event("tag", B, ours=False)], state(A), {"WRONG RUN"}),
    ],
)
def test_each_wrong_end_is_named(
    events: list[Event], recorded: Recorded, expected: set[str]
) -> None:
    assert set(verdict(promise(NA1="s1"), events, recorded)) == expected


def test_a_replaced_run_has_to_end_as_on_delete_says() -> None:
    def replaced(on_delete: str, *ends: Event) -> list[str]:
        asked = promise(on_delete, NA1="s1")
        asked.ask("NA1", "s2")
        new = event("start", B, sample="s2")
        return verdict(asked, [event("start"), new, *ends], state(B))

    assert replaced("delete", event("cancel"), event("delete")) == []
    assert replaced("delete", event("cancel")) == ["LOST"]
    assert replaced("cancel", event("cancel")) == []
    assert replaced("cancel") == ["LOST"]
    assert replaced("cancel", event("cancel"), event("delete")) == [
        "WRONG DELETE of a run to be cancelled only"
    ]
    assert replaced("keep") == []
    assert replaced("keep", event("cancel")) == ["WRONG DELETE of a run to be kept"]


@pytest.mark.parametrize(("name", "episodes"), [("dynamic", 24), ("native", 32)])
def test_a_campaign_deals_every_point_to_every_victim(name: str, episodes: int) -> None:
    dealt: Counter[tuple[str, str]] = Counter()
    settings = set()
    for play in itertools.islice(plays(1, door=DOORS[name]), episodes):
        settings.add((play.setting.request_id, play.setting.on_delete, play.setting.life))
        for step in play.steps:
            for point, victims in step.kills:
                setting = play.setting
                assert point.applies(
                    Situation(
                        step.deed,
                        setting.on_delete,
                        setting.life,
                        setting.delete_first,
                        setting.waits,
                        setting.blocks,
                    )
                )
                dealt[point.name, victims] += 1

    every: list[Point] = [*POINTS, *RECOVERY]
    if name == "dynamic":
        every.remove(NAMED["waiting in create"])
    assert {(p.name, v) for p in every for v in p.victims} <= dealt.keys()
    assert len(settings) == 21
