"""Errors of the service, as a user meets them: what, which run, why, what next.

Each exception by itself, and its words: tests/provider. What only the engine shows is here: what an
error leaves in the state, and that the next command goes on from there.
"""

from __future__ import annotations

from tests.engine.harness import ACTIVE, Outcome, Stack, declaration, kept

LASTS = 1000


def refuse(stack: Stack, operation: str, fault: str, count: int = LASTS) -> None:
    """Let every call of the operation fail from now on."""
    stack.plan_faults({"operation": operation, "fault": fault, "count": count})


def test_an_error_that_lasts_is_told_and_the_next_command_goes_on(stack: Stack) -> None:
    # Inputs that the service refuses: its reason is told, and nothing is kept.
    stack.declare(
        {
            "unknown": declaration(workflow_id="1", workflow_type=None),
            "invalid": declaration(role_arn="arn:aws:iam::none"),
        }
    )
    outcome, calls = stack.calls(lambda: stack.up("--continue-on-error", expect=1))
    assert calls == {"StartRun": 2}
    tells(
        outcome,
        "ResourceNotFoundException",
        "unknown",
        "not found",
        "type of the workflow",
        "Region",
    )
    tells(outcome, "ValidationException", "invalid", "IAM role is invalid", "Correct")
    assert (stack.statuses(), stack.resources()) == ({}, [])

    # A refusal is clear: nothing has started, nothing is kept.
    stack.declare()
    refuse(stack, "StartRun", "denied")
    outcome = stack.up(expect=1)
    tells(outcome, "AccessDeniedException", "NA12878", "omics:StartRun", "iam:PassRole")
    assert (stack.statuses(), stack.resources()) == ({}, [])

    # After a 500 nobody knows whether the run started: the state remembers the request.
    refuse(stack, "StartRun", "error-500")
    outcome = stack.up(expect=1)
    tells(
        outcome,
        "InternalServerException",
        "NA12878",
        "pulumi up",
        "again",
        "does not start the same request twice",
    )
    assert stack.statuses() == {}
    assert stack.recorded()["id"].startswith("unconfirmed-")

    # Throttling is waited out.
    refuse(stack, "StartRun", "throttle", count=3)
    _, calls = stack.calls(stack.up)
    assert calls["StartRun"] == 4
    assert stack.statuses().keys() == {stack.recorded()["id"]}

    # Where it lasts, it is told.
    refuse(stack, "GetRun", "throttle")
    tells(stack.refresh(expect=None), "ThrottlingException", "NA12878", "GetRun", "again")
    stack.plan_faults()
    stack.preview("--expect-no-changes")


def test_a_refused_call_on_a_run_names_the_missing_right_and_keeps_the_run(stack: Stack) -> None:
    stack.declare()
    stack.up()
    before = kept(stack)

    def denied(operation: str, outcome: Outcome) -> None:
        tells(outcome, "AccessDeniedException", "NA12878", f"omics:{operation}")
        (_, _, old), (_, _, new) = before["NA12878"], kept(stack)["NA12878"]
        assert new == old, operation

    refuse(stack, "TagResource", "denied")
    stack.declare(tags={**ACTIVE, "project": "trio"})
    denied("TagResource", stack.up(expect=1))
    refuse(stack, "CancelRun", "denied")
    denied("CancelRun", stack.destroy(expect=1))
    assert set(stack.statuses().values()) <= {"PENDING", "STARTING", "RUNNING"}
    refuse(stack, "DeleteRun", "denied")
    denied("DeleteRun", stack.destroy(expect=1))
    assert set(stack.statuses().values()) == {"CANCELLED"}

    stack.plan_faults()
    stack.destroy()
    assert (stack.statuses(), stack.resources()) == ({}, [])


def test_errors_that_pass_are_not_the_users_problem(stack: Stack) -> None:
    # A repeat with the same request id would be a conflict.
    stack.settings(requestId="conflict", requestIdMismatch="conflict")
    refused = ("throttle", "error-500", "timeout-408", "cut-before")
    took_effect = ("lost-answer", "late-500")
    passing = (*refused, *took_effect)
    samples = [f"sample-{number}" for number in range(len(passing))]
    stack.declare({sample: declaration(parameters={"sample_name": sample}) for sample in samples})
    stack.plan_faults(*({"operation": "StartRun", "fault": fault} for fault in passing))

    _, calls = stack.calls(stack.up)

    # A run whose answer was lost is found by its mark, and not asked for again: one run each.
    assert calls["StartRun"] == len(samples) + len(refused)
    assert len(stack.statuses()) == len(samples)
    assert {each["id"] for each in stack.resources()} == stack.statuses().keys()
    for sample in samples:
        live = stack.live(sample)
        assert live["parameters"]["sample_name"] == sample
        assert stack.recorded(sample)["outputs"]["uuid"] == live["uuid"]
    stack.preview("--expect-no-changes")


def tells(outcome: Outcome, code: str, run: str, *advice: str) -> None:
    """Hold what a command wrote to what it has to say of a run's failure, and must not."""
    message = outcome.message
    for words in (code, f"run {run}", *advice):
        assert words in message, f"{words!r} is missing in\n{outcome.text}"
    for words in ("Traceback", 'File "', "botocore"):
        assert words not in message, f"{words!r} is in\n{outcome.text}"
