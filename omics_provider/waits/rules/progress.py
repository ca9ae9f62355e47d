"""What a wait says of its runs: the line that is always current, events, failures.

Pure functions; times of the service are ISO 8601 in UTC, ages and lengths are seconds.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from omics_provider.base.errors import OmicsError
from omics_provider.base.status import RunStatus
from omics_provider.base.words import alike, some
from omics_provider.runs.rules import words
from omics_provider.runs.rules.lifecycle import attempt_limit, attempts

from .targets import Facts, Target, age, length, moment

#: Past runs of a workflow from which the end of the next is estimated, at least.
_LEAST_PAST_RUNS: Final = 3
#: Runs that are named one by one where many have the same to tell.
_NAMED: Final = 3
#: What is said when trouble is over.
OVER: Final = "The service answers again."


@dataclass
class Tally:
    """What is known of all runs of a program's waits at one moment.

    `active` holds the last seen entry of each run that goes on, `ended` the number of runs by
    their final state, `lengths` those of completed runs in seconds by workflow id.
    """

    active: list[Mapping[str, Any]] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)
    lengths: Mapping[str, Sequence[float]] = field(default_factory=dict)


def together(tallies: Sequence[Tally]) -> Tally:
    """Return what several places have, as one. A workflow's id is one place's own."""
    if len(tallies) == 1:
        return tallies[0]
    lengths: dict[str, Sequence[float]] = {}
    whole = Tally(lengths=lengths)
    for number, tally in enumerate(tallies):
        for live in tally.active:
            workflow = f"{number}:{live.get('workflowId')}"
            whole.active.append({**live, "workflowId": workflow})
        whole.ended += tally.ended
        lengths |= {f"{number}:{workflow}": past for workflow, past in tally.lengths.items()}
    return whole


def beginning(tally: Tally) -> str:
    """Return the words on a wait that has begun; nothing where no run is active.

    They are said now since Pulumi ends a program at Ctrl-C before it can say anything.
    """
    count = len(tally.active)
    if not count:
        return ""
    runs, those = ("1 run", "run") if count == 1 else (f"{count:,} runs", "runs")
    return (
        f"Waiting for {runs}. Ctrl-C ends the wait, not the {those}. The next `pulumi up` waits "
        "again. `pulumi destroy` stops all runs of the stack."
    )


def waiting_for(run_id: str, status: str) -> str:
    """Return the line beside a resource whose create waits for its run, as it begins."""
    return f"Waiting for run {run_id} ({status}). Ctrl-C ends the wait, not the run."


def at_work(run_id: str, status: str) -> str:
    """Return the line beside such a resource when the run has moved on."""
    return f"Run {run_id} is {status}."


def no_room(many: int, most: int) -> str:
    """Return the words on waits that take up all that the engine works on at once."""
    return (
        f"This command works on {many:,} resources at once, and all of them wait for runs. Other "
        f"resources have to wait until one run has ended. To start more at once, end the waits "
        f"with Ctrl-C, which ends no run. Then run `pulumi up --parallel {most}`."
    )


def trouble(error: OmicsError) -> str:
    """Return the words on trouble that passes."""
    return (
        f"{error.about('the runs that are waited for')}\n"
        "The runs continue, and so does the wait. This message comes once."
    )


def line(tally: Tally, now: datetime) -> str:
    """Return the one line that is always current."""
    parts = [f"{count} {state.lower()}" for state, count in states(tally)]
    oldest = max((age(live, now) for live in tally.active), default=0.0)
    if oldest:
        parts.append(f"oldest {clock(oldest)}")
    end = next_end(tally, now)
    if end is not None:
        parts.append(f"next end expected about {end.astimezone():%H:%M}")
    return ", ".join(parts)


def states(tally: Tally) -> list[tuple[str, int]]:
    """Return how many runs are in which state, in the order in which they are shown."""
    count = Counter(str(live.get("status", RunStatus.PENDING)) for live in tally.active)
    count += tally.ended
    return [(str(state), count[state]) for state in _SHOWN if count[state]]


#: The engine cuts a line that the terminal is too narrow for: what needs somebody comes first.
_SHOWN: Final = (
    RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.DELETED, RunStatus.RUNNING, RunStatus.PENDING,
    RunStatus.STARTING, RunStatus.STOPPING, RunStatus.COMPLETED,
)  # fmt: skip


def next_end(tally: Tally, now: datetime) -> datetime | None:
    """Return when the next run should end, from the median length of its workflow's past runs.

    None where fewer than three of them are known, or where every run is late already.
    """
    expected = (
        moment(live["startTime"]) + timedelta(seconds=statistics.median(past))
        for live in tally.active
        if live.get("startTime")
        and len(past := tally.lengths.get(str(live.get("workflowId")), ())) >= _LEAST_PAST_RUNS
    )
    return min((end for end in expected if end >= now), default=None)


def events(ends: Sequence[tuple[str, Facts]]) -> list[str]:
    """Return a line for each run that has just ended; one for many that completed together."""
    completed = [end for end in ends if end[1]["status"] == RunStatus.COMPLETED]
    others = [end for end in ends if end[1]["status"] != RunStatus.COMPLETED]
    if len(completed) <= _NAMED:
        lines = [_event(name, run) for name, run in completed]
    else:
        lines = [f"{len(completed)} runs COMPLETED: {some([n for n, _ in completed])}."]
    return lines + [words.sentence(name, run) for name, run in others]


def retried(before: Target, live: Mapping[str, Any] | None, after: Target) -> str:
    """Return the words on a run that failed, and on the attempt that was started in its place."""
    known = {**before.recorded, **(live or {})}
    limit = attempt_limit(known, after.declared.inputs) if after.declared else 0
    number = attempts(after.recorded)
    said = words.sentence(before.name, words.of_ended({**known, "id": before.id}))
    return f"{said} Attempt {number} of {limit} is run {after.id}."


def earlier(found: Mapping[str, Facts]) -> list[str]:
    """Return a line on each run that was not the first attempt, with what became of the others."""
    lines = []
    for name, run in found.items():
        before = [
            f"{each['id']} {each.get('failureReason') or each.get('status')}"
            for each in run["earlier_attempts"]
        ]
        if before:
            number = run["attempts"]
            lines.append(f"Run {name} was attempt {number}; earlier ones: {', '.join(before)}.")
    return lines


def failures(found: Mapping[str, Facts]) -> list[str]:
    """Return a line for each run that did not complete; one for many that failed alike."""
    groups: dict[tuple[Any, ...], list[str]] = {}
    for name, run in found.items():
        if run["status"] != RunStatus.COMPLETED:
            message = alike(run.get("status_message"), run["id"])
            kind = (run["status"], run.get("failure_reason"), message)
            groups.setdefault(kind, []).append(name)
    lines = []
    for names in groups.values():
        if len(names) <= _NAMED:
            lines += [words.sentence(name, found[name]) for name in names]
        else:
            first = words.sentence(names[0], found[names[0]])
            lines.append(f"{first}\n  {len(names)} runs ended like this: {some(names)}.")
    return lines


def unread(what: str, errors: Mapping[str, str]) -> list[str]:
    """Return the words on what could not be read of some runs: once for all that fail alike.

    `what` says what it is, `errors` why it can't be read, by the name of the run.
    """
    groups: dict[str, list[str]] = {}
    for name, why in errors.items():
        groups.setdefault(why, []).append(name)
    return [f"{what} left out of {some(names, 5)}: {why}" for why, names in groups.items()]


def clock(seconds: float) -> str:
    """Return a length of time as hours, minutes and seconds: 02:13:40."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest:02}"


def _event(name: str, run: Facts) -> str:
    took = length({"status": run["status"], "startTime": run["start_time"],
                   "stopTime": run["stop_time"]})  # fmt: skip
    after = "" if took is None else f" after {clock(took)}"
    return f"Run {name} ({run['id']}) ended {run['status']}{after}."
