"""The name that a run has in the console where its declaration gives none.

Runs of earlier releases have none. They stay as they are, and an interrupted start of one is found.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from omics_provider.base import keys
from omics_provider.base.identity import start_token
from omics_provider.base.settings import Settings
from omics_provider.emulator import control
from omics_provider.engine.call import Call, Recorded
from omics_provider.engine.state import EarlierStart, StackState
from omics_provider.engine.update import Update
from omics_provider.runs.calls import Runs
from omics_provider.runs.handler import RunHandler
from omics_provider.runs.rules.declaration import start_arguments
from omics_provider.runs.starts import Start
from omics_provider.waits.attempts import Attempts, Failed
from omics_provider.waits.rules.targets import Declared, Target

STACK, URN = "organization/omics-runs/dev", "urn:pulumi:dev::omics-runs::omics:Run::NA12878"
FIRST, SECOND = (start_token(STACK, URN, attempt) for attempt in ("first", "second"))
DECLARED: dict[str, Any] = {
    "roleArn": "arn:aws:iam::123456789012:role/omics",
    "outputUri": "s3://results/runs",
    "workflowId": "9500764",
    "workflowType": "READY2RUN",
    "tags": {"emulator:freezes": "yes"},
}
#: Checked by this release, and by an earlier one.
NAMED = {**DECLARED, keys.STACK: STACK, keys.NAME: "NA12878"}
NAMELESS = {**DECLARED, keys.STACK: STACK}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    state = tmp_path / "omics.db"
    control.change_settings(state, {"parameterCheck": "off"})
    return Settings(region="us-east-1", endpoint="local", local_state=str(state))


def call(settings: Settings, urn: str = URN) -> Call:
    return Call(Update(), settings, urn=urn, seed=b"seed", warn=lambda told: pytest.fail(told))


def calls(settings: Settings) -> list[str]:
    return [each["operation"] for each in control.calls(str(settings.local_state))]


def begin(settings: Settings, inputs: dict[str, Any], token: str, **more: Any) -> Start:
    return Start(Runs(settings), StackState(), STACK, URN, inputs, token, list, **more)


def never(live: object, inputs: object) -> None:
    raise AssertionError("nothing is to be ended")


# A new run ---------------------------------------------------------------------------------------


def test_a_new_run_has_the_name_of_its_resource_and_no_later_diff(settings: Settings) -> None:
    checked = RunHandler().check(call(settings), {}, DECLARED).inputs
    made = RunHandler().create(call(settings), checked)

    live = Runs(settings).find(made.id)
    assert live is not None
    assert live["name"] == "NA12878"
    assert "name" not in made.outputs
    again = RunHandler().check(call(settings), checked, DECLARED).inputs
    assert again == checked
    assert RunHandler().diff(call(settings), made.id, made.outputs, again).changes is False


@pytest.mark.parametrize(
    ("resource", "more", "sent"),
    [
        ("S", {}, {"name": "S"}),
        ("S", {"name": "mine"}, {"name": "mine"}),
        ("S", {"adoptRunId": "1"}, {}),
        ("S" * 130, {}, {"name": "S" * 128}),
        ("a\u200bb", {}, {}),
    ],
)
def test_a_name_is_sent_where_none_is_declared_and_it_can_be_one(
    settings: Settings, resource: str, more: dict[str, str], sent: dict[str, str]
) -> None:

    urn = URN.replace("NA12878", resource)
    checked = RunHandler().check(call(settings, urn), {}, {**DECLARED, **more}).inputs
    found = start_arguments(checked, "token")
    assert {k: v for k, v in found.items() if k == "name"} == sent


def test_the_same_name_given_later_replaces_nothing(settings: Settings) -> None:
    inputs = {**DECLARED, keys.NAME: "NA12878"}
    made = RunHandler().create(call(settings), inputs)

    def diffed(name: str) -> Any:
        return RunHandler().diff(call(settings), made.id, made.outputs, {**inputs, "name": name})

    assert diffed("NA12878").changes is False
    assert diffed("another").replaces == ("name",)


def ignoring(name: str, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Give the inputs that the engine hands on under ignore_changes: the input is as it was.

    Where the old inputs do not have it, the engine takes it away from the new ones.
    """
    others = {wire: value for wire, value in new.items() if wire != name}
    return {**others, name: old[name]} if name in old else others


@pytest.mark.parametrize("is_earlier", [False, True], ids=["this release", "earlier release"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"name": "another"}),
        ({"name": "trio"}, {"name": "another"}),
        ({"name": "trio"}, {}),
    ],
)
def test_a_name_that_is_ignored_changes_nothing(
    settings: Settings, before: dict[str, str], after: dict[str, str], is_earlier: bool
) -> None:
    handler = RunHandler()
    old = handler.check(call(settings), {}, {**DECLARED, **before}).inputs
    if is_earlier:
        old.pop(keys.NAME, None)
    made = handler.create(call(settings), old)

    def checked(inputs: dict[str, Any]) -> dict[str, Any]:
        return handler.check(call(settings), old, inputs).inputs

    def replaces(inputs: dict[str, Any]) -> tuple[str, ...]:
        return handler.diff(call(settings), made.id, made.outputs, inputs).replaces

    new = {**DECLARED, **after}
    assert checked(ignoring("name", old, new)) == old
    assert handler.diff(call(settings), made.id, made.outputs, old).changes is False
    # Without the option another name is another run.
    assert replaces(checked(new)) == tuple(after)


def test_the_next_attempt_of_a_wait_has_the_name_too(settings: Settings) -> None:
    inputs = {**DECLARED, "retry": {"attempts": 2}}
    first = begin(settings, inputs, FIRST).started_or_found()
    uuid = first.properties["uuid"]
    target = Target("S", first.run_id, uuid, first.properties, Declared(URN, inputs, uuid))

    second = Attempts(Runs(settings), STACK, StackState)(Failed(target, None, False))

    live = Runs(settings).find(second.id)
    assert live is not None
    assert live["name"] == "NA12878"


# A run of an earlier release ---------------------------------------------------------------------


@pytest.fixture
def earlier(settings: Settings) -> Recorded:
    """A run as an earlier release has started and recorded it."""
    old = {**NAMELESS, keys.ATTEMPT: "a", "onDelete": "delete"}
    made = begin(settings, old, FIRST).once((), never)
    assert (
        Runs(settings).find(
            made.run_id,
        )
        is not None
    )
    assert keys.NAME not in made.properties
    return Recorded(made.run_id, made.properties)


def test_a_run_without_a_name_stays_as_it_is(settings: Settings, earlier: Recorded) -> None:
    handler, old = RunHandler(), {**NAMELESS, keys.ATTEMPT: "a", "onDelete": "delete"}
    before = len(calls(settings))

    news = handler.check(call(settings), old, {**DECLARED, keys.STACK: STACK}).inputs
    assert news == old
    assert handler.diff(call(settings), earlier.id, earlier.outputs, news).changes is False
    assert len(calls(settings)) == before

    read = handler.read(call(settings), earlier.id, earlier.outputs)
    assert read.inputs is None
    assert handler.diff(call(settings), earlier.id, read.outputs, news).changes is False

    tagged = {**news, "tags": {**news["tags"], "a": "b"}}
    now = handler.update(call(settings), earlier.id, earlier.outputs, tagged)
    assert now["tags"] == tagged["tags"]
    live = Runs(settings).find(earlier.id)
    assert live is not None
    assert "name" not in live


def test_an_interrupted_start_of_a_run_without_a_name_is_found(
    settings: Settings, earlier: Recorded
) -> None:
    doubt = (EarlierStart(FIRST, NAMELESS),)
    taken = begin(settings, NAMED, SECOND).once(doubt, never)
    assert taken.properties["uuid"] == earlier.outputs["uuid"]
    # A placeholder of an earlier release, brought up to date.
    found = begin(settings, NAMELESS, FIRST).find()
    assert found is not None
    assert found["uuid"] == earlier.outputs["uuid"]


@pytest.mark.parametrize("mismatch", ["validation", "conflict", "replay"])
@pytest.mark.parametrize("inputs", [NAMELESS, NAMED], ids=["earlier release", "this release"])
def test_an_interrupted_start_is_sent_again_as_it_was(
    settings: Settings, inputs: dict[str, Any], mismatch: str
) -> None:
    control.change_settings(str(settings.local_state), {"requestIdMismatch": mismatch})
    first = begin(settings, inputs, FIRST).once((), never)

    # ListRuns does not show it yet.
    again = begin(settings, NAMED, SECOND, listed=list)
    taken = again.once((EarlierStart(FIRST, inputs),), never)

    assert taken.properties["uuid"] == first.properties["uuid"]
    assert len(list(Runs(settings).list())) == 1


def test_a_lost_answer_is_found_by_the_name_that_was_sent(settings: Settings) -> None:
    plan = [{"operation": "StartRun", "fault": "lost-answer", "count": 1}]
    control.plan_faults(str(settings.local_state), plan)
    made = begin(settings, NAMED, FIRST).once((), never)
    (run,) = Runs(settings).list()
    assert run["id"] == made.run_id
    assert run["name"] == "NA12878"
