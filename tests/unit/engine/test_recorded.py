"""What a stack's recorded state says of starts that were interrupted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from omics_provider.base.identity import start_token
from omics_provider.engine import state as recorded
from omics_provider.engine.replaced import replaced
from omics_provider.engine.state import EarlierStart, StackState, is_placeholder, parse

STACK = "lab/omics-runs/prod"
URN = "urn:pulumi:prod::omics-runs::pulumi-python:dynamic/omics:Run::HG002"
OTHER = URN.replace("HG002", "HG003")
SECRET = "4dabf18193072939515e22adb298388d"  # how Pulumi marks a secret in a state
DECLARED: dict[str, Any] = {"roleArn": "arn:x", "outputUri": "s3://abc", "workflowId": "1"}


def token(attempt: str, urn: str = URN) -> str:
    return start_token(STACK, urn, attempt)


def inputs(attempt: str, **more: Any) -> dict[str, Any]:
    return {**DECLARED, "__attempt": attempt, "__stack": STACK, **more}


def pending(attempt: str, urn: str = URN, kind: str = "creating") -> dict[str, Any]:
    return {"type": kind, "resource": {"urn": urn, "inputs": inputs(attempt)}}


def resource(attempt: str, *, urn: str = URN, **outputs: Any) -> dict[str, Any]:
    return {
        "urn": urn,
        "id": f"id-{attempt}",
        "inputs": inputs(attempt),
        "outputs": {"requestId": token(attempt, urn), **outputs},
    }


def state(*parts: dict[str, Any]) -> StackState:
    return parse(
        {
            "version": 3,
            "deployment": {
                "resources": [part for part in parts if "urn" in part],
                "pending_operations": [part for part in parts if "type" in part],
            },
        }
    )


def unconfirmed(found: StackState, own: str = "now") -> list[str]:
    return [start.token for start in found.unconfirmed(URN, own)]


@pytest.mark.parametrize(
    "export", [{}, {"deployment": None}, {"deployment": {}}, {"deployment": {"resources": None}}]
)
def test_an_empty_state(export: dict[str, Any]) -> None:
    assert parse(export) == StackState((), ())


def test_an_interrupted_create_of_a_renamed_stack_has_the_request_that_was_sent() -> None:
    """The rename changes the URN in the engine's note, and not what the service was asked."""
    renamed = URN.replace(":prod:", ":now:")
    assert renamed != URN
    note = pending("a")
    note["resource"] = {**note["resource"], "urn": renamed}
    assert [start.token for start in state(note).unconfirmed(renamed, "")] == [token("a")]


def test_a_first_start_has_none_before_it() -> None:
    assert unconfirmed(state()) == []
    assert unconfirmed(state(pending("now"))) == []


def test_an_interrupted_create_is_an_earlier_start() -> None:
    assert unconfirmed(state(pending("a"))) == [token("a")]
    assert unconfirmed(state(pending("a"), pending("b"), pending("now"))) == [
        token("a"),
        token("b"),
    ]


@pytest.mark.parametrize("kind", ["updating", "deleting", "reading", "importing"])
def test_other_interrupted_operations_start_nothing(kind: str) -> None:
    assert unconfirmed(state(pending("a", kind=kind))) == []


def test_another_resources_interrupted_create_is_its_own() -> None:
    assert unconfirmed(state(pending("a", OTHER))) == []


def test_a_start_that_the_state_records_is_no_doubt() -> None:
    assert unconfirmed(state(pending("a"), resource("a", uuid="u"))) == []
    # Another resource's record of the same attempt says nothing.
    assert unconfirmed(state(pending("a"), resource("a", urn=OTHER, uuid="u"))) == [token("a")]


def test_a_start_that_was_dealt_with_is_no_doubt() -> None:
    settled = resource("b", uuid="u", **{recorded.SETTLED: [token("a")]})
    assert unconfirmed(state(pending("a"), settled)) == []
    assert unconfirmed(state(pending("a"), pending("c"), settled)) == [token("c")]
    assert state(pending("a"), pending("c"), settled).settled(URN) == (token("a"),)


def test_runs_that_live_on_when_replaced_are_noted() -> None:
    kept = resource("a", uuid="u", onDelete="keep", **{recorded.SETTLED: ["older"]})
    assert state(kept).outlived(URN) == ("older", token("a"))
    assert state(kept).outlived(OTHER) == ()
    ended = resource("a", uuid="u", onDelete="delete", **{recorded.SETTLED: ["older"]})
    assert state(ended).outlived(URN) == ("older",)
    many = [f"t{number}" for number in range(200)]
    noted = state(resource("a", uuid="u", onDelete="keep", **{recorded.SETTLED: many}))
    assert noted.outlived(URN) == (*many[-49:], token("a"))


def test_a_placeholder_is_an_earlier_start() -> None:
    assert unconfirmed(state(resource("a"))) == [token("a")]
    assert unconfirmed(state(pending("a"), resource("a"))) == [token("a")]
    assert unconfirmed(state(resource("a", uuid="u"))) == []


def test_a_placeholder_remembers_those_before_it() -> None:
    held = resource("b", **{recorded.EARLIER: ["first", "second"]})
    assert unconfirmed(state(held)) == ["first", "second", token("b")]


@pytest.mark.parametrize(
    ("outputs", "placeholder"),
    [
        ({"requestId": "t"}, True),
        ({"requestId": "t", "uuid": ""}, True),
        ({"requestId": "t", "uuid": "u"}, False),
        ({"uuid": "u"}, False),
        ({}, False),
    ],
)
def test_what_is_a_placeholder(outputs: dict[str, Any], placeholder: bool) -> None:
    assert is_placeholder(outputs) is placeholder


def test_secrets_are_read_where_the_state_shows_them() -> None:
    hidden = {SECRET: "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps({"key": ["x"]})}
    found = parse(
        {
            "deployment": {
                "pending_operations": [
                    {
                        "type": "creating",
                        "resource": {
                            "urn": URN,
                            "inputs": inputs("a", parameters={"deep": [hidden]}),
                        },
                    }
                ]
            }
        }
    )
    (start,) = found.unconfirmed(URN, "now")
    assert start.inputs["parameters"] == {"deep": [{"key": ["x"]}]}
    assert start.is_for({**DECLARED, "parameters": {"deep": [{"key": ["x"]}]}})


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"tags": {"a": "b"}}, True),
        ({"onDelete": "keep"}, True),
        ({"waitForCompletion": True, "onFailure": "warn"}, True),
        ({"__attempt": "other"}, True),
        ({"workflowId": "2"}, False),
        ({"parameters": {"a": 1}}, False),
        ({"rerun": 1}, False),
        ({"name": None}, False),
    ],
)
def test_for_which_declaration_a_start_was(change: dict[str, Any], same: bool) -> None:
    assert EarlierStart("t", inputs("a")).is_for({**inputs("a"), **change}) is same


def test_what_a_state_keeps() -> None:
    doomed = {**resource("a", uuid="u1"), "delete": True}
    replaced = {**resource("b", urn=OTHER, uuid="u2"), "delete": True}
    found = state(doomed, replaced, resource("c", urn=OTHER, uuid="u3"))
    assert not found.keeps(URN)
    assert found.keeps(OTHER)
    # In a destroy the resource is alone, and not marked.
    assert not state(resource("a", uuid="u1"), resource("b", urn=OTHER, uuid="u2")).keeps(URN)
    # Where all of them leave, none stays.
    assert not state(doomed, {**resource("d", uuid="u4"), "delete": True}).keeps(URN)
    assert not state().keeps(URN)


def held(found: StackState, urn: str) -> set[str]:
    """Which ids and ARNs of the tests other resources than `urn` hold."""
    keys = [f"id-{each}" for each in "abcd"] + ["arn:aws:omics:us-east-1:1:run/7"]
    return {key for key in keys if found.holders(key) - {urn}}


def test_the_id_of_a_run_that_leaves_may_be_that_of_the_next() -> None:
    kept = resource("a", urn=OTHER, uuid="u1")
    doomed = {**resource("b", urn=OTHER, uuid="u2"), "delete": True}
    replaced = {**resource("c", urn=OTHER, uuid="u3"), "pendingReplacement": True}
    found = state(kept, doomed, replaced, resource("d", uuid="u4"))
    assert held(found, URN) == {"id-a"}
    assert held(found, OTHER) == {"id-d"}


def deleting(attempt: str, urn: str) -> dict[str, Any]:
    return {"type": "deleting", "resource": resource(attempt, urn=urn, uuid="u")}


def test_an_interrupted_delete_of_a_run_that_is_still_recorded() -> None:
    workflow = URN.replace("omics:Run", "omics:Workflow")
    kept, other = resource("a", uuid="u"), resource("b", urn=OTHER, uuid="v")
    found = state(kept, other, deleting("a", URN))
    assert found.is_ending(URN, "id-a")
    assert not found.is_ending(URN, "id-b")
    assert not found.is_ending(OTHER, "id-b")
    assert (found.is_ending_another(URN), found.is_ending_another(OTHER)) == (False, True)
    assert not state(kept, other).is_ending(URN, "id-a")
    # A replaced run's delete: its resource has the new run.
    for resources in ([resource("c", uuid="w")], [{**kept, "delete": True}]):
        found = state(*resources, deleting("a", URN))
        assert not found.is_ending(URN, "id-a")
        assert not found.is_ending_another(OTHER)
    assert not state(resource("a", urn=workflow), deleting("a", workflow)).is_ending_another(URN)


def test_two_places_may_use_the_same_id() -> None:
    here = resource("a", urn=OTHER, uuid="u1", arn="arn:aws:omics:us-east-1:1:run/7")
    found = state(here, resource("b", uuid="u2"))
    assert held(found, URN) == {"arn:aws:omics:us-east-1:1:run/7"}
    # A secret ARN can't be compared with.
    secret = state({**here, "outputs": {"arn": {"ciphertext": "v1"}}})
    assert held(secret, URN) == {"id-a"}


def test_what_goes_through_the_same_provider_in_the_same_region() -> None:
    def made(name: str, region: str, account: str, provider: str) -> dict[str, Any]:
        arn = f"arn:aws:omics:{region}:{account}:run/7"
        urn = URN if name == "own" else f"{OTHER}-{name}"
        return {**resource(name, urn=urn, uuid=name, arn=arn), "provider": provider}

    own = made("own", "us-east-1", "1", "lab::2")
    beside = made("beside", "us-east-1", "1", "lab::2")
    found = state(
        own,
        beside,
        made("another-region", "eu-west-1", "1", "lab::2"),
        made("another-account", "us-east-1", "2", "lab::2"),
        made("another-provider", "us-east-1", "1", "default::1"),
    )
    names = [each["id"] for each in found.beside(URN, own["outputs"]["arn"])]
    assert names == ["id-own", "id-beside"]


def update(time: str, result: str, kind: str = "update") -> dict[str, str]:
    return {"kind": kind, "result": result, "startTime": f"2026-11-23T{time}:00Z"}


@pytest.mark.parametrize(
    ("newest_first", "since", "succeeded"),
    [
        ([], None, None),
        ([update("12:00", "succeeded")], None, "12:00"),
        ([update("12:00", "failed")], "12:00", None),
        (
            [update("12:02", "failed"), update("12:01", "failed"), update("12:00", "succeeded")],
            "12:01",
            "12:00",
        ),
        (
            [
                update("12:03", "in-progress"),
                update("12:02", "failed"),
                update("12:01", "succeeded", "refresh"),
                update("12:00", "succeeded", "destroy"),
                update("11:00", "failed"),
            ],
            "12:02",
            "12:00",
        ),
    ],
)
def test_since_when_updates_have_failed(
    newest_first: list[dict[str, str]], since: str | None, succeeded: str | None
) -> None:
    found = parse({}, newest_first)
    told = [found.failing_since, found.succeeded_at]
    assert told == [time and f"2026-11-23T{time}:00Z" for time in (since, succeeded)]


def test_of_two_resources_for_one_run_one_is_kept() -> None:
    doomed = {**resource("a", uuid="u1"), "delete": True}
    alone, both = state(doomed), state(doomed, resource("b", uuid="u1"))
    destroyed = state(resource("a", uuid="u1"))
    assert [s.keeps_run("u1") for s in (alone, destroyed, both)] == [False, False, True]


def adopter(attempt: str, **outputs: Any) -> dict[str, Any]:
    return {**resource(attempt), "outputs": {"uuid": "u1", **outputs}}


@pytest.mark.parametrize(
    ("other", "is_kept"),
    [
        (adopter("b"), False),
        (resource("b", uuid="u1"), True),
        (adopter("b", onDelete="keep"), True),
        (resource("b", uuid="u2"), False),
        *(
            ({**adopter("b"), mark: True}, True)
            for mark in ("protect", "retainOnDelete", "deletedWith")
        ),
        # Read by `get`: nobody's run.
        ({**resource("b", uuid="u1"), "external": True}, False),
    ],
)
def test_for_whom_an_adopted_run_outlasts_the_destroy_of_its_stack(
    other: dict[str, Any], is_kept: bool
) -> None:
    assert state(adopter("a"), other).keeps_run_in_destroy("u1") is is_kept


NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def day(number: int) -> str:
    return f"2026-11-{number:02}T12:00:00Z"


@pytest.mark.parametrize(
    ("state", "since"),
    [
        (StackState(), None),
        (StackState(begun_at=day(30)), None),
        # There was an update, and no history says how it ended.
        (StackState(begun_at=day(28)), day(28)),
        (StackState(begun_at=day(20), succeeded_at=day(29)), day(29)),
        # In a busy account nobody looks for ever.
        (StackState(succeeded_at=day(2)), day(23)),
        # The history tells of failures, and they are looked at from there.
        (StackState(failing_since=day(29), succeeded_at=day(28)), None),
    ],
)
def test_since_when_an_update_may_have_left_no_trace(state: StackState, since: str | None) -> None:
    found = state.unnoticed_since(NOW)

    assert found == (datetime.fromisoformat(since) if since else None)


def test_what_other_resources_and_the_stack_have_is_no_run_of_ours() -> None:
    """A program may export a run's uuid, or a number of batches."""
    run = {**resource("a", uuid="u"), "created": day(29)}
    stack = {
        "urn": "urn:pulumi:prod::omics-runs::pulumi:pulumi:Stack::omics-runs-prod",
        "outputs": {"uuid": "u", "batches": 2, "arn": "x", "__settled": 7},
        "created": day(28),
    }
    found = state(stack, run)

    assert found.own == (run,)
    assert found.begun_at == day(28)
    assert not found.keeps_run("u")
    assert list(replaced(found)) == []
