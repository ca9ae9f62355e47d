"""What a report on a preview says, as values: the figures of its headline, and each run.

No clock, no input or output: the same preview and the same facts give the same report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from omics_provider.base.status import ACTIVE, RunStatus, status_of
from omics_provider.engine.urn import natural

from .estimate import Estimate, estimate, workflow_of
from .prices import Past, Prices, Range, Workflow
from .rules.endings import Ending, Fate, Seen, as_recorded, batch_ending, ending
from .rules.plan import RENAMED, Action, InputChange, Notice, OldRun, Plan, RunStep

#: Up to so many runs of one group whose same inputs change to other values have an entry each.
_APART: Final = 3
#: Up to so many runs of no group have an entry each.
_ALONE: Final = 20

#: Why a run is replaced without a changed input: the engine's key for it, in words.
REASONS: Final = {
    "status": "its run ended without a result, and rerun_on or retry asks for another run",
    "startUnconfirmed": "its start was interrupted: the update takes the run over if it exists, "
    "or starts it",
    "id": "it is marked for replacement (pulumi state taint)",
    "asked": "an option of the command replaces it",
    RENAMED: "the stack was renamed, and the run's mark gets the new name",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """Runs to which the same happens for the same reason; mostly one."""

    action: Action
    group: str | None
    runs: tuple[RunStep, ...]
    workflow: str | None
    changes: tuple[InputChange, ...]
    #: Whether the changes shown are those of the first run, and others have values of their own.
    varies: bool
    reasons: tuple[str, ...]
    endings: tuple[tuple[str, int], ...]
    notices: tuple[Notice, ...]
    estimate: Estimate | None

    @property
    def is_batch(self) -> bool:
        """Whether it is a batch, and its runs are that batch's."""
        return self.runs[0].is_batch

    @property
    def count(self) -> int:
        """How many runs it stands for."""
        return sum(run.count for run in self.runs)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its runs, within their group."""
        return tuple(run.label for run in self.runs)


@dataclass(frozen=True)
class Facts:
    """What was looked up: old runs by id, past runs by workflow (None: not at all), and gaps."""

    region: str | None = None
    seen: Mapping[str, Seen] = field(default_factory=dict)
    past: Mapping[Workflow, tuple[Past, ...]] | None = None
    gaps: tuple[str, ...] = ()
    #: The price list with AWS's own prices in it, where those were looked up.
    price_list: Mapping[str, Any] | None = None


class Group(NamedTuple):
    """A cohort, or another component with runs: labels by action, and how many stay."""

    name: str
    labels: Mapping[Action, tuple[str, ...]]
    unchanged: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The headline's figures. Money is in USD, times are in seconds."""

    new: int
    #: Fewer than `new` where a batch's changed sheet may start only some of its samples.
    new_least: int
    replaced: int
    adopted: int
    updated: int
    removed: int
    #: Older runs of resources that stay.
    left_over: int
    cancelled: int
    #: Runs that are cancelled if they are still active, which is not known.
    maybe_cancelled: int
    #: None where the preview left unchanged runs out.
    unchanged: int | None
    usd: Range | None
    usd_unknown: int
    longest: Range | None
    longest_unknown: int

    @property
    def starting(self) -> int:
        """Runs that the update starts."""
        return self.new + self.replaced


@dataclass(frozen=True)
class PreviewReport:
    """What the report on a preview says."""

    stack: str
    figures: Figures
    entries: tuple[Entry, ...]
    groups: tuple[Group, ...]
    #: Messages about no run that changes.
    notices: tuple[Notice, ...]
    errors: tuple[Notice, ...]
    others: Mapping[tuple[str, str], int]
    gaps: tuple[str, ...]
    #: Each start with its estimate, and each old run with its ending, by URN.
    estimates: Mapping[str, Estimate]
    endings: Mapping[str, Ending]
    #: Messages about each run that changes, errors apart, by URN.
    own: Mapping[str, Sequence[Notice]]
    runs: tuple[RunStep, ...]

    @property
    def ends_replaced(self) -> bool:
        """Whether runs that are active, or may be, are cancelled since others take their place."""
        replaced = (run for run in self.runs if run.action is Action.REPLACE)
        ended = (self.endings.get(_key(run)) for run in replaced)
        return any(found is not None and found.fate is Fate.CANCELLED for found in ended)


def preview_report(plan: Plan, facts: Facts, price_list: Mapping[str, Any]) -> PreviewReport:
    """Put a report together."""
    prices = Prices(facts.price_list or price_list, facts.region)
    olds = {_key(run): run.old for run in plan.runs if run.old and not run.is_batch}
    seen = {**as_recorded(olds.values()), **facts.seen}
    estimates = {
        run.urn: estimate(run, prices, facts.past, _status(run.old, seen))
        for run in plan.runs
        if run.starts
    }
    endings = {key: ending(old, seen.get(old.id)) for key, old in olds.items()}
    endings |= {_key(run): batch_ending(run.old) for run in plan.runs if run.old and run.is_batch}
    changing = [run for run in plan.runs if run.action is not Action.SAME]
    # A message is about the resource, and not about what an earlier update has left of it.
    told = {run.urn for run in changing if run.action is not Action.END_LEFT_OVER}
    own = _by_urn(told, plan.notices)
    rest = [note for note in plan.notices if note.urn not in own]
    return PreviewReport(
        stack=plan.stack,
        figures=_figures(plan, estimates, endings),
        entries=tuple(_entries(changing, own, estimates, endings, prices)),
        groups=tuple(_groups(plan.runs)),
        notices=tuple(note for note in rest if note.severity != "error"),
        errors=tuple(note for note in plan.notices if note.severity == "error"),
        others=plan.others,
        gaps=facts.gaps,
        estimates=estimates,
        endings=endings,
        own=own,
        runs=plan.runs,
    )


# Old runs ------------------------------------------------------------------------------------


def ending_of(run: RunStep, report: PreviewReport) -> Ending | None:
    """Return what becomes of the run that a step replaces or removes."""
    return report.endings.get(_key(run))


def notices_of(run: RunStep, own: Mapping[str, Sequence[Notice]]) -> Sequence[Notice]:
    """Return the messages about a step; of what is left over there are none."""
    return () if run.action is Action.END_LEFT_OVER else own[run.urn]


def _status(old: OldRun | None, seen: Mapping[str, Seen]) -> RunStatus | None:
    return seen[old.id].status if old and old.id in seen else None


def _key(run: RunStep) -> str:
    """Return what tells a step from others: a resource may have left an older run behind."""
    return f"{run.urn} {run.action} {run.old.id if run.old else ''}"


# Entries -------------------------------------------------------------------------------------


def _by_urn(urns: Iterable[str], notices: Iterable[Notice]) -> dict[str, list[Notice]]:
    found: dict[str, list[Notice]] = {urn: [] for urn in urns}
    for notice in notices:
        if notice.urn in found and notice.severity != "error":
            found[notice.urn].append(notice)
    return found


_ORDER: Final = (
    Action.START, Action.REPLACE, Action.ADOPT, Action.REMOVE, Action.END_LEFT_OVER, Action.UPDATE,
)  # fmt: skip


def _entries(
    runs: Sequence[RunStep],
    own: Mapping[str, Sequence[Notice]],
    estimates: Mapping[str, Estimate],
    endings: Mapping[str, Ending],
    prices: Prices,
) -> Iterable[Entry]:
    alone = [run for run in runs if run.group is None]

    def alike(run: RunStep) -> Hashable:
        # Where runs of no group are few, each has an entry of its own.
        apart = len(alone) <= _ALONE
        which = _key(run) if run.is_batch else run.group or (_key(run) if apart else "")
        paths = tuple(change.path for change in run.changes)
        return (
            which, run.action, _workflow(run, prices), paths, run.reasons, run.takes,
            run.left, estimates.get(run.urn),
        )  # fmt: skip

    gathered = [
        part
        for like in _gathered(runs, alike).values()
        for part in _apart(like, lambda run: run.changes)
    ]
    gathered.sort(key=lambda part: (_ORDER.index(part[0].action), part[0].group or ""))
    for part in gathered:
        first = part[0]
        told = Counter(e.words for run in part if (e := endings.get(_key(run))))
        yield Entry(
            action=first.action,
            group=first.group,
            runs=tuple(part),
            workflow=_workflow(first, prices),
            changes=first.changes,
            varies=any(run.changes != first.changes for run in part),
            reasons=first.reasons,
            endings=tuple(sorted(told.items(), key=lambda item: (-item[1], item[0]))),
            notices=tuple(note for run in part for note in notices_of(run, own)),
            estimate=estimates.get(first.urn),
        )


def _apart(
    runs: Sequence[RunStep], value: Callable[[RunStep], Hashable]
) -> list[Sequence[RunStep]]:
    """Take runs apart by the values of their changes, where those are few."""
    parts = _gathered(runs, value)
    return list(parts.values()) if len(parts) <= _APART else [runs]


def _gathered(
    runs: Iterable[RunStep], key: Callable[[RunStep], Hashable]
) -> dict[Hashable, list[RunStep]]:
    found: dict[Hashable, list[RunStep]] = {}
    for run in runs:
        found.setdefault(key(run), []).append(run)
    return found


def _workflow(run: RunStep, prices: Prices) -> str | None:
    found = workflow_of(run) if run.starts else None
    if found is None:
        return None
    name = prices.name(found.id) if found.is_ready2run else None
    return " ".join(part for part in (found.id, name, found.version) if part)


def _groups(runs: Iterable[RunStep]) -> Iterable[Group]:
    by_name: dict[str, list[RunStep]] = {}
    for run in runs:
        if run.group:
            by_name.setdefault(run.group, []).append(run)
    for name in sorted(by_name, key=natural):
        labels: dict[Action, tuple[str, ...]] = {}
        for action in _ORDER:
            found = tuple(run.label for run in by_name[name] if run.action is action)
            if found:
                labels[action] = found
        same = sum(1 for run in by_name[name] if run.action is Action.SAME)
        yield Group(name, labels, same)


# Figures -------------------------------------------------------------------------------------


def _figures(
    plan: Plan, estimates: Mapping[str, Estimate], endings: Mapping[str, Ending]
) -> Figures:
    count: Counter[Action] = Counter()
    for run in plan.runs:
        count[run.action] += run.count
    starts = [run for run in plan.runs if run.starts]
    new = [run for run in starts if run.action is not Action.REPLACE]
    ended = [(run, found) for run in plan.runs if (found := endings.get(_key(run)))]
    cancelled = [(run.old_count, found) for run, found in ended if found.fate is Fate.CANCELLED]
    costs = [(run, usd) for run in starts if (usd := estimates[run.urn].usd)]
    times = [found.seconds for found in estimates.values() if found.seconds]
    return Figures(
        new=sum(run.most for run in new),
        new_least=sum(run.least for run in new),
        replaced=sum(run.most for run in starts if run.action is Action.REPLACE),
        adopted=sum(1 for run in plan.runs if run.takes and not run.starts
                    and run.action in (Action.ADOPT, Action.REPLACE)),
        # A batch that starts further samples counts by those.
        updated=count[Action.UPDATE] - sum(r.count for r in new if r.action is Action.UPDATE),
        removed=count[Action.REMOVE],
        left_over=count[Action.END_LEFT_OVER],
        cancelled=sum(count for count, found in cancelled if found.is_sure) + _left_active(starts),
        maybe_cancelled=sum(count for count, found in cancelled if not found.is_sure),
        unchanged=count[Action.SAME] if plan.has_unchanged else None,
        usd=Range(
            sum(usd.low * run.least for run, usd in costs),
            sum(usd.high * run.most for run, usd in costs),
        )
        if costs
        else None,
        usd_unknown=sum(run.most for run in starts if not estimates[run.urn].usd),
        longest=Range(max(t.low for t in times), max(t.high for t in times)) if times else None,
        longest_unknown=sum(run.most for run in starts if not estimates[run.urn].seconds),
    )  # fmt: skip


def _left_active(runs: Iterable[RunStep]) -> int:
    """Count the active runs that interrupted starts have left, and that the update cancels."""
    return sum(
        run.inputs.get("onDelete") != "keep" and not left.fits and status_of(left.status) in ACTIVE
        for run in runs
        for left in run.left
    )
