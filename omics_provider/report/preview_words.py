"""A report on a preview in words: the same lines for Markdown and for a terminal.

A line is made of our own words, plain `str`, and of text from outside, `Code`: names, values,
messages. Whoever writes a line has to make Code harmless; our own words need no care.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from omics_provider.core.explain import plain
from omics_provider.core.preview import Action, Change, Notice, RunStep
from omics_provider.core.preview_names import urn_name
from omics_provider.core.preview_values import cut

from .cost import Range
from .cost_estimate import Estimate
from .guard import Breach
from .preview_data import REASONS, Entry, Figures, Group, Report
from .preview_headline import TO, counted, headline, money, span

_BATCH: Final = ", a batch of {} runs"
#: Longest value in a row of the table, in characters.
_IN_TABLE: Final = 28
#: Names that are listed in a line, changes in a row of the table, and of each run; lines of a
#: message; characters of a name.
_NAMES: Final = 20
_CHANGES: Final = 3
_ALL_CHANGES: Final = 40
_LINES: Final = 12
_NAME: Final = 100


_TIMES: Final = "\N{MULTIPLICATION SIGN}"


class Code(str):
    """Text from outside: one line without control characters."""

    __slots__ = ()

    def __new__(cls, text: str, most: int | None = None) -> Code:
        """Take the text, cut to `most` characters."""
        line = plain(text)
        cut = line if most is None or len(line) <= most else f"{line[: most - 1]}…"
        return super().__new__(cls, cut)


Line = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table."""

    run: Line
    what: Line
    why: Line
    time: str
    cost: str


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with lines, and a message under some of them."""

    title: Line
    lines: tuple[Line, ...]
    message: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """A report in words, the most important first."""

    headline: str
    lead: tuple[Line, ...]
    problems: tuple[Part, ...]
    rows: tuple[Row, ...]
    details: tuple[Part, ...]
    rest: tuple[Part, ...]


def words_of(report: Report, breaches: Sequence[Breach] | None) -> Words:
    """Put a report into words; `breaches` is None where no policy was given."""
    return Words(
        headline=headline(report),
        lead=tuple(_lead(report)),
        problems=tuple(_problems(report, breaches)),
        rows=tuple(_row(entry) for entry in report.entries),
        details=tuple(_details(entry) for entry in report.entries),
        rest=tuple(_rest(report)),
    )


# Under the headline --------------------------------------------------------------------------


def _lead(report: Report) -> Iterator[Line]:
    if report.stack:
        yield "Stack ", Code(report.stack), f": {_unchanged(report.figures)}"
    for group in report.groups:
        yield _group(group)
    if report.others:
        others = [
            (f"{count:,} ", Code(kind), f" {_OPS.get(step, step)}")
            for (step, kind), count in report.others.items()
        ]
        yield ("Beside the runs: ", *_joined(others))


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
    Action.UPDATE: "changed in place",
}


def _group(group: Group) -> Line:
    parts: list[Line] = [(f"{group.unchanged:,} unchanged",)] if group.unchanged else []
    parts += [
        (f"{len(labels):,} {_GROUP_WORDS[action]}: ", *_names(labels))
        for action, labels in group.labels.items()
    ]
    return (Code(group.name, _NAME), ": ", *_joined(parts))


def _names(names: Sequence[str], most: int = _NAMES) -> Line:
    shown = _joined([(Code(name, _NAME),) for name in names[:most]])
    more = len(names) - most
    return (*shown, f" and {more:,} more") if more > 0 else shown


def _joined(parts: Iterable[Line]) -> Line:
    found: list[str] = []
    for part in parts:
        found += [", ", *part] if found else part
    return tuple(found)


# Problems ------------------------------------------------------------------------------------


def _problems(report: Report, breaches: Sequence[Breach] | None) -> Iterator[Part]:
    if breaches:
        yield Part(("The policy does not allow this",), tuple((b.words,) for b in breaches))
    elif breaches is not None:
        yield Part(("The policy allows this",), ())
    for notice in report.errors:
        yield _message(notice, "Error")


def _message(notice: Notice, title: str) -> Part:
    about: Line = (f"{title}: ", Code(urn_name(notice.urn), _NAME)) if notice.urn else (title,)
    return Part(about, (), _shortened(notice.text.splitlines()))


def _shortened(lines: Sequence[str]) -> tuple[Code, ...]:
    """Return a message without its middle, where it is long: a traceback's end says what it is."""
    found = [Code(line) for line in lines if line.strip()]
    if len(found) <= _LINES:
        return tuple(found)
    half = _LINES // 2
    return (*found[:half], Code(f"… {len(found) - 2 * half} more lines"), *found[-half:])


# The table -----------------------------------------------------------------------------------

_VERBS: Final = {
    Action.START: ("starts", "start"),
    Action.REPLACE: ("is replaced", "are replaced"),
    Action.ADOPT: ("is adopted", "are adopted"),
    Action.REMOVE: ("is removed", "are removed"),
    Action.UPDATE: ("changes in place", "change in place"),
}


def _what(entry: Entry) -> str:
    if entry.action is Action.UPDATE and entry.estimate:
        return "starts its new and changed samples"
    return _VERBS[entry.action][len(entry.runs) > 1] + _old(entry)


def _row(entry: Entry) -> Row:
    return Row(
        run=_who(entry),
        what=(_what(entry),),
        why=_why(entry),
        time=_time(entry.estimate),
        cost=_price(entry.estimate, entry.runs),
    )


def _who(entry: Entry) -> Line:
    if entry.is_batch:
        return (*_names(entry.labels), counted(entry.count, ", a batch of {} run", _BATCH))
    names = _names(entry.labels, 5)
    if entry.group is None and len(entry.runs) == 1:
        return names
    of = (Code(entry.group, _NAME), ": ") if entry.group else ()
    if len(entry.runs) == 1:
        return (*of, *names)
    return (*of, f"{len(entry.runs):,} runs: ", *names)


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
    if entry.action is Action.UPDATE and entry.estimate:
        parts.append(("the warning says which samples",))
    adopted = entry.runs[0].inputs.get("adoptRunId")
    if adopted and not entry.runs[0].starts and entry.action in (Action.ADOPT, Action.REPLACE):
        parts.append(("takes over run ", Code(str(adopted), _NAME)))
    told: list[str] = []
    for part in parts:
        told += ["; ", *part] if told else part
    if entry.varies and entry.changes:
        told += [f" (as of the first; others of the {len(entry.runs):,} have values of their own)"]
    return tuple(told)


def _change(change: Change, most: int | None = None) -> Line:
    before, after = change.before, change.after
    if most:
        before, after = cut(before, after, most)
    return (Code(change.path), " ", Code(before), " → ", Code(after))


def _time(found: Estimate | None) -> str:
    if found is None:
        return TO
    return span(found.seconds) if found.seconds else "unknown"


def _price(found: Estimate | None, runs: Sequence[RunStep]) -> str:
    if found is None:
        return TO
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
    message = _shortened([line for note in entry.notices for line in note.text.splitlines()])
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


def _rest(report: Report) -> Iterator[Part]:
    for notice in sorted(report.notices, key=lambda notice: notice.severity != "warning"):
        yield _message(notice, _TITLES.get(notice.severity, "Note"))
    if report.gaps:
        yield Part(("Not looked up",), tuple((Code(gap),) for gap in report.gaps))
