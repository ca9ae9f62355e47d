"""Gathers what explains failed runs: failed tasks, their messages, the ends of their logs.

Only the run itself is needed. Each other part is optional: what can't be read is said once, and
not asked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from omics_provider.base import errors
from omics_provider.base.settings import LOG_GROUP, Settings
from omics_provider.base.status import RunStatus
from omics_provider.explain.rules.reasons import (
    Failure,
    Group,
    Log,
    grouped,
    needs_words,
    of_other,
    of_run,
    rendered,
    with_task,
)
from omics_provider.runs import details
from omics_provider.runs.calls import Runs

#: Of so many failed runs the tasks are looked at: two calls a run, 10 a second by default.
TASKS_OF: Final = 100
#: Lines of a log that are shown, and groups of like failures whose log is read.
_LINES: Final = 10
_LOGS_OF: Final = 20

_NO_LOGS: Final = "logs: the endpoint `local` has none."
_RIGHTS: Final = {
    "GetLogEvents": f"Allow the caller logs:GetLogEvents on the log group {LOG_GROUP}.",
}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why runs did not complete."""

    groups: tuple[Group, ...]
    #: What could not be read, a sentence each.
    gaps: tuple[str, ...]
    #: The Region to link to; None where a server on this machine replaces AWS.
    region: str | None
    #: Runs with nothing to explain: completed, or at work.
    others: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The explanation in few lines."""
        words = rendered(self.groups, self.gaps, self.region)
        return "\n\n".join(part for part in ("\n".join(self.others), words) if part)


class Gaps:
    """Optional reads: an operation that fails is noted and not called again."""

    def __init__(self) -> None:
        self._by_operation: dict[str, str] = {}

    @property
    def told(self) -> tuple[str, ...]:
        """What could not be read, a sentence each."""
        return tuple(self._by_operation.values())

    def note(self, key: str, sentence: str) -> None:
        """Say a sentence, once for each `key`."""
        self._by_operation.setdefault(key, sentence)

    def attempt(self, operation: str, what: str, read: Callable[[], _T]) -> _T | None:
        """Return what `read` gives, None where `operation` fails or has failed before.

        A record that is not there is no gap: it may have gone since.
        """
        if operation in self._by_operation:
            return None
        try:
            return read()
        except errors.NotFound:
            return None
        except errors.OmicsError as error:
            code = f"{error.code}: " if error.code else ""
            denied = isinstance(error, errors.Denied)
            advice = _RIGHTS.get(operation, error.advice) if denied else error.advice
            self.note(
                operation,
                f"{what} ({operation} failed: {code}{error.detail.rstrip('.')}). {advice}".rstrip(),
            )
            return None


def region_to_link(settings: Settings) -> str | None:
    """Return the Region whose console knows the runs, None for an emulator's."""
    return None if settings.is_local or settings.is_loopback else Runs(settings).region


def explain(settings: Settings, answers: Iterable[Mapping[str, Any]]) -> Explanation:
    """Explain runs from GetRun's answers, without another call for a run that did not fail.

    An answer's `name` may be one that the reader knows the run by, such as its resource's. Costs
    two calls for each of the first 100 failed runs, and one for each of the 20 largest groups.
    """
    answers = list(answers)
    failed = [of_run(live) for live in answers if needs_words(str(live["status"]))]
    others = [of_other(live) for live in answers if not needs_words(str(live["status"]))]
    gaps = Gaps()
    groups = grouped(_with_tasks(settings, failed, gaps))
    groups = [
        _with_log(settings, group, gaps) if number < _LOGS_OF else group
        for number, group in enumerate(groups)
    ]
    return Explanation(tuple(groups), gaps.told, region_to_link(settings), tuple(others))


def _with_tasks(settings: Settings, failures: list[Failure], gaps: Gaps) -> list[Failure]:
    """Look at the failed tasks, of each kind of failure first, as far as the limit goes."""
    failed = [
        failure
        for failure in failures
        if failure.status == RunStatus.FAILED and not failure.record_gone
    ]
    kinds = [group.failures for group in grouped(failed)]
    in_turn = [
        kind[number]
        for number in range(max((len(kind) for kind in kinds), default=0))
        for kind in kinds
        if number < len(kind)
    ]
    if len(in_turn) > TASKS_OF:
        gaps.note("limit", f"the tasks of {len(in_turn) - TASKS_OF} runs: too many failed runs.")
    seen = {each.id: _with_failed_task(settings, each, gaps) for each in in_turn[:TASKS_OF]}
    return [seen.get(failure.id, failure) for failure in failures]


def _with_failed_task(settings: Settings, failure: Failure, gaps: Gaps) -> Failure:
    failed = gaps.attempt(
        "ListRunTasks",
        "the failed tasks",
        lambda: details.tasks(settings, failure.id, status="FAILED"),
    )
    if not failed:
        return failure
    first = min(failed, key=lambda task: str(task.get("stopTime") or "~"))
    told = gaps.attempt(
        "GetRunTask",
        "the messages of failed tasks",
        lambda: details.task(settings, failure.id, first["taskId"]),
    )
    return with_task(failure, failed, told or first)


def _with_log(settings: Settings, group: Group, gaps: Gaps) -> Group:
    """Read the end of the log that stands for the group."""
    first = group.first
    stream = first.stream
    if stream is None or first.status != RunStatus.FAILED:
        return group
    lines = gaps.attempt("GetLogEvents", "logs", lambda: details.log_end(settings, stream, _LINES))
    if lines is None:
        if settings.is_local:
            gaps.note("simulated", _NO_LOGS)
        return group
    return Group((replace(first, log=Log(stream, lines)), *group.failures[1:]))
