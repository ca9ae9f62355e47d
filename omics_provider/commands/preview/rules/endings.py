"""What becomes of a run that is replaced or removed, as a preview can tell it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from omics_provider.base.status import ACTIVE, RunStatus
from omics_provider.runs.rules.lifecycle import Step, delete_step

from .plan import OldRun


class Fate(StrEnum):
    """What an update does to a run that is replaced or removed."""

    CANCELLED = "cancelled"
    DELETED = "record deleted"
    KEPT = "kept"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Seen:
    """A run as the service tells it; `status` is None where its record is gone.

    `words` are what is shown of its state; `hours` are whole ones since its start.
    """

    status: RunStatus | None
    words: str
    hours: int | None = None


class Ending(NamedTuple):
    """What becomes of an old run. `is_sure` is no where its state now is not known."""

    fate: Fate
    words: str
    is_sure: bool = True


def as_recorded(olds: Iterable[OldRun]) -> dict[str, Seen]:
    """Return the runs whose recorded end can't change any more."""
    return {
        old.id: Seen(None, "its record is gone")
        if old.gone
        else Seen(RunStatus(old.status), old.status)
        for old in olds
        if not may_have_moved(old)
    }


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


def ending(old: OldRun, seen: Seen | None) -> Ending:
    """Return what becomes of a run; `seen` is None where its state now is not known."""
    if seen is None:
        last = f" (last seen {old.status})" if old.status else ""
        if old.on_delete == "keep":
            return Ending(Fate.KEPT, f"kept{last}", False)
        after = ", record deleted" if old.on_delete == "delete" else ""
        return Ending(Fate.CANCELLED, f"cancelled if it is still active{last}{after}", False)
    found = fate(old, seen.status)
    at = f"{seen.words}{_for(seen.hours)}"
    if found is Fate.CANCELLED:
        after = ", record deleted" if old.on_delete == "delete" else ""
        return Ending(found, f"cancelled while {at}{after}")
    if found is Fate.GONE:
        return Ending(found, "gone already")
    if found is Fate.DELETED:
        return Ending(found, f"record deleted ({at})")
    goes_on = ", and continues" if seen.status in ACTIVE else ""
    return Ending(found, f"kept{goes_on} ({at})")


def batch_ending(old: OldRun) -> Ending:
    """Return what becomes of the runs of a batch."""
    if old.on_delete == "keep":
        return Ending(Fate.KEPT, "all kept", False)
    after = ", all records deleted" if old.on_delete == "delete" else ""
    return Ending(Fate.CANCELLED, f"those still active are cancelled{after}", False)


def _for(hours: int | None) -> str:
    if hours is None:
        return ""
    return f" for {hours} h" if hours else " for less than 1 h"
