"""The states of a run."""

import pytest

from omics_provider.base import status
from omics_provider.base.errors import RunError
from omics_provider.base.status import ACTIVE, ENDED, MOVES, RunStatus, status_of

S = RunStatus


def test_every_state_has_its_moves() -> None:
    assert set(MOVES) == set(RunStatus)


def test_active_and_ended_are_everything_and_share_nothing() -> None:
    assert set(RunStatus) == ACTIVE | ENDED
    assert not ACTIVE & ENDED


def test_the_named_sets() -> None:
    assert {S.PENDING, S.STARTING, S.RUNNING, S.STOPPING} == ACTIVE
    assert {S.FAILED, S.CANCELLED, S.DELETED} == status.UNSUCCESSFUL
    assert {S.PENDING, S.STARTING, S.RUNNING, S.STOPPING} == status.CANCELLABLE
    assert {S.COMPLETED, S.FAILED, S.CANCELLED} == status.DELETABLE
    assert not status.CANCELLABLE & status.DELETABLE


def test_no_way_leads_back() -> None:
    for start in RunStatus:
        seen: set[RunStatus] = set()
        edge = set(MOVES[start])
        while edge:
            seen |= edge
            edge = {later for state in edge for later in MOVES[state]} - seen
        assert start not in seen
        if start in ENDED:
            assert seen <= {S.DELETED}
        else:
            assert S.CANCELLED in seen


def test_every_run_can_complete_or_fail_from_where_it_starts() -> None:
    reached, edge = set(), {S.PENDING}
    while edge:
        reached |= edge
        edge = {later for state in edge for later in MOVES[state]} - reached
    assert reached == set(RunStatus)


@pytest.mark.parametrize("text", [str(state) for state in RunStatus])
def test_the_services_words(text: str) -> None:
    assert status_of(text) is RunStatus[text]


@pytest.mark.parametrize("text", ["", "running", "PAUSED"])
def test_a_state_that_is_not_known_is_told(text: str) -> None:
    with pytest.raises(RunError, match="does not know") as caught:
        status_of(text)
    assert "Upgrade omics-provider" in caught.value.advice
