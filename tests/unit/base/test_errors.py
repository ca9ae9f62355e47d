"""How an error reads, and what is told of ended runs."""

import inspect
from typing import Any

import pytest

from omics_provider.base import errors
from omics_provider.base.errors import OmicsError
from omics_provider.runs.rules import words


@pytest.mark.parametrize(
    ("error", "which", "text"),
    [
        (
            errors.Denied(
                "StartRun", "not authorized", advice="Ask.", code="AccessDeniedException"
            ),
            "run NA12878",
            "StartRun for run NA12878 failed: AccessDeniedException: not authorized.\nAsk.",
        ),
        (OmicsError("GetRun", "no answer"), "", "GetRun failed: no answer."),
        (OmicsError("GetRun", "no answer."), "", "GetRun failed: no answer."),
        (OmicsError("GetRun", "no answer", advice="Wait."), "", "GetRun failed: no answer.\nWait."),
    ],
)
def test_what_which_why_and_what_next(error: OmicsError, which: str, text: str) -> None:
    assert error.about(which) == text


def test_an_error_prints_as_its_sentence() -> None:
    error = errors.NotFound("GetRun", "Run 1 not found", code="ResourceNotFoundException")
    assert str(error) == "GetRun failed: ResourceNotFoundException: Run 1 not found."
    assert (error.operation, error.code) == ("GetRun", "ResourceNotFoundException")


def tree(kind: type, depth: int = 0) -> dict[str, int]:
    found = {kind.__name__: depth}
    for child in kind.__subclasses__():
        found |= tree(child, depth + 1)
    return found


def test_the_docstring_draws_the_whole_tree() -> None:
    drawn = {}
    for line in inspect.getdoc(errors).split("\n"):  # type: ignore[union-attr]
        name = line.lstrip(" │├└─").split(" ")[0]
        if name and inspect.isclass(getattr(errors, name, None)):
            drawn[name] = (len(line) - len(line.lstrip(" │├└─"))) // 4
    least = min(drawn.values())
    assert {name: depth - least for name, depth in drawn.items()} == tree(OmicsError)


KINDS = [
    kind for name, kind in vars(errors).items() if inspect.isclass(kind) and name != "Unconfirmed"
]


@pytest.mark.parametrize("kind", KINDS)
def test_after_which_errors_a_run_may_have_started(kind: type[OmicsError]) -> None:
    unknown = {errors.Unreachable, errors.NotAws, errors.TimedOut, errors.ServiceFault}
    assert errors.outcome_unknown(kind("StartRun", "x")) is (kind in unknown)


def test_an_unconfirmed_start_says_what_came_last() -> None:
    last = errors.ServiceFault("StartRun", "failed", code="InternalServerException", advice="Wait.")
    error = errors.Unconfirmed(last)
    assert error.cause is last
    assert str(error) == str(last)


LIVE: dict[str, Any] = {
    "id": "1",
    "status": "FAILED",
    "runOutputUri": "s3://b/1",
    "failureReason": "RUN_TASK_FAILED",
    "statusMessage": "task 7 exited with 137",
    "parameters": {"secret": "x"},
}


def test_the_facts_of_an_ended_run() -> None:
    assert words.of_ended(LIVE) == {
        "id": "1",
        "status": "FAILED",
        "run_output_uri": "s3://b/1",
        "start_time": None,
        "stop_time": None,
        "status_message": "task 7 exited with 137",
        "failure_reason": "RUN_TASK_FAILED",
    }


def test_the_facts_of_a_run_that_is_gone_have_the_same_names() -> None:
    gone = words.of_gone("1")
    assert gone.keys() == words.of_ended(LIVE).keys()
    assert {name: value for name, value in gone.items() if value is not None} == {
        "id": "1",
        "status": "DELETED",
    }


@pytest.mark.parametrize(
    ("run", "text"),
    [
        (LIVE, "Run x (1) ended FAILED: RUN_TASK_FAILED: task 7 exited with 137."),
        ({"id": "1", "status": "CANCELLED"}, "Run x (1) ended CANCELLED: no reason given."),
    ],
)
def test_a_sentence_on_a_run_that_did_not_complete(run: dict[str, Any], text: str) -> None:
    assert words.sentence("x", words.of_ended(run)) == text


def test_a_sentence_on_a_run_that_is_gone() -> None:
    assert "its record is gone" in words.sentence("x", words.of_gone("1"))
