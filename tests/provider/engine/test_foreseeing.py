"""What a preview tells of an interrupted update, apart from the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from omics_provider.base import errors, keys
from omics_provider.base.values import UNKNOWN
from omics_provider.engine import records
from omics_provider.engine.call import Call
from omics_provider.engine.process import Engine
from omics_provider.engine.state import StackState
from omics_provider.engine.update import Update
from omics_provider.runs import interrupted
from omics_provider.runs.interrupted import LeftBehind

FAILED = StackState(failing_since="2026-11-20T10:00:00Z")
INPUTS = {keys.STACK: "organization/trial/dev", keys.ATTEMPT: "a1", "name": "NA12878"}


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        ("preview --json --stack dev", True),
        ("--non-interactive preview", True),
        ("pre", True),
        ("-s up preview", True),
        ("up --yes --stack preview", False),
        ("up --yes", False),
        ("update", False),
        ("refresh --preview-only", False),
        # What is in a plan, the update has to hold to.
        ("preview --save-plan plan.json", False),
        ("preview --save-plan=plan.json", False),
    ],
)
def test_it_is_asked_in_a_preview_alone(command: str, asked: bool) -> None:
    assert Engine(("/usr/bin/pulumi", *command.split())).is_plain_preview is asked


@pytest.fixture
def told() -> list[str]:
    """What is shown beside the resource."""
    return []


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch, told: list[str]) -> Callable[..., dict[str, Any]]:
    """Give what a preview notes where the stack records `state` and `look` finds what it does."""
    urn = "urn:pulumi:dev::trial::omics:Run::NA12878"
    call = Call(Update(), urn=urn, warn=told.append)

    def _noted(state: StackState | None, look: Any, **more: Any) -> dict[str, Any]:
        monkeypatch.setattr(records, "readable", lambda _, __: state)
        monkeypatch.setattr(records, "read", lambda _, __, secrets: state)
        monkeypatch.setattr(interrupted, "look", look)
        start: Any = lambda _: None  # noqa: E731
        return interrupted.note(call, {**INPUTS, **more}, start)

    return _noted


def never(*_: Any) -> Any:
    raise AssertionError("the service was asked")


def test_the_service_is_asked_only_after_an_interruption(
    noted: Callable[..., dict[str, Any]], told: list[str]
) -> None:
    assert noted(StackState(), never) == {}
    assert noted(None, never) == {}
    # Inputs that are not known yet can't be compared.
    assert noted(FAILED, never, workflowId=UNKNOWN) == {}
    assert told == []


def test_what_was_left_is_noted_and_told(
    noted: Callable[..., dict[str, Any]], told: list[str]
) -> None:
    runs = (
        LeftBehind({"id": "1000001", "status": "RUNNING"}, {}, "t1", fits=True),
        LeftBehind({"id": "1000002", "status": "PENDING"}, {}, "t2", fits=False),
    )
    assert noted(FAILED, lambda *_: runs) == {
        keys.LEFT: [
            {"id": "1000001", "status": "RUNNING", "fits": True},
            {"id": "1000002", "status": "PENDING", "fits": False},
        ]
    }
    (words,) = told
    assert "started run 1000001 (RUNNING)" in words
    assert "takes it, and starts nothing" in words
    assert "1000002 (PENDING)" in words
    assert "ends it as a delete does" in words
    assert noted(FAILED, lambda *_: ()) == {}


def test_a_look_that_is_refused_is_told_and_does_not_fail_the_preview(
    noted: Callable[..., dict[str, Any]], told: list[str]
) -> None:
    def refused(*_: Any) -> Any:
        raise errors.OmicsError("ListRuns", "AccessDeniedException: no right")

    assert noted(FAILED, refused) == {}
    (words,) = told
    assert (
        "could not look up whether that update started this run: AccessDeniedException: no right"
        in words
    )


@pytest.mark.parametrize("kind", [errors.CredentialsError, errors.SettingsError, errors.NotSent])
def test_where_no_request_leaves_this_machine_a_failed_update_leaves_no_doubt(
    noted: Callable[..., dict[str, Any]], told: list[str], kind: type[errors.OmicsError]
) -> None:
    """It failed of the same, most likely, and nothing that it noted is left."""

    def refused(*_: Any) -> Any:
        raise kind("ListRuns", "Unable to locate credentials")

    assert noted(FAILED, refused) == {}
    assert told == []


@pytest.mark.parametrize("kind", [errors.CredentialsError, errors.SettingsError, errors.NotSent])
def test_where_no_request_leaves_this_machine_a_noted_start_stays_in_doubt(
    noted: Callable[..., dict[str, Any]], told: list[str], kind: type[errors.OmicsError]
) -> None:
    def refused(*_: Any) -> Any:
        raise kind("ListRuns", "Unable to locate credentials")

    urn = "urn:pulumi:dev::trial::omics:Run::NA12878"
    killed = {"urn": urn, "inputs": {keys.ATTEMPT: "earlier"}}
    assert noted(StackState(creating=(killed,)), refused) == {}
    (words,) = told
    assert (
        "could not look up whether that update started this run: Unable to locate credentials"
        in words
    )
