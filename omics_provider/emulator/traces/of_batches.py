"""EventBridge events of batches: one for each state that a batch reaches."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any, Final

from omics_provider.emulator.world.surroundings import MotoSurroundings

from . import events

_KIND: Final = "RunBatch Status Change"


def due(connection: sqlite3.Connection, now: float) -> list[tuple[Any, list[tuple[float, str]]]]:
    """Take what batches have become since the last look: each with its new states.

    What is taken is noted in the batch, so that it is sent once.
    """
    taken = []
    for row in connection.execute("SELECT * FROM resources WHERE kind = 'runBatch'").fetchall():
        doc = json.loads(row["doc"])
        sent = doc.get("sent", [])
        new = [each for each in _passages(connection, row, doc, now) if each[1] not in sent]
        if new:
            doc["sent"] = sent + [status for _, status in new]
            connection.execute(
                "UPDATE resources SET doc = ? WHERE pk = ?", (json.dumps(doc), row["pk"])
            )
            taken.append((row, new))
    return taken


def is_due(connection: sqlite3.Connection) -> bool:
    """Say whether there is a batch at all."""
    row = connection.execute("SELECT 1 FROM resources WHERE kind = 'runBatch' LIMIT 1").fetchone()
    return row is not None


def send(surroundings: MotoSurroundings, row: Any, passages: list[tuple[float, str]]) -> None:
    """Send the events of one batch."""
    doc = json.loads(row["doc"])
    for moment, status in passages:
        detail = {
            "omicsVersion": events.VERSION,
            "arn": events.arn(row, "runBatch", row["id"]),
            "status": status,
            "uuid": row["uuid"],
            "batchId": row["id"],
            "batchName": row["name"],
            "workflowId": doc["defaults"]["workflowId"],
        }
        surroundings.send_event(row["account"], row["region"], _KIND, moment, detail)


def _passages(
    connection: sqlite3.Connection, row: sqlite3.Row, doc: dict[str, Any], now: float
) -> Iterator[tuple[float, str]]:
    """Give the states that a batch has reached by now."""
    early = [
        (row["created"], "CREATING"),
        (doc["pending"], "PENDING"),
        (doc["submitting"], "SUBMITTING"),
        (doc["submitted"], "INPROGRESS"),
    ]
    cut = doc["stopped"] if doc["failed"] is None else doc["failed"]
    for moment, status in early:
        if moment <= now and (cut is None or moment < cut):
            yield moment, status
    if doc["failed"] is not None:
        yield doc["failed"], "FAILED"
        return
    if doc["stopped"] is not None:
        yield doc["stopped"], "STOPPING"
    ended = _ended(connection, row, now)
    if ended is not None and doc["submitted"] <= now:
        at = max(ended, doc["submitted"])
        yield at, "PROCESSED" if doc["stopped"] is None else "CANCELLED"
    if doc["deleted"] is not None:
        yield doc["deleted"], "RUNS_DELETING"


def _ended(connection: sqlite3.Connection, row: sqlite3.Row, now: float) -> float | None:
    """Give when the last run of a batch ended, if all have."""
    active, last = connection.execute(
        "SELECT count(*) FILTER (WHERE ended IS NULL OR ended > ?), max(ended) FROM runs"
        " WHERE account = ? AND region = ? AND batch_id = ?",
        (now, row["account"], row["region"], row["id"]),
    ).fetchone()
    return None if active else last or 0.0
