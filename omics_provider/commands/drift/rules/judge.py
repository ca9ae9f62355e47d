"""How what a stack records and what the service says differ: found x recorded -> findings.

Pure and total: whatever was found of a resource gives findings, perhaps none, and never an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Any, Final, NamedTuple

from omics_provider.base.diff import difference
from omics_provider.base.identity import STACK_MARK, Mark
from omics_provider.base.status import ACTIVE, ENDED, UNSUCCESSFUL, RunStatus
from omics_provider.base.table import Table
from omics_provider.base.words import cause
from omics_provider.batches.rules import lifecycle
from omics_provider.batches.rules.lifecycle import FINAL, BatchStatus, status_of
from omics_provider.engine.urn import CACHE, GROUP, NOUNS, WORKFLOW
from omics_provider.runs.rules.lifecycle import gone, live_tags
from omics_provider.shared.rules import lasting, tables
from omics_provider.workflows.rules import workflow_table

from .record import Recorded, StackRecord

Live = Mapping[str, Any]

#: How far the clocks of the service and of the machine that ran the update may be apart.
_SKEW: Final = timedelta(seconds=10)


class Kind(StrEnum):
    """What was found."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    GONE = "gone"
    #: Gone, and its id is another run's by now.
    REUSED = "reused"
    TAGS = "tags"
    #: Inputs of a group, cache or workflow were changed by hand.
    CHANGED = "changed"
    #: Nothing more happens to a batch by itself.
    ENDED = "ended"
    #: A start without a clear answer, or one that a killed update has left.
    UNCONFIRMED = "unconfirmed"
    #: A wait has started this run in place of the recorded one, as `retry` says.
    ATTEMPT = "attempt"
    #: An active run with this stack's mark that is in no state.
    ORPHAN = "orphan"
    #: The same, but ended, or left on purpose (on_delete): it is in nobody's way.
    LEFT = "left"
    #: An active run that was replaced, and that the next update ends.
    REPLACED = "replaced"
    #: It carries this stack's mark, and another stack's state has it: one of the two was renamed.
    OTHER_STACK = "other-stack"
    #: Not in the account and Region that was looked at.
    ELSEWHERE = "elsewhere"
    #: It could not be checked.
    UNREAD = "unread"


#: What the report names although the stack and the service do not differ in it.
NO_DRIFT: Final = frozenset({Kind.LEFT, Kind.OTHER_STACK, Kind.ELSEWHERE, Kind.UNREAD})
#: What a refresh of the one resource records, and nothing else comes of it.
RECORDABLE: Final = frozenset(
    {Kind.COMPLETED, Kind.FAILED, Kind.CANCELLED, Kind.GONE, Kind.REUSED, Kind.TAGS, Kind.ENDED}
)


class TagDrift(NamedTuple):
    """Tags that were changed by hand: recorded and live values by key."""

    changed: Mapping[str, tuple[str, str]]
    added: Mapping[str, str]
    removed: Mapping[str, str]

    @property
    def to_put_back(self) -> dict[str, str]:
        """The recorded tags that the run no longer has as they were declared."""
        return {**{key: before for key, (before, _) in self.changed.items()}, **self.removed}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found of one resource, or of a run of none.

    `before` and `now` are states, as recorded and live. `detail` says more in the words of the
    service, or names what it is about; `number` is that of an attempt.
    """

    kind: Kind
    name: str
    id: str = ""
    urn: str | None = None
    group: str | None = None
    uuid: str | None = None
    before: str = ""
    now: str = ""
    detail: str = ""
    number: int = 0
    tags: TagDrift | None = field(default=None, hash=False)
    #: A run's ARN where its tags can be put back.
    arn: str = ""
    #: Whether rerun_on or retry asks for another run where it ended so.
    is_rerun: bool = False
    #: What it is, where it is no run: "run group".
    what: str = "run"
    #: Whether another stack may have it, since not all states could be read.
    is_unsure: bool = False

    @property
    def is_drift(self) -> bool:
        """Whether the stack and the service differ in it."""
        return self.kind not in NO_DRIFT

    @property
    def is_recordable(self) -> bool:
        """Whether a refresh of its resource brings the state up to date, and does nothing else."""
        return self.kind in RECORDABLE and self.what in ("run", "batch")

    @property
    def label(self) -> str:
        """Its name within its group: the sample's id in a cohort."""
        return self.name.removeprefix(f"{self.group}-") if self.group else self.name


class Look(Enum):
    """How a recorded run was looked at."""

    #: GetRun answered: uuid, reason and tags are known.
    READ = "read"
    #: ListRuns has it, and it is the recorded one.
    LISTED = "listed"
    MISSING = "missing"
    UNREAD = "unread"
    ELSEWHERE = "elsewhere"


#: What is to be told of what was not looked at.
UNSEEN: Final = {Look.UNREAD: Kind.UNREAD, Look.ELSEWHERE: Kind.ELSEWHERE}


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of a recorded run; `why` it was not looked at."""

    look: Look
    run: Live = field(default_factory=dict)
    why: str = ""


def judge_run(recorded: Recorded, found: Found) -> tuple[Finding, ...]:
    """Return what differs between the recorded run and what was found of it."""
    if kind := UNSEEN.get(found.look):
        return (_about(recorded, kind, detail=found.why),)
    if found.look is Look.MISSING:
        return _gone(recorded, Kind.GONE)
    if found.look is Look.LISTED:
        return _ended(recorded, found.run)
    if found.run.get("uuid") != recorded.uuid:
        return _gone(recorded, Kind.REUSED, str(found.run.get("uuid", "")))
    return (*_ended(recorded, found.run), *_tags(recorded, found.run))


def _about(recorded: Recorded, kind: Kind, **more: Any) -> Finding:
    """Return a finding on a recorded resource."""
    known: dict[str, Any] = {
        "id": recorded.id,
        "urn": recorded.urn,
        "group": recorded.group,
        "uuid": recorded.uuid or None,
        "before": recorded.status,
        **more,
    }
    return Finding(kind, recorded.name, **known)


def _gone(recorded: Recorded, kind: Kind, other: str = "") -> tuple[Finding, ...]:
    """Tell that the record is gone, unless that is recorded; `other` is who has its id now."""
    if recorded.is_gone:
        return ()
    now = gone(recorded.plain_outputs)
    return (_about(recorded, kind, detail=other, is_rerun=recorded.asks_for_another(now)),)


_ENDS: Final = {
    RunStatus.COMPLETED: Kind.COMPLETED,
    RunStatus.FAILED: Kind.FAILED,
    RunStatus.CANCELLED: Kind.CANCELLED,
    RunStatus.DELETED: Kind.GONE,
}


def _ended(recorded: Recorded, run: Live) -> tuple[Finding, ...]:
    """Tell of an end that is not recorded; a run that only moved on is as it is to be."""
    status = str(run.get("status", ""))
    if status not in set(RunStatus):
        why = f"the service names a state that this release does not know: {status}"
        return (_about(recorded, Kind.UNREAD, detail=why),)
    if status == recorded.status or status in ACTIVE:
        return ()
    reason = cause(run.get("failureReason"), run.get("statusMessage"))
    rerun = recorded.asks_for_another(run)
    kind = _ENDS[RunStatus(status)]
    return (_about(recorded, kind, now=status, detail=reason, is_rerun=rerun),)


def _tags(recorded: Recorded, live: Live) -> tuple[Finding, ...]:
    before = recorded.tags
    if before is None:
        return ()
    now = {key: value for key, value in live_tags(live).items() if key not in recorded.secret_tags}
    drift = TagDrift(
        {k: (v, now[k]) for k, v in sorted(before.items()) if k in now and now[k] != v},
        {k: v for k, v in sorted(now.items()) if k not in before},
        {k: v for k, v in sorted(before.items()) if k not in now},
    )
    if not any(drift):
        return ()
    return (_about(recorded, Kind.TAGS, tags=drift, arn=str(live.get("arn", ""))),)


# Batches, and what runs share ------------------------------------------------------------------


def unfinished(recorded: Recorded) -> Iterator[Live]:
    """Give the batches of a resource that may have moved on since they were recorded."""
    for each in recorded.plain_outputs.get("batches", ()):
        if status_of(each.get("status")) not in FINAL and not each.get("recordGone"):
            yield each


def judge_batch(recorded: Recorded, kept: Live, found: Found) -> Finding | None:
    """Return what differs between one recorded batch of a resource and what was found of it."""
    known = {
        "id": str(kept["id"]),
        "uuid": str(kept["uuid"]),
        "before": str(kept["status"]),
        "what": "batch",
    }
    if kind := UNSEEN.get(found.look):
        return _about(recorded, kind, **known, detail=found.why)
    if found.look is Look.MISSING:
        return _about(recorded, Kind.GONE, **known)
    if found.run.get("uuid") != kept["uuid"]:
        return _about(recorded, Kind.REUSED, **known, detail=str(found.run.get("uuid", "")))
    status = status_of(found.run["status"])
    if status not in FINAL:
        return None
    kind = Kind.FAILED if status is BatchStatus.FAILED else Kind.ENDED
    now = lifecycle.refreshed(kept, found.run)
    return _about(recorded, kind, **known, now=str(found.run["status"]), detail=_came_to(now))


def _came_to(kept: Live) -> str:
    if kept.get("failureReason"):
        return str(kept["failureReason"])
    unsubmitted = {"not started": kept["submissions"].get("failed", 0)}
    counts = {**kept["runs"], **unsubmitted}
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def judge_lasting(recorded: Recorded, found: Found) -> Finding | None:
    """Return what differs between a recorded group, cache or workflow and what was found of it.

    `found.run` has the service's answer as `live`, and that on a workflow's version as `version`.
    """
    what = {"what": NOUNS[recorded.type]}
    if kind := UNSEEN.get(found.look):
        return _about(recorded, kind, **what, detail=found.why)
    outputs = recorded.plain_outputs
    if found.look is Look.MISSING or not lasting.same(outputs, found.run["live"]):
        return _about(recorded, Kind.GONE, **what)
    table, refreshed = _TABLES[recorded.type]
    now = refreshed(outputs, found.run)
    declared = {wire: outputs[wire] for wire in table.by_wire if wire in outputs}
    changed = difference("", now, declared, table)
    if recorded.is_external or not changed:
        return None
    names = [table.by_wire[wire].name for wire in (*changed.replaces, *changed.updates)]
    return _about(recorded, Kind.CHANGED, **what, detail=", ".join(sorted(names)))


def _plain(table: Table) -> Callable[[Live, Live], Live]:
    return lambda outputs, seen: lasting.refreshed(table, outputs, seen["live"])


_TABLES: Final[dict[str, tuple[Table, Callable[[Live, Live], Live]]]] = {
    GROUP: (tables.GROUP, _plain(tables.GROUP)),
    CACHE: (tables.CACHE, _plain(tables.CACHE)),
    WORKFLOW: (
        workflow_table.TABLE,
        lambda outputs, seen: workflow_table.refreshed(outputs, seen["live"], seen.get("version")),
    ),
}


# What a list says -----------------------------------------------------------------------------


def from_list(recorded: Recorded, item: Live | None) -> Found | None:
    """Return what an entry of ListRuns says of a recorded run; None where GetRun has to be asked.

    An entry has neither uuid nor reason nor tags. Ids are used again, so its creation has to be
    that of the recorded run; where that is not recorded, before the engine recorded the resource.
    """
    if item is None or item.get("status") not in set(RunStatus):
        return None
    needs_reason = item["status"] in UNSUCCESSFUL and item["status"] != recorded.status
    has_moved_back = recorded.status in ENDED and item["status"] != recorded.status
    if needs_reason or has_moved_back or not _is_same(recorded, item):
        return None
    return Found(Look.LISTED, item)


def _is_same(recorded: Recorded, item: Live) -> bool:
    creation = item.get("creationTime")
    if recorded.creation:
        return bool(recorded.creation == creation)
    try:
        return datetime.fromisoformat(str(creation)) <= (
            datetime.fromisoformat(recorded.since) + _SKEW
        )
    except (TypeError, ValueError):
        # Times that can't be read, or one of them without a zone.
        return False


def may_be_unrecorded(item: Live) -> bool:
    """Tell whether an entry of ListRuns can be a run that carries a mark; runs of batches do not.

    A batch carries it itself.
    """
    return not item.get("batchId") and item.get("status") != RunStatus.DELETED


# Runs that the state does not have -------------------------------------------------------------


def unrecorded(state: StackRecord, live: Live, what: str = "run") -> Finding | None:
    """Return what GetRun's (or GetBatch's) answer is to this stack; None where nothing.

    The tag with the stack's name proves whose it is, whatever became of its resource. A run without
    room for that tag carries the resource's digest alone, which tells of resources in the state.
    """
    mark = Mark.on(live)
    resource = state.resources_by_mark.get(mark.resource) if mark else None
    stack = (live.get("tags") or {}).get(STACK_MARK)
    if live["uuid"] in state.uuids or not (resource or state.is_own(stack)):
        return None
    token = mark.token if mark else ""
    status = str(live["status"])
    is_active = status not in (ENDED if what == "run" else FINAL)
    known: dict[str, Any] = {
        "id": str(live["id"]),
        "uuid": str(live["uuid"]),
        "now": status,
        "what": what,
    }
    if other := state.other(str(live["uuid"]), token):
        name = str(live.get("name") or live["id"])
        return Finding(Kind.OTHER_STACK, name, **known, detail=other)
    if resource is not None:
        known |= {"urn": resource.urn, "group": resource.group}
    name = resource.name if resource else str(live.get("name") or live["id"])
    attempt = state.attempt(token)
    if attempt is not None and status != RunStatus.CANCELLED:
        return Finding(Kind.ATTEMPT, name, **known, number=attempt)
    if token in state.in_doubt:
        return Finding(Kind.UNCONFIRMED, name, **known)
    kind = Kind.ORPHAN if is_active and token not in state.left else Kind.LEFT
    # Where the state has no name to compare with, somebody has to.
    of = "" if resource or state.names else str(stack)
    return Finding(kind, name, **known, detail=of, is_unsure=bool(state.unread))


def in_doubt(state: StackRecord, seen: frozenset[str]) -> tuple[Finding, ...]:
    """Return the starts of which nobody knows whether they took effect, but for `seen` resources.

    `seen` are the URNs whose run was found.
    """
    doubtful = {resource.urn: resource for resource in state.in_doubt.values()}
    return tuple(
        Finding(Kind.UNCONFIRMED, each.name, urn=each.urn, group=each.group)
        for each in doubtful.values()
        if each.urn not in seen
    )
