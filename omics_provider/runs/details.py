"""What lies beneath a run: its tasks, the ends of its log streams, its manifest.

Every function raises the errors of `omics_provider.base.errors`.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from omics_provider.base.errors import NotFound
from omics_provider.base.settings import LOG_GROUP, Settings
from omics_provider.service import logs
from omics_provider.service.calls import whole
from omics_provider.service.clients import aws, omics
from omics_provider.service.failures import translated

from .calls import Runs
from .rules import words

#: A page of log events may be empty although older ones hold some (GetLogEvents, API reference).
_PAGES_BACK: Final = 5


def tasks(
    settings: Settings, run_id: str, status: Literal["FAILED"] | None = None
) -> list[dict[str, Any]]:
    """ListRunTasks: all tasks of a run, or those with `status`."""
    filters: dict[str, Any] = {"status": status} if status else {}
    pages = omics(settings).get_paginator("list_run_tasks").paginate(id=run_id, **filters)
    found: list[dict[str, Any]] = []
    with translated("ListRunTasks"):
        for page in pages:
            found += whole("ListRunTasks", page, "items")["items"]
    return found


def task_counts(
    settings: Settings, run_id: str, uuid: str, *, is_there: bool
) -> dict[str, int] | None:
    """Return how many tasks an ended run had and how they ended, by `words.task_counts`.

    One ListRunTasks call for 100 tasks. Where it is not known that the id still is this run's
    (`is_there`), GetRun is asked first. Where the run's record is gone its manifest tells, if there
    is one; else None.
    """
    if is_there or _is_run(settings, run_id, uuid):
        try:
            return words.task_counts(tasks(settings, run_id))
        except NotFound:
            pass
    if settings.is_local:
        return None
    entries = manifest(settings, run_id, uuid)
    own = [entry for entry in entries if entry.get("uuid") != uuid]
    return words.task_counts(own) if entries else None


def _is_run(settings: Settings, run_id: str, uuid: str) -> bool:
    live = Runs(settings).find(run_id)
    return live is not None and live["uuid"] == uuid


def task(settings: Settings, run_id: str, task_id: str) -> dict[str, Any]:
    """GetRunTask: one task with its message, failure code and log stream."""
    with translated("GetRunTask"):
        return whole(
            "GetRunTask", omics(settings).get_run_task(id=run_id, taskId=task_id), "taskId"
        )


def log_end(settings: Settings, stream: str, lines: int) -> tuple[str, ...] | None:
    """Return the last `lines` of a log stream, oldest first; None where there is no such stream."""
    token: dict[str, str] = {}
    for _ in range(_PAGES_BACK):
        try:
            with translated("GetLogEvents"):
                page = aws(settings, "logs").get_log_events(
                    logGroupName=LOG_GROUP,
                    logStreamName=stream,
                    limit=lines,
                    startFromHead=False,
                    **token,
                )
        except NotFound:
            return None
        if page.get("events") or page.get("nextBackwardToken") == token.get("nextToken"):
            return tuple(str(event["message"]) for event in page.get("events", ()))
        token = {"nextToken": page["nextBackwardToken"]}
    return ()


def manifest(settings: Settings, run_id: str, uuid: str) -> list[dict[str, Any]]:
    """Return the entries of an ended run's manifest, the run's and its tasks'.

    Empty where there is none, as with logLevel OFF.
    """
    try:
        return list(logs.manifest(settings, run_id, uuid))
    except NotFound:
        return []
