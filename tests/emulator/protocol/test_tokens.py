import pytest

from tests.emulator.runs.test_runs import refused


def test_the_same_request_is_one_run(omics, start):
    first = start(requestId="a")
    second = start(requestId="a")
    first.pop("ResponseMetadata")
    second.pop("ResponseMetadata")
    assert first == second
    assert len(omics.list_runs()["items"]) == 1


def test_the_first_answer_comes_even_after_the_run_is_gone(world, omics, start):
    first = start(requestId="a")
    world.advance(10)
    omics.delete_run(id=first["id"])
    assert start(requestId="a")["uuid"] == first["uuid"]
    assert omics.list_runs()["items"] == []


def test_a_repeat_can_be_a_conflict(world, omics, start):
    world.settings(requestId="conflict")
    start(requestId="a")
    refused("ConflictException", start, requestId="a")
    assert len(omics.list_runs()["items"]) == 1


def test_a_token_can_be_forgotten_after_a_time(world, start):
    world.settings(requestId="forget", requestIdSeconds=60)
    first = start(requestId="a")
    world.advance(59)
    assert start(requestId="a")["uuid"] == first["uuid"]
    world.advance(1)
    assert start(requestId="a")["uuid"] != first["uuid"]


def test_a_token_can_be_forgotten_at_once(world, start):
    world.settings(requestId="forget")
    assert start(requestId="a")["uuid"] != start(requestId="a")["uuid"]


@pytest.mark.parametrize(
    ("setting", "code"), [("validation", "ValidationException"), ("conflict", "ConflictException")]
)
def test_the_same_token_with_other_inputs_is_refused(world, start, setting, code):
    world.settings(requestIdMismatch=setting)
    start(requestId="a", parameters={"a": 1})
    refused(code, start, requestId="a", parameters={"a": 2})


def test_the_same_token_with_other_inputs_can_replay(world, start):
    world.settings(requestIdMismatch="replay")
    first = start(requestId="a", parameters={"a": 1})
    assert start(requestId="a", parameters={"a": 2})["uuid"] == first["uuid"]


def test_a_refused_request_does_not_use_up_its_token(start):
    refused("ValidationException", start, requestId="a", outputUri="nowhere")
    assert start(requestId="a")["status"] == "PENDING"
