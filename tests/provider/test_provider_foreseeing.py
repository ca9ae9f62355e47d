"""What a preview tells of an interrupted update, apart from the engine."""

from __future__ import annotations

from typing import Any

import pytest

from omics_provider.base import errors, keys
from omics_provider.base.values import UNKNOWN
from omics_provider.engine import own_state, process
from omics_provider.engine.state import StackState
from omics_provider.providers import _host
from omics_provider.runs import foreseeing, interrupted
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
def test_it_is_asked_in_a_preview_alone(
    monkeypatch: pytest.MonkeyPatch, command: str, asked: bool
) -> None:
    line = ("/usr/bin/pulumi", *command.split())
    monkeypatch.setattr(process, "command", lambda: line)
    assert foreseeing.is_asked() is asked


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is shown beside the resource."""
    found: list[str] = []
    monkeypatch.setattr(_host, "warn", found.append)
    monkeypatch.setattr(_host, "urn", lambda: "urn:pulumi:dev::trial::omics:Run::NA12878")
    return found


def noted(
    monkeypatch: pytest.MonkeyPatch, state: StackState | None, look: Any, **more: Any
) -> dict[str, Any]:
    monkeypatch.setattr(own_state, "readable", lambda _: state)
    monkeypatch.setattr(own_state, "read", lambda _, secrets: state)
    monkeypatch.setattr(interrupted, "look", look)
    made: Any = lambda _: None  # noqa: E731
    return foreseeing.note({**INPUTS, **more}, made)


def never(*_: Any) -> Any:
    raise AssertionError("the service was asked")


def test_the_service_is_asked_only_after_an_interruption(
    monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    assert noted(monkeypatch, StackState(), never) == {}
    assert noted(monkeypatch, None, never) == {}
    # Inputs that are not known yet can't be compared.
    assert noted(monkeypatch, FAILED, never, workflowId=UNKNOWN) == {}
    assert told == []


def test_what_was_left_is_noted_and_told(monkeypatch: pytest.MonkeyPatch, told: list[str]) -> None:
    runs = (
        LeftBehind({"id": "1000001", "status": "RUNNING"}, {}, "t1", fits=True),
        LeftBehind({"id": "1000002", "status": "PENDING"}, {}, "t2", fits=False),
    )
    assert noted(monkeypatch, FAILED, lambda *_: runs) == {
        keys.LEFT: [
            {"id": "1000001", "status": "RUNNING", "fits": True},
            {"id": "1000002", "status": "PENDING", "fits": False},
        ]
    }
    (words,) = told
    assert "started run 1000001 (RUNNING)" in words
    assert "takes it, and starts nothing" in words
    assert "1000002 (PENDING)" in words
    assert "ends it as on_delete says" in words
    assert noted(monkeypatch, FAILED, lambda *_: ()) == {}


def test_a_look_that_is_refused_is_told_and_does_not_fail_the_preview(
    monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    def refused(*_: Any) -> Any:
        raise errors.OmicsError("ListRuns", "AccessDeniedException: no right")

    assert noted(monkeypatch, FAILED, refused) == {}
    (words,) = told
    assert "could not be looked up: AccessDeniedException: no right" in words
