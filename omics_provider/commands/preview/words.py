"""A report on a preview in words: the same lines for Markdown and for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
from omics_provider.engine.urn import urn_name

from .data import REASONS, Entry, Figures, Group, PreviewReport
from .estimate import Estimate
from .policy import Breach
from .prices import Range
from .rules.plan import Action, InputChange, Notice, RunStep

_BATCH: Final = ", a batch of {} runs"
#: Longest value in a row of the table, in characters.
_IN_TABLE: Final = 28
#: Changes in a row of the table, and of each run.
_CHANGES: Final = 3
_ALL_CHANGES: Final = 40
_COLUMNS: Final = ("Run", "What", "Cost", "Time", "Why")
_TIMES: Final = "\N{MULTIPLICATION SIGN}"
_TO: Final = "\N{EN DASH}"


def words_of(report: PreviewReport, breaches: Sequence[Breach] | None) -> Words:
    """Put a report into words; `breaches` is None where no policy was given."""
    return Words(
        headline=_headline(report),
        lead=tuple(_lead(report)),
        problems=tuple(_problems(report, breaches)),
        columns=_COLUMNS,
        rows=tuple(_row(entry) for entry in report.entries),
        details=tuple(_details(entry) for entry in report.entries),
        rest=tuple(_rest(report)),
    )


# The headline --------------------------------------------------------------------------------


def _headline(report: PreviewReport) -> str:
    """Return the one line that says what starts, what is replaced and cancelled, and the cost."""
    figures = report.figures
    if not report.entries:
        failed = "The preview failed. " if report.errors else ""
        return f"{failed}No run starts, changes or ends"
    failed = "The preview failed. As far as it got: " if report.errors else ""
    parts = [
        _new(figures),
        counted(figures.replaced, "{} is replaced", "{} are replaced"),
        *_more(figures),
        f"{figures.cancelled} cancelled" + _maybe(figures.maybe_cancelled),
    ]
    if figures.starting:
        parts += [_cost(figures), _longest(figures)]
    return failed + ", ".join(parts)


def _new(figures: Figures) -> str:
    if figures.new_least == figures.new:
        return counted(figures.new, "{} new run starts", "{} new runs start")
    return f"{figures.new_least:,} to {figures.new:,} new runs start"


def _more(figures: Figures) -> Iterator[str]:
    if figures.adopted:
        yield counted(figures.adopted, "{} is adopted", "{} are adopted")
    if figures.removed:
        yield counted(figures.removed, "{} is removed", "{} are removed")
    if figures.left_over:
        yield f"{figures.left_over:,} left over from earlier replacements"
    if figures.updated:
        yield counted(figures.updated, "{} changes in place", "{} change in place")


def _maybe(count: int) -> str:
    return f" (and {count:,} more if still active)" if count else ""


def _cost(figures: Figures) -> str:
    unknown = counted(figures.usd_unknown, "{} run", "{} runs") + " of unknown cost"
    if figures.usd is None:
        return "cost unknown"
    usd = money(figures.usd)
    # An amount below a cent is no estimate.
    known = usd if figures.usd.high < _CENT else f"about {usd}"
    return f"{known} and {unknown}" if figures.usd_unknown else known


def _longest(figures: Figures) -> str:
    if figures.longest is None:
        return "time unknown"
    return f"{'at least ' if figures.longest_unknown else ''}{span(figures.longest)}"


# Under the headline --------------------------------------------------------------------------


def _lead(report: PreviewReport) -> Iterator[Line]:
    if report.stack:
        yield "Stack ", Code(report.stack), f": {_unchanged(report.figures)}"
    if report.ends_replaced:
        yield (_ENDS_REPLACED,)
    warned = sum(n.severity == "warning" for notes in _notes(report) for n in notes)
    if warned:
        yield (counted(warned, "{} warning below.", "{} warnings below."),)
    for group in report.groups:
        yield _group(group)
    if report.others:
        others = [
            (f"{count:,} ", Code(kind), f" {_OPS.get(step, step)}")
            for (step, kind), count in report.others.items()
        ]
        yield ("Beside the runs: ", *joined(others))


_ENDS_REPLACED: Final = (
    "If the program waits for runs, the update cancels active old runs when it has recorded their "
    "new runs. Otherwise it cancels them at its end."
)


def _notes(report: PreviewReport) -> Iterable[Iterable[Notice]]:
    return [report.notices, *(entry.notices for entry in report.entries)]


_OPS: Final = {"create": "made", "delete": "deleted", "replace": "replaced", "update": "changed"}


def _unchanged(figures: Figures) -> str:
    if figures.unchanged is None:
        return "unchanged runs are not in this preview."
    return counted(figures.unchanged, "{} run unchanged.", "{} runs unchanged.")


_GROUP_WORDS: Final = {
    Action.START: "new",
    Action.REPLACE: "replaced",
    Action.ADOPT: "adopted",
    Action.REMOVE: "removed",
    Action.END_LEFT_OVER: "left over",
    Action.UPDATE: "changed in place",
}


def _group(group: Group) -> Line:
    parts: list[Line] = [(f"{group.unchanged:,} unchanged",)] if group.unchanged else []
    parts += [
        (f"{len(labels):,} {_GROUP_WORDS[action]}: ", *names(labels))
        for action, labels in group.labels.items()
    ]
    return (Code(group.name, NAME), ": ", *joined(parts))


# Problems ------------------------------------------------------------------------------------


def _problems(report: PreviewReport, breaches: Sequence[Breach] | None) -> Iterator[Part]:
    if breaches:
        yield Part(("The policy does not allow this",), tuple((b.words,) for b in breaches))
    elif breaches is not None:
        yield Part(("The policy allows this",), ())
    for notice in report.errors:
        yield _message(notice, "Error")


def _message(notice: Notice, title: str) -> Part:
    about: Line = (f"{title}: ", Code(urn_name(notice.urn), NAME)) if notice.urn else (title,)
    return Part(about, (), shortened(notice.text.splitlines()))


# The table -----------------------------------------------------------------------------------

_VERBS: Final = {
    Action.START: ("starts", "start"),
    Action.REPLACE: ("is replaced", "are replaced"),
    Action.ADOPT: ("is adopted", "are adopted"),
    Action.REMOVE: ("is removed", "are removed"),
    Action.END_LEFT_OVER: ("left over from a replacement", "left over from replacements"),
    Action.UPDATE: ("changes in place", "change in place"),
}


def _what(entry: Entry) -> str:
    if entry.action is Action.UPDATE and entry.estimate:
        return "starts its new and changed samples"
    return _VERBS[entry.action][len(entry.runs) > 1] + _old(entry)


def _row(entry: Entry) -> Row:
    run, what, why = _who(entry), _what(entry), _why(entry)
    time, cost = _time(entry.estimate), _price(entry.estimate, entry.runs)
    # Whatever does not fit the screen's width is to be the reason, and not the money.
    return Row(
        cells=(run, (what,), (cost,), (time,), why),
        lines=((*run, " ", what), ("why: ", *why), (f"time: {time}, cost: {cost}",)),
    )


def _who(entry: Entry) -> Line:
    if entry.is_batch:
        return (*names(entry.labels), counted(entry.count, ", a batch of {} run", _BATCH))
    some = names(entry.labels, 5)
    if entry.group is None and len(entry.runs) == 1:
        return some
    of = (Code(entry.group, NAME), ": ") if entry.group else ()
    if len(entry.runs) == 1:
        return (*of, *some)
    return (*of, f"{len(entry.runs):,} runs: ", *some)


def _old(entry: Entry) -> str:
    if not entry.endings:
        return ""
    count = len(entry.runs)
    told = [words if n == count == 1 else f"{n:,} {words}" for words, n in entry.endings]
    whose = "old run" if entry.action is Action.REPLACE else "run"
    if entry.is_batch:
        whose, told = f"{whose}s", [words for words, _ in entry.endings]
    return f"; {whose}: " + "; ".join(told)


def _why(entry: Entry) -> Line:
    parts: list[Line] = [(REASONS.get(reason, reason),) for reason in entry.reasons]
    parts += [_change(change, _IN_TABLE) for change in entry.changes[:_CHANGES]]
    more = len(entry.changes) - _CHANGES
    if more > 0:
        parts.append((f"{more} more",))
    if entry.action is Action.START:
        parts.append(("new, workflow ", Code(entry.workflow)) if entry.workflow else ("new",))
    if entry.action is Action.REMOVE:
        parts.append(("no longer declared",))
    if entry.action is Action.END_LEFT_OVER:
        ids = [run.old.id for run in entry.runs if run.old]
        parts.append(("an update replaced it and was interrupted: run ", *names(ids, 5)))
    if entry.action is Action.UPDATE and entry.estimate:
        parts.append(("the warning says which samples",))
    first = entry.runs[0]
    taken = first.takes
    if taken and not first.starts and entry.action in (Action.ADOPT, Action.REPLACE):
        by = ", which an interrupted update started" if first.left else ""
        parts.append(("takes over run ", Code(taken, NAME), by))
    for left in first.left:
        if not left.fits:
            whose = ", which an interrupted update started for other inputs"
            parts.append(("ends run ", Code(left.id, NAME), whose))
    told = [*joined(parts, "; ")]
    if entry.varies and entry.changes:
        told += [f" (of the first; others of the {len(entry.runs):,} have other values)"]
    return tuple(told)


def _change(change: InputChange, most: int | None = None) -> Line:
    before, after = change.before, change.after
    if most:
        before, after = cut(before, after, most)
    return (Code(change.path), " ", Code(before), " → ", Code(after))


def _time(found: Estimate | None) -> str:
    if found is None:
        return _TO
    return span(found.seconds) if found.seconds else "unknown"


def _price(found: Estimate | None, runs: Sequence[RunStep]) -> str:
    if found is None:
        return _TO
    if found.usd is None:
        return "unknown"
    each = money(found.usd)
    least, most = sum(run.least for run in runs), sum(run.most for run in runs)
    if most == 1:
        return each
    times = f"{most:,}" if least == most else f"up to {most:,}"
    whole = Range(found.usd.low * least, found.usd.high * most)
    return f"{times} {_TIMES} {each} = {money(whole)}"


# Run by run ----------------------------------------------------------------------------------


def _details(entry: Entry) -> Part:
    lines: list[Line] = [(REASONS.get(reason, reason),) for reason in entry.reasons]
    lines += [_change(change) for change in entry.changes[:_ALL_CHANGES]]
    if len(entry.changes) > _ALL_CHANGES:
        lines.append((f"{len(entry.changes) - _ALL_CHANGES} more inputs change",))
    if entry.workflow:
        lines.append(("Workflow ", Code(entry.workflow)))
    lines += _sources(entry.estimate)
    message = shortened([line for note in entry.notices for line in note.text.splitlines()])
    title = (*_who(entry), " ", _what(entry))
    return Part(title, tuple(lines), message)


def _sources(found: Estimate | None) -> Iterator[Line]:
    if found is None:
        return
    time = span(found.seconds) if found.seconds else "unknown"
    cost = money(found.usd) if found.usd else "unknown"
    yield (f"Time: {time} (", Code(found.seconds_source), ")")
    yield (f"Cost of a run: {cost} (", Code(found.usd_source), ")")


# The rest ------------------------------------------------------------------------------------

_TITLES: Final = {"warning": "Warning", "info": "Note"}


def _rest(report: PreviewReport) -> Iterator[Part]:
    for notice in sorted(report.notices, key=lambda notice: notice.severity != "warning"):
        yield _message(notice, _TITLES.get(notice.severity, "Note"))
    if report.gaps:
        yield Part(("Not looked up",), tuple((Code(gap),) for gap in report.gaps))


# Money and time ------------------------------------------------------------------------------


def money(usd: Range) -> str:
    """Return an amount such as 41 to 52 USD, in cents where it is small."""
    if 0 < usd.high < _CENT:
        return f"less than {_CENT} USD"
    texts = dict.fromkeys(_amount(value, 0 if usd.high >= 20 else 2) for value in usd)
    return f"{_TO.join(texts)} USD"


_CENT: Final = 0.01


def _amount(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}".removesuffix(".00")


_UNITS: Final = ((172_800, 86_400, "d"), (5_400, 3_600, "h"), (90, 60, "min"), (0, 1, "s"))


def span(seconds: Range) -> str:
    """Return lengths of time such as 6 h, or 4.5 to 6 h."""
    _, unit, name = next(each for each in _UNITS if seconds.high >= each[0])
    if seconds.low < unit / 10 and seconds.low < seconds.high:
        low, high = (span(Range(value, value)) for value in seconds)
        return low if low == high else f"{low} {_TO} {high}"
    texts = dict.fromkeys(f"{value / unit:.1f}".removesuffix(".0") for value in seconds)
    return f"{_TO.join(texts)} {name}"
