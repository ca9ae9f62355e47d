"""What becomes of a run that is replaced or removed, as a preview can tell it."""

from __future__ import annotations

from enum import StrEnum

from omics_provider.base.status import ACTIVE, RunStatus
from omics_provider.runs.rules.lifecycle import Step, delete_step

from .plan import OldRun


class Fate(StrEnum):
    """What an update does to a run that is replaced or removed."""

    CANCELLED = "cancelled"
    DELETED = "record deleted"
    KEPT = "kept"
    GONE = "gone"


def fate(old: OldRun, status: RunStatus | None) -> Fate:
    """Return what becomes of a run in this state; None where its record is gone."""
    if status is None or status is RunStatus.DELETED:
        return Fate.GONE
    step = delete_step(old.on_delete, status, cancelled=False)
    if step is Step.CANCEL:
        return Fate.CANCELLED
    return Fate.DELETED if step is Step.DELETE_RECORD else Fate.KEPT


def may_have_moved(old: OldRun) -> bool:
    """Tell whether only the service knows how the run is; of one that ended, that is its record."""
    return not old.gone and old.status not in set(RunStatus) - set(ACTIVE)
