"""What the engine asks of a run, with property bags as it sends them."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.output import Unknown

from omics_provider.providers._host import ProviderError
from omics_provider.providers.run import OmicsRunProvider
from omics_provider.runs.calls import Runs
from tests.provider.harness import (
    PICKLED,
    REGION,
    RUN_SECONDS,
    Clock,
    Emulator,
    Inputs,
    Recorded,
    Up,
    bag,
    configured,
    next_update,
    unknown,
)

# Check -----------------------------------------------------------------------------------------


def test_check_finds_all_problems_at_once_and_asks_nobody(
    provider: OmicsRunProvider, emulator: Emulator, declared: Inputs
) -> None:
    bad = {**declared, "priority": -1, "workflowId": "x", "logLevel": "LOUD", "nmae": "y"}
    result = provider.check({}, bag(bad))
    # The engine prints the value of a property that a failure names, be it a secret: none does.
    assert [failure.property for failure in result.failures] == [""] * 4
    assert [failure.reason.split(maxsplit=1)[0].strip(":") for failure in result.failures] == [
        "nmae",
        "workflow_id",
        "priority",
        "log_level",
    ]
    assert emulator.calls() == []


def test_check_makes_numbers_whole_again(provider: OmicsRunProvider, declared: Inputs) -> None:
    checked = provider.check({}, bag(declared)).inputs
    assert str(checked["parameters"]) == str(declared["parameters"])
    assert str(checked["priority"]) == "7"


def test_check_refuses_digits_that_the_wire_lost(
    provider: OmicsRunProvider, declared: Inputs
) -> None:
    result = provider.check({}, bag({**declared, "parameters": {"big": [2**53 + 1]}}))
    (failure,) = result.failures
    assert failure.property == ""
    assert "parameters.big[0] Pulumi carries numbers as doubles" in failure.reason


def test_check_sets_on_delete_where_it_is_unset(
    provider: OmicsRunProvider, declared: Inputs
) -> None:
    assert provider.check({}, bag(declared)).inputs["onDelete"] == "delete"
    kept = provider.check({}, bag({**declared, "onDelete": "keep"})).inputs
    assert kept["onDelete"] == "keep"


def test_check_lets_unknown_values_pass_at_any_depth(
    provider: OmicsRunProvider, declared: Inputs
) -> None:
    news = {
        **declared,
        "workflowId": unknown(),
        "parameters": {"a": [unknown(), {"b": unknown()}], "c": 1.0},
        "tags": {"sample": unknown()},
    }
    result = provider.check({}, bag(news))
    assert result.failures == []
    inputs = result.inputs
    places = [
        inputs["workflowId"],
        inputs["parameters"]["a"][0],
        inputs["parameters"]["a"][1]["b"],
        inputs["tags"]["sample"],
    ]
    assert all(isinstance(place, Unknown) for place in places)
    assert inputs["parameters"]["c"] == 1


def test_check_gives_the_same_inputs_for_the_same_declaration(
    provider: OmicsRunProvider, declared: Inputs
) -> None:
    first = provider.check({}, bag(declared)).inputs
    assert provider.check(bag(first), bag(declared)).inputs == first


def test_check_keeps_the_spelling_of_a_policy(provider: OmicsRunProvider, declared: Inputs) -> None:
    old = provider.check({}, bag({**declared, "sessionPolicy": '{"a": 1, "b": 2}'})).inputs
    new = provider.check(bag(old), bag({**declared, "sessionPolicy": '{"b":2,"a":1}'})).inputs
    assert new["sessionPolicy"] == '{"a": 1, "b": 2}'


# Diff ------------------------------------------------------------------------------------------


def diffed(provider: OmicsRunProvider, run: Recorded, inputs: Inputs) -> tuple[Any, list[str]]:
    news = provider.check(run.bag(), bag(inputs)).inputs
    result = provider.diff(run.id, run.bag(), bag(news))
    return result.changes, list(result.replaces or [])


def test_diff_of_the_same_declaration(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    assert emulator.since(lambda: diffed(provider, run, declared)) == []
    assert diffed(provider, run, declared) == (False, [])
    reordered = {**declared, "parameters": dict(reversed(declared["parameters"].items()))}
    assert diffed(provider, run, reordered) == (False, [])


@pytest.mark.parametrize(
    ("change", "replaces"),
    [
        ({"parameters": {"count": 4}}, ["parameters"]),
        ({"name": "other", "priority": 8}, ["name", "priority"]),
        ({"rerun": 1}, ["rerun"]),
        ({"tags": {"sample": "HG003"}}, []),
        ({"onDelete": "keep"}, []),
        ({"tags": {}, "workflowId": "7"}, ["workflowId"]),
    ],
)
def test_diff_leaves_the_detail_to_the_engine(
    provider: OmicsRunProvider, up: Up, declared: Inputs, change: Inputs, replaces: list[str]
) -> None:
    # With changes=None the engine itself compares old and new inputs, nested.
    assert diffed(provider, up(declared), {**declared, **change}) == (None, replaces)


def test_diff_of_an_unknown_value_may_replace(
    provider: OmicsRunProvider, up: Up, declared: Inputs
) -> None:
    change = {"parameters": {**declared["parameters"], "files": [unknown()]}}
    assert diffed(provider, up(declared), {**declared, **change}) == (None, ["parameters"])


@pytest.mark.parametrize("unset", ["name", "parameters", "tags", "priority"])
def test_diff_of_an_input_left_out(
    provider: OmicsRunProvider, up: Up, declared: Inputs, unset: str
) -> None:
    rest = {wire: value for wire, value in declared.items() if wire != unset}
    assert diffed(provider, up(declared), rest) == (False, [])


def test_diff_after_a_refresh_of_an_ended_run(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    emulator.advance(2 * RUN_SECONDS)
    read = provider.read(run.id, run.bag())
    assert read.outs is not None
    assert read.outs["status"] == "COMPLETED"
    assert diffed(provider, Recorded(run.id, read.outs), declared) == (False, [])


# Create ----------------------------------------------------------------------------------------


def test_create_is_one_start_run_and_nothing_else(
    emulator: Emulator, up: Up, declared: Inputs
) -> None:
    assert emulator.since(lambda: up(declared)) == ["StartRun"]


def test_create_records_inputs_and_the_answer(emulator: Emulator, up: Up, declared: Inputs) -> None:
    run = up(declared)
    live = emulator.run(run.id)
    assert live is not None
    assert {wire: run.outs[wire] for wire in declared} == declared
    assert {wire: run.outs[wire] for wire in ("arn", "uuid", "runOutputUri", "status")} == {
        "arn": live["arn"],
        "uuid": live["uuid"],
        "runOutputUri": live["runOutputUri"],
        "status": "PENDING",
    }
    assert run.outs["onDelete"] == "delete"
    assert PICKLED not in str(run.outs)


def test_create_sends_what_was_declared(emulator: Emulator, up: Up, declared: Inputs) -> None:
    live = emulator.run(up(declared).id)
    assert live is not None
    assert live["parameters"] == declared["parameters"]
    assert isinstance(live["parameters"]["count"], int)
    assert (live["name"], live["priority"]) == (declared["name"], 7)
    assert live["tags"].items() >= declared["tags"].items()


def test_the_same_create_twice_is_one_run(emulator: Emulator, up: Up, declared: Inputs) -> None:
    first, second = up(declared), up(declared)
    assert (first.id, first.outs["uuid"]) == (second.id, second.outs["uuid"])
    assert len(emulator.named(declared["name"])) == 1


def test_other_inputs_are_another_run(emulator: Emulator, up: Up, declared: Inputs) -> None:
    runs = [up(declared), up({**declared, "rerun": 1}), up({**declared, "priority": 8})]
    assert len({run.id for run in runs}) == 3
    assert len(emulator.named(declared["name"])) == 3


@pytest.mark.parametrize(
    ("fault", "count"),
    [
        ("lost-answer", 1),
        ("lost-answer", 3),
        ("late-500", 1),
        ("late-500", 3),
        ("cut-before", 2),
        ("error-500", 3),
        ("throttle", 5),
        ("timeout-408", 2),
    ],
)
def test_a_start_that_is_disturbed_is_repeated_and_starts_one_run(
    emulator: Emulator, up: Up, declared: Inputs, fault: str, count: int
) -> None:
    emulator.fault("StartRun", fault, count=count)
    run: list[Recorded] = []
    calls = emulator.since(lambda: run.append(up(declared)))
    # After a try that may have taken effect, the run is looked for by its mark.
    found = ["ListRuns", "GetRun"]
    again = {"throttle": ["StartRun"], "lost-answer": found, "late-500": found}
    times = 1 if again.get(fault) == found else count
    assert calls == ["StartRun", *(again.get(fault, ["ListRuns", "StartRun"]) * times)]
    assert [item["id"] for item in emulator.named(declared["name"])] == [run[0].id]


# Read ------------------------------------------------------------------------------------------

OUTPUTS = {
    "arn", "uuid", "status", "runOutputUri", "creationTime", "startTime", "stopTime", "startedBy",
    "digest", "engineVersion", "workflowUuid", "logLocation",
}  # fmt: skip


def test_read_is_one_get_run_with_every_output(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    emulator.advance(2 * RUN_SECONDS)
    assert emulator.since(lambda: provider.read(run.id, run.bag())) == ["GetRun"]
    result = provider.read(run.id, run.bag())
    assert result.id == run.id
    assert result.outs is not None
    assert result.outs.keys() >= OUTPUTS
    assert result.outs["status"] == "COMPLETED"
    for wire in ("creationTime", "startTime", "stopTime"):
        assert result.outs[wire].endswith("Z")
    assert result.outs["creationTime"] < result.outs["startTime"] < result.outs["stopTime"]
    assert {wire: result.outs[wire] for wire in declared} == declared
    assert result.inputs is None


def test_a_second_read_finds_nothing_new(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    emulator.advance(2 * RUN_SECONDS)
    first = provider.read(run.id, run.bag()).outs
    assert first is not None
    second = provider.read(run.id, bag(first)).outs
    assert second == first


def test_read_of_a_failed_run_says_why(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up({**declared, "tags": {"emulator:fails": "OUT_OF_MEMORY_ERROR"}})
    emulator.advance(2 * RUN_SECONDS)
    outs = provider.read(run.id, run.bag()).outs
    assert outs is not None
    assert (outs["status"], outs["failureReason"]) == ("FAILED", "OUT_OF_MEMORY_ERROR")


def test_a_run_that_is_gone_stays_with_its_last_facts(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    emulator.advance(2 * RUN_SECONDS)
    seen = Recorded(run.id, dict(provider.read(run.id, run.bag()).outs or {}))
    emulator.aws.delete_run(id=run.id)
    result = provider.read(seen.id, seen.bag())
    assert result.id == run.id
    assert result.outs == {**seen.outs, "recordGone": True}
    assert result.inputs is None
    assert diffed(provider, Recorded(run.id, result.outs), declared) == (False, [])


def test_a_reused_id_is_not_our_run(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    other = take_over_the_id(emulator, run)
    result = provider.read(run.id, run.bag())
    assert result.outs is not None
    assert result.outs["uuid"] == run.outs["uuid"] != other["uuid"]
    assert (result.outs["status"], result.outs["recordGone"]) == ("DELETED", True)


def take_over_the_id(emulator: Emulator, run: Recorded) -> Inputs:
    """Delete the run by hand and let somebody else's run get its id."""
    emulator.advance(2 * RUN_SECONDS)
    emulator.aws.delete_run(id=run.id)
    other = emulator.aws.start_run(
        roleArn=run.outs["roleArn"],
        outputUri="s3://somebody-else",
        workflowId=emulator.workflow,
        requestId=f"somebody-else-{run.outs['uuid']}",
    )
    assert other["id"] == run.id
    return dict(other)


def test_drift_of_tags_is_in_the_inputs(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    emulator.aws.tag_resource(resourceArn=run.outs["arn"], tags={"by": "hand"})
    result = provider.read(run.id, run.bag())
    assert result.outs is not None
    assert result.outs["tags"] == {"sample": "HG002", "by": "hand"}
    assert result.inputs is not None
    assert result.inputs["tags"] == {"sample": "HG002", "by": "hand"}
    assert {w: v for w, v in result.inputs.items() if w in declared and w != "tags"} == {
        wire: value for wire, value in declared.items() if wire != "tags"
    }
    assert diffed(provider, Recorded(run.id, result.outs), declared) == (None, [])


def test_tags_that_nobody_declared_are_no_drift(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    del declared["tags"]
    run = up(declared)
    emulator.aws.tag_resource(resourceArn=run.outs["arn"], tags={"by": "hand"})
    assert provider.read(run.id, run.bag()).inputs is None


def test_a_denied_read_is_unknown_not_gone(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    emulator.fault("GetRun", "denied")
    with pytest.raises(ProviderError) as caught:
        provider.read(run.id, run.bag())
    assert "GetRun failed: AccessDeniedException" in str(caught.value)
    assert "Allow the caller omics:GetRun." in str(caught.value)


def test_a_run_of_another_region_is_not_looked_up_here(
    config: dict[str, str], emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    elsewhere = configured({**config, "omics:region": "eu-west-1"})
    before = emulator.calls()
    calls = (
        lambda: elsewhere.read(run.id, run.bag()),
        lambda: elsewhere.update(run.id, run.bag(), run.bag(tags={"a": "b"})),
        lambda: elsewhere.delete(run.id, run.bag()),
    )
    for call in calls:
        with pytest.raises(ProviderError) as caught:
            call()
        text = str(caught.value)
        assert f"started in {REGION}, but the configuration now says eu-west-1" in text
        assert f"pulumi config set omics:region {REGION}" in text
        assert "Nothing was done" in text
    assert emulator.calls() == before


def test_a_provider_of_another_region_is_refused_before_anything_is_done(
    config: dict[str, str], emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    before = emulator.calls()
    elsewhere = configured({**config, "omics:region": "eu-west-1", "omics-provider:name": "lab"})
    for news in (run.bag(), run.bag(tags={"a": "b"}), run.bag(onDelete="keep")):
        with pytest.raises(
            ProviderError, match=f"it is in {REGION}, but its provider lab is in eu-w"
        ):
            elsewhere.diff(run.id, run.bag(), news)
    with pytest.raises(ProviderError, match=rf'Provider\("lab", region="{REGION}"\)'):
        elsewhere.read(run.id, run.bag())
    # A new run is asked for: it starts there.
    found = elsewhere.diff(run.id, run.bag(), run.bag(rerun="again"))
    assert found.replaces == ["rerun"]
    # The same Region by way of a Provider is no difference.
    same = configured({**config, "omics-provider:name": "lab"})
    assert same.diff(run.id, run.bag(), run.bag()).changes is False
    assert emulator.calls() == before


# Get -------------------------------------------------------------------------------------------


def test_get_reads_a_run_by_its_id(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    result = provider.read(run.id, bag({}))
    assert result.outs is not None
    assert result.outs["uuid"] == run.outs["uuid"]
    assert result.outs["workflowId"] == declared["workflowId"]
    assert result.outs["parameters"] == declared["parameters"]
    assert result.outs["tags"].items() >= declared["tags"].items()
    assert "onDelete" not in result.outs


def test_get_of_a_missing_run_says_so(provider: OmicsRunProvider) -> None:
    with pytest.raises(ProviderError) as caught:
        provider.read("9999999", bag({}))
    assert str(caught.value) == (
        "GetRun failed: there is no run 9999999 in us-east-1.\n"
        "Check the id, the Region and the account: `aws omics list-runs` shows them."
    )


# Adoption --------------------------------------------------------------------------------------


def started_by_hand(emulator: Emulator, declared: Inputs) -> str:
    inputs = {wire: value for wire, value in declared.items() if wire != "priority"}
    answer = emulator.aws.start_run(**inputs, requestId=f"by hand {declared['name']}")
    return str(answer["id"])


def adopting(declared: Inputs, run_id: str, **more: Any) -> Inputs:
    rest = {wire: declared[wire] for wire in ("roleArn", "outputUri")}
    return {**rest, "adoptRunId": run_id, **more}


def test_adoption_starts_nothing(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run_id = started_by_hand(emulator, declared)
    run: list[Recorded] = []
    calls = emulator.since(lambda: run.append(up(adopting(declared, run_id))))
    assert calls == ["GetRun"]
    assert run[0].id == run_id
    assert run[0].outs["workflowId"] == declared["workflowId"]
    assert run[0].outs["parameters"] == declared["parameters"]
    assert len(emulator.named(declared["name"])) == 1


def test_an_adopted_run_is_a_run_like_any_other(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(adopting(declared, started_by_hand(emulator, declared)))
    assert diffed(provider, run, adopting(declared, run.id)) == (False, [])
    assert diffed(provider, run, adopting(declared, "7")) == (None, ["adoptRunId"])
    # The declaration may be completed, and then stand without adopt_run_id.
    del declared["priority"]
    assert diffed(provider, run, declared) == (False, [])
    next_update()
    provider.delete(run.id, run.bag())
    assert emulator.run(run.id) is None


def test_a_run_that_is_adopted_anew_survives_the_delete_of_its_first_adoption(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    # `pulumi up --replace`: the engine creates the new resource, then deletes the old one.
    old = up(adopting(declared, started_by_hand(emulator, declared)))
    next_update()
    new = up(adopting(declared, old.id))
    provider.delete(old.id, old.bag())
    assert (emulator.run(new.id) or {})["status"] == "PENDING"


def test_adoption_of_a_run_with_other_inputs_is_refused(
    emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run_id = started_by_hand(emulator, declared)
    wrong = adopting(declared, run_id, parameters={"count": 4}, logLevel="OFF", priority=3)
    with pytest.raises(ProviderError) as caught:
        up(wrong)
    text = str(caught.value)
    assert f"run {run_id} was started with another priority, parameters, log_level" in text
    assert "Nothing was done" in text


def test_a_run_of_another_stack_is_not_adopted(
    emulator: Emulator, up: Up, declared: Inputs
) -> None:
    declared["tags"] = {"omics-provider:stack": "lab/runs/prod", "sample": "HG002"}
    run_id = started_by_hand(emulator, declared)
    theirs = adopting(declared, run_id, tags={"sample": "HG003"}, __stack="lab/runs/dev")
    with pytest.raises(ProviderError, match="was started by stack lab/runs/prod") as caught:
        up(theirs)
    assert "Nothing was done" in str(caught.value)
    assert (emulator.run(run_id) or {})["tags"] == declared["tags"]
    # The stack that started it may have lost it from its state.
    assert up({**theirs, "__stack": "lab/runs/prod"}).id == run_id


def test_adoption_of_a_missing_run_is_told(up: Up, declared: Inputs) -> None:
    with pytest.raises(ProviderError, match="there is no run 9999999 in us-east-1"):
        up(adopting(declared, "9999999"))


# Update ----------------------------------------------------------------------------------------


def updated(provider: OmicsRunProvider, run: Recorded, inputs: Inputs) -> Recorded:
    news = provider.check(run.bag(), bag(inputs)).inputs
    outs = provider.update(run.id, run.bag(), bag(news)).outs
    assert outs is not None
    return Recorded(run.id, outs)


@pytest.mark.parametrize(
    ("change", "calls"),
    [
        ({"tags": {"sample": "HG003", "new": ""}}, ["GetRun", "TagResource"]),
        ({"tags": {}}, ["GetRun", "UntagResource"]),
        ({"tags": {"other": "1"}}, ["GetRun", "TagResource", "UntagResource"]),
        ({"onDelete": "keep"}, []),
        ({"tags": {"sample": "HG002"}, "onDelete": "cancel"}, []),
    ],
)
def test_update_changes_only_what_changed(
    provider: OmicsRunProvider,
    emulator: Emulator,
    up: Up,
    declared: Inputs,
    change: Inputs,
    calls: list[str],
) -> None:
    run = up(declared)
    before = (emulator.run(run.id) or {})["tags"]
    changed: list[Recorded] = []
    made = emulator.since(lambda: changed.append(updated(provider, run, {**declared, **change})))
    assert made == calls
    wanted = change.get("tags", declared["tags"])
    kept = {key: value for key, value in before.items() if key not in declared["tags"]}
    assert (emulator.run(run.id) or {})["tags"] == {**kept, **wanted}
    assert changed[0].outs == {**run.outs, **change}


def test_after_an_update_nothing_differs(
    provider: OmicsRunProvider, up: Up, declared: Inputs
) -> None:
    after = {**declared, "tags": {"other": "1"}, "onDelete": "keep"}
    run = updated(provider, up(declared), after)
    assert diffed(provider, run, after) == (False, [])
    assert provider.read(run.id, run.bag()).inputs is None


def test_update_of_a_run_that_is_gone_marks_it(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    emulator.advance(2 * RUN_SECONDS)
    emulator.aws.delete_run(id=run.id)
    after = updated(provider, run, {**declared, "tags": {"a": "b"}})
    assert after.outs["recordGone"] is True
    # The state's word is not taken for it: one look, and nothing is changed.
    again: list[Recorded] = []
    calls = emulator.since(lambda: again.append(updated(provider, after, {**declared, "tags": {}})))
    assert calls == ["GetRun"]
    assert again[0].outs["recordGone"] is True


def test_an_update_leaves_a_reused_id_alone(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    take_over_the_id(emulator, run)
    after: list[Recorded] = []
    tags = {**declared, "tags": {"a": "b"}}
    assert emulator.since(lambda: after.append(updated(provider, run, tags))) == ["GetRun"]
    assert (emulator.run(run.id) or {})["tags"] == {}
    assert after[0].outs["recordGone"] is True


def test_an_update_that_is_denied_says_what_is_missing(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    emulator.fault("TagResource", "denied")
    with pytest.raises(ProviderError, match=r"Allow the caller omics:TagResource\."):
        updated(provider, run, {**declared, "tags": {"a": "b"}})


# Delete ----------------------------------------------------------------------------------------


def test_delete_of_an_active_run_cancels_waits_and_deletes(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    emulator.advance(RUN_SECONDS / 2)
    calls = emulator.since(lambda: provider.delete(run.id, run.bag()))
    assert calls[:2] == ["GetRun", "CancelRun"]
    assert calls[-2:] == ["GetRun", "DeleteRun"]
    assert set(calls[2:-1]) == {"GetRun"}
    assert emulator.run(run.id) is None


def test_delete_of_an_ended_run_deletes_its_record(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs, clock: Clock
) -> None:
    run = up(declared)
    emulator.advance(2 * RUN_SECONDS)
    calls = emulator.since(lambda: provider.delete(run.id, run.bag()))
    assert calls == ["GetRun", "DeleteRun"]
    assert emulator.run(run.id) is None
    assert clock.slept == []


@pytest.mark.parametrize(
    ("remembered", "passed", "first"),
    [
        ("COMPLETED", 0.5, ["GetRun", "CancelRun"]),
        ("PENDING", 2.0, ["GetRun", "DeleteRun"]),
        ("DELETED", 2.0, ["GetRun", "DeleteRun"]),
        ("NONSENSE", 2.0, ["GetRun", "DeleteRun"]),
    ],
)
def test_delete_acts_on_the_live_status(
    provider: OmicsRunProvider,
    emulator: Emulator,
    up: Up,
    declared: Inputs,
    remembered: str,
    passed: float,
    first: list[str],
) -> None:
    run = up(declared)
    emulator.advance(passed * RUN_SECONDS)
    calls = emulator.since(lambda: provider.delete(run.id, run.bag(status=remembered)))
    assert calls[:2] == first
    assert emulator.run(run.id) is None


@pytest.mark.parametrize(
    ("on_delete", "passed", "calls", "status"),
    [
        ("cancel", 0.5, {"GetRun", "CancelRun"}, "STOPPING CANCELLED"),
        ("cancel", 2.0, {"GetRun"}, "COMPLETED"),
        ("keep", 0.5, set(), "RUNNING"),
        ("keep", 2.0, set(), "COMPLETED"),
    ],
)
def test_delete_as_declared(
    provider: OmicsRunProvider,
    emulator: Emulator,
    up: Up,
    declared: Inputs,
    on_delete: str,
    passed: float,
    calls: set[str],
    status: str,
) -> None:
    run = up({**declared, "onDelete": on_delete})
    emulator.advance(passed * RUN_SECONDS)
    assert set(emulator.since(lambda: provider.delete(run.id, run.bag()))) == calls
    assert (emulator.run(run.id) or {})["status"] in status.split()


def test_delete_of_a_run_that_is_gone_is_done(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    emulator.advance(2 * RUN_SECONDS)
    emulator.aws.delete_run(id=run.id)
    assert emulator.since(lambda: provider.delete(run.id, run.bag())) == ["GetRun"]
    assert emulator.since(lambda: provider.delete(run.id, run.bag(recordGone=True))) == ["GetRun"]


def test_a_mark_of_gone_in_the_state_keeps_no_live_run_alive(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    provider.delete(run.id, run.bag(recordGone=True, status="DELETED"))
    assert emulator.run(run.id) is None


@pytest.mark.parametrize("on_delete", ["delete", "cancel"])
def test_delete_leaves_a_reused_id_alone(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs, on_delete: str
) -> None:
    run = up({**declared, "onDelete": on_delete})
    other = take_over_the_id(emulator, run)
    assert emulator.since(lambda: provider.delete(run.id, run.bag())) == ["GetRun"]
    live = emulator.run(run.id)
    assert live is not None
    assert (live["uuid"], live["status"]) == (other["uuid"], "PENDING")


def test_without_a_uuid_nothing_is_deleted(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs
) -> None:
    run = up(declared)
    nameless = bag({w: v for w, v in run.outs.items() if w not in ("uuid", "requestId")})
    before = emulator.calls()
    with pytest.raises(ProviderError, match="the state has no uuid for run id"):
        provider.delete(run.id, nameless)
    assert emulator.calls() == before
    assert emulator.run(run.id) is not None


def test_delete_ends_within_its_limit_and_says_how_to_go_on(
    provider: OmicsRunProvider, emulator: Emulator, up: Up, declared: Inputs, clock: Clock
) -> None:
    run = up({**declared, "tags": {"emulator:stopping": "50000"}})
    clock.slept.clear()
    with pytest.raises(ProviderError) as caught:
        provider.delete(run.id, run.bag())
    text = str(caught.value)
    assert f"Delete failed: run {run.id} is still STOPPING 1200 s after its cancellation." in text
    assert "Run the same command again" in text
    assert sum(clock.slept) == pytest.approx(1200)
    assert max(clock.slept) <= 18.1
    # The cancellation went on; the same delete again finishes what is left, without a new cancel.
    emulator.advance(1_000_000)
    assert emulator.since(lambda: provider.delete(run.id, run.bag())) == ["GetRun", "DeleteRun"]


def test_a_run_that_ends_between_look_and_cancel(
    provider: OmicsRunProvider,
    emulator: Emulator,
    up: Up,
    declared: Inputs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = up(declared)
    cancel = Runs.cancel

    def late(runs: Runs, run_id: str) -> None:
        emulator.advance(2 * RUN_SECONDS)
        cancel(runs, run_id)

    monkeypatch.setattr(Runs, "cancel", late)
    calls = emulator.since(lambda: provider.delete(run.id, run.bag()))
    assert calls == ["GetRun", "CancelRun", "GetRun", "DeleteRun"]
    assert emulator.run(run.id) is None


def test_a_record_that_somebody_deletes_between_look_and_delete(
    provider: OmicsRunProvider,
    emulator: Emulator,
    up: Up,
    declared: Inputs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = up(declared)
    emulator.advance(2 * RUN_SECONDS)
    delete = Runs.delete

    def late(runs: Runs, run_id: str) -> None:
        emulator.aws.delete_run(id=run_id)
        delete(runs, run_id)

    monkeypatch.setattr(Runs, "delete", late)
    provider.delete(run.id, run.bag())
    assert emulator.run(run.id) is None


@pytest.mark.parametrize("operation", ["GetRun", "CancelRun", "DeleteRun"])
@pytest.mark.parametrize("fault", ["throttle", "error-500", "cut-before", "lost-answer"])
def test_a_disturbed_delete_still_ends_well(
    provider: OmicsRunProvider,
    emulator: Emulator,
    up: Up,
    declared: Inputs,
    operation: str,
    fault: str,
) -> None:
    run = up(declared)
    emulator.fault(operation, fault, count=2)
    provider.delete(run.id, run.bag())
    assert emulator.run(run.id) is None


@pytest.mark.parametrize(
    ("operation", "done"),
    [
        ("GetRun", ["GetRun"]),
        ("CancelRun", ["GetRun", "CancelRun"]),
    ],
)
def test_a_denied_delete_stops_and_says_what_is_missing(
    provider: OmicsRunProvider,
    emulator: Emulator,
    up: Up,
    declared: Inputs,
    operation: str,
    done: list[str],
) -> None:
    run = up(declared)
    emulator.fault(operation, "denied")
    before = len(emulator.calls())
    with pytest.raises(ProviderError, match=f"Allow the caller omics:{operation}"):
        provider.delete(run.id, run.bag())
    assert emulator.calls()[before:] == done


def test_delete_in_a_state_that_this_release_does_not_know(
    provider: OmicsRunProvider,
    emulator: Emulator,
    up: Up,
    declared: Inputs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = up(declared)
    find = Runs.find
    monkeypatch.setattr(Runs, "find", lambda r, i: {**(find(r, i) or {}), "status": "PAUSED"})
    before = len(emulator.calls())
    with pytest.raises(ProviderError, match="does not know: PAUSED"):
        provider.delete(run.id, run.bag())
    assert emulator.calls()[before:] == ["GetRun"]
