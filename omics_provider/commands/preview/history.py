"""What past runs of a workflow took and cost: read-only look-ups, bounded."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from omics_provider.base.settings import Settings
from omics_provider.commands.report.data import Run, moment, run_of
from omics_provider.explain.gather import Gaps
from omics_provider.runs import details
from omics_provider.runs.calls import Runs

from .prices import Past, Prices, Usage, Workflow

#: Completed runs that are listed, past runs that an estimate is made from, and workflows whose past
#: runs are looked into: three calls a run.
_LISTED: Final = 1000
_PAST: Final = 8
_WORKFLOWS: Final = 4
#: Past runs of Ready2Run workflows and those not looked into give times only, at no call.
_TIMED: Final = 50


def past_runs(
    settings: Settings, workflows: Iterable[Workflow], prices: Prices, now: datetime, gaps: Gaps
) -> dict[Workflow, tuple[Past, ...]]:
    """Return the latest completed runs of each workflow, as far as they can be read.

    A run of another version of the workflow counts only where none of the declared one is there.
    """
    wanted = sorted(set(workflows))
    if not wanted:
        return {}
    listed = gaps.attempt("ListRuns", "past runs", lambda: _listed(settings, wanted)) or []
    found: dict[Workflow, tuple[Past, ...]] = {}
    looked_into = 0
    for workflow in wanted:
        items = _of(listed, workflow)
        if workflow.is_ready2run or looked_into >= _WORKFLOWS:
            read: list[Past | None] = [_timed(item) for item in items[:_TIMED]]
        else:
            looked_into += 1
            read = [_read(settings, str(item["id"]), prices, now, gaps) for item in items[:_PAST]]
        same = all(_is_of(item, workflow) for item in items)
        found[workflow] = tuple(replace(past, is_same_version=same) for past in read if past)
    return found


def _listed(settings: Settings, wanted: Collection[Workflow]) -> list[dict[str, Any]]:
    """ListRuns, until there are enough completed runs of each workflow."""
    found: list[dict[str, Any]] = []
    missing = Counter({workflow.id: _TIMED for workflow in wanted})
    for item in itertools.islice(Runs(settings).list(status="COMPLETED"), _LISTED):
        found.append(item)
        missing[str(item.get("workflowId"))] -= 1
        if max(missing[workflow.id] for workflow in wanted) <= 0:
            break
    return found


def _of(listed: Iterable[Mapping[str, Any]], workflow: Workflow) -> list[Mapping[str, Any]]:
    """Return the runs of a workflow with both times, the latest first."""
    items = [
        item
        for item in listed
        if item.get("workflowId") == workflow.id and item.get("startTime") and item.get("stopTime")
    ]
    same = [item for item in items if _is_of(item, workflow)]
    chosen = same if workflow.version and same else items
    return sorted(chosen, key=lambda item: (str(item["startTime"]), str(item["id"])), reverse=True)


def _is_of(item: Mapping[str, Any], workflow: Workflow) -> bool:
    return not workflow.version or item.get("workflowVersionName", "") == workflow.version


def _timed(item: Mapping[str, Any]) -> Past:
    started, stopped = moment(item["startTime"]), moment(item["stopTime"])
    return Past((stopped - started).total_seconds() if started and stopped else 0.0)


def _read(
    settings: Settings, run_id: str, prices: Prices, now: datetime, gaps: Gaps
) -> Past | None:
    live = gaps.attempt("GetRun", "past runs", lambda: Runs(settings).get(run_id))
    if live is None:
        return None
    entries: list[dict[str, Any]] = []
    if not settings.is_local:
        uuid = str(live["uuid"])
        entries = (
            gaps.attempt(
                "GetLogEvents", "manifests", lambda: details.manifest(settings, run_id, uuid)
            )
            or []
        )
    tasks: list[dict[str, Any]] = []
    if not entries:
        read = gaps.attempt("ListRunTasks", "tasks", lambda: details.tasks(settings, run_id))
        if read is None:
            return Past(run_of(live, (), (), now).seconds)
        tasks = read
    run = run_of(live, tasks, entries, now)
    return Past(run.seconds, prices.private(usage_of(run, live, entries)))


def usage_of(run: Run, live: Mapping[str, Any], manifest: Iterable[Mapping[str, Any]]) -> Usage:
    """Return what a run is billed for; tasks whose results came from a cache are not."""
    own = next((entry for entry in manifest if entry.get("uuid") == live["uuid"]), {})
    return Usage(
        tasks=tuple((task.instance, task.seconds) for task in run.tasks if not task.cache_hit),
        seconds=run.seconds,
        storage_type=live.get("storageType"),
        storage_gib=_storage(live, own.get("metrics") or {}),
    )


def _storage(live: Mapping[str, Any], metrics: Mapping[str, Any]) -> float | None:
    """Return the GiB that are billed; of DYNAMIC storage without a manifest, the most used."""
    name = "storageAverageGiB" if live.get("storageType") == "DYNAMIC" else "storageReservedGiB"
    found = metrics.get(name)
    return float(found) if isinstance(found, int | float) else live.get("storageCapacity")
