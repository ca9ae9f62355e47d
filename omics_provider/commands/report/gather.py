"""Reads what a report needs, two or three calls a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from omics_provider.base import errors
from omics_provider.base.settings import Settings
from omics_provider.base.status import ENDED, RunStatus
from omics_provider.explain.gather import Explanation, Gaps, explain, region_to_link
from omics_provider.runs import details
from omics_provider.runs.calls import Runs

from .data import Run, RunsReport, run_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run that a report is asked for, with what a stack's state knows of it.

    `place` is where its own Provider says, None for the place of the others.
    """

    id: str
    resource: str | None = None
    uuid: str | None = None
    recorded: Mapping[str, Any] = field(default_factory=dict)
    place: Settings | None = None


#: What stands for the state of a run that could not be read.
NOT_READ: Final = "UNKNOWN"


def gather_runs(
    settings: Settings,
    wanted: Iterable[Wanted],
    title: str,
    now: datetime,
    project: str | None = None,
) -> RunsReport:
    """Read the runs, their tasks and manifests, and explain those that failed.

    `project` is the Pulumi project that declares them.

    Raises the errors of `omics_provider.base.errors` where no run can be read at all.
    """
    wanted = list(wanted)
    gaps = Gaps()
    places = [each.place or settings for each in wanted]
    answers, explained = look_up(settings, wanted, gaps)
    runs = [
        _run(place, live, each.resource, now, gaps)
        for place, each, live in zip(places, wanted, answers, strict=True)
    ]
    several = len(set(places)) > 1
    return RunsReport(
        title=title,
        made=now,
        project=project,
        runs=tuple(sorted(runs, key=lambda run: (run.created or now, run.id))),
        groups=tuple(group for each in explained for group in each.groups),
        gaps=tuple(dict.fromkeys((*gaps.told, *(gap for e in explained for gap in e.gaps)))),
        # Links lead to one Region.
        region=None if several else region_to_link(next(iter(places), settings)),
    )


def look_up(
    settings: Settings, wanted: Sequence[Wanted], gaps: Gaps
) -> tuple[list[Mapping[str, Any]], list[Explanation]]:
    """Return GetRun's answer for each run, and the explanation of those of each place."""
    places = [each.place or settings for each in wanted]
    answers = [_answer(place, each, gaps) for place, each in zip(places, wanted, strict=True)]
    # A reader knows a stack's runs by the names of their resources.
    named: dict[Settings, list[dict[str, Any]]] = {}
    for place, each, live in zip(places, wanted, answers, strict=True):
        if live["status"] != NOT_READ:
            told = {**live, "name": each.resource or live.get("name")}
            named.setdefault(place, []).append(told)
    return answers, [explain(place, lives) for place, lives in named.items()]


def _answer(settings: Settings, wanted: Wanted, gaps: Gaps) -> Mapping[str, Any]:
    """Return GetRun's answer; for a run without a record, what the stack's state says of it."""
    try:
        live = Runs(settings).get(wanted.id)
    except errors.NotFound:
        return _recorded(wanted, RunStatus.DELETED)
    except errors.ServiceError as error:
        gaps.note(f"GetRun {wanted.id}", error.about(f"run {wanted.id}").replace("\n", " "))
        return _recorded(wanted, NOT_READ)
    if wanted.uuid is not None and live["uuid"] != wanted.uuid:
        return _recorded(wanted, RunStatus.DELETED)
    return live


def _recorded(wanted: Wanted, unless_ended: str) -> Mapping[str, Any]:
    """Return the state's copy; the id may be another run's by now, so `recordGone` goes with it."""
    recorded = {**wanted.recorded, "id": wanted.id, "recordGone": True}
    if recorded.get("status") not in ENDED:
        recorded["status"] = unless_ended
    return recorded


def _run(
    settings: Settings,
    live: Mapping[str, Any],
    resource: str | None,
    now: datetime,
    gaps: Gaps,
) -> Run:
    manifest = _manifest(settings, live, gaps)
    tasks: list[dict[str, Any]] = []
    if not manifest and not live.get("recordGone"):
        tasks = (
            gaps.attempt("ListRunTasks", "tasks", lambda: details.tasks(settings, str(live["id"])))
            or []
        )
    return run_of(live, tasks, manifest, now, resource)


def _manifest(settings: Settings, live: Mapping[str, Any], gaps: Gaps) -> list[dict[str, Any]]:
    run_id, uuid = str(live["id"]), live.get("uuid")
    if live["status"] not in ENDED or not uuid:
        return []
    if settings.is_local:
        gaps.note("GetLogEvents", "manifests, so no CPU use: the endpoint `local` has no logs.")
        return []
    return (
        gaps.attempt(
            "GetLogEvents",
            "manifests and logs",
            lambda: details.manifest(settings, run_id, str(uuid)),
        )
        or []
    )
