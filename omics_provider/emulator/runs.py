"""Runs: start, get, list, cancel, delete."""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from omics_provider.emulator import pages
from omics_provider.emulator.context import Context
from omics_provider.emulator.exceptions import (
    ConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from omics_provider.emulator.faults import FAILS, FROZEN
from omics_provider.emulator.life import COMPLETED, ENDED, FAILED, Life
from omics_provider.emulator.workflows import Workflow, Workflows

SECONDS_TAG: Final = "emulator:seconds"
FAILS_TAG: Final = "emulator:fails"
FREEZES_TAG: Final = "emulator:freezes"

_MOST_TAGS: Final = 50
_MOST_PARAMETER_BYTES: Final = 50_000
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+")
_LOG_GROUP: Final = "/aws/omics/WorkflowLog"
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
        earlier = self._context.earlier_answer()
        if earlier is not None:
            return earlier
        request = self._request()
        workflow = self._workflow(request)
        check_request(request, workflow)
        outcome, reason = self._outcome(request, workflow)
        answer = self._insert(request, workflow, outcome, reason)
        self._context.remember_answer(answer)
        return answer

    def get_run(self) -> dict[str, Any]:
        """GetRun."""
        return described(self._found(), self._context)

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
        place = pages.place(params.get("startingToken"))
        if place is not None:
            where.append("pk < ?")
            values.append(place)
        size = params.get("maxResults", pages.DEFAULT_SIZE)
        rows = self._context.connection.execute(
            f"SELECT * FROM runs WHERE {' AND '.join(where)} ORDER BY pk DESC LIMIT ?",  # noqa: S608
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
        changed = life.cancelled(self._context.now, doc["seconds"])
        self._context.connection.execute(
            "UPDATE runs SET starting = ?, running = ?, stopping = ?, ended = ?, outcome = ?"
            " WHERE pk = ?",
            (changed.starting, changed.running, changed.stopping, changed.ended,
             changed.outcome, row["pk"]),
        )  # fmt: skip

    def delete_run(self) -> None:
        """DeleteRun: allowed once the run has ended. Its id may be given to another run."""
        row = self._found()
        status = life_of(row).status(self._context.now)
        if status not in ENDED:
            raise ConflictException(f"Run {row['id']} is {status} and can't be deleted.")
        self._context.connection.execute("DELETE FROM runs WHERE pk = ?", (row["pk"],))
        self._context.free_id("run", row["id"])

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
        copied = {name: source[name] for name in _DUPLICATED if name in source}
        return {**copied, **params}

    def _workflow(self, request: Mapping[str, Any]) -> Workflow:
        workflow = Workflows(self._context).find(
            request["workflowId"], request.get("workflowType", "PRIVATE")
        )
        if workflow.status != "ACTIVE":
            raise ValidationException(f"Workflow {workflow.id} is {workflow.status}, not ACTIVE.")
        return workflow

    def _outcome(self, request: Mapping[str, Any], workflow: Workflow) -> tuple[str, str | None]:
        """How the run will end, and its failureReason."""
        fault, tags = self._context.fault, request.get("tags", {})
        if fault is not None and fault.fault == FAILS:
            return FAILED, fault.reason
        if FAILS_TAG in tags:
            return FAILED, tags[FAILS_TAG] or "WORKFLOW_RUN_FAILED"
        mode = self._context.settings.parameterCheck
        problem = (
            None if mode == "off" else workflow.parameter_problem(request.get("parameters") or {})
        )
        if problem is None:
            return COMPLETED, None
        if mode == "start":
            raise ValidationException(problem)
        return FAILED, "WORKFLOW_RUN_FAILED"

    def _insert(
        self, request: dict[str, Any], workflow: Workflow, outcome: str, reason: str | None
    ) -> dict[str, Any]:
        context, tags = self._context, request.get("tags", {})
        run_id, run_uuid = context.new_id("run"), context.new_uuid()
        seconds = _seconds(tags, context.run_seconds)
        life = Life.planned(context.now, context.now, seconds, outcome)
        if FREEZES_TAG in tags or (context.fault is not None and context.fault.fault == FROZEN):
            life = life.frozen()
        output = request["outputUri"].rstrip("/")
        if request.get("outputUriPrefixMode") != "NONE_WITH_OVERWRITE":
            output = f"{output}/{run_id}/{run_uuid}"
        doc = {
            "request": {name: value for name, value in request.items() if name != "requestId"},
            "workflow": workflow.summary(),
            "storage": _storage(request, workflow, context.settings.defaultStorageType),
            "failureReason": reason,
            "runOutputUri": output,
            "seconds": seconds,
        }
        context.connection.execute(
            "INSERT INTO runs (account, region, id, uuid, name, run_group_id, batch_id, priority,"
            " retention, created, starting, running, stopping, ended, outcome, doc, tags)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *context.here(), run_id, run_uuid, request.get("name"),
                request.get("runGroupId"), None, request.get("priority", 0),
                request.get("retentionMode", "RETAIN"), life.created, life.starting,
                life.running, life.stopping, life.ended, life.outcome, json.dumps(doc),
                json.dumps(tags),
            ),
        )  # fmt: skip
        return {
            "arn": context.arn(f"run/{run_id}"),
            "id": run_id,
            "status": "PENDING",
            "tags": tags,
            "uuid": run_uuid,
            "runOutputUri": output,
            "networkingMode": request.get("networkingMode", "RESTRICTED"),
        }

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
            "priority": row["priority"],
            "storageCapacity": _capacity(doc, life, now, row["uuid"]),
            "storageType": doc["storage"]["type"],
            "creationTime": life.created,
            "startTime": life.started(now),
            "stopTime": life.stopped(now),
        }


# Each state as a condition on the stored times, with the number of times that it compares to now.
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
    "COMPLETED": ("outcome = 'COMPLETED' AND ended <= ?", 1),
    "FAILED": ("outcome = 'FAILED' AND ended <= ?", 1),
    "CANCELLED": ("outcome = 'CANCELLED' AND ended <= ?", 1),
    "DELETED": ("0", 0),
}


def find_run(context: Context, run_id: str) -> sqlite3.Row:
    """Give the row of a run, by its id."""
    row: sqlite3.Row | None = context.connection.execute(
        "SELECT * FROM runs WHERE account = ? AND region = ? AND id = ?",
        (*context.here(), run_id),
    ).fetchone()
    if row is None:
        raise ResourceNotFoundException(f"Run {run_id} not found")
    return row


def life_of(row: sqlite3.Row) -> Life:
    """Give the life of a run's row."""
    return Life(
        row["created"], row["starting"], row["running"], row["stopping"], row["ended"],
        row["outcome"],
    )  # fmt: skip


def described(row: sqlite3.Row, context: Context) -> dict[str, Any]:
    """Give A run as GetRun answers it."""
    doc, life, now = json.loads(row["doc"]), life_of(row), context.now
    request, workflow = doc["request"], doc["workflow"]
    status = life.status(now)
    stream = f"arn:aws:logs:{context.region}:{context.account}:log-group:{_LOG_GROUP}:log-stream"
    return {
        **{name: request[name] for name in _ECHOED if name in request},
        **{name: request.get(name) for name in ("parameters", "engineSettings", "sessionPolicy")},
        "arn": context.arn(f"run/{row['id']}"),
        "id": row["id"],
        "uuid": row["uuid"],
        "status": status,
        "failureReason": doc["failureReason"] if status == FAILED else None,
        "runId": request.get("runId"),
        "workflowType": request.get("workflowType", "PRIVATE"),
        "workflowUuid": workflow["uuid"],
        "definition": workflow["definition"],
        "digest": workflow["digest"],
        "accelerators": workflow["accelerators"],
        "engineVersion": "24.10.8" if workflow["engine"] == "NEXTFLOW" else None,
        "runGroupId": row["run_group_id"],
        "batchId": row["batch_id"],
        "cacheId": request.get("cacheId"),
        "cacheBehavior": request.get("cacheBehavior"),
        "priority": row["priority"],
        "storageType": doc["storage"]["type"],
        "storageCapacity": _capacity(doc, life, now, row["uuid"]),
        "runOutputUri": doc["runOutputUri"],
        "outputUriPrefixMode": request.get("outputUriPrefixMode", "SERVICE_DEFINED"),
        "logLevel": request.get("logLevel", "ALL"),
        "logLocation": {
            "engineLogStream": f"{stream}:run/{row['id']}/engine",
            "runLogStream": f"{stream}:run/{row['id']}",
        },
        "resourceDigests": {},
        "startedBy": f"arn:aws:iam::{context.account}:user/emulator",
        "creationTime": life.created,
        "startTime": life.started(now),
        "stopTime": life.stopped(now),
        "tags": json.loads(row["tags"]),
        "retentionMode": row["retention"],
        "networkingMode": request.get("networkingMode", "RESTRICTED"),
        "scratchStorageMode": request.get("scratchStorageMode", "SHARED"),
    }


def check_request(request: Mapping[str, Any], workflow: Workflow) -> None:
    """Hold a request to the rules of StartRun that botocore's model does not have."""
    for problem in _problems(request, workflow):
        raise ValidationException(problem)


def _problems(request: Mapping[str, Any], workflow: Workflow) -> list[str]:
    engine_settings, parameters = request.get("engineSettings"), request.get("parameters")
    size = len(json.dumps(parameters, ensure_ascii=False).encode())
    ready2run = workflow.type == "READY2RUN"
    storage_given = "storageType" in request or "storageCapacity" in request
    broken = [
        (not _ROLE.fullmatch(request["roleArn"]), "IAM role is invalid or inaccessible"),
        (not request["outputUri"].startswith("s3://"), "outputUri is not an S3 URI"),
        (len(request.get("tags", {})) > _MOST_TAGS, f"A run has at most {_MOST_TAGS} tags"),
        (
            any(key.lower().startswith("aws:") for key in request.get("tags", {})),
            "Tag keys that start with aws: are reserved",
        ),
        (
            parameters is not None and not isinstance(parameters, dict),
            "parameters is not a JSON object",
        ),
        (size > _MOST_PARAMETER_BYTES, f"parameters has more than {_MOST_PARAMETER_BYTES} bytes"),
        (
            ready2run and storage_given,
            "A READY2RUN workflow takes neither storageType nor storageCapacity",
        ),
        (
            engine_settings is not None and workflow.engine not in ("NEXTFLOW", None),
            "engineSettings is for NEXTFLOW workflows only",
        ),
        ("cacheBehavior" in request and "cacheId" not in request, "cacheBehavior needs a cacheId"),
        (
            request.get("networkingMode") == "VPC" and "configurationName" not in request,
            "networkingMode VPC needs a configurationName",
        ),
    ]  # fmt: skip
    return [problem for is_broken, problem in broken if is_broken]


def _seconds(tags: Mapping[str, str], default: float) -> float:
    """Give the length of a run: its tag, else the default. An unreadable tag is refused."""
    text = tags.get(SECONDS_TAG)
    if text is None:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValidationException(
            f"The tag {SECONDS_TAG} directs the emulator and takes seconds, not {text!r}."
        )
    return seconds


def _storage(request: Mapping[str, Any], workflow: Workflow, default: str) -> dict[str, Any]:
    kind = request.get("storageType") or workflow.storage_type or default
    if kind == "DYNAMIC":
        return {"type": kind, "capacity": None}
    asked = request.get("storageCapacity") or workflow.storage_capacity or 1200
    return {"type": kind, "capacity": 1200 if asked <= 1200 else math.ceil(asked / 2400) * 2400}


def _capacity(doc: Mapping[str, Any], life: Life, now: float, run_uuid: str) -> int | None:
    """Give the STATIC capacity, or for DYNAMIC the most that was used, once the run has ended."""
    if doc["storage"]["type"] == "STATIC":
        capacity: int = doc["storage"]["capacity"]
        return capacity
    if life.stopped(now) is None:
        return None
    return 1 + int(run_uuid[:4], 16) % 400
