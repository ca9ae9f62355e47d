"""Runs: start, get, list, cancel, delete."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from omics_provider.emulator.protocol import pages
from omics_provider.emulator.protocol.exceptions import (
    ConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from omics_provider.emulator.shared import caches
from omics_provider.emulator.shares import access
from omics_provider.emulator.workflows.files import definition
from omics_provider.emulator.world import events
from omics_provider.emulator.world.context import Context, started_by
from omics_provider.emulator.world.life import (
    ACTIVE,
    ENDED,
    FAILED,
    PENDING,
    Life,
    life_of,
    stopping_seconds,
)
from omics_provider.emulator.world.surroundings import LOG_GROUP

from . import executed, failures, tasks
from .queue import tasks_of
from .starts import Starter

# What a duplicate takes from the run it duplicates, unless the request says otherwise.
_DUPLICATED: Final = (
    "workflowId", "workflowType", "workflowOwnerId", "workflowVersionName", "name", "cacheId",
    "cacheBehavior", "runGroupId", "priority", "parameters", "storageType", "storageCapacity",
    "logLevel", "retentionMode", "networkingMode", "scratchStorageMode", "configurationName",
    "engineSettings", "sessionPolicy", "outputUriPrefixMode",
)  # fmt: skip
_ECHOED: Final = (*_DUPLICATED[:3], "workflowVersionName", "roleArn", "outputUri", "name")


class Runs:
    """The operations on runs."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def start_run(self) -> dict[str, Any]:
        """StartRun."""
        return Starter(self._context).start(self._request())

    def get_run(self) -> dict[str, Any]:
        """GetRun."""
        row = self._found()
        if "export" in self._context.params:
            access.check_export(self._context, json.loads(row["doc"])["request"])
        return described(row, self._context)

    def list_runs(self) -> dict[str, Any]:
        """ListRuns: the newest first."""
        params = self._context.params
        where = ["account = ?", "region = ?"]
        values: list[Any] = [*self._context.here()]
        for member, column in (
            ("name", "name"), ("runGroupId", "run_group_id"), ("batchId", "batch_id"),
        ):  # fmt: skip
            if member in params:
                where.append(f"{column} = ?")
                values.append(params[member])
        if "status" in params:
            condition, count = _STATUS_SQL[params["status"]]
            where.append(condition)
            values.extend([self._context.now] * count)
            if params["status"] in ACTIVE:
                where.append(f"pk IN ({_NOT_ENDED})")
                values.extend([*self._context.here(), self._context.now, *self._context.here()])
        place = pages.place(params.get("startingToken"))
        if place is not None:
            where.append("pk < ?")
            values.append(place)
        size = params.get("maxResults", pages.DEFAULT_SIZE)
        rows = self._context.connection.execute(
            f"SELECT * FROM runs WHERE {' AND '.join(where)} ORDER BY pk DESC LIMIT ?",  # noqa: S608  # conditions are constants
            (*values, size + 1),
        ).fetchall()
        shown, token = pages.page(rows, size)
        return {"items": [self._item(row) for row in shown], "nextToken": token}

    def cancel_run(self) -> None:
        """CancelRun: allowed until the run has ended."""
        row = self._found()
        life, doc = life_of(row), json.loads(row["doc"])
        if life.status(self._context.now) in ENDED:
            raise ConflictException(f"Run {row['id']} has ended and can't be cancelled.")
        if "executed" in doc and executed.is_carried_out(self._context.connection, row["uuid"]):
            executed.cancel(self._context.connection, row, life, self._context.now)
            return
        seconds = doc.get("stopping", stopping_seconds(doc["seconds"]))
        changed = life.cancelled(self._context.now, seconds)
        self._context.connection.execute(
            "UPDATE runs SET waiting = 0, starting = ?, running = ?, stopping = ?, ended = ?,"
            " outcome = ?, next_trace = ? WHERE pk = ?",
            (changed.starting, changed.running, changed.stopping, changed.ended,
             changed.outcome, self._context.now, row["pk"]),
        )  # fmt: skip
        caches.forget_unfinished(self._context, row["uuid"])

    def delete_run(self) -> None:
        """DeleteRun: allowed once the run has ended. Its id may be given to another run."""
        row = self._found()
        status = life_of(row).status(self._context.now)
        if status not in ENDED:
            raise ConflictException(f"Run {row['id']} is {status} and can't be deleted.")
        self._context.connection.execute("DELETE FROM runs WHERE pk = ?", (row["pk"],))
        self._context.free_id("run", row["id"])
        detail = events.run_detail(row, json.loads(row["doc"]), "DELETED")
        events.post(self._context, events.RUN, self._context.now, detail)

    def list_run_tasks(self) -> dict[str, Any]:
        """ListRunTasks: tasks appear as the run creates them."""
        params, now = self._context.params, self._context.now
        shown, token = pages.of_numbered(
            (
                (number, task)
                for number, task in enumerate(self._tasks(params["id"]), 1)
                if params.get("status") in (None, task.life.status(now))
            ),
            params,
        )
        return {"items": [tasks.described(task, now) for task in shown], "nextToken": token}

    def get_run_task(self) -> dict[str, Any]:
        """GetRunTask."""
        params = self._context.params
        for task in self._tasks(params["id"]):
            if task.id == params["taskId"]:
                return self._described_task(task)
        raise ResourceNotFoundException(f"Task {params['taskId']} of run {params['id']} not found")

    def _described_task(self, task: tasks.Task) -> dict[str, Any]:
        run = find_run(self._context, self._context.params["id"])
        doc, now = json.loads(run["doc"]), self._context.now
        failed = task.life.status(now) == FAILED
        return {
            **tasks.described(task, now),
            "logStream": _log_stream(self._context, f"run/{run['id']}/task/{task.id}"),
            "failureReason": task.failure if failed else None,
            "statusMessage": failures.of_task(run["id"], doc, task) if failed else None,
            "imageDetails": tasks.image(doc, task),
        }

    def _tasks(self, run_id: str) -> list[tasks.Task]:
        row = find_run(self._context, run_id)
        made = tasks_of(json.loads(row["doc"]), life_of(row), row["uuid"])
        return [task for task in made if task.life.created <= self._context.now]

    def _found(self) -> sqlite3.Row:
        return find_run(self._context, self._context.params["id"])

    def _request(self) -> dict[str, Any]:
        """Give the request, filled in from the run that it duplicates, if it does."""
        params = self._context.params
        if ("workflowId" in params) == ("runId" in params):
            raise ValidationException("A run needs either a workflowId or a runId to duplicate.")
        if "runId" not in params:
            return params
        source = json.loads(find_run(self._context, params["runId"])["doc"])["request"]
        if source.get("workflowOwnerId", self._context.account) != self._context.account:
            raise ValidationException(
                f"Run {params['runId']} is of a shared workflow and can't be duplicated."
                " Start a new run of that workflow."
            )
        copied = {name: source[name] for name in _DUPLICATED if name in source}
        return {**copied, **params}

    def _item(self, row: sqlite3.Row) -> dict[str, Any]:
        now, life, doc = self._context.now, life_of(row), json.loads(row["doc"])
        request = doc["request"]
        return {
            "arn": self._context.arn(f"run/{row['id']}"),
            "id": row["id"],
            "status": life.status(now),
            "workflowId": request["workflowId"],
            "workflowName": doc["workflow"]["name"],
            "workflowVersionName": request.get("workflowVersionName"),
            "batchId": row["batch_id"],
            "name": row["name"],
            "priority": request.get("priority"),
            "storageCapacity": _capacity(doc, life, now),
            "storageType": doc["storage"]["type"],
            "creationTime": life.created,
            "startTime": life.started(now),
            "stopTime": life.stopped(now),
        }


# Each state as a condition on the stored times, with the number of times that it compares to now.
# The plus keeps SQLite from the index by end, where the one by outcome has the order of the list.
_STATUS_SQL: Final = {
    "PENDING": (
        "(starting IS NULL OR starting > ?) AND (stopping IS NULL OR stopping > ?)"
        " AND (ended IS NULL OR ended > ?)",
        3,
    ),
    "STARTING": (
        "starting <= ? AND (running IS NULL OR running > ?) AND (stopping IS NULL OR stopping > ?)",
        3,
    ),
    "RUNNING": ("running <= ? AND (stopping IS NULL OR stopping > ?)", 2),
    "STOPPING": ("stopping <= ? AND ended > ?", 2),
    "COMPLETED": ("outcome = 'COMPLETED' AND +ended <= ?", 1),
    "FAILED": ("outcome = 'FAILED' AND +ended <= ?", 1),
    "CANCELLED": ("outcome = 'CANCELLED' AND +ended <= ?", 1),
    "DELETED": ("0", 0),
}


# Few of many runs are active: they are found by an index of when runs end.
_NOT_ENDED: Final = (
    "SELECT pk FROM runs WHERE account = ? AND region = ? AND ended > ?"
    " UNION ALL SELECT pk FROM runs WHERE account = ? AND region = ? AND ended IS NULL"
)


def find_run(context: Context, run_id: str) -> sqlite3.Row:
    """Give the row of a run, by its id."""
    row: sqlite3.Row | None = context.connection.execute(
        "SELECT * FROM runs WHERE account = ? AND region = ? AND id = ?",
        (*context.here(), run_id),
    ).fetchone()
    if row is None:
        raise ResourceNotFoundException(f"Run {run_id} not found")
    return row


def described(row: sqlite3.Row, context: Context) -> dict[str, Any]:
    """Give a run as GetRun answers it."""
    doc, life, now = json.loads(row["doc"]), life_of(row), context.now
    request, workflow = doc["request"], doc["workflow"]
    status = life.status(now)
    return {
        **{name: request[name] for name in _ECHOED if name in request},
        **{name: request.get(name) for name in ("parameters", "engineSettings", "sessionPolicy")},
        "arn": context.arn(f"run/{row['id']}"),
        "id": row["id"],
        "uuid": row["uuid"],
        "status": status,
        "failureReason": doc["failureReason"] if status == FAILED else None,
        "statusMessage": _status_message(row, doc, life, context) if status == FAILED else None,
        "runId": request.get("runId"),
        "workflowType": request.get("workflowType", "PRIVATE"),
        "workflowUuid": workflow["uuid"],
        "definition": definition(context, workflow.get("files", {}), workflow["definition"]),
        "digest": workflow["digest"],
        "accelerators": workflow["accelerators"],
        "engineVersion": "24.10.8" if workflow["engine"] == "NEXTFLOW" else None,
        "runGroupId": row["run_group_id"],
        "batchId": row["batch_id"],
        "cacheId": request.get("cacheId"),
        "cacheBehavior": (doc.get("cache") or {}).get("behavior"),
        "configuration": doc.get("configuration"),
        "vpcConfig": doc.get("vpc"),
        "priority": request.get("priority"),
        "storageType": doc["storage"]["type"],
        "storageCapacity": _capacity(doc, life, now),
        "runOutputUri": doc["runOutputUri"],
        "outputUriPrefixMode": request.get("outputUriPrefixMode", "SERVICE_DEFINED"),
        "logLevel": request.get("logLevel", "ALL"),
        "logLocation": {
            "engineLogStream": _log_stream(context, f"run/{row['id']}/engine"),
            "runLogStream": _log_stream(context, f"run/{row['id']}"),
        },
        "resourceDigests": {} if status == PENDING else doc.get("resourceDigests", {}),
        "startedBy": started_by(context.account),
        "creationTime": life.created,
        "startTime": life.started(now),
        "stopTime": life.stopped(now),
        "tags": json.loads(row["tags"]),
        "retentionMode": row["retention"],
        "networkingMode": request.get("networkingMode", "RESTRICTED"),
        "scratchStorageMode": request.get("scratchStorageMode", "SHARED"),
    }


def _status_message(row: sqlite3.Row, doc: dict[str, Any], life: Life, context: Context) -> str:
    made = tasks_of(doc, life, row["uuid"])
    return failures.of_run(row["id"], context.region, doc, life, made)


def _log_stream(context: Context, name: str) -> str:
    place = f"{context.region}:{context.account}"
    return f"arn:aws:logs:{place}:log-group:{LOG_GROUP}:log-stream:{name}"


def _capacity(doc: Mapping[str, Any], life: Life, now: float) -> int | None:
    """Give the STATIC capacity, or for DYNAMIC the most that was used, once the run has ended.

    It comes from the workflow, so that every run of one costs alike.
    """
    if doc["storage"]["type"] == "STATIC":
        capacity: int = doc["storage"]["capacity"]
        return capacity
    if life.stopped(now) is None:
        return None
    return 1 + hashlib.sha256(doc["workflow"]["id"].encode()).digest()[0]
