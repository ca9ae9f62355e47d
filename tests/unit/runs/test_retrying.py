"""Attempts that a wait starts: their names, when one follows, which of them stands."""

from __future__ import annotations

from typing import Any

import pytest

from omics_provider.base.identity import Mark, is_retry, retry_number, retry_token, start_token
from omics_provider.runs.rules import lifecycle
from omics_provider.runs.rules import words as facts
from omics_provider.runs.rules.lifecycle import (
    Standing,
    may_have_successors,
    retry_wanted,
    standing,
)
from omics_provider.waits.rules import progress
from omics_provider.waits.rules.targets import Declared, Target

RETRY = {"retry": {"attempts": 3}}
PINNED = "c1c1ff3b1e8a0589c49bffcab96509b39e8724c0-retry-2"


def run(number: int, status: str = "FAILED", code: str | None = "SERVICE_ERROR") -> dict[str, Any]:
    return {"id": f"{number}", "uuid": f"uuid-{number}", "status": status, "failureReason": code}


# Names -----------------------------------------------------------------------------------------


def test_an_attempt_is_named_by_the_recorded_run_and_its_number() -> None:
    token = retry_token("uuid-1", 2)
    assert token == retry_token("uuid-1", 2)
    assert token not in (retry_token("uuid-1", 3), retry_token("uuid-2", 2))
    assert [retry_number(retry_token("uuid-1", n), "uuid-1") for n in (2, 10)] == [2, 10]
    assert retry_number(token, "uuid-2") is None
    assert retry_number(token + "x", "uuid-1") is None
    assert len(token) <= 128
    assert is_retry(token)
    assert not is_retry(start_token("o/p/s", "urn", "attempt"))


def test_it_is_the_same_in_every_release() -> None:
    assert retry_token("uuid-1", 2) == PINNED


def test_the_mark_carries_it() -> None:
    mark = Mark.of("o/p/s", "urn", retry_token("uuid-1", 2))
    assert Mark.on({"tags": mark.tags("o/p/s")}) == mark


# When one follows ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recorded", "inputs", "expected"),
    [
        (run(1), RETRY, True),
        ({**run(1), "attempts": 2}, RETRY, True),
        ({**run(1), "attempts": 3}, RETRY, False),
        (run(1, code="RUN_TASK_FAILED"), RETRY, False),
        (run(1, code=None), RETRY, False),
        (run(1, "CANCELLED"), RETRY, False),
        (run(1, "DELETED"), RETRY, False),
        (run(1, "RUNNING"), RETRY, False),
        (run(1), {}, False),
        # That rule is a matter of the next update.
        (run(1), {"rerunOn": ["FAILED"]}, False),
        (run(1), {"retry": {"attempts": 3, "on": ["INSTANCE_RESERVATION_FAILED"]}}, False),
        (run(1), {"retry": {"attempts": 1}}, False),
    ],
)
def test_only_retry_gives_another_attempt(
    recorded: dict[str, Any], inputs: dict[str, Any], expected: bool
) -> None:
    assert retry_wanted(recorded, inputs) is expected
    target = Target("S", recorded["id"], recorded["uuid"], recorded)
    assert target.wants_retry(None) is False
    declared = Target("S", "1", "uuid-1", recorded, Declared("urn", inputs, "uuid-1"))
    assert declared.wants_retry(None) is expected


def test_the_end_that_is_seen_counts_and_not_the_recorded_state() -> None:
    target = Target("S", "1", "uuid-1", {"status": "PENDING"}, Declared("urn", RETRY, "uuid-1"))
    assert not target.wants_retry(None)
    assert target.wants_retry(run(1))
    assert not target.wants_retry(run(1, "COMPLETED", None))


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        ({**run(1), **RETRY}, True),
        ({**run(1, "DELETED", None), **RETRY}, True),
        ({**run(1, code="RUN_TASK_FAILED"), **RETRY}, False),
        ({**run(1, "COMPLETED", None), **RETRY}, False),
        ({**run(1, "RUNNING", None), **RETRY}, False),
        (run(1), False),
    ],
)
def test_where_successors_are_looked_for(recorded: dict[str, Any], expected: bool) -> None:
    assert may_have_successors(recorded) is expected


# The next attempt, as it is waited for ---------------------------------------------------------


def test_a_successor_is_waited_for_in_its_place_and_tells_the_whole_chain() -> None:
    first = Target("S", "1", "uuid-1", {"status": "PENDING"}, Declared("urn", RETRY, "uuid-1"))
    second = first.successor(run(1), {**run(2, "PENDING", None), "runOutputUri": "s3://r/2"})
    third = second.successor(run(2), run(3, "PENDING", None))

    assert (first.next_number, second.next_number) == (2, 3)
    assert third.name == "S"
    told = third.ended_as(run(3, "COMPLETED", None))
    assert (told["id"], told["status"], told["attempts"]) == ("3", "COMPLETED", 3)
    assert [each["uuid"] for each in told["earlier_attempts"]] == ["uuid-1", "uuid-2"]
    assert third.declared == first.declared
    assert second.ended_as(None)["run_output_uri"] == "s3://r/2"
    assert "attempt 2 of 3" in progress.retried(first, run(1), second).lower()
    assert progress.earlier({"S": told, "T": first.ended_as(run(1))}) == [
        "Run S was attempt 3; earlier ones: 1 SERVICE_ERROR, 2 SERVICE_ERROR."
    ]


def test_no_input_shows_where_a_target_is_printed() -> None:
    assert "hidden" not in repr(Declared("urn", {"parameters": "hidden"}, "uuid-1"))


# Which attempt stands --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("successors", "taken", "number", "earlier"),
    [
        ([], None, 2, ["1"]),
        ([(2, run(2, "RUNNING", None))], "2", 2, ["1"]),
        ([(2, run(2, "COMPLETED", None))], "2", 2, ["1"]),
        ([(2, run(2))], None, 3, ["1", "2"]),
        ([(2, run(2)), (3, run(3, "RUNNING", None))], "3", 3, ["1", "2"]),
        # All attempts are used up: the last one stands as it ended.
        ([(2, run(2)), (3, run(3))], "3", 3, ["1", "2"]),
        ([(2, run(2, code="RUN_TASK_FAILED"))], "2", 2, ["1"]),
        # Whoever cancelled it does not want it to be paid for again.
        ([(2, run(2, "CANCELLED", None))], "2", 2, ["1"]),
        # The one between has been deleted by hand: it counts all the same.
        ([(3, run(3, "RUNNING", None))], "3", 3, ["1"]),
    ],
)
def test_the_attempt_that_stands(
    successors: list[tuple[int, dict[str, Any]]],
    taken: str | None,
    number: int,
    earlier: list[str],
) -> None:
    note, live = standing("1", run(1), RETRY, successors)
    assert (live and live["id"]) == taken
    assert note["attempts"] == number
    assert [each["id"] for each in note["earlierAttempts"]] == earlier


def test_what_a_preview_says_of_it() -> None:
    new = Standing(lifecycle.next_attempt("1", run(1)), None)
    assert "A new run replaces it: attempt 2 of 3" in facts.outlook("1", run(1), RETRY, new)
    made = Standing(new.note, run(2, "RUNNING", None))
    words = facts.outlook("1", run(1), RETRY, made)
    assert "A wait has already started attempt 2, run 2 (RUNNING)" in words
    assert "starts nothing" in words


def test_an_end_is_explained_by_what_was_seen_or_else_recorded() -> None:
    stream = {"engineLogStream": "arn:aws:logs:x:1:log-group:g:log-stream:run/1/engine"}
    seen = Target("S", "1", "uuid-1", {"arn": "arn:1"}).end({**run(1), "logLocation": stream})
    assert seen.answer["logLocation"] == stream
    assert (seen.answer["name"], seen.answer["arn"]) == ("S", "arn:1")
    recorded = Target("S", "1", "uuid-1", {**run(1), "logLocation": stream}).end(None)
    assert recorded.answer["logLocation"] == stream
    assert recorded.facts["status"] == "FAILED"
