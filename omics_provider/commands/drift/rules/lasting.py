"""The same comparison for batches, and for the groups, caches and workflows that runs share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from omics_provider.base.diff import difference
from omics_provider.base.table import Table
from omics_provider.batches.rules import lifecycle
from omics_provider.batches.rules.lifecycle import FINAL, BatchStatus, status_of
from omics_provider.shared.rules import lasting, tables
from omics_provider.workflows.rules import table as workflow

from .judge import Finding, Found, Kind, Look, about
from .record import CACHE, GROUP, LASTING, WORKFLOW, Recorded

Bag = Mapping[str, Any]


def unfinished(recorded: Recorded) -> Iterator[Bag]:
    """Give the batches of a resource that may have moved on since they were recorded."""
    for each in recorded.plain_outputs.get("batches", ()):
        if status_of(each.get("status")) not in FINAL and not each.get("recordGone"):
            yield each


def judge_batch(recorded: Recorded, kept: Bag, found: Found) -> Finding | None:
    """Return what differs between one recorded batch of a resource and what was found of it."""
    known = {
        "id": str(kept["id"]),
        "uuid": str(kept["uuid"]),
        "before": str(kept["status"]),
        "what": "batch",
    }
    if found.look is Look.UNREAD:
        return about(recorded, Kind.UNREAD, **known, detail=found.why)
    if found.look is Look.ELSEWHERE:
        return about(recorded, Kind.ELSEWHERE, **known, detail=found.why)
    if found.look is Look.MISSING:
        return about(recorded, Kind.GONE, **known)
    if found.run.get("uuid") != kept["uuid"]:
        return about(recorded, Kind.REUSED, **known, detail=str(found.run.get("uuid", "")))
    status = status_of(found.run["status"])
    if status not in FINAL:
        return None
    kind = Kind.FAILED if status is BatchStatus.FAILED else Kind.ENDED
    now = lifecycle.refreshed(kept, found.run)
    return about(recorded, kind, **known, now=str(found.run["status"]), detail=_came_to(now))


def _came_to(kept: Bag) -> str:
    if kept.get("failureReason"):
        return str(kept["failureReason"])
    unsubmitted = {"not started": kept["submissions"].get("failed", 0)}
    counts = {**kept["runs"], **unsubmitted}
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def judge_lasting(recorded: Recorded, found: Found) -> Finding | None:
    """Return what differs between a recorded group, cache or workflow and what was found of it.

    `found.run` has the service's answer as `live`, and that on a workflow's version as `version`.
    """
    what = {"what": LASTING[recorded.type]}
    if found.look in (Look.UNREAD, Look.ELSEWHERE):
        kind = Kind.UNREAD if found.look is Look.UNREAD else Kind.ELSEWHERE
        return about(recorded, kind, **what, detail=found.why)
    outputs = recorded.plain_outputs
    if found.look is Look.MISSING or not lasting.same(outputs, found.run["live"]):
        return about(recorded, Kind.GONE, **what)
    table, refreshed = _TABLES[recorded.type]
    now = refreshed(outputs, found.run)
    declared = {wire: outputs[wire] for wire in table.by_wire if wire in outputs}
    changed = difference("", now, declared, table)
    if recorded.is_external or not changed:
        return None
    names = [table.by_wire[wire].name for wire in (*changed.replaces, *changed.updates)]
    return about(recorded, Kind.CHANGED, **what, detail=", ".join(sorted(names)))


def _plain(table: Table) -> Callable[[Bag, Bag], Bag]:
    return lambda outputs, seen: lasting.refreshed(table, outputs, seen["live"])


_TABLES: Final[dict[str, tuple[Table, Callable[[Bag, Bag], Bag]]]] = {
    GROUP: (tables.GROUP, _plain(tables.GROUP)),
    CACHE: (tables.CACHE, _plain(tables.CACHE)),
    WORKFLOW: (
        workflow.TABLE,
        lambda outputs, seen: workflow.refreshed(outputs, seen["live"], seen.get("version")),
    ),
}
