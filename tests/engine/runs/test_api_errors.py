"""StartRun's eight errors, each as a user meets it: what, which run, why, what next."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.harness import Stack, answering, declaration

#: By error code: how the emulator is made to answer so, and what the advice must name.
INJECTED = {
    "AccessDeniedException": ("denied", ("omics:StartRun", "iam:PassRole")),
    "ServiceQuotaExceededException": ("quota-402", ("quota", "retention_mode")),
    "InternalServerException": ("error-500", ("pulumi up", "again", "not started twice")),
    "RequestTimeoutException": ("timeout-408", ("pulumi up", "again", "not started twice")),
}


@pytest.mark.parametrize("code", INJECTED)
def test_an_error_that_lasts_is_told_and_the_next_up_goes_on(stack: Stack, code: str) -> None:
    fault, advice = INJECTED[code]
    stack.declare({"NA12878": declaration(parameters={"sample_name": "NA12878"})})
    stack.plan_faults({"operation": "StartRun", "fault": fault, "count": 1000})

    outcome = stack.up(expect=1)

    assert told(outcome.message, code, "NA12878", advice) == []
    assert stack.statuses() == {}
    # After a 500 nobody knows whether the run started: the state remembers the request.
    unknown = code in ("InternalServerException", "RequestTimeoutException")
    assert [each["id"].partition("-")[0] for each in stack.resources()] == (
        ["unconfirmed"] if unknown else []
    )
    stack.plan_faults()
    stack.up()
    assert stack.statuses().keys() == {stack.recorded()["id"]}
    stack.preview("--expect-no-changes")


def test_errors_that_pass_are_not_the_users_problem(stack: Stack) -> None:
    passing = ("throttle", "error-500", "timeout-408", "cut-before", "lost-answer", "late-500")
    samples = [f"sample-{number}" for number in range(len(passing))]
    stack.declare({sample: declaration(parameters={"sample_name": sample}) for sample in samples})
    stack.plan_faults(*({"operation": "StartRun", "fault": fault} for fault in passing))

    stack.up()

    # An answer that was lost is asked for again with the same request id: still one run each.
    assert len(stack.statuses()) == len(samples)
    assert {each["id"] for each in stack.resources()} == stack.statuses().keys()
    assert sorted(stack.live(sample)["parameters"]["sample_name"] for sample in samples) == samples


REAL: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "ResourceNotFoundException": (
        {"workflow_id": "1", "workflow_type": None},
        ("workflow_type", "Region"),
    ),
    "ValidationException": ({"role_arn": "arn:aws:iam::none"}, ("Correct",)),
}


@pytest.mark.parametrize("code", REAL)
def test_an_input_that_the_service_refuses_is_told_with_its_reason(stack: Stack, code: str) -> None:
    arguments, advice = REAL[code]
    stack.declare(**arguments)

    outcome, calls = stack.calls(lambda: stack.up(expect=1))

    assert told(outcome.message, code, "NA12878", advice) == []
    reason = {
        "ValidationException": "IAM role is invalid",
        "ResourceNotFoundException": "not found",
    }
    assert reason[code] in outcome.message
    assert calls == {"StartRun": 1}
    assert stack.statuses() == {}
    assert stack.resources() == []


def test_a_conflict_that_a_lost_answer_brings_about_is_not_the_users_problem(stack: Stack) -> None:
    stack.settings(requestId="conflict", requestIdMismatch="conflict")
    stack.declare()
    # The answer is lost; a repeat would be a conflict, but the run is found by its mark first.
    stack.plan_faults({"operation": "StartRun", "fault": "lost-answer"})

    stack.up()

    assert stack.counted()["StartRun"] == 1
    assert stack.statuses().keys() == {stack.recorded()["id"]}
    assert stack.recorded()["outputs"]["uuid"] == stack.live()["uuid"]
    stack.preview("--expect-no-changes")


def test_a_conflict_that_lasts_is_told(stack: Stack) -> None:
    stack.environment.update(AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY="x")
    stack.declare()
    with answering(409, "ConflictException", "Something stands against it") as (url, _):
        stack.configure(endpoint=url)
        outcome = stack.up(expect=1)
    words = ("Something stands against it",)
    assert told(outcome.message, "ConflictException", "NA12878", words) == []


def test_throttling_is_waited_out_and_told_where_it_lasts(stack: Stack) -> None:
    stack.declare()
    stack.plan_faults({"operation": "StartRun", "fault": "throttle", "count": 3})
    stack.up()
    assert stack.counted()["StartRun"] == 4

    stack.plan_faults({"operation": "GetRun", "fault": "throttle", "count": 1000})
    outcome = stack.refresh(expect=None)
    assert told(outcome.message, "ThrottlingException", "NA12878", ("GetRun", "again")) == []
    stack.plan_faults()
    stack.preview("--expect-no-changes")


@pytest.mark.parametrize("operation", ["CancelRun", "DeleteRun", "TagResource"])
def test_a_refused_call_on_a_run_names_the_missing_right(stack: Stack, operation: str) -> None:
    stack.declare()
    stack.up()
    before = stack.recorded()
    stack.plan_faults({"operation": operation, "fault": "denied", "count": 100})

    if operation == "TagResource":
        stack.declare(tags={"project": "trio"})
        outcome = stack.up(expect=1)
    else:
        outcome = stack.destroy(expect=1)

    assert told(outcome.message, "AccessDeniedException", "NA12878", (f"omics:{operation}",)) == []
    after = stack.recorded()
    assert (after["id"], after["outputs"]) == (before["id"], before["outputs"])
    stack.plan_faults()
    stack.destroy()
    assert stack.statuses() == {}


def told(message: str, code: str, run: str, advice: tuple[str, ...]) -> list[str]:
    """Give what a message fails to say, and what it must not."""
    wanted = (code, f"run {run}", *advice)
    wrong = ("Traceback", 'File "', "botocore")
    return [words for words in wanted if words not in message] + [
        f"not: {words}" for words in wrong if words in message
    ]
