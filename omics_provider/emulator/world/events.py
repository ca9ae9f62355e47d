"""EventBridge events of runs, tasks and workflows: what is in them, and those yet to be sent.

What passes with time, the states of runs, is read off their rows. What nobody can read off a row,
because it is gone or because it happens once, is posted in the state and sent when it is due.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .context import Context

VERSION: Final = "1.0.0"
RUN: Final = "Run Status Change"
TASK: Final = "Task Status Change"
BATCH: Final = "RunBatch Status Change"
WORKFLOW: Final = "Workflow Status Change"

#: Posted events are kept in the table `meta`, under keys in the order of their times.
_KEY: Final = "event/"
_END: Final = "event0"

Row = Mapping[str, Any] | sqlite3.Row


@dataclass(frozen=True)
class Event:
    """One event, in the account and region of what it is about."""

    account: str
    region: str
    kind: str
    time: float
    detail: Mapping[str, Any]


def arn(row: Row, kind: str, id_: str) -> str:
    """Give the ARN of something in the account and region of a row."""
    return f"arn:aws:omics:{row['region']}:{row['account']}:{kind}/{id_}"


def run_detail(row: Row, doc: Mapping[str, Any], status: str) -> dict[str, Any]:
    """Give the detail of a run's event."""
    return {
        "omicsVersion": VERSION,
        "arn": arn(row, "run", row["id"]),
        "status": status,
        "uuid": row["uuid"],
        "runId": row["id"],
        "runName": row["name"],
        "runOutputUri": doc["runOutputUri"],
        **_workflow(doc),
    }


def task_detail(row: Row, doc: Mapping[str, Any], task_id: str, status: str) -> dict[str, Any]:
    """Give the detail of the event of a task, of the run of a row."""
    return {
        "omicsVersion": VERSION,
        "arn": arn(row, "task", task_id),
        "status": status,
        "runArn": arn(row, "run", row["id"]),
        "runUuid": row["uuid"],
        "runId": row["id"],
        "runName": row["name"],
        **_workflow(doc),
    }


def workflow_detail(arn: str, status: str) -> dict[str, Any]:
    """Give the detail of a workflow's event."""
    return {"omicsVersion": VERSION, "arn": arn, "status": status}


def _workflow(doc: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "workflowId": doc["request"]["workflowId"],
        "workflowName": doc["workflow"]["name"],
    }


def post(context: Context, kind: str, time: float, detail: Mapping[str, Any]) -> None:
    """Have an event sent at a time; a door without events sends none."""
    if context.surroundings is None:
        return
    event = [*context.here(), kind, time, dict(detail)]
    context.connection.execute(
        "INSERT INTO meta VALUES (?, ?)",
        (f"{_moment(time)}/{context.new_uuid()}", json.dumps(event)),
    )


def is_any(connection: sqlite3.Connection) -> bool:
    """Say whether an event is posted at all."""
    found = connection.execute(
        "SELECT 1 FROM meta WHERE key >= ? AND key < ? LIMIT 1", (_KEY, _END)
    ).fetchone()
    return found is not None


def take(connection: sqlite3.Connection, now: float) -> list[Event]:
    """Take the posted events that are to be sent by now, oldest first."""
    taken = connection.execute(
        "DELETE FROM meta WHERE key >= ? AND key < ? RETURNING key, value",
        (_KEY, _moment(now) + "0"),
    ).fetchall()
    return [Event(*json.loads(row["value"])) for row in sorted(taken, key=lambda row: row["key"])]


def _moment(time: float) -> str:
    """Give the beginning of the keys of a time: as text they are in the order of time."""
    return f"{_KEY}{time:020.6f}"
