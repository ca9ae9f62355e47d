"""What becomes of a recorded run: every combination of recorded, declared and seen has its row."""

from __future__ import annotations

import itertools

import pytest

from omics_provider.runs.rules.lifecycle import Fate
from omics_provider.runs.rules.verdict import Decision, Evidence, Left, Verdict, decide

SAME, UPDATE, REPLACE = Verdict.SAME, Verdict.UPDATE, Verdict.REPLACE
ALL = [
    Evidence(*each)
    for each in itertools.product(
        (False, True),
        ((), ("workflowId",), ("parameters", "workflowId")),
        ((), ("tags",), ("onDelete", "tags")),
        (False, True),
        Left,
        (None, *Fate),
        (False, True),
    )
]


def expected(evidence: Evidence) -> Decision:
    """Say it anew, from the end of the table to its start: what is above wins."""
    shown = bool(evidence.updates)
    found = Decision(UPDATE, (), False) if evidence.renamed else Decision(SAME)
    if shown:
        found = Decision(UPDATE)
    if evidence.torn is Fate.REPLACE:
        found = Decision(REPLACE, ("status",), False)
    if evidence.left is Left.UNFIT:
        found = Decision(UPDATE, (), shown)
    if evidence.left is Left.FITS:
        found = Decision(REPLACE, ("startUnconfirmed",), shown)
    if evidence.next_attempt:
        found = Decision(REPLACE, ("status",), False)
    if evidence.replaces:
        found = Decision(REPLACE, evidence.replaces, True)
    if evidence.placeholder:
        found = Decision(REPLACE, ("startUnconfirmed",), False)
    return found


@pytest.mark.parametrize("evidence", ALL)
def test_every_combination_has_its_verdict(evidence: Evidence) -> None:
    assert decide(evidence) == expected(evidence)


@pytest.mark.parametrize("evidence", ALL)
def test_a_run_is_replaced_for_a_reason_that_is_told(evidence: Evidence) -> None:
    decision = decide(evidence)
    assert bool(decision.reasons) is (decision.verdict is REPLACE)


def test_nothing_new_starts_where_nothing_is_declared_or_seen() -> None:
    """No run is started for a change in place, nor for a run of which nothing more is known."""
    quiet = [e for e in ALL if not (e.placeholder or e.replaces or e.next_attempt)]
    for evidence in quiet:
        starts = decide(evidence).verdict is REPLACE
        assert starts is (
            evidence.left is Left.FITS
            or (evidence.left is Left.NOTHING and evidence.torn is Fate.REPLACE)
        )


def test_a_noted_delete_of_a_run_that_is_at_work_replaces_nothing() -> None:
    for fate in (Fate.KEEP, Fate.UNSURE):
        assert decide(Evidence(torn=fate)).verdict is SAME
