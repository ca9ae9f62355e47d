"""The states of a run and what may be done in them.

Sources: botocore's model of RunStatus; developer guide, pages monitoring-runs and canceling-runs;
the model's documentation of DeleteRun.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from .errors import RunError


class RunStatus(StrEnum):
    """A run's state, as GetRun and ListRuns say it."""

    PENDING = "PENDING"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    DELETED = "DELETED"


#: The states of a run at work, in order: a run that moves on while they are listed is not missed.
LIFE: Final = (RunStatus.PENDING, RunStatus.STARTING, RunStatus.RUNNING, RunStatus.STOPPING)
#: The run still works, or will: it may cost money and its result is not there yet.
ACTIVE: Final = frozenset(LIFE)
#: The run will not change any more.
ENDED: Final = frozenset(RunStatus) - ACTIVE
#: The run ended without its result.
UNSUCCESSFUL: Final = ENDED - {RunStatus.COMPLETED}
#: CancelRun is legal (developer guide, canceling-runs).
CANCELLABLE: Final = ACTIVE
#: DeleteRun is legal (model: "COMPLETED, FAILED, CANCELLED").
DELETABLE: Final = frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED})


def status_of(text: str) -> RunStatus:
    """Return the state that the service names.

    Raises RunError for a state newer than this release: what it allows is not known.
    """
    try:
        return RunStatus(text)
    except ValueError:
        raise RunError(
            "GetRun",
            f"the service names a state that this release does not know: {text}",
            advice="Nothing was done. Upgrade omics-provider.",
        ) from None
