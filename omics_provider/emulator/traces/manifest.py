"""A run's manifest: an entry for the run and one for each of its tasks.

What a run and its tasks have used was measured where they were executed, and is made up where they
were not. A member without a value is left out. The members are those of AWS's own readers of
manifests (docs/behaviours.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from omics_provider.emulator.protocol.wire import iso8601
from omics_provider.emulator.runs import failures, tasks
from omics_provider.emulator.runs.tasks import Task
from omics_provider.emulator.world import events
from omics_provider.emulator.world.context import started_by
from omics_provider.emulator.world.life import FAILED, Life

from .traced import TracedRun

#: GiB of which a run without a storage size of its own uses its shares.
_GIB: Final = 1200


def of_run(run: TracedRun, status: str) -> dict[str, Any]:
    """Give the entry of a run that has ended in a state."""
    row, doc, request = run.row, run.doc, run.doc["request"]
    has_failed = status == FAILED
    return _given(
        {
            "arn": run.arn,
            "uuid": row["uuid"],
            "name": row["name"],
            "status": status,
            "statusMessage": _message(run) if has_failed else None,
            "failureReason": doc["failureReason"] if has_failed else None,
            "workflow": _workflow_arn(run),
            "digest": doc["workflow"]["digest"],
            "parameters": request.get("parameters"),
            "parameterTemplate": doc["workflow"].get("template"),
            "outputUri": request["outputUri"],
            "roleArn": request["roleArn"],
            "startedBy": started_by(row["account"]),
            "resourceDigests": doc.get("resourceDigests", {}),
            "storageType": doc["storage"]["type"],
            "storageCapacity": doc["storage"]["capacity"],
            **_times(run.life),
            "metrics": _given(_used_by_run(run)),
        }
    )


def of_task(run: TracedRun, task: Task) -> dict[str, Any]:
    """Give the entry of a task.

    One whose outputs came from a cache was not carried out: it has no times, and used nothing.
    """
    plan, is_cached = task.plan, task.cached is not None
    message = task.message
    if not message and task.failure is not None:
        message = failures.of_task(run.row["id"], run.doc, task)
    return _given(
        {
            "arn": events.arn(run.row, "task", task.id),
            "uuid": task.uuid,
            "run": run.arn,
            "workflow": _workflow_arn(run),
            "name": plan.name,
            "status": task.life.outcome,
            "statusMessage": message,
            "failureReason": task.failure,
            "image": task.image or (tasks.image(run.doc, task) or {}).get("image"),
            "cpus": plan.cpus,
            "memory": plan.memory,
            "gpus": plan.gpus,
            "instanceType": plan.instance,
            **({} if is_cached else _times(task.life)),
            "metrics": {} if is_cached else _given(_used_by_task(task)),
        }
    )


def _times(life: Life) -> dict[str, str]:
    moments = {"creationTime": life.created, "startTime": life.running, "stopTime": life.ended}
    return {name: iso8601(time) for name, time in moments.items() if time is not None}


def _given(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _message(run: TracedRun) -> str:
    return failures.of_run(run.row["id"], run.row["region"], run.doc, run.life, run.tasks)


def _workflow_arn(run: TracedRun) -> str:
    request = run.doc["request"]
    is_ours = request.get("workflowType", "PRIVATE") == "PRIVATE"
    place = {**run.row, "account": run.row["account"] if is_ours else ""}
    return events.arn(place, "workflow", request["workflowId"])


# What was used -------------------------------------------------------------------------------


def _used_by_run(run: TracedRun) -> Mapping[str, float | None]:
    if "executed" in run.doc:
        measured: dict[str, float | None] = run.doc["executed"].get("metrics", {})
        return measured
    capacity = run.doc["storage"]["capacity"]
    return {
        "runningSeconds": _seconds(run.life),
        "storageReservedGiB": capacity,
        "storageMaximumGiB": (capacity or _GIB) * 0.4,
        "storageAverageGiB": (capacity or _GIB) * 0.25,
    }


def _used_by_task(task: Task) -> Mapping[str, float | None]:
    if task.metrics is not None:
        return task.metrics
    plan = task.plan
    return {
        "cpusReserved": plan.cpus,
        "cpusAverage": plan.cpus * 0.5,
        "cpusMaximum": plan.cpus * 0.9,
        "gpusReserved": plan.gpus,
        "memoryReservedGiB": plan.memory,
        "memoryAverageGiB": plan.memory * 0.4,
        "memoryMaximumGiB": plan.memory * 0.7,
        "runningSeconds": _seconds(task.life),
    }


def _seconds(life: Life) -> float:
    if life.running is None or life.stopping is None:
        return 0.0
    return life.stopping - life.running
