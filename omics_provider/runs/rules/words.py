"""What is told of a run that has ended, as values and as words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from omics_provider.base.status import RunStatus
from omics_provider.base.words import cause

from .lifecycle import Fate, Standing, attempt_limit, attempts, attempts_left, ends_in_rerun

_GONE: Final = "its record is gone, so it is not known how the run ended"
_TOLD: Final = (
    ("id", "id"),
    ("status", "status"),
    ("run_output_uri", "runOutputUri"),
    ("start_time", "startTime"),
    ("stop_time", "stopTime"),
    ("status_message", "statusMessage"),
    ("failure_reason", "failureReason"),
)


def of_ended(live: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a run from GetRun's answer, by the names that programs use."""
    return {name: live.get(wire) for name, wire in _TOLD}


def of_gone(run_id: str) -> dict[str, Any]:
    """Return the facts of a run whose record the service no longer has."""
    return {**dict.fromkeys(name for name, _ in _TOLD), "id": run_id, "status": RunStatus.DELETED}


def sentence(key: str, run: Mapping[str, Any]) -> str:
    """Return one line on a run that did not complete."""
    reason = cause(run.get("failure_reason"), run.get("status_message")).rstrip(".")
    gone = _GONE if run["status"] == "DELETED" else ""
    which = f"{key} ({run['id']})" if key else str(run["id"])
    return f"Run {which} ended {run['status']}: {reason or gone or 'no reason given'}."


def left_behind(run_id: str, left: Sequence[tuple[str, str, bool]]) -> str:
    """Return the words on runs that an interrupted update left behind for the resource of a run.

    `left` gives of each its id, its status, and whether it stands for what is declared.
    """
    words = [
        f"An interrupted update started run {other} ({status}) for this resource, "
        "and nothing records it: "
        + (
            f"it takes the place of run {run_id}, and nothing is started."
            if fits
            else "what was asked then is no longer declared, so it is ended as a delete of it."
        )
        for other, status, fits in left
    ]
    return "\n".join(words)


def foreseen(left: Sequence[tuple[str, str, bool]]) -> str:
    """Return the words of a preview on runs that an interrupted update left for a run to be made.

    `left` is that of `left_behind`.
    """
    words = [
        f"An interrupted update started run {other} ({status}) for this resource already, "
        "and nothing records it: "
        + (
            "the update takes it, and starts nothing."
            if fits
            else "what was asked then is no longer declared, so the update ends it as a delete "
            "does."
        )
        for other, status, fits in left
    ]
    return "\n".join(words)


def unforeseen(why: str) -> str:
    """Return the words of a preview that could not look for what an interrupted update left."""
    return (
        "An earlier update was interrupted. The preview could not look up whether that update "
        f"started this run: {why}. The next update looks again, and starts no second run."
    )


def torn(run_id: str, status: str, fate: Fate) -> str:
    """Return the words on a run that an interrupted update was ending and that is still declared.

    `fate` is REPLACE, or UNSURE.
    """
    if fate is Fate.REPLACE:
        return (
            f"An interrupted update was ending this resource's run {run_id} ({status}). The "
            f"program still declares the run, so a new run takes its place."
        )
    return (
        f"Run {run_id} is {status}, and an update that ended runs of this stack was interrupted. "
        f"It is not known whether that update ended this run, so nothing starts. For a new run, "
        f"give `rerun` a new value. To delete the run, run `pulumi destroy`."
    )


def outlook(
    run_id: str,
    recorded: Mapping[str, Any],
    inputs: Mapping[str, Any],
    standing: Standing | None = None,
) -> str:
    """Return two lines on a recorded run without a result: what is known, what becomes of it.

    `standing` is the attempt that takes its place, where a rule asks for one.
    """
    known = {name: recorded.get(wire) for name, wire in _TOLD}
    said = sentence("", {**known, "id": run_id})
    return f"{said}\n{next_step(recorded, inputs, standing)}"


def next_step(
    recorded: Mapping[str, Any], inputs: Mapping[str, Any], standing: Standing | None = None
) -> str:
    """Return what becomes of a recorded run without a result; `standing` is that of `outlook`."""
    limit = attempt_limit(recorded, inputs)
    if standing and standing.live:
        return (
            f"A wait has already started attempt {standing.note['attempts']}, run "
            f"{standing.live['id']} ({standing.live['status']}). This update takes it over, and "
            f"starts nothing."
        )
    if not ends_in_rerun(recorded, inputs):
        return "It does not start again by itself: for a new run, give `rerun` a new value."
    if attempts_left(recorded, inputs):
        number = standing.note["attempts"] if standing else attempts(recorded) + 1
        return f"A new run replaces it: attempt {number} of {limit}."
    return (
        f"All {limit} attempts are used. For a new run, allow more attempts, or give `rerun` a "
        f"new value."
    )


def task_counts(tasks: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many tasks a run had, and how many of them ended how, from ListRunTasks' items."""
    states = Counter(str(task.get("status")) for task in tasks)
    ends = (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED)
    return {"total": states.total(), **{end.lower(): states[end] for end in ends}}
