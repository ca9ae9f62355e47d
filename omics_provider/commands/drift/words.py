"""A report on drift in words: the same lines for Markdown and for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from omics_provider.base.words import cut
from omics_provider.commands.words import (
    NAME,
    Code,
    Line,
    Part,
    Row,
    Words,
    counted,
    joined,
    names,
    shortened,
)

from .data import DriftReport, Entry
from .rules.judge import Finding, Kind, TagDrift

_COLUMNS: Final = ("Run", "Found", "What to do")
#: Names in a row of the table, tags in it, ids in the detail of a finding.
_IN_ROW: Final = 5
_TAGS: Final = 6
_IDS: Final = 40
#: Longest value of a tag, in characters.
_VALUE: Final = 40

_REFRESH: Final = "`--fix` or `pulumi refresh` records it, and starts nothing"
_AGAIN: Final = "to run it again, give `rerun` a new value"


def words_of(report: DriftReport) -> Words:
    """Put a report into words."""
    return Words(
        headline=headline(report),
        lead=tuple(_lead(report)),
        problems=tuple(
            Part(("Not fixed",), (), shortened(each.splitlines())) for each in report.problems
        ),
        columns=_COLUMNS,
        rows=tuple(_row(entry) for entry in report.entries),
        # Of what went well, the names are enough.
        details=tuple(_details(e) for e in report.entries if e.first.kind is not Kind.COMPLETED),
        rest=tuple(_rest(report)),
    )


# The headline --------------------------------------------------------------------------------

_COUNTED: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.ORPHAN: ("{} active orphan", "{} active orphans"),
    Kind.REPLACED: ("{} replaced and still active", "{} replaced and still active"),
    Kind.FAILED: ("{} failed", "{} failed"),
    Kind.CANCELLED: ("{} cancelled", "{} cancelled"),
    Kind.GONE: ("{} gone", "{} gone"),
    Kind.REUSED: ("{} gone, its id used again", "{} gone, their ids used again"),
    Kind.UNCONFIRMED: ("{} start in doubt", "{} starts in doubt"),
    Kind.ATTEMPT: ("{} attempt that a wait started", "{} attempts that waits started"),
    Kind.TAGS: ("tags of {} changed by hand", "tags of {} changed by hand"),
    Kind.CHANGED: ("{} changed by hand", "{} changed by hand"),
    Kind.COMPLETED: ("{} completed", "{} completed"),
    Kind.ENDED: ("{} batch ended", "{} batches ended"),
}


def headline(report: DriftReport) -> str:
    """Return the one line that says what has drifted."""
    left = report.left
    kinds = [each.kind for each in left]
    parts = [
        counted(kinds.count(kind), *words) for kind, words in _COUNTED.items() if kind in kinds
    ]
    fixed = f"{len(report.fixed):,} fixed. " if report.fixed else ""
    unread = len(report.unread)
    unsure = f"{unread:,} could not be checked" if unread else ""
    if parts:
        more = "Left: " if fixed else "Drift: "
        return fixed + more + ", ".join([*parts, *([unsure] if unsure else [])])
    if unsure:
        return f"{fixed}No drift found, but {unsure}"
    return f"{fixed}No drift"


def _lead(report: DriftReport) -> Iterator[Line]:
    runs = report.recorded.get("run", 0)
    of = "all" if report.as_recorded == runs else f"{report.as_recorded:,}"
    told = counted(runs, "{} run", "{} runs")
    yield "Stack ", Code(report.stack), f": {told}, {of} as recorded."
    others = {what: many for what, many in report.recorded.items() if what != "run"}
    if others:
        each = [counted(n, f"{{}} {w}", f"{{}} {_MANY.get(w, w + 's')}") for w, n in others.items()]
        yield ("Beside the runs: ", ", ".join(each), ".")


_MANY: Final = {"batch": "batches"}


# The table -----------------------------------------------------------------------------------


def _row(entry: Entry) -> Row:
    who, found, do = _who(entry), _found(entry), _do(entry)
    return Row((who, found, do), ((*who, ": ", *found), ("do: ", *do)))


def _who(entry: Entry) -> Line:
    first, many = entry.first, len(entry.findings)
    of = (Code(first.group, NAME), ": ") if first.group else ()
    shown = names([each.label for each in entry.findings], _IN_ROW)
    what = f"{first.what} " if first.what != "run" else ""
    count = f"{many:,} {_MANY.get(first.what, first.what + 's')}: " if many > 1 else what
    return (*of, count, *shown)


def _found(entry: Entry) -> Line:
    first = entry.first
    said: Line = _FOUND[first.kind](first)
    detail = (": ", Code(first.detail)) if first.detail and first.kind in _WITH_DETAIL else ()
    return (*said, *detail)


def _which(finding: Finding) -> Line:
    return (f"{finding.what} ", Code(finding.id, NAME))


def _orphan(finding: Finding) -> Line:
    if finding.urn:
        return (*_which(finding), f" is {finding.now}, was started for it, and is in no state")
    of = (", of ", Code(finding.detail, NAME)) if finding.detail else ()
    return (
        *_which(finding),
        f" is {finding.now}, carries this stack's mark",
        *of,
        ", and is in no state",
    )


def _unconfirmed(finding: Finding) -> Line:
    if not finding.id:
        return (
            "an update was interrupted while it started this, or is still active; no run was found",
        )
    return (
        *_which(finding),
        f" ({finding.now}) was started by an update that was interrupted or is still active",
    )


def _attempt(finding: Finding) -> Line:
    number = f"attempt {finding.number}, which a wait started as `retry` says"
    return (*_which(finding), f" ({finding.now}) is {number}")


def _tags(finding: Finding) -> Line:
    return ("tags were changed by hand: ", *_changes(finding.tags, _TAGS))


def _changes(drift: TagDrift | None, most: int) -> Line:
    if drift is None:
        return ()
    parts: list[Line] = []
    for key, values in drift.changed.items():
        before, now = cut(*values, _VALUE)
        parts.append((Code(key), " ", Code(before), " → ", Code(now)))
    parts += [(Code(key), " removed") for key in drift.removed]
    parts += [(Code(key), " ", Code(now, _VALUE), " added") for key, now in drift.added.items()]
    more = len(parts) - most
    return joined([*parts[:most], *([(f"{more} more",)] if more > 0 else [])])


_FOUND: Final[Mapping[Kind, Callable[[Finding], Line]]] = {
    Kind.ORPHAN: _orphan,
    Kind.REPLACED: lambda each: (
        *_which(each), f" is {each.now}, though it was replaced: an update was interrupted "
        "before it ended this, or is still active",
    ),
    Kind.FAILED: lambda _: ("failed",),
    Kind.CANCELLED: lambda _: ("was cancelled outside this stack",),
    Kind.GONE: lambda _: ("its record is gone: deleted by hand, or dropped by the service",),
    Kind.REUSED: lambda each: (
        "its record is gone, and ", *_which(each), " is another one now, with uuid ",
        Code(each.detail, NAME),
    ),
    Kind.UNCONFIRMED: _unconfirmed,
    Kind.ATTEMPT: _attempt,
    Kind.CHANGED: lambda _: ("changed by hand",),
    Kind.TAGS: _tags,
    Kind.COMPLETED: lambda _: ("completed",),
    Kind.ENDED: lambda each: (f"is {each.now}",),
    Kind.UNREAD: lambda _: ("could not be checked",),
    Kind.ELSEWHERE: lambda _: ("was not checked: it is in another Region, account or endpoint",),
    Kind.LEFT: lambda _: ("left by this stack, in no state",),
    Kind.OTHER_STACK: lambda each: (
        *_which(each), f" is {each.now}, carries this stack's mark, and belongs to stack ",
        Code(each.detail, NAME),
    ),
}  # fmt: skip
_WITH_DETAIL: Final = frozenset(
    {Kind.FAILED, Kind.CHANGED, Kind.ENDED, Kind.UNREAD, Kind.ELSEWHERE}
)


# What to do ----------------------------------------------------------------------------------


def _do(entry: Entry) -> Line:
    first = entry.first
    if entry.is_fixed:
        return ("nothing more: `--fix` did it",)
    if first.is_rerun:
        return ("`pulumi up` starts another run, as `rerun_on` or `retry` says",)
    if first.what in _CANCEL:
        return _DO[first.kind](first)
    return _DO_LASTING[first.kind]


def _cancelled_by(finding: Finding) -> Line:
    command, option = _CANCEL[finding.what]
    return Code(f"aws omics {command} {option} {finding.id}"), " ends it"


_CANCEL: Final = {
    "run": ("cancel-run", "--id"),
    "batch": ("cancel-run-batch", "--batch-id"),
}


def _do_orphan(finding: Finding) -> Line:
    if finding.is_unsure:
        return (
            "nothing yet: another stack may have it, and not all states could be read; see below",
        )
    unless = "; nothing, if a stack of this name in another state backend has it"
    if finding.what != "run":
        return (*_cancelled_by(finding), unless)
    take = Code(f'adopt_run_id="{finding.id}"')
    return take, " or `pulumi import` takes it over, ", *_cancelled_by(finding), unless


def _do_ended(finding: Finding) -> Line:
    explain: Line = ()
    if finding.kind is Kind.FAILED and finding.what == "run":
        explain = (Code(f"python -m omics_provider explain {finding.id}"), " says why; ")
    return (*explain, f"{_REFRESH}; {_AGAIN}")


def _do_tags(finding: Finding) -> Line:
    tags = finding.tags
    put = "`--fix` puts the declared ones back; " if tags and tags.to_put_back else ""
    added = ", and removes what was added" if tags and tags.added else ""
    return (f"{put}`pulumi refresh`, then `pulumi up` sets them as declared{added}",)


_UNKNOWN: Final = ("unknown does not mean gone: see below, and run the command again",)
_LOOK_THERE: Final = (
    "look there: `--region`, `--endpoint`, or `--profile` with that account's credentials",
)
_DO: Final[Mapping[Kind, Callable[[Finding], Line]]] = {
    Kind.ORPHAN: _do_orphan,
    Kind.REPLACED: lambda each: (
        "`pulumi up` ends it; ", *_cancelled_by(each), " at once",
    ),
    Kind.FAILED: _do_ended,
    Kind.CANCELLED: _do_ended,
    Kind.GONE: lambda _: (
        f"{_REFRESH}. An ended run does not start again, and its files in S3 stay",
    ),
    Kind.REUSED: lambda _: (f"{_REFRESH}; the other run is not changed",),
    Kind.UNCONFIRMED: lambda _: (
        "`pulumi up`, before any `pulumi refresh --clear-pending-creates`: it finds the run or "
        "starts it, and never starts a second one",
    ),
    Kind.ATTEMPT: lambda _: ("`pulumi up`: it takes over the active attempt, and starts nothing",),
    Kind.TAGS: _do_tags,
    Kind.COMPLETED: lambda _: (_REFRESH,),
    Kind.ENDED: lambda _: (_REFRESH,),
    Kind.UNREAD: lambda _: _UNKNOWN,
    Kind.ELSEWHERE: lambda _: _LOOK_THERE,
    Kind.LEFT: lambda each: (
        "nothing: left by `on_delete`, or ended"
        + ("" if each.is_unsure else "; `adopt_run_id` or `pulumi import` takes it over"),
    ),
    Kind.OTHER_STACK: lambda _: (
        "nothing: one of the two stacks was renamed; `pulumi up` there corrects the run's mark",
    ),
}  # fmt: skip
_DO_LASTING: Final[Mapping[Kind, Line]] = {
    Kind.GONE: (
        "`pulumi refresh`, then `pulumi up` creates it again, with a new id. Read the preview: "
        "runs that use it may start again",
    ),
    Kind.CHANGED: ("`pulumi refresh`, then `pulumi up` sets it as declared",),
    Kind.UNREAD: _UNKNOWN,
    Kind.ELSEWHERE: _LOOK_THERE,
}


# Run by run, and the rest -------------------------------------------------------------------------


def _details(entry: Entry) -> Part:
    lines = [_identity(each) for each in entry.findings[:_IDS]]
    more = len(entry.findings) - _IDS
    if more > 0:
        lines.append((f"{more:,} more; --format json has all",))
    return Part((*_who(entry), " ", *_found(entry)), tuple(lines))


def _identity(finding: Finding) -> Line:
    parts: list[Line] = [(Code(finding.label, NAME),)]
    if finding.id:
        parts.append(_which(finding))
    if finding.uuid:
        parts.append(("uuid ", Code(finding.uuid, NAME)))
    if finding.before and finding.now:
        parts.append((f"recorded {finding.before}, now {finding.now}",))
    elif finding.before or finding.now:
        parts.append((f"recorded {finding.before}" if finding.before else f"now {finding.now}",))
    return joined(parts)


def _rest(report: DriftReport) -> Iterator[Part]:
    lines: list[Line] = [(Code(gap),) for gap in report.gaps]
    if report.tags_unseen:
        told = counted(
            report.tags_unseen,
            "The tags of {} run: ListRuns does not return them. --all-tags asks for each run",
            "The tags of {} runs: ListRuns does not return them. --all-tags asks for each run",
        )
        lines.append((told,))
    if not report.looks_for_orphans:
        lines.append(("Orphans: --orphans 0 says so",))
    unasked = report.unasked_active + report.unasked_ended
    if unasked:
        told = counted(
            unasked,
            "{} other run of the account, for this stack's mark",
            "{} other runs of the account, for this stack's mark",
        )
        lines.append((f"{told} ({report.unasked_active:,} active). --orphans N asks for more",))
    if lines:
        yield Part(("Not looked at",), tuple(lines))
