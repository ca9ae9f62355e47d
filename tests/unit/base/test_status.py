"""The states of a run."""

import pytest

from omics_provider.base import status
from omics_provider.base.errors import RunError
from omics_provider.base.status import ACTIVE, ENDED, RunStatus, status_of

S = RunStatus


def test_active_and_ended_are_everything_and_share_nothing() -> None:
    assert set(RunStatus) == ACTIVE | ENDED
    assert not ACTIVE & ENDED
    assert set(status.LIFE) == ACTIVE


def test_the_named_sets() -> None:
    assert {S.PENDING, S.STARTING, S.RUNNING, S.STOPPING} == ACTIVE
    assert {S.FAILED, S.CANCELLED, S.DELETED} == status.UNSUCCESSFUL
    assert {S.PENDING, S.STARTING, S.RUNNING, S.STOPPING} == status.CANCELLABLE
    assert {S.COMPLETED, S.FAILED, S.CANCELLED} == status.DELETABLE
    assert not status.CANCELLABLE & status.DELETABLE


@pytest.mark.parametrize("text", [str(state) for state in RunStatus])
def test_the_services_words(text: str) -> None:
    assert status_of(text) is RunStatus[text]


@pytest.mark.parametrize("text", ["", "running", "PAUSED"])
def test_a_state_that_is_not_known_is_told(text: str) -> None:
    with pytest.raises(RunError, match="does not know") as caught:
        status_of(text)
    assert "Upgrade omics-provider" in caught.value.advice
