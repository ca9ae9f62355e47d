"""What a report on drift says, as values: the findings, grouped, and what was fixed of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from omics_provider.engine.urn import NOUNS, natural

from .rules.judge import (
    Finding,
    Found,
    Kind,
    Live,
    in_doubt,
    judge_batch,
    judge_lasting,
    judge_run,
    unfinished,
    unrecorded,
)
from .rules.leaving import judge_leaving
from .rules.record import StackRecord


@dataclass(frozen=True)
class Seen:
    """What was looked at. Recorded resources by URN, batches by uuid."""

    runs: Mapping[str, Found]
    batches: Mapping[str, Found] = field(default_factory=dict)
    #: Replaced runs that the next update ends, by uuid.
    leaving: Mapping[str, Found] = field(default_factory=dict)
    lasting: Mapping[str, Found] = field(default_factory=dict)
    #: Runs and batches that may be the stack's and that no resource stands for.
    strangers: tuple[Live, ...] = ()
    strange_batches: tuple[Live, ...] = ()
    #: Ended runs whose tags were not looked at.
    tags_unseen: int = 0
    #: Runs and batches that may carry the mark and were not asked for it: active, and ended.
    unasked_active: int = 0
    unasked_ended: int = 0
    gaps: tuple[str, ...] = ()


#: What costs money or needs somebody comes first.
_ORDER: Final = (
    Kind.ORPHAN, Kind.REPLACED, Kind.FAILED, Kind.CANCELLED, Kind.GONE, Kind.REUSED,
    Kind.UNCONFIRMED, Kind.ATTEMPT, Kind.CHANGED, Kind.TAGS, Kind.COMPLETED, Kind.ENDED,
    Kind.UNREAD, Kind.ELSEWHERE, Kind.OTHER_STACK, Kind.LEFT,
)  # fmt: skip
#: Up to so many findings of a kind have an entry each, since what to do names the run.
_ALONE: Final = 20
_BY_ID: Final = frozenset({Kind.ORPHAN, Kind.REPLACED, Kind.ATTEMPT, Kind.UNCONFIRMED, Kind.REUSED})


@dataclass(frozen=True, slots=True)
class Entry:
    """Resources of which the same was found; mostly one."""

    findings: tuple[Finding, ...]
    is_fixed: bool

    @property
    def first(self) -> Finding:
        """The one that stands for all."""
        return self.findings[0]


@dataclass(frozen=True)
class DriftReport:
    """What the report on a stack's drift says."""

    stack: str
    #: Resources of the state by what they are: run, batch, run group.
    recorded: Mapping[str, int]
    findings: tuple[Finding, ...]
    fixed: frozenset[Finding] = field(default_factory=frozenset)
    #: What could not be fixed, a message each.
    problems: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    tags_unseen: int = 0
    unasked_active: int = 0
    unasked_ended: int = 0
    looks_for_orphans: bool = True

    @property
    def left(self) -> tuple[Finding, ...]:
        """The drift that there still is."""
        return tuple(each for each in self.findings if each.is_drift and each not in self.fixed)

    @property
    def unread(self) -> tuple[Finding, ...]:
        """What is recorded and could not be checked."""
        return tuple(each for each in self.findings if each.kind is Kind.UNREAD)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The findings in order, like ones together."""
        return tuple(_entries(self.findings, self.fixed))

    @property
    def as_recorded(self) -> int:
        """Runs of the state of which nothing was found, or what was found is fixed."""
        open_ = {
            each.urn
            for each in self.findings
            if each.what == "run"
            and each.uuid
            and each not in self.fixed
            and each.before
            # It is what stays of the resource that counts.
            and each.kind is not Kind.REPLACED
        }
        return self.recorded.get("run", 0) - len(open_)


def findings(state: StackRecord, seen: Seen) -> tuple[Finding, ...]:
    """Return all that differs between a state and what was seen, in order."""
    found = list(_of_recorded(state, seen))
    lives = ((seen.strangers, "run"), (seen.strange_batches, "batch"))
    others = [unrecorded(state, live, what) for each, what in lives for live in each]
    found += [other for other in others if other is not None]
    answered = {each.urn for each in found if each.kind is Kind.UNCONFIRMED and each.urn}
    found += in_doubt(state, frozenset(answered))
    return tuple(sorted(found, key=_place))


def drift_report(
    state: StackRecord, seen: Seen, stack: str, *, looks_for_orphans: bool = True
) -> DriftReport:
    """Put a report together."""
    kinds = Counter({"run": len(state.runs), "batch": len(state.batches)})
    kinds.update(NOUNS[each.type] for each in state.lasting)
    return DriftReport(
        stack=stack,
        recorded={kind: count for kind, count in kinds.items() if count},
        findings=findings(state, seen),
        gaps=(*seen.gaps, *state.unread),
        tags_unseen=seen.tags_unseen,
        unasked_active=seen.unasked_active,
        unasked_ended=seen.unasked_ended,
        looks_for_orphans=looks_for_orphans,
    )


def _of_recorded(state: StackRecord, seen: Seen) -> Iterator[Finding]:
    for run in state.runs:
        if run.urn in seen.runs:
            yield from judge_run(run, seen.runs[run.urn])
    for resource in state.batches:
        for kept in unfinished(resource):
            of_batch = judge_batch(resource, kept, seen.batches[str(kept["uuid"])])
            yield from () if of_batch is None else (of_batch,)
    for left in state.leaving:
        found = [judge_leaving(left, seen.leaving[left.uuid])] if left.uuid in seen.leaving else []
        kept_at = ((kept, seen.batches[str(kept["uuid"])]) for kept in unfinished(left))
        found += [judge_leaving(left, where, kept) for kept, where in kept_at]
        yield from (each for each in found if each is not None)
    for resource in state.lasting:
        of_lasting = judge_lasting(resource, seen.lasting[resource.urn])
        yield from () if of_lasting is None else (of_lasting,)


def _place(finding: Finding) -> tuple[Any, ...]:
    name = natural(finding.name)
    return _ORDER.index(finding.kind), finding.group or "", name, finding.id, finding.what


def _entries(found: Iterable[Finding], fixed: frozenset[Finding]) -> Iterator[Entry]:
    alike: dict[Any, list[Finding]] = {}
    numbers: Counter[Kind] = Counter()
    for each in found:
        numbers[each.kind] += 1
        own = each.id if each.kind in _BY_ID and numbers[each.kind] <= _ALONE else ""
        tags = repr(each.tags) if each.tags and numbers[each.kind] <= _ALONE else ""
        # Of a run that is left, its end alone is of interest.
        said = (each.detail, each.is_rerun, tags) if each.kind is not Kind.LEFT else ()
        key = (each.kind, each.what, each.group, own, *said, each in fixed)
        alike.setdefault(key, []).append(each)
    for group in alike.values():
        yield Entry(tuple(group), group[0] in fixed)
