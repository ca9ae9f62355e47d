"""Starting a run: the rules of StartRun, and the row that a new run becomes."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import astuple, replace
from typing import Any, Final

from omics_provider.emulator.protocol.exceptions import (
    ServiceQuotaExceededException,
    ValidationException,
)
from omics_provider.emulator.shared.configurations import Configurations
from omics_provider.emulator.shared.groups import Groups
from omics_provider.emulator.workflows.operations import Workflows
from omics_provider.emulator.workflows.record import Workflow
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.faults import FAILS, FROZEN
from omics_provider.emulator.world.life import COMPLETED, FAILED, stopping_seconds
from omics_provider.emulator.world.resources import check_tags

from . import checks, executed, inputs, retries, tasks
from .failures import Failure
from .queue import Queue, cache_facts

SECONDS_TAG: Final = "emulator:seconds"
STOPPING_TAG: Final = "emulator:stopping"
FAILS_TAG: Final = "emulator:fails"
FREEZES_TAG: Final = "emulator:freezes"

_MOST_PARAMETER_BYTES: Final = 50_000
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+")


class Starter:
    """Starts runs, for StartRun and for batches."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def start(
        self, request: dict[str, Any], created: float | None = None, batch_id: str | None = None
    ) -> dict[str, Any]:
        """Start a run and answer as StartRun does. `created` is now, or some time before."""
        workflow = Workflows(self._context).startable(request)
        check_request(request, workflow)
        checks.refuse(self._context, request, workflow)
        Queue(self._context).hold_quota(self._context.now if created is None else created)
        self._make_room()
        answer = self._insert(request, workflow, created, batch_id)
        if batch_id is None:
            Queue(self._context).settle()  # a batch settles the queue once for all its runs
        return answer

    def _failure(
        self, request: Mapping[str, Any], workflow: Workflow, given: checks.Given
    ) -> Failure | None:
        """Give how the run will fail, if it will."""
        fault, tags = self._context.fault, request.get("tags", {})
        known = {"uri": given.files[0].uri} if given.files else {}
        if fault is not None and fault.fault == FAILS:
            return Failure(fault.reason, known)
        if FAILS_TAG in tags:
            return Failure(tags[FAILS_TAG] or "WORKFLOW_RUN_FAILED", known)
        return checks.failure(self._context, request, workflow, given)

    def _make_room(self) -> None:
        """Hold the limit of stored runs: the oldest ended REMOVE run goes, or the start fails."""
        most = self._context.settings.most_stored()
        if most is None:
            return
        connection, here = self._context.connection, self._context.here()
        (stored,) = connection.execute(
            "SELECT count(*) FROM runs WHERE account = ? AND region = ?", here
        ).fetchone()
        if stored < most:
            return
        oldest = connection.execute(
            "SELECT pk, id FROM runs WHERE account = ? AND region = ? AND retention = 'REMOVE'"
            " AND ended <= ? ORDER BY pk LIMIT 1",
            (*here, self._context.now),
        ).fetchone()
        if oldest is None:
            raise ServiceQuotaExceededException(
                f"There are {stored} runs, the most there can be, and none to remove."
            )
        connection.execute("DELETE FROM runs WHERE pk = ?", (oldest["pk"],))
        self._context.free_id("run", oldest["id"])

    def _insert(
        self,
        request: dict[str, Any],
        workflow: Workflow,
        created: float | None,
        batch_id: str | None,
    ) -> dict[str, Any]:
        context, tags = self._context, request.get("tags", {})
        if "runGroupId" in request:
            Groups(context).find(request["runGroupId"])
        run_id, run_uuid = context.new_id("run"), context.new_uuid()
        given = checks.given(context, request, workflow)
        failure = self._failure(request, workflow, given)
        inputs.use(context, given.files)
        reason = None if failure is None else failure.reason
        calls = checks.reached(workflow.tasks, failure)
        planned = tasks.plans(workflow, calls, request.get("parameters") or {})
        configuration = self._configuration(request)
        seconds = _seconds(tags, SECONDS_TAG, context.run_seconds)
        executes = failure is None and executed.is_executed(context, request, workflow)
        doc = {
            "request": {name: value for name, value in request.items() if name != "requestId"},
            "workflow": workflow.summary(),
            "storage": _storage(request, workflow, context.settings.defaultStorageType),
            "failureReason": reason,
            "failure": None if failure is None else failure.doc,
            "resourceDigests": inputs.digests(given.files),
            "stored": inputs.stored(given.files),
            "images": given.images,
            "runOutputUri": _output(request, run_id, run_uuid),
            "seconds": seconds,
            "startup": context.settings.startupSeconds,
            "retries": retries.planned(tags, workflow.engine, reason),
            "stopping": _seconds(tags, STOPPING_TAG, stopping_seconds(seconds)),
            "frozen": FREEZES_TAG in tags
            or (context.fault is not None and context.fault.fault == FROZEN),
            "tasks": [astuple(plan) for plan in planned],
            "cache": cache_facts(context, request),
            **configuration,
            **({"executed": {"tasks": []}} if executes else {}),
        }
        cpus, gpus = tasks.peak(planned)
        begun = context.now if created is None else created
        inserted = context.connection.execute(
            "INSERT INTO runs (account, region, id, uuid, name, run_group_id, batch_id, priority,"
            " retention, created, outcome, doc, tags, waiting, cpus, gpus, next_trace)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)",
            (
                *context.here(), run_id, run_uuid, request.get("name"),
                request.get("runGroupId"), batch_id, request.get("priority", 0),
                request.get("retentionMode", "RETAIN"), begun,
                COMPLETED if failure is None else FAILED, json.dumps(doc),
                json.dumps(tags), cpus, gpus, begun,
            ),
        )  # fmt: skip
        if executes and inserted.lastrowid is not None:
            executed.enqueue(context, inserted.lastrowid, run_uuid)
        return {
            "arn": context.arn(f"run/{run_id}"),
            "id": run_id,
            "status": "PENDING",
            "tags": tags,
            "uuid": run_uuid,
            "runOutputUri": doc["runOutputUri"],
            "configuration": configuration["configuration"],
            "networkingMode": request.get("networkingMode", "RESTRICTED"),
        }

    def _configuration(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name = request.get("configurationName")
        if name is None:
            return {"configuration": None, "vpc": None}
        configurations = Configurations(self._context)
        return {
            "configuration": configurations.details(name),
            "vpc": configurations.vpc(name) if request.get("networkingMode") == "VPC" else None,
        }


def check_request(request: Mapping[str, Any], workflow: Workflow) -> None:
    """Hold a request to the rules of StartRun that botocore's model does not have."""
    check_tags(request.get("tags", {}))
    for problem in _problems(request, workflow):
        raise ValidationException(problem)


def _problems(request: Mapping[str, Any], workflow: Workflow) -> list[str]:
    parameters = request.get("parameters")
    size = len(json.dumps(parameters, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    broken = [
        (not _ROLE.fullmatch(request["roleArn"]), "IAM role is invalid or inaccessible"),
        (not request["outputUri"].startswith("s3://"), "outputUri is not an S3 URI"),
        (
            parameters is not None and not isinstance(parameters, dict),
            "parameters is not a JSON object",
        ),
        (size > _MOST_PARAMETER_BYTES, f"parameters has more than {_MOST_PARAMETER_BYTES} bytes"),
        (
            workflow.type == "READY2RUN"
            and ("storageType" in request or "storageCapacity" in request),
            "A READY2RUN workflow takes neither storageType nor storageCapacity",
        ),
        (
            "engineSettings" in request and workflow.engine not in ("NEXTFLOW", None),
            "engineSettings is for NEXTFLOW workflows only",
        ),
        (
            not isinstance(request.get("engineSettings", {}), dict),
            "engineSettings is not a JSON object",
        ),
        ("cacheBehavior" in request and "cacheId" not in request, "cacheBehavior needs a cacheId"),
        (
            request.get("networkingMode") == "VPC" and "configurationName" not in request,
            "networkingMode VPC needs a configurationName",
        ),
    ]
    return [problem for is_broken, problem in broken if is_broken]


def _output(request: Mapping[str, Any], run_id: str, run_uuid: str) -> str:
    output = str(request["outputUri"]).rstrip("/")
    if request.get("outputUriPrefixMode") == "NONE_WITH_OVERWRITE":
        return output
    return f"{output}/{run_id}/{run_uuid}"


def _seconds(tags: Mapping[str, str], tag: str, default: float) -> float:
    """Give the seconds that a run's tag says, else the default. An unreadable tag is refused."""
    text = tags.get(tag)
    if text is None:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValidationException(
            f"The tag {tag} directs the emulator and takes seconds, not {text!r}."
        )
    return seconds


def _storage(request: Mapping[str, Any], workflow: Workflow, default: str) -> dict[str, Any]:
    kind = request.get("storageType") or workflow.storage_type or default
    if kind == "DYNAMIC":
        return {"type": kind, "capacity": None}
    asked = request.get("storageCapacity") or workflow.storage_capacity or 1200
    rounded = 1200 if asked <= 1200 else math.ceil(asked / 2400) * 2400
    return {"type": kind, "capacity": min(rounded, 100_000)}


def in_batch(context: Context, params: dict[str, Any]) -> Context:
    """Give a context for a run that a batch starts: no fault of the call strikes it."""
    return replace(context, params=params, fault=None)
