"""OmicsRunGroup's provider against the emulator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pulumi.dynamic.dynamic import serialize_provider

from omics_provider.engine.state import StackState
from omics_provider.providers._host import ProviderError
from omics_provider.providers.run_group import OmicsRunGroupProvider
from omics_provider.resources.shared import OmicsRunGroup
from tests.provider import lasting
from tests.provider.harness import ROLE, Clock, Emulator, Recorded, bag, unknown
from tests.provider.lasting import again, reasons, up

# Never to be changed: a state made by an earlier release has this one.
PINNED = (
    "gASVQwAAAAAAAACMIm9taWNzX3Byb3ZpZGVyLnByb3ZpZGVycy5ydW5fZ3JvdXCUjBVPbWljc1J1bkdyb3VwUHJvdmlk"
    "ZXKUk5QpgZQu"
)
DECLARED = {"name": "nightly", "maxRuns": 10, "maxCpus": 256, "tags": {"team": "rare"}}


@pytest.fixture
def provider(config: dict[str, str]) -> OmicsRunGroupProvider:
    made: OmicsRunGroupProvider = lasting.configured(OmicsRunGroupProvider, config)
    return made


def live(emulator: Emulator, recorded: Recorded) -> dict[str, Any]:
    return dict(emulator.aws.get_run_group(id=recorded.id))


def run_in(emulator: Emulator, group: str, **tags: str) -> str:
    return str(
        emulator.aws.start_run(
            workflowId=emulator.workflow,
            roleArn=ROLE,
            outputUri="s3://results",
            runGroupId=group,
            tags={"emulator:seconds": "1000", **tags},
        )["id"]
    )


def test_the_bytes_in_every_state_are_pinned() -> None:
    assert serialize_provider(OmicsRunGroupProvider()) == PINNED
    assert serialize_provider(OmicsRunGroup._host) == PINNED
    assert OmicsRunGroupProvider.serialize_as_secret_always is False


def test_create_makes_one_group_and_records_it(
    emulator: Emulator, provider: OmicsRunGroupProvider
) -> None:
    made = up(provider, DECLARED)
    found = live(emulator, made)
    assert {wire: found[wire] for wire in DECLARED if wire != "tags"} == {
        wire: value for wire, value in DECLARED.items() if wire != "tags"
    }
    assert found["tags"]["team"] == "rare"
    assert made.outs["arn"] == found["arn"]
    assert made.outs["creationTime"].endswith("Z")
    assert made.outs["maxCpus"] == 256


def test_a_second_check_and_diff_find_nothing(provider: OmicsRunGroupProvider) -> None:
    made = up(provider, DECLARED)
    assert provider.diff(made.id, made.bag(), bag(DECLARED)).changes is False
    # What is no more declared stays as it is: the API can't take a limit away.
    assert provider.diff(made.id, made.bag(), bag({"name": "nightly"})).changes is False


def test_everything_changes_in_place(emulator: Emulator, provider: OmicsRunGroupProvider) -> None:
    made = up(provider, DECLARED)
    wanted = {**DECLARED, "name": "weekly", "maxRuns": 20, "maxGpus": 4, "tags": {"team": "cancer"}}
    after: list[Recorded] = []
    calls = emulator.since(lambda: after.append(again(provider, made, wanted)))
    assert calls == ["GetRunGroup", "UpdateRunGroup", "TagResource"]
    found = live(emulator, made)
    assert (found["name"], found["maxRuns"], found["maxGpus"], found["maxCpus"]) == (
        "weekly", 20, 4, 256,
    )  # fmt: skip
    assert found["tags"]["team"] == "cancer"
    assert after[0].outs["maxRuns"] == 20
    assert after[0].outs["arn"] == made.outs["arn"]


def test_a_tag_is_taken_away_and_the_marks_stay(
    emulator: Emulator, provider: OmicsRunGroupProvider
) -> None:
    made = up(provider, DECLARED)
    again(provider, made, {**DECLARED, "tags": {}})
    assert [tag for tag in live(emulator, made)["tags"] if tag == "team"] == []
    assert any(tag.startswith("omics-provider:") for tag in live(emulator, made)["tags"])


def test_all_problems_come_at_once(provider: OmicsRunGroupProvider) -> None:
    found = reasons(
        provider,
        {"maxRuns": 0, "maxCpus": 2.5, "maxDuration": "1 h", "max_gpu": 1, "tags": {"aws:x": "y"}},
    )
    assert found == [
        "max_gpu: is not an argument of OmicsRunGroup: did you mean max_gpus?",
        "max_cpus: 2.5: must be a whole number",
        "max_runs: 0: must be 1 to 100,000",
        'max_duration: "1 h": must be a whole number',
        "tags: tag 'aws:x': names that begin with aws: belong to AWS",
    ]


def test_what_a_preview_does_not_know_is_no_problem(provider: OmicsRunGroupProvider) -> None:
    assert provider.check({}, {"maxRuns": unknown(), "tags": {"a": unknown()}}).failures == []


def test_read_shows_drift_through_the_inputs(
    emulator: Emulator, provider: OmicsRunGroupProvider
) -> None:
    made = up(provider, DECLARED)
    same = provider.read(made.id, made.bag())
    assert (same.id, same.inputs) == (made.id, None)
    emulator.aws.update_run_group(id=made.id, maxRuns=99)
    emulator.aws.tag_resource(resourceArn=made.outs["arn"], tags={"by": "hand"})
    seen = provider.read(made.id, made.bag())
    assert seen.inputs is not None
    assert (seen.inputs["maxRuns"], seen.inputs["tags"]) == (99, {"team": "rare", "by": "hand"})
    back = provider.diff(made.id, bag(seen.outs or {}), bag(DECLARED))
    assert back.changes is None


def test_a_group_that_is_gone_is_made_again(
    emulator: Emulator, provider: OmicsRunGroupProvider
) -> None:
    made = up(provider, DECLARED)
    emulator.aws.delete_run_group(id=made.id)
    assert provider.read(made.id, made.bag()).id == ""
    with pytest.raises(ProviderError, match="pulumi refresh"):
        provider.update(made.id, made.bag(), bag({**DECLARED, "maxRuns": 1}))
    provider.delete(made.id, made.bag())


def test_the_id_of_another_group_is_left_alone(
    emulator: Emulator, provider: OmicsRunGroupProvider
) -> None:
    made = up(provider, DECLARED)
    other = made.bag(creationTime="2020-01-01T00:00:00Z")
    assert provider.read(made.id, other).id == ""
    provider.delete(made.id, other)
    assert live(emulator, made)["name"] == "nightly"


def test_not_allowed_to_look_is_not_gone(
    emulator: Emulator, provider: OmicsRunGroupProvider
) -> None:
    made = up(provider, DECLARED)
    emulator.fault("GetRunGroup", "denied", rate=1)
    with pytest.raises(ProviderError, match="Allow the caller omics:GetRunGroup"):
        provider.read(made.id, made.bag())


def test_another_region_is_told_and_nothing_done(
    emulator: Emulator, provider: OmicsRunGroupProvider
) -> None:
    made = up(provider, DECLARED)
    elsewhere = made.bag(arn=str(made.outs["arn"]).replace("us-east-1", "eu-west-1"))
    with pytest.raises(ProviderError, match="created in Region eu-west-1"):
        provider.delete(made.id, elsewhere)


def test_a_provider_of_another_region_is_refused_before_anything_is_done(
    emulator: Emulator, provider: OmicsRunGroupProvider, config: dict[str, str]
) -> None:
    made = up(provider, DECLARED)
    lab = {**config, "omics:region": "eu-west-1", "omics-provider:name": "lab"}
    elsewhere = lasting.configured(OmicsRunGroupProvider, lab)
    for news in (made.bag(), made.bag(maxCpus=8)):
        with pytest.raises(ProviderError, match="its provider lab is in eu-west-1"):
            elsewhere.diff(made.id, made.bag(), news)


def test_an_existing_group_is_looked_up(
    emulator: Emulator, provider: OmicsRunGroupProvider
) -> None:
    made = emulator.aws.create_run_group(name="theirs", maxCpus=7, tags={"a": "b"})
    found = provider.read(made["id"], bag({}))
    assert found.outs is not None
    assert (found.outs["name"], found.outs["maxCpus"], found.outs["tags"]) == (
        "theirs", 7, {"a": "b"},
    )  # fmt: skip
    with pytest.raises(ProviderError, match="there is none with the id 999"):
        provider.read("999", bag({}))


def test_delete_of_an_empty_group(emulator: Emulator, provider: OmicsRunGroupProvider) -> None:
    made = up(provider, DECLARED)
    provider.delete(made.id, made.bag())
    with pytest.raises(emulator.aws.exceptions.ResourceNotFoundException):
        live(emulator, made)


def test_a_group_with_active_runs_is_kept_and_they_are_named(
    emulator: Emulator, provider: OmicsRunGroupProvider
) -> None:
    made = up(provider, DECLARED)
    runs = [run_in(emulator, made.id) for _ in range(7)]
    with pytest.raises(
        ProviderError, match=r"can't be deleted while the runs .* and 2 more"
    ) as refused:
        provider.delete(made.id, made.bag())
    # The group's own id, which the message begins with, may be that of a run.
    named = str(refused.value).partition("while the runs")[2]
    assert sum(run in named for run in runs) == 5
    assert "cancel them" in str(refused.value)
    assert live(emulator, made)["name"] == "nightly"


def test_runs_that_are_being_cancelled_are_waited_for(
    emulator: Emulator, provider: OmicsRunGroupProvider, clock: Clock
) -> None:
    made = up(provider, DECLARED)
    emulator.aws.cancel_run(id=run_in(emulator, made.id))
    provider.delete(made.id, made.bag())
    assert clock.slept
    with pytest.raises(emulator.aws.exceptions.ResourceNotFoundException):
        live(emulator, made)


def test_a_wait_that_is_too_long_ends(
    emulator: Emulator, provider: OmicsRunGroupProvider, clock: Clock
) -> None:
    made = up(provider, DECLARED)
    clock.also = lambda _: None
    emulator.aws.cancel_run(id=run_in(emulator, made.id))
    with pytest.raises(ProviderError, match="STOPPING"):
        provider.delete(made.id, made.bag())
    assert sum(clock.slept) == pytest.approx(300)


# Exactly once ----------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", ["replay", "conflict"])
@pytest.mark.parametrize("fault", ["lost-answer", "late-500"])
def test_an_answer_that_is_lost_makes_no_second_group(
    emulator: Emulator, provider: OmicsRunGroupProvider, fault: str, setting: str
) -> None:
    emulator.settings(requestId=setting)
    emulator.fault("CreateRunGroup", fault, count=1)
    name = f"{fault}-{setting}"
    made = up(provider, {"name": name})
    (only,) = emulator.aws.list_run_groups(name=name)["items"]
    assert only["id"] == made.id


def test_what_an_interrupted_create_made_is_taken_and_changed_as_declared(
    emulator: Emulator, provider: OmicsRunGroupProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = lasting.engine("RunGroup", monkeypatch)
    first = engine.begins({"name": "interrupted", "maxRuns": 1})
    lost = provider.create(bag(first))
    engine.interrupted(first)

    second = engine.begins({"name": "interrupted", "maxRuns": 2})
    made = provider.create(bag(second))

    assert made.id == lost.id
    assert emulator.aws.get_run_group(id=made.id)["maxRuns"] == 2
    # The engine keeps its note until a refresh: what is settled is not looked for again.
    own = {"urn": engine.urn, "type": engine.kind, "id": made.id, "outputs": made.outs}
    engine.interrupted(first, own)
    third = engine.begins({"name": "interrupted"})
    calls = emulator.since(lambda: provider.create(bag(third)))
    assert calls == ["CreateRunGroup", "GetRunGroup"]


def test_a_create_of_a_failed_update_is_found_though_nothing_names_it(
    emulator: Emulator, provider: OmicsRunGroupProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = lasting.engine("RunGroup", monkeypatch)
    lost = provider.create(bag(engine.begins({"name": "failed-update"})))
    engine.state = StackState(failing_since="2020-01-01T00:00:00.000Z")
    made = provider.create(bag(engine.begins({"name": "failed-update"})))
    assert made.id == lost.id


def test_a_group_that_the_stack_records_is_never_taken(
    emulator: Emulator, provider: OmicsRunGroupProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = lasting.engine("RunGroup", monkeypatch)
    old = provider.create(bag(engine.begins({"name": "recorded"})))
    recorded = {"urn": engine.urn, "type": engine.kind, "id": old.id, "outputs": old.outs}
    engine.state = StackState((recorded,), failing_since="2020-01-01T00:00:00.000Z")
    # A replacement: the old one is still there.
    assert provider.create(bag(engine.begins({"name": "recorded"}))).id != old.id


def test_another_resources_group_is_never_taken(
    emulator: Emulator, provider: OmicsRunGroupProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = lasting.engine("RunGroup", monkeypatch)
    made = provider.create(bag(engine.begins({"name": "alike"})))
    engine.state = StackState(failing_since="2020-01-01T00:00:00.000Z")
    other = replace(engine, name="another")
    monkeypatch.setattr("omics_provider.providers._host.current_call", other.call)
    assert provider.create(bag(other.begins({"name": "alike"}))).id != made.id


def test_what_can_not_be_looked_at_is_recorded_all_the_same(
    emulator: Emulator, provider: OmicsRunGroupProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = lasting.engine("RunGroup", monkeypatch)
    emulator.fault("GetRunGroup", "denied", rate=1)
    made = provider.create(bag(engine.begins({"name": "unseen"})))
    emulator.fault("GetRunGroup", "denied", count=0)
    assert (made.outs or {})["arn"].endswith(f"runGroup/{made.id}")
    assert "could not be read" in engine.warnings[0]
