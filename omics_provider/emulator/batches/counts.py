"""What GetBatch counts: the submissions of a batch by outcome, its runs by state."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import Final

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


def submissions(
    connection: sqlite3.Connection, batch: str, moment: float | None = None
) -> dict[str, int]:
    """Give the SubmissionSummary of the batch with this uuid, as it is or as it was at a moment."""
    rows = connection.execute(
        "SELECT CASE WHEN due > ? AND submission IN ('SUCCESS', 'FAILED') THEN NULL"
        " ELSE submission END AS outcome, count(*) FROM batch_runs WHERE batch = ?"
        " GROUP BY outcome",
        (moment, batch),
    )
    found = {row[0]: row[1] for row in rows.fetchall()}
    return {
        name: sum(found.get(each, 0) for each in counted) for name, counted in _SUBMISSIONS.items()
    }


def runs(
    connection: sqlite3.Connection, place: tuple[str, str], batch: str, moment: float
) -> dict[str, int]:
    """Give the RunSummary of the batch with this uuid at a moment.

    `place` is its account and region. Another run may have an old one's id.
    """
    found: Counter[str] = Counter()
    joined = (
        "FROM batch_runs JOIN runs ON runs.account = ? AND runs.region = ?"
        " AND runs.id = batch_runs.run_id AND runs.uuid = batch_runs.run_uuid"
        " WHERE batch = ? AND runs.created <= ?"
    )
    for row in connection.execute(f"SELECT runs.* {joined}", (*place, batch, moment)):
        found[life_of(row).status(moment).lower()] += 1
    (started,) = connection.execute(
        "SELECT count(*) FROM batch_runs WHERE batch = ? AND run_uuid IS NOT NULL AND due <= ?",
        (batch, moment),
    ).fetchone()
    found["deleted"] += started - found.total()
    return {f"{name}RunCount": found[name] for name in _RUN_COUNTS}
