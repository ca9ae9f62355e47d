"""The native provider as the engine speaks to it: each request of a resource, over gRPC."""

from __future__ import annotations

from typing import Any

import grpc
import psutil
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2

from omics_provider.base import identity
from omics_provider.base.keys import ATTEMPT, STACK
from omics_provider.base.values import UNKNOWN
from omics_provider.native.values import received
from omics_provider.runs.handler import RunHandler
from omics_provider.runs.rules.run_table import TABLE
from tests import children
from tests.provider.harness import RUN_SECONDS, Emulator, Inputs

from .door import URN, Door, failure, struct

HUSH = "hush-7f3a"
_KIND = provider_pb2.PropertyDiff


def reasons(answer: Any) -> dict[str, str]:
    """Give a check's failures by property; what names none is under ""."""
    return {each.property: each.reason for each in answer.failures}


# Check ---------------------------------------------------------------------------------------


def test_check_gives_the_inputs_with_the_attempt_and_the_stack(
    door: Door, declared: Inputs
) -> None:
    first = received(door.check("HG002", struct(declared), randomSeed=b"a seed").inputs).properties
    assert first[ATTEMPT] == identity.attempt(b"a seed")
    assert first[STACK] == "organization/omics-runs/prod"
    assert {wire: first[wire] for wire in declared} == declared
    assert not [wire for wire in first if wire == "__concealed"]
    # The attempt stays while the resource does.
    again = door.check("HG002", struct(declared), olds=struct({**first, ATTEMPT: "kept"}))
    assert received(again.inputs).properties[ATTEMPT] == "kept"


def test_secrets_and_unknowns_pass_a_check(door: Door, declared: Inputs) -> None:
    declared["parameters"] = {"portal": {"token": HUSH}, "from": UNKNOWN, "none": {}, "l": []}
    checked = received(door.check("x", struct(declared, ("parameters", "portal", "token"))).inputs)
    assert checked.properties["parameters"] == declared["parameters"]
    assert checked.secrets == {("parameters", "portal", "token")}


def test_a_failure_names_its_property_unless_that_is_a_secret(door: Door, declared: Inputs) -> None:
    """The engine prints the value of a property that a failure names, even a secret's."""
    wrong = {**declared, "roleArn": "admin", "outputUri": HUSH, "priority": 100_001}
    wrong |= {"tags": {"x": HUSH * 40}, "sessionPolicy": HUSH, "pasword": HUSH}
    del wrong["workflowId"]
    answer = door.check("x", struct(wrong, ("outputUri",), ("sessionPolicy",), ("tags", "x")))
    found = reasons(answer)
    assert {"roleArn", "priority"} <= found.keys() <= {"roleArn", "priority", ""}
    without = [each.reason for each in answer.failures if not each.property]
    for property_ in ("outputUri", "sessionPolicy", "pasword"):
        assert [text for text in without if text.startswith(f"{property_}: ")], property_
    assert HUSH not in str(answer.failures)


def test_an_argument_that_there_is_not_fails(door: Door, declared: Inputs) -> None:
    answer = door.check("x", struct({**declared, "prioritty": 7}))
    assert ["prioritty" in each.reason for each in answer.failures] == [True]


def test_an_unknown_type_is_told_with_those_that_there_are(door: Door) -> None:
    urn = "urn:pulumi:prod::omics-runs::omics:index:Rum::x"
    told = failure(lambda: door.check("x", struct({}), urn=urn))
    assert "there is no omics:index:Rum" in told.message
    assert "omics:index:Run," in told.message


# Create --------------------------------------------------------------------------------------


def test_create_starts_the_run_once_and_records_what_is_known(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    secret = ("parameters", "files", 1, "b")
    inputs = door.check("x", struct(declared, secret)).inputs
    made: list[Any] = []
    assert emulator.since(lambda: made.append(door.create("x", inputs))) == ["StartRun"]
    again = door.create("x", inputs)
    assert (made[0].id, made[0].refresh_before_update) == (again.id, True)
    assert [run["id"] for run in emulator.named(declared["name"])] == [again.id]
    recorded = received(made[0].properties)
    assert recorded.secrets == {secret}
    assert recorded.properties["parameters"] == declared["parameters"]
    live = emulator.run(again.id) or {}
    assert live["parameters"] == declared["parameters"]
    assert recorded.properties["uuid"] == live["uuid"]
    assert recorded.properties["requestId"] == identity.request_id(
        URN + "x", received(inputs).properties, TABLE
    )


def test_a_preview_of_a_create_calls_nothing_and_knows_the_inputs_alone(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    inputs = door.check("x", struct(declared)).inputs
    shown: list[Any] = []
    assert emulator.since(lambda: shown.append(door.create("x", inputs, preview=True))) == []
    assert shown[0].id == ""
    bag = received(shown[0].properties).properties
    assert {fact.wire for fact in TABLE.facts if bag.get(fact.wire) is not UNKNOWN} == set()
    assert {wire: bag[wire] for wire in declared} == declared


def test_a_start_in_doubt_is_recorded_and_taken_up(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    emulator.fault("StartRun", "error-500", rate=1.0)
    inputs = door.check("doubt", struct(declared, ("parameters",))).inputs
    told = failure(lambda: door.create("doubt", inputs))
    assert "StartRun for run doubt failed" in told.message
    assert "Traceback" not in told.message
    recorded = told.recorded
    assert recorded is not None
    assert recorded.id.startswith("unconfirmed-")
    assert list(recorded.reasons) == [told.message]
    # A placeholder does not go on by itself: nothing is to be read before the next update.
    assert not recorded.refresh_before_update
    bag = received(recorded.properties)
    assert bag.properties["requestId"]
    assert "uuid" not in bag.properties
    assert bag.secrets == {("parameters",)}
    assert recorded.inputs == inputs

    emulator.fault("StartRun", "throttle", count=0)
    request = provider_pb2.DiffRequest(
        id=recorded.id, urn=URN + "doubt", olds=recorded.properties, news=inputs,
        old_inputs=recorded.inputs,
    )  # fmt: skip
    found = door.stub.Diff(request)
    assert (found.changes, list(found.replaces)) == (found.DIFF_SOME, ["startUnconfirmed"])
    made = door.create("doubt", inputs)
    assert [run["id"] for run in emulator.named(declared["name"])] == [made.id]


def test_what_nobody_expected_is_told_in_a_few_lines(
    door: Door, declared: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise KeyError(HUSH)

    inputs = door.check("x", struct(declared)).inputs
    monkeypatch.setattr(RunHandler, "create", broken)
    told = failure(lambda: door.create("x", inputs))
    assert told.code is grpc.StatusCode.UNKNOWN
    assert "omics has a fault: KeyError in broken (test_resources.py:" in told.message
    assert "for run x" in told.message
    assert "Run `pulumi up` again" in told.message
    for word in ("Traceback", 'File "', HUSH):
        assert word not in told.message
    assert len(told.message.splitlines()) <= 4


# Diff ----------------------------------------------------------------------------------------


def differs(door: Door, declared: Inputs, changed: Inputs) -> Any:
    """Give the diff of a run that is declared, made, and declared otherwise."""
    inputs, made = door.up("x", struct(declared))
    news = door.check("x", struct(changed), olds=inputs).inputs
    request = provider_pb2.DiffRequest(
        id=made.id, urn=URN + "x", olds=made.properties, news=news, old_inputs=inputs
    )
    return door.stub.Diff(request)


def test_the_same_again_differs_in_nothing(door: Door, declared: Inputs) -> None:
    found = differs(door, declared, {**declared, "priority": 7.0})
    assert (found.changes, list(found.replaces), found.detailedDiff) == (found.DIFF_NONE, [], {})


def test_a_diff_names_the_paths(door: Door, declared: Inputs) -> None:
    changed: Inputs = {
        **declared,
        "parameters": {"count": 4, "share": 0.5, "files": ["a", {"b": 1}, "c"], "odd name": 1},
        "tags": {"sample": "HG003"},
    }
    del changed["priority"]
    found = differs(door, declared, changed)
    assert found.changes == found.DIFF_SOME
    assert list(found.replaces) == ["parameters"]
    # The line of a preview shows those of these that are properties, and nothing else.
    assert set(found.diffs) - {"priority"} == {"parameters", "tags"}
    # What is left unset differs no more.
    kinds = {path: each.kind for path, each in found.detailedDiff.items()}
    assert kinds.pop("priority", _KIND.DELETE) == _KIND.DELETE
    assert kinds == {
        "parameters.count": _KIND.UPDATE_REPLACE,
        "parameters.files[2]": _KIND.ADD_REPLACE,
        'parameters["odd name"]': _KIND.ADD_REPLACE,
        "tags.sample": _KIND.UPDATE,
    }


def test_what_a_diff_with_other_inputs_has_found_is_forgotten(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    """Where the engine reads before an update, it asks for a diff with the old inputs first."""
    fails = {"emulator:seconds": "0", "emulator:fails": "INPUT_URI_NOT_FOUND"}
    inputs, made = door.up("x", struct({**declared, "tags": fails, "rerunOn": ["FAILED"]}))
    emulator.advance(RUN_SECONDS)
    door.next_update()
    now = read(door, made.id, made.properties, inputs)
    request = provider_pb2.DiffRequest(
        id=made.id, urn=URN + "x", olds=now.properties, news=inputs, old_inputs=now.inputs
    )
    assert list(door.stub.Diff(request).replaces) == ["status"]
    changed = {**declared, "tags": fails, "rerunOn": ["FAILED"], "parameters": {"count": 4}}
    # The engine checks what replaces it without the old inputs.
    request.news.CopyFrom(door.check("x", struct(changed), olds=inputs).inputs)
    assert list(door.stub.Diff(request).replaces) == ["parameters"]
    again = door.create("x", door.check("x", struct(changed)).inputs)
    assert "attempts" not in received(again.properties).properties
    assert (emulator.run(again.id) or {})["parameters"] == {"count": 4}


# Read ----------------------------------------------------------------------------------------


def read(door: Door, id_: str, properties: Any, inputs: Any) -> Any:
    """Ask for a read."""
    request = provider_pb2.ReadRequest(id=id_, urn=URN + "x", properties=properties, inputs=inputs)
    return door.stub.Read(request)


def test_a_read_follows_the_run_until_it_has_ended(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    secret = ("parameters", "files", 1, "b")
    inputs, made = door.up("x", struct(declared, secret))
    emulator.advance(RUN_SECONDS / 2)
    now = read(door, made.id, made.properties, inputs)
    assert (now.properties["status"], now.refresh_before_update) == ("RUNNING", True)
    emulator.advance(2 * RUN_SECONDS)
    now = read(door, made.id, now.properties, now.inputs)
    assert (now.properties["status"], now.refresh_before_update) == ("COMPLETED", False)
    assert received(now.properties).secrets == received(now.inputs).secrets == {secret}
    assert now.inputs == inputs


def test_a_read_of_a_run_that_a_killed_delete_may_have_ended_changes_nothing(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    """The diff that follows has to see that its end was not recorded: only then it is replaced."""
    inputs, made = door.up("x", struct(declared))
    emulator.aws.cancel_run(id=made.id)
    emulator.advance(2 * RUN_SECONDS)
    note = {"urn": URN + "x", "id": made.id, "outputs": received(made.properties).properties}
    door.stack.recorded = type(door.stack.recorded)(resources=(note,), deleting=(note,))
    now = read(door, made.id, made.properties, inputs)
    assert now.properties["status"] == "PENDING"
    request = provider_pb2.DiffRequest(
        id=made.id, urn=URN + "x", olds=now.properties, news=inputs, old_inputs=now.inputs
    )
    door_update = door.servicer._update
    door_update.engine = type(door_update.engine)(("pulumi", "up"))
    found = door.stub.Diff(request)
    assert list(found.replaces) == ["status"]
    # What the engine asks twice is told once.
    door.stub.Diff(request)
    assert len(door.told.messages) == 1

    # In a refresh no diff follows, and the note is gone after it.
    door_update.engine = type(door_update.engine)(("pulumi", "refresh"))
    assert read(door, made.id, made.properties, inputs).properties["status"] == "CANCELLED"


def test_a_read_by_id_alone_gives_inputs_for_an_import(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    _, made = door.up("x", struct(declared))
    now = read(door, made.id, struct_pb2.Struct(), struct_pb2.Struct())
    assert now.id == made.id
    told = failure(lambda: read(door, "9999999", struct_pb2.Struct(), struct_pb2.Struct()))
    assert "there is no run 9999999" in told.message


# Update and Delete ---------------------------------------------------------------------------


def test_update_changes_tags_alone(door: Door, emulator: Emulator, declared: Inputs) -> None:
    inputs, made = door.up("x", struct(declared))
    news = door.check("x", struct({**declared, "tags": {"a": "b"}}), olds=inputs).inputs
    request = provider_pb2.UpdateRequest(
        id=made.id, urn=URN + "x", olds=made.properties, news=news, old_inputs=inputs
    )
    preview = provider_pb2.UpdateRequest()
    preview.CopyFrom(request)
    preview.preview = True
    assert emulator.since(lambda: door.stub.Update(preview)) == []
    answer: list[Any] = []
    calls = emulator.since(lambda: answer.append(door.stub.Update(request)))
    assert calls == ["GetRun", "TagResource", "UntagResource"]
    assert received(answer[0].properties).properties["tags"] == {"a": "b"}
    live = (emulator.run(made.id) or {})["tags"]
    assert {key: live[key] for key in live if not key.startswith("omics-provider:")} == {"a": "b"}


def test_delete_ends_the_run(door: Door, emulator: Emulator, declared: Inputs) -> None:
    _, made = door.up("x", struct(declared))
    request = provider_pb2.DeleteRequest(id=made.id, urn=URN + "x", properties=made.properties)
    door.stub.Delete(request)
    assert emulator.run(made.id) is None
    door.stub.Delete(request)


def test_a_delete_that_takes_too_long_says_so_and_goes_on_later(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    stuck = {"emulator:freezes": "yes", "emulator:stopping": "50000"}
    _, made = door.up("x", struct({**declared, "tags": stuck}))
    request = provider_pb2.DeleteRequest(
        id=made.id, urn=URN + "x", properties=made.properties, timeout=3.0
    )
    told = failure(lambda: door.stub.Delete(request))
    assert f"Delete for run x failed: run {made.id} is still STOPPING 3 s after" in told.message
    assert told.recorded is None


# The provider itself -------------------------------------------------------------------------


def test_a_provider_of_a_program_is_configured_by_its_own_inputs(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    door.configure(endpoint="local", region="eu-west-1", localState=emulator.state)
    ready = {"workflowId": "9500764", "workflowType": "READY2RUN", "parameters": {}}
    emulator.settings(parameterCheck="off")
    _, made = door.up("x", struct({**declared, **ready}))
    assert ":eu-west-1:" in made.properties["arn"]


def test_a_setting_that_is_wrong_fails_the_check_of_the_configuration(door: Door) -> None:
    request = provider_pb2.CheckRequest(
        urn="urn:pulumi:dev::lab::pulumi:providers:omics::default",
        news=struct({"localRunSeconds": "soon"}),
    )
    (failed,) = door.stub.CheckConfig(request).failures
    assert "omics:localRunSeconds is not a number of seconds" in failed.reason
    told = failure(lambda: door.configure(localRunSeconds="soon"))
    assert "omics:localRunSeconds is not a number of seconds" in told.message
    assert "Traceback" not in told.message


def test_execution_at_the_endpoint_local_is_configured(
    door: Door, emulator: Emulator, declared: Inputs
) -> None:
    given = {"endpoint": "local", "localExecute": True, "localImages": '{"*": "/"}'}
    request = provider_pb2.CheckRequest(
        urn="urn:pulumi:dev::lab::pulumi:providers:omics::default", news=struct(given)
    )
    assert not door.stub.CheckConfig(request).failures
    told = failure(lambda: door.configure(localExecute="yes"))
    assert "omics:localExecute is neither true nor false" in told.message
    place = {"endpoint": "local", "region": "us-east-1", "localState": emulator.state}
    door.configure(**place, localExecute="true", localImages="nowhere/images.json")
    told = failure(lambda: door.up("x", struct(declared)))
    assert "omics:localImages or omics:localBuckets can't be used" in told.message
    assert "nowhere/images.json" in told.message
    assert "Traceback" not in told.message


def test_the_server_listens_on_the_loopback_interface_alone(door: Door) -> None:
    addresses = {
        each.laddr.ip.removeprefix("::ffff:")
        for each in psutil.Process().net_connections("tcp")
        if each.status == psutil.CONN_LISTEN and each.laddr.port == door.port
    }
    assert addresses == {"127.0.0.1"}


def test_the_process_ends_when_the_engine_says_that_it_is_done() -> None:
    child = children.python("-m", "omics_provider.native", "127.0.0.1:9")
    port = child.line("the provider's port")
    assert port.isdigit()
    child.process.send_signal(2)
    assert child.process.wait(60) == 0
    assert child.rest() == []
