"""What a `pulumi preview --json` says of runs, as values: what happens to each, and why.

The shape is that of the engine's PreviewDigest (pulumi: sdk/go/common/apitype, display/json.go).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from omics_provider.base.keys import DEFAULT_ON_DELETE, LEFT
from omics_provider.base.keys import STACK as STACK_INPUT
from omics_provider.base.table import Change
from omics_provider.base.words import cut
from omics_provider.batches.rules import batch_table
from omics_provider.engine.urn import (
    BATCH,
    PROVIDERS,
    RUN,
    STACK,
    group_of,
    natural,
    own_kind,
    stack_of,
    type_of,
    unreadable,
    urn_name,
)

from .values import (
    ARGUMENTS,
    Path,
    Special,
    differences,
    name_of,
    path_of,
    special,
    text_of,
    value_at,
)


class Action(StrEnum):
    """What an update does to a declared run."""

    START = "start"
    ADOPT = "adopt"
    REPLACE = "replace"
    UPDATE = "update"
    REMOVE = "remove"
    #: End an older run of a resource that stays: an update replaced it, and did not finish.
    END_LEFT_OVER = "end-left-over"
    SAME = "same"


#: Steps that make, change or end something, by the engine's names. The parts of a replacement stand
#: beside the replacement itself.
_ACTIONS: Final[dict[str, Action]] = {
    "create": Action.START,
    "import": Action.ADOPT,
    "replace": Action.REPLACE,
    "import-replacement": Action.REPLACE,
    "update": Action.UPDATE,
    "delete": Action.REMOVE,
    "delete-replaced": Action.END_LEFT_OVER,
    "same": Action.SAME,
}
_ENDING: Final = frozenset({Action.REPLACE, Action.REMOVE, Action.END_LEFT_OVER})
_NO_ACTION: Final = frozenset(
    {
        "create-replacement",
        "discard",
        "discard-replaced",
        "read",
        "read-discard",
        "read-replacement",
        "refresh",
        "remove-pending-replace",
    }
)


#: Longest value that is shown, in characters.
SHOWN: Final = 80
#: The reason of a change in place that the stack's new name asks for.
RENAMED: Final = "stackRenamed"


class InputChange(NamedTuple):
    """An input that changes: its path in the program, and both values as text."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class OldRun:
    """A run that the state records and that is replaced or removed."""

    id: str
    uuid: str | None
    arn: str
    status: str
    #: What happens to it: its recorded on_delete, or "keep" where the engine is to let it go.
    on_delete: str
    #: ISO 8601 in UTC, as far as recorded.
    created: str | None = None
    #: Whether a refresh has found that the service has no record of it any more.
    gone: bool = False


class Left(NamedTuple):
    """A run that an interrupted start of the same resource has left, as the provider found it.

    One that `fits` is taken in place of a start; any other is ended.
    """

    id: str
    status: str
    fits: bool


@dataclass(frozen=True, slots=True)
class RunStep:
    """What happens to one run, or to the runs of one batch."""

    urn: str
    name: str
    action: Action
    #: Name of the component that it belongs to, such as a cohort.
    group: str | None
    #: The declared inputs, with the engine's marks for secrets and unknown values.
    inputs: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[InputChange, ...] = ()
    #: Why it is replaced, where no input is the reason.
    reasons: tuple[str, ...] = ()
    old: OldRun | None = None
    is_batch: bool = False
    #: Runs that it stands for, as declared and as recorded: 1, or a batch's samples.
    count: int = 1
    old_count: int = 1
    #: Runs that the update starts, at least and at most: a batch's changed sheet starts the samples
    #: that are new or changed, and a preview has no sheet.
    least: int = 0
    most: int = 0
    #: What interrupted starts have left.
    left: tuple[Left, ...] = ()

    @property
    def takes(self) -> str | None:
        """The id of the run that it takes over in place of a start."""
        adopted = self.inputs.get("adoptRunId")
        return str(adopted) if adopted else next((run.id for run in self.left if run.fits), None)

    @property
    def starts(self) -> bool:
        """Whether the update starts a run, as far as a preview can tell."""
        return self.most > 0

    @property
    def label(self) -> str:
        """Its name within its group: the sample's id in a cohort."""
        return self.name.removeprefix(f"{self.group}-") if self.group else self.name


class Notice(NamedTuple):
    """A message of the program, the provider or the engine; `urn` is empty where it is of none."""

    urn: str
    severity: str
    text: str


@dataclass(frozen=True)
class Plan:
    """All that a preview says."""

    runs: tuple[RunStep, ...]
    notices: tuple[Notice, ...]
    #: Other resources by (step, type).
    others: Mapping[tuple[str, str], int]
    #: Whether the unchanged runs are among `runs`; else the preview left them out.
    has_unchanged: bool
    #: The stack's configuration without secrets.
    config: Mapping[str, str]
    stack: str


def read_plan(digest: Mapping[str, Any]) -> Plan:
    """Read what `pulumi preview --json` printed.

    Raises OmicsError for what is no such thing, and for a step that this release does not know.
    """
    steps = digest.get("steps", [])
    if not isinstance(steps, list) or not any(k in digest for k in ("changeSummary", "steps")):
        raise unreadable("it is not the output of `pulumi preview --json`")
    summary = digest.get("changeSummary") or {}
    return Plan(
        runs=tuple(sorted(_runs(steps), key=lambda run: (run.group or "", *natural(run.name)))),
        # The engine asks about one resource more than once, and each time a warning comes.
        notices=tuple(sorted(set(_notices(digest.get("diagnostics") or ())))),
        others=_others(steps),
        has_unchanged=_count(steps, "same") >= int(summary.get("same", 0)),
        config={
            str(key): str(value)
            for key, value in (digest.get("config") or {}).items()
            if special(value) is None
        },
        stack=next((stack_of(step["urn"]) for step in steps), ""),
    )


# Steps ---------------------------------------------------------------------------------------


def _runs(steps: Iterable[Mapping[str, Any]]) -> Iterator[RunStep]:
    ours = [step for step in steps if _kind(step) in (RUN, BATCH)]
    replaced = {(s["urn"], _old(s).get("id")) for s in ours if s["op"] == "replace"}
    for step in ours:
        is_part = (
            step["op"] == "delete-replaced" and (step["urn"], _old(step).get("id")) in replaced
        )
        if step["op"] in _NO_ACTION or is_part or _state(step).get("external"):
            continue
        if step["op"] not in _ACTIONS:
            raise unreadable(f"it has a step that this release does not know: {step['op']}")
        # A destroy may give the mark alone.
        is_left_over = step["op"] == "delete" and _old(step).get("delete")
        yield _run(step, Action.END_LEFT_OVER if is_left_over else _ACTIONS[step["op"]])


def _run(step: Mapping[str, Any], action: Action) -> RunStep:
    new, old = step.get("newState") or {}, _old(step)
    inputs = {k: v for k, v in (new.get("inputs") or {}).items() if not k.startswith("__")}
    left = tuple(_left(new.get("inputs") or {}))
    taken = any(run.fits for run in left)
    if action is Action.START and (taken or inputs.get("adoptRunId")):
        action = Action.ADOPT
    changing = action in (Action.REPLACE, Action.UPDATE)
    changes = tuple(_changes(step, old.get("inputs") or {}, inputs)) if changing else ()
    is_batch = _kind(step) == BATCH
    least, most = _starting(action, old.get("inputs") or {}, inputs, changes, is_batch)
    if taken:
        least, most = 0, 0
    return RunStep(
        urn=step["urn"],
        name=urn_name(step["urn"]),
        action=action,
        group=group_of(_state(step).get("parent")),
        inputs=inputs,
        changes=changes,
        reasons=_reasons(step, action, old.get("inputs") or {}, changes),
        old=_old_run(old) if action in _ENDING else None,
        is_batch=is_batch,
        count=batch_table.count(inputs or old.get("inputs") or {}) if is_batch else 1,
        old_count=batch_table.count(old.get("inputs") or {}) if is_batch else 1,
        least=least,
        most=most,
        left=left,
    )


def _left(inputs: Mapping[str, Any]) -> Iterator[Left]:
    """Yield what the provider's hidden input says; the engine writes a secret over the whole."""
    found = inputs.get(LEFT)
    for run in found if isinstance(found, list) else ():
        yield Left(str(run["id"]), str(run["status"]), bool(run["fits"]))


def _starting(
    action: Action,
    old: Mapping[str, Any],
    inputs: Mapping[str, Any],
    changes: Iterable[InputChange],
    is_batch: bool,
) -> tuple[int, int]:
    """Return how many runs a step starts, at least and at most."""
    makes = action in (Action.START, Action.REPLACE)
    if not is_batch:
        count = int(makes and not inputs.get("adoptRunId"))
        return count, count
    count = batch_table.count(inputs)
    if makes:
        return count, count
    names = {change.path.partition(".")[0].partition("[")[0] for change in changes}
    starting = {f.name for f in batch_table.FIELDS if f.change is Change.REPLACE}
    if action is Action.UPDATE and names & starting:
        return max(0, count - batch_table.count(old)), count
    return 0, 0


def _reasons(
    step: Mapping[str, Any],
    action: Action,
    before: Mapping[str, Any],
    changes: tuple[InputChange, ...],
) -> tuple[str, ...]:
    """Return what asks for the step beside the inputs; "asked" where the preview names nothing."""
    if action is Action.UPDATE:
        after = (step.get("newState") or {}).get("inputs") or {}
        return (RENAMED,) if before.get(STACK_INPUT) != after.get(STACK_INPUT) else ()
    if action is not Action.REPLACE:
        return ()
    keys = tuple(sorted(key for key in step.get("replaceReasons") or () if key not in ARGUMENTS))
    return keys or (() if changes else ("asked",))


def _changes(
    step: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[InputChange]:
    """Yield the changed inputs; where the engine gives no detail, those that differ by value."""
    detail = step.get("detailedDiff")
    if detail:
        # A fact of the run that asks for another, its status, is none of the declaration.
        paths = {
            path_of(text) for text, kind in detail.items() if kind.get("inputDiff") is not False
        }
    else:
        wires = {wire for wire in before if wire in after}
        paths = {(wire, *path) for wire in wires for path in differences(before[wire], after[wire])}
    for path in sorted(paths, key=name_of):
        if not str(path[0]).startswith("__"):
            yield _change(path, value_at(before, path), value_at(after, path))


def _change(path: Path, before: Any, after: Any) -> InputChange:
    # What was a secret, or will be one, is shown on neither side.
    hides = Special.SECRET in (before, after)
    return InputChange(name_of(path), *cut(_shown(before, hides), _shown(after, hides), SHOWN))


def _shown(value: Any, hides: bool) -> str:
    if isinstance(value, Special):
        return f"({value.value})"
    return f"({Special.SECRET.value})" if hides else text_of(value)


def _old_run(old: Mapping[str, Any]) -> OldRun | None:
    outputs = old.get("outputs") or {}
    if not old.get("id") or not outputs.get("uuid"):
        return None
    return OldRun(
        id=str(old["id"]),
        uuid=str(outputs["uuid"]),
        arn=str(outputs.get("arn", "")),
        status=str(outputs.get("status", "")),
        on_delete="keep"
        if old.get("retainOnDelete")
        else str(outputs.get("onDelete", DEFAULT_ON_DELETE)),
        created=outputs.get("creationTime"),
        gone=bool(outputs.get("recordGone")),
    )


def _others(steps: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    counted: Counter[tuple[str, str]] = Counter()
    for step in steps:
        kind = type_of(step["urn"])
        is_part = step["op"] in (*_NO_ACTION, "delete-replaced", "same")
        is_none = kind == STACK or kind.startswith(PROVIDERS) or _kind(step) in (RUN, BATCH)
        if not is_none and not is_part:
            counted[step["op"], kind] += 1
    return dict(sorted(counted.items()))


def _notices(diagnostics: Iterable[Mapping[str, Any]]) -> Iterator[Notice]:
    """Yield what was logged; the program's own output and debugging are left out."""
    for each in diagnostics:
        severity = str(each.get("severity"))
        if severity in ("error", "warning", "info"):
            text = str(each.get("message", "")).removeprefix(f"{severity}: ").strip()
            yield Notice(str(each.get("urn", "")), severity, text)


def _count(steps: Iterable[Mapping[str, Any]], op: str) -> int:
    return sum(1 for step in steps if step["op"] == op)


def _kind(step: Mapping[str, Any]) -> str:
    return own_kind(type_of(step["urn"]))


def _old(step: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = step.get("oldState") or {}
    return found


def _state(step: Mapping[str, Any]) -> Mapping[str, Any]:
    return step.get("newState") or _old(step)
