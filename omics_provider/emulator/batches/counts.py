"""What GetBatch counts: the submissions of a batch by outcome, its runs by state."""

from __future__ import annotations

from collections import Counter
from typing import Final

from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.life import life_of

_RUN_COUNTS: Final = (
    "pending", "starting", "running", "stopping", "completed", "failed", "deleted", "cancelled",
)  # fmt: skip
_SUBMISSIONS: Final = {
    "successfulStartSubmissionCount": ("SUCCESS", "CANCEL_SUCCESS", "CANCEL_FAILED",
                                       "DELETE_SUCCESS", "DELETE_FAILED"),
    "failedStartSubmissionCount": ("FAILED",),
    "pendingStartSubmissionCount": (None,),
    "successfulCancelSubmissionCount": ("CANCEL_SUCCESS",),
    "failedCancelSubmissionCount": ("CANCEL_FAILED",),
    "successfulDeleteSubmissionCount": ("DELETE_SUCCESS",),
    "failedDeleteSubmissionCount": ("DELETE_FAILED",),
}  # fmt: skip


def submissions(context: Context, batch: str) -> dict[str, int]:
    """Give the SubmissionSummary of the batch with this uuid."""
    rows = context.connection.execute(
        "SELECT submission, count(*) FROM batch_runs WHERE batch = ? GROUP BY submission", (batch,)
    )
    counts = {row[0]: row[1] for row in rows.fetchall()}
    return {
        name: sum(counts.get(each, 0) for each in counted) for name, counted in _SUBMISSIONS.items()
    }


def runs(context: Context, batch: str) -> dict[str, int]:
    """Give the RunSummary of the batch with this uuid. Another run may have an old one's id."""
    counts: Counter[str] = Counter()
    joined = (
        "FROM batch_runs JOIN runs ON runs.account = ? AND runs.region = ?"
        " AND runs.id = batch_runs.run_id AND runs.uuid = batch_runs.run_uuid"
        " WHERE batch = ?"
    )
    here = (*context.here(), batch)
    for row in context.connection.execute(f"SELECT runs.* {joined}", here):
        counts[life_of(row).status(context.now).lower()] += 1
    (started,) = context.connection.execute(
        "SELECT count(*) FROM batch_runs WHERE batch = ? AND run_uuid IS NOT NULL", (batch,)
    ).fetchone()
    counts["deleted"] += started - counts.total()
    return {f"{name}RunCount": counts[name] for name in _RUN_COUNTS}
