"""EventBridge events of batches: one for each state that a batch reaches."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from typing import Any

from omics_provider.emulator.batches import counts
from omics_provider.emulator.world import events, settings
from omics_provider.emulator.world.settings import Settings
from omics_provider.emulator.world.store import Store
from omics_provider.emulator.world.surroundings import Surroundings

# The submissions that events count. Of cancels and deletes they say nothing.
_STARTS = frozenset(
    {
        "successfulStartSubmissionCount",
        "failedStartSubmissionCount",
        "pendingStartSubmissionCount",
    }
)


def settle(store: Store, surroundings: Surroundings) -> None:
    """Send what is due by now."""
    with store.reading() as connection:
        if not _is_any(connection):
            return
    with store.transaction() as connection:
        chosen, clock = settings.load(connection, time.time())
        due = _taken(connection, chosen, clock.now(time.time()))
    for row, moment, detail in due:
        surroundings.send_event(row["account"], row["region"], events.BATCH, moment, detail)


def _is_any(connection: sqlite3.Connection) -> bool:
    row = connection.execute("SELECT 1 FROM resources WHERE kind = 'runBatch' LIMIT 1").fetchone()
    return row is not None


def _taken(
    connection: sqlite3.Connection, chosen: Settings, now: float
) -> list[tuple[sqlite3.Row, float, dict[str, Any]]]:
    """Take what batches have become since the last look: each with the time and the detail.

    What is taken is noted in the batch, so that it is sent once.
    """
    taken = []
    for row in connection.execute("SELECT * FROM resources WHERE kind = 'runBatch'").fetchall():
        doc = json.loads(row["doc"])
        sent = doc.get("sent", [])
        passed = _passages(connection, row, doc, chosen)
        new = [each for each in passed if each[0] <= now and each[1] not in sent]
        if new:
            doc["sent"] = sent + [status for _, status in new]
            connection.execute(
                "UPDATE resources SET doc = ? WHERE pk = ?", (json.dumps(doc), row["pk"])
            )
        taken += [
            (row, moment, _detail(connection, row, doc, moment, status)) for moment, status in new
        ]
    return taken


def _detail(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    doc: Mapping[str, Any],
    moment: float,
    status: str,
) -> dict[str, Any]:
    """Give the detail of a batch's event: all are texts, and what does not apply is absent."""
    place = (row["account"], row["region"])
    submissions = counts.submissions(connection, row["uuid"], moment)
    numbers = {
        "totalRuns": doc["total"],
        **{name: many for name, many in submissions.items() if name in _STARTS},
        **counts.runs(connection, place, row["uuid"], moment),
    }
    failure = {"failureReason": doc.get("code"), "failureMessage": doc["failure"]}
    told = {
        "omicsVersion": events.VERSION,
        "arn": events.arn(row, "runBatch", row["id"]),
        "batchId": row["id"],
        "status": status,
        "uuid": row["uuid"],
        "batchName": row["name"],
        **(failure if status == "FAILED" else {}),
        **{name: str(many) for name, many in numbers.items() if many is not None},
        **_shared(connection, row, doc["defaults"]),
    }
    return {name: value for name, value in told.items() if value is not None}


def _shared(
    connection: sqlite3.Connection, row: sqlite3.Row, defaults: Mapping[str, Any]
) -> dict[str, str | None]:
    """Give what an event says of the workflow and the cache that all runs of a batch share."""
    workflow = events.arn(row, "workflow", defaults["workflowId"])
    version, cache = defaults.get("workflowVersionName"), defaults.get("cacheId")
    behavior = defaults.get("cacheBehavior")
    if cache is not None and behavior is None:
        behavior = _behavior(connection, row, cache)
    return {
        "workflowId": defaults["workflowId"],
        "workflowArn": workflow,
        "workflowVersionArn": None if version is None else f"{workflow}/version/{version}",
        "workflowOwnerId": defaults.get("workflowOwnerId"),
        "runCache": None if cache is None else events.arn(row, "runCache", cache),
        "runCacheBehavior": behavior,
    }


def _behavior(connection: sqlite3.Connection, row: sqlite3.Row, cache: str) -> str | None:
    """Give the behaviour of a run cache that is its own, if it is there."""
    found = connection.execute(
        "SELECT doc FROM resources WHERE account = ? AND region = ? AND kind = 'runCache'"
        " AND id = ?",
        (row["account"], row["region"], cache),
    ).fetchone()
    return None if found is None else json.loads(found["doc"]).get("cacheBehavior")


def _passages(
    connection: sqlite3.Connection, row: sqlite3.Row, doc: Mapping[str, Any], chosen: Settings
) -> Iterator[tuple[float, str]]:
    """Give the states that a batch has reached or will reach, with their times."""
    early = [
        (row["created"], "CREATING"),
        (doc["pending"], "PENDING"),
        (doc["submitting"], "SUBMITTING"),
        (doc["submitted"], "INPROGRESS"),
    ]
    cut = doc["stopped"] if doc["failed"] is None else doc["failed"]
    for moment, status in early:
        if cut is None or moment < cut:
            yield moment, status
    if doc["failed"] is not None:
        yield doc["failed"], "FAILED"
        return
    if doc["stopped"] is not None:
        yield doc["stopped"], "STOPPING"
    ended = _ended(connection, row)
    if ended is not None:
        at = max(ended, doc["submitted"])
        yield at, "PROCESSED" if doc["stopped"] is None else "CANCELLED"
    if doc["deleted"] is not None:
        yield doc["deleted"], "RUNS_DELETING"
        if not counts.submissions(connection, row["uuid"])["failedDeleteSubmissionCount"]:
            yield doc["deleted"] + chosen.batchSeconds / 3, "RUNS_DELETED"


def _ended(connection: sqlite3.Connection, row: sqlite3.Row) -> float | None:
    """Give when the last run of a batch ends, if that is known of all."""
    open_, last = connection.execute(
        "SELECT count(*) FILTER (WHERE ended IS NULL), max(ended) FROM runs"
        " WHERE account = ? AND region = ? AND batch_id = ?",
        (row["account"], row["region"], row["id"]),
    ).fetchone()
    return None if open_ else last or 0.0
