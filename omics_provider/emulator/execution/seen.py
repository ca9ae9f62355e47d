"""The tasks of a run as its document keeps them, made from what the worker says of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from omics_provider.emulator.runs import tasks
from omics_provider.emulator.world.life import ENDED, FAILED

#: The time that each state of a task sets.
_TIMES: Final = {"PENDING": "created", "STARTING": "starting", "RUNNING": "running"}


def take(
    seen: list[dict[str, Any]],
    event: Mapping[str, Any],
    moment: float,
    run_uuid: str,
    cache_uri: str | None,
) -> dict[str, Any]:
    """Bring the tasks up to date with an event, and give the one that it is about."""
    task = next((each for each in seen if each["key"] == event["id"]), None)
    if task is None:
        task = _new(event, moment, run_uuid, len(seen))
        seen.append(task)
    status = str(event["status"])
    if status in _TIMES:
        task[_TIMES[status]] = moment
    elif status in ENDED:
        task.update(stopping=moment, ended=moment, outcome=status)
    if event.get("cached"):
        task["cached"] = cache_uri
    if status == FAILED:
        task.update(failure=event.get("failureReason"), message=event.get("message"))
    for name in ("log", "image", "metrics", "exitCode"):
        if event.get(name) is not None:
            task[name] = event[name]
    return task


def _new(event: Mapping[str, Any], moment: float, run_uuid: str, number: int) -> dict[str, Any]:
    cpus, memory = float(event.get("cpus") or 1), float(event.get("memoryGiB") or 1)
    task_id, task_uuid = tasks.identity(run_uuid, number)
    instance, _, _ = tasks.smallest(cpus, memory)
    return {
        "key": event["id"],
        "id": task_id,
        "uuid": task_uuid,
        "name": event["name"],
        "cpus": math.ceil(cpus),
        "memory": math.ceil(memory),
        "gpus": 0,
        "instance": instance,
        "created": moment,
        **dict.fromkeys(("starting", "running", "stopping", "ended", "outcome")),
        **dict.fromkeys(("failure", "message", "cached", "log", "image", "metrics", "exitCode")),
    }
