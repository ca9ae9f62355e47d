"""Batches: many runs from one call, submitted little by little.

A batch is CREATING, PENDING and SUBMITTING for a third each of the setting `batchSeconds`; with
a limit on StartRun, submitting takes as long as that limit wants. Each run is due at a known
time, and starts with the first call that comes after it, dated back to that time. A batch whose
entries are wrong as a whole FAILS where it would be SUBMITTING.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from omics_provider.emulator.protocol import pages
from omics_provider.emulator.protocol.exceptions import (
    ConflictException,
    ServiceError,
    ValidationException,
)
from omics_provider.emulator.protocol.validation import validate
from omics_provider.emulator.protocol.wire import parse_value
from omics_provider.emulator.runs.operations import Runs
from omics_provider.emulator.runs.starts import Starter, in_batch
from omics_provider.emulator.shares import access
from omics_provider.emulator.workflows.operations import Workflows
from omics_provider.emulator.world import faults
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.resources import Resource, Resources
from omics_provider.emulator.world.store import step

from . import counts, entries

#: How often the service tries an entry that meets a passing error, in all, and those errors.
_ATTEMPTS: Final = 3
_TRIED_AGAIN: Final = frozenset(
    {"ThrottlingException", "RequestTimeoutException", "InternalServerException"}
)
_CANCELLABLE: Final = frozenset({"PENDING", "SUBMITTING", "INPROGRESS"})
_RUNS_DELETABLE: Final = frozenset({"PROCESSED", "CANCELLED"})
_DELETABLE: Final = _RUNS_DELETABLE | {"FAILED", "RUNS_DELETE_FAILED", "RUNS_DELETED"}
_MERGED: Final = ("parameters", "runTags")
_NOT_SENT: Final = frozenset({"runSettingId", "runTags", "outputBucketOwnerId"})


class Batches:
    """The operations on batches."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._batches = Resources(context, "runBatch", "Batch")

    def start_run_batch(self) -> dict[str, Any]:
        """StartRunBatch: checks what all runs share, and answers before the first has started."""
        context, params = self._context, self._context.params
        defaults, chosen = params["defaultRunSetting"], params["batchRunSettings"]
        if len(chosen) != 1:
            raise ValidationException("A batch needs exactly one of inlineSettings, s3UriSettings")
        if defaults.get("workflowType", "PRIVATE") != "PRIVATE":
            raise ValidationException("Batches are not for READY2RUN workflows")
        owned = access.of_owner(context, defaults, defaults["workflowId"])
        Workflows(owned).find(defaults["workflowId"], "PRIVATE")
        read = entries.read(context, chosen)
        settings = read.settings
        third = context.settings.batchSeconds / 3
        rate = context.settings.rate("StartRun")
        spread = max(third, len(settings) / rate if rate else 0.0)
        first = context.now + 2 * third
        doc = {
            "defaults": defaults,
            "total": read.total,
            "pending": context.now + third,
            "submitting": first,
            "submitted": first + spread,
            "uri": chosen.get("s3UriSettings"),
            "etag": read.etag,
            **dict.fromkeys(("stopped", "deleted")),
            **_failed(read.failure, first),
        }
        batch = self._batches.add(
            context.new_id("runBatch"), params.get("batchName"), doc, params.get("tags", {})
        )
        context.connection.executemany(
            "INSERT INTO batch_runs (batch, pk, due, setting, setting_id) VALUES (?, ?, ?, ?, ?)",
            [
                (batch.uuid, number, first + spread * number / len(settings),
                 json.dumps(setting), setting["runSettingId"])
                for number, setting in enumerate(settings, 1)
            ],
        )  # fmt: skip
        return {
            "id": batch.id,
            "arn": self._batches.arn(batch),
            "status": "CREATING",
            "uuid": batch.uuid,
            "tags": batch.tags,
        }

    def get_batch(self) -> dict[str, Any]:
        """GetBatch."""
        context, batch = self._context, self._found()
        status, doc, connection = self._status(batch), batch.doc, context.connection
        return {
            "id": batch.id,
            "arn": self._batches.arn(batch),
            "uuid": batch.uuid,
            "name": batch.name,
            "status": status,
            "tags": batch.tags,
            "totalRuns": doc["total"],
            "defaultRunSetting": doc["defaults"],
            "submissionSummary": counts.submissions(connection, batch.uuid),
            "runSummary": counts.runs(connection, context.here(), batch.uuid, context.now),
            "creationTime": batch.created,
            "submittedTime": None
            if status == "FAILED"
            else _if_past(doc["submitted"], context.now),
            "processedTime": self._processed(batch, status),
            "failedTime": doc["failed"] if status == "FAILED" else None,
            "failureReason": doc["failure"] if status == "FAILED" else None,
        }

    def list_batch(self) -> dict[str, Any]:
        """ListBatch: at most one filter."""
        params = self._context.params
        self._one_filter("status", "name", "runGroupId")
        status, group = params.get("status"), params.get("runGroupId")
        return self._batches.page(
            lambda batch: {
                "id": batch.id,
                "name": batch.name,
                "status": self._status(batch),
                "createdAt": batch.created,
                "totalRuns": batch.doc["total"],
                "workflowId": batch.doc["defaults"]["workflowId"],
            },
            size_member="maxItems",
            name=params.get("name"),
            keep=lambda batch: (
                status in (None, self._status(batch))
                and group in (None, batch.doc["defaults"].get("runGroupId"))
            ),
        )

    def list_runs_in_batch(self) -> dict[str, Any]:
        """ListRunsInBatch: what has been submitted so far; at most one filter."""
        params = self._context.params
        self._one_filter("submissionStatus", "runSettingId", "runId")
        batch = self._found()
        place = pages.place(params.get("startingToken")) or 0
        size = params.get("maxItems", pages.DEFAULT_SIZE)
        rows = self._context.connection.execute(
            "SELECT * FROM batch_runs WHERE batch = :batch AND pk > :place"
            " AND submission IS NOT NULL"
            " AND (:status IS NULL OR submission = :status)"
            " AND (:setting IS NULL OR setting_id = :setting)"
            " AND (:run IS NULL OR run_id = :run) ORDER BY pk LIMIT :size",
            {
                "batch": batch.uuid,
                "place": place,
                "status": params.get("submissionStatus"),
                "setting": params.get("runSettingId"),
                "run": params.get("runId"),
                "size": size + 1,
            },
        ).fetchall()
        shown, token = pages.page(rows, size)
        return {"runs": [self._member(row) for row in shown], "nextToken": token}

    def cancel_run_batch(self) -> None:
        """CancelRunBatch: stops what has not been submitted, and cancels what has."""
        batch = self._found()
        self._allow(batch, _CANCELLABLE, "cancelled")
        for member in self._members(batch):
            if member["submission"] is None:
                self._mark(batch, member["pk"], "CANCEL_SUCCESS")
            elif member["submission"] == "SUCCESS":
                self._each(batch, member, "CANCEL", lambda runs: runs.cancel_run())
        now = self._context.now
        submitted = min(now, batch.doc["submitted"])
        self._change(batch, stopped=now, submitted=submitted, **_failed(None, now))

    def delete_run_batch(self) -> None:
        """DeleteRunBatch: deletes the runs, not the batch."""
        batch = self._found()
        self._allow(batch, _RUNS_DELETABLE, "emptied of its runs")
        for member in self._members(batch):
            if member["run_uuid"] is not None:
                self._each(batch, member, "DELETE", lambda runs: runs.delete_run())
        self._change(batch, deleted=self._context.now)

    def delete_batch(self) -> None:
        """DeleteBatch: deletes the batch, not its runs."""
        batch = self._found("batchId")
        self._allow(batch, _DELETABLE, "deleted")
        self._context.connection.execute("DELETE FROM batch_runs WHERE batch = ?", (batch.uuid,))
        self._batches.remove(batch)

    def settle(self) -> None:
        """Start every run that is due by now."""
        due = self._context.connection.execute(
            "SELECT * FROM batch_runs WHERE submission IS NULL AND due IS NOT NULL AND due <= ?"
            " ORDER BY due",
            (self._context.now,),
        ).fetchall()
        if not due:
            return
        batches = {batch.uuid: batch for batch in self._batches.all()}
        sound = {
            uuid: batches[uuid]
            for uuid in {member["batch"] for member in due}
            if uuid in batches and not self._was_changed(batches[uuid])
        }
        for member in due:
            if member["batch"] in sound:
                self._submit(sound[member["batch"]], member)

    def _submit(self, batch: Resource, member: sqlite3.Row) -> None:
        context = self._context
        shape = context.model.shape_for("InlineSetting")
        fault = self._fault_of_start()
        try:
            with step(context.connection):
                setting = parse_value(shape, json.loads(member["setting"]), "setting")
                validate(shape, setting)
                _raise(fault)
                request = _merged(batch.doc["defaults"], setting)
                answer = Starter(in_batch(context, request)).start(request, member["due"], batch.id)
        except ServiceError as error:
            self._mark(batch, member["pk"], "FAILED", error.code, error.message)
        else:
            context.connection.execute(
                "UPDATE batch_runs SET submission = 'SUCCESS', run_id = ?, run_uuid = ?"
                " WHERE batch = ? AND pk = ?",
                (answer["id"], answer["uuid"], batch.uuid, member["pk"]),
            )

    def _fault_of_start(self) -> ServiceError | None:
        """Give the error that the start of an entry meets, once the service has tried it again."""
        error = None
        for _ in range(_ATTEMPTS):
            error = faults.of_step(self._context.connection, "StartRun")
            if error is None or error.code not in _TRIED_AGAIN:
                break
        return error

    def _was_changed(self, batch: Resource) -> bool:
        """Fail the batch if its file has changed since it was given."""
        context, uri, etag = self._context, batch.doc["uri"], batch.doc["etag"]
        if uri is None:
            return False
        found = context.read_object(uri)
        now = None if found is None else found[1]
        if now == etag:
            return False
        context.connection.execute(
            "UPDATE batch_runs SET due = NULL WHERE batch = ? AND submission IS NULL", (batch.uuid,)
        )
        self._change(batch, **_failed(entries.changed(etag, now), context.now))
        return True

    def _each(self, batch: Resource, member: sqlite3.Row, what: str, act: Any) -> None:
        """Do to one run of the batch what is done to all; what fails is marked, no more."""
        context = self._context
        row = self._run_of(member)
        fault = faults.of_step(context.connection, f"{what.title()}Run")
        try:
            with step(context.connection):
                _raise(fault)
                if row is not None:
                    act(Runs(in_batch(context, {"id": row["id"]})))
        except ServiceError as error:
            self._mark(batch, member["pk"], f"{what}_FAILED", error.code, error.message)
        else:
            self._mark(batch, member["pk"], f"{what}_SUCCESS")

    def _run_of(self, member: sqlite3.Row) -> sqlite3.Row | None:
        """Find the run of an entry; another run may have its id by now."""
        row: sqlite3.Row | None = self._context.connection.execute(
            "SELECT * FROM runs WHERE account = ? AND region = ? AND id = ? AND uuid = ?",
            (*self._context.here(), member["run_id"], member["run_uuid"]),
        ).fetchone()
        return row

    def _status(self, batch: Resource) -> str:
        doc, now = batch.doc, self._context.now
        if doc["deleted"] is not None:
            return self._deleting(batch)
        if doc["failed"] is not None and doc["failed"] <= now:
            return "FAILED"
        if doc["stopped"] is not None:
            return "STOPPING" if self._has_active(batch) else "CANCELLED"
        for moment, status in (
            (doc["pending"], "CREATING"),
            (doc["submitting"], "PENDING"),
            (doc["submitted"], "SUBMITTING"),
        ):
            if now < moment:
                return status
        return "INPROGRESS" if self._has_active(batch) else "PROCESSED"

    def _deleting(self, batch: Resource) -> str:
        if self._context.now < batch.doc["deleted"] + self._context.settings.batchSeconds / 3:
            return "RUNS_DELETING"
        failed = any(member["submission"] == "DELETE_FAILED" for member in self._members(batch))
        return "RUNS_DELETE_FAILED" if failed else "RUNS_DELETED"

    def _has_active(self, batch: Resource) -> bool:
        return self._context.has_active_run("batch_id = ?", batch.id)

    def _processed(self, batch: Resource, status: str) -> float | None:
        if status in ("CREATING", "PENDING", "SUBMITTING", "INPROGRESS", "STOPPING", "FAILED"):
            return None
        (ended,) = self._context.connection.execute(
            "SELECT max(ended) FROM runs WHERE account = ? AND region = ? AND batch_id = ?",
            (*self._context.here(), batch.id),
        ).fetchone()
        submitted: float = batch.doc["submitted"]
        return max(ended or 0.0, submitted)

    def _member(self, row: sqlite3.Row) -> dict[str, Any]:
        run_id = row["run_id"]
        return {
            "runSettingId": row["setting_id"],
            "runId": run_id,
            "runInternalUuid": row["run_uuid"],
            "runArn": None if run_id is None else self._context.arn(f"run/{run_id}"),
            "submissionStatus": row["submission"],
            "submissionFailureReason": row["reason"],
            "submissionFailureMessage": row["message"],
        }

    def _found(self, member: str = "batchId") -> Resource:
        return self._batches.find(self._context.params[member])

    def _members(self, batch: Resource) -> list[sqlite3.Row]:
        return self._context.connection.execute(
            "SELECT * FROM batch_runs WHERE batch = ? ORDER BY pk", (batch.uuid,)
        ).fetchall()

    def _allow(self, batch: Resource, states: frozenset[str], what: str) -> None:
        status = self._status(batch)
        if status not in states:
            raise ConflictException(f"Batch {batch.id} is {status} and can't be {what}.")

    def _one_filter(self, *names: str) -> None:
        given = [name for name in names if name in self._context.params]
        if len(given) > 1:
            raise ValidationException(f"Only one filter a call, not {', '.join(given)}")

    def _mark(
        self,
        batch: Resource,
        pk: int,
        submission: str,
        reason: str | None = None,
        message: str | None = None,
    ) -> None:
        self._context.connection.execute(
            "UPDATE batch_runs SET submission = ?, reason = ?, message = ?"
            " WHERE batch = ? AND pk = ?",
            (submission, reason, message, batch.uuid, pk),
        )

    def _change(self, batch: Resource, **facts: Any) -> None:
        self._batches.change(batch, batch.name, {**batch.doc, **facts})


def _failed(failure: entries.Failure | None, moment: float) -> dict[str, Any]:
    """Give what a batch keeps of its failure, that comes at a moment, or of none."""
    if failure is None:
        return dict.fromkeys(("failed", "failure", "code"))
    return {"failed": moment, "failure": failure.text, "code": failure.code}


def _raise(fault: ServiceError | None) -> None:
    if fault is not None:
        raise fault


def _merged(defaults: Mapping[str, Any], setting: Mapping[str, Any]) -> dict[str, Any]:
    """Give StartRun's request of one entry: it goes before the defaults, and maps are merged."""
    both = {**defaults, **setting}
    for name in _MERGED:
        if name in defaults or name in setting:
            both[name] = {**defaults.get(name, {}), **setting.get(name, {})}
    request = {name: value for name, value in both.items() if name not in _NOT_SENT}
    if "outputUri" not in request:
        raise ValidationException("A run needs an outputUri, of its own or of the defaults")
    return {**request, "tags": both.get("runTags", {})}


def _if_past(moment: float, now: float) -> float | None:
    return moment if moment <= now else None
