"""The facts of ended runs as a program gets them, by names that are checked before the runs end."""

from __future__ import annotations

import difflib
import time
from collections.abc import Collection, Mapping
from typing import Any, Final, TypedDict, TypeVar

import pulumi
from pulumi import Output
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

from omics_provider.base import errors
from omics_provider.base.settings import Settings
from omics_provider.base.status import RunStatus
from omics_provider.base.words import some
from omics_provider.runs import details
from omics_provider.waits.rules import progress
from omics_provider.waits.rules.targets import End, Facts, Target

from ._declare import Readable

T = TypeVar("T")


class RunFacts(TypedDict):
    """What a wait returns about a run that has ended."""

    #: The run's id: that of its last attempt.
    id: str
    #: COMPLETED, FAILED, CANCELLED or DELETED.
    status: str
    #: Where the service put this run's results.
    run_output_uri: str | None
    #: When it began to work: ISO 8601 in UTC.
    start_time: str | None
    #: When it ended: ISO 8601 in UTC.
    stop_time: str | None
    #: The service's words on the end.
    status_message: str | None
    #: The service's code of a failure.
    failure_reason: str | None
    #: The number of this run among its attempts.
    attempts: int
    #: What became of the attempts before it, by the API's names.
    earlier_attempts: list[dict[str, Any]]
    #: The workflow's outputs by name; None where they were not asked for or can't be read.
    outputs: dict[str, Any] | None
    #: The number of tasks: total, completed, failed, cancelled; None as with outputs.
    tasks: dict[str, int] | None


#: Seconds between two calls for tasks: half of the quota of 10 a second.
_SPACING: Final = 0.2
NAMES: Final = tuple(RunFacts.__annotations__)


class _Named(Output[T]):
    """An Output whose names are known before its values are."""

    _names: Collection[str]
    _of_runs: bool

    def __getitem__(self, key: Any) -> Output[Any]:
        if key not in self._names:
            raise pulumi.RunError(_misnamed(str(key), self._names, of_runs=self._of_runs))
        found = super().__getitem__(key)
        return facts_of_run(found) if self._of_runs else found

    def __getattr__(self, item: str) -> Output[Any]:
        if item in NAMES:
            raise AttributeError(f'Read a fact of a run by its name: ["{item}"], not .{item}')
        return super().__getattr__(item)


def facts_of_run(facts: Output[Any]) -> Output[RunFacts]:
    """Return the facts of one run; a wrong name raises RunError at once."""
    return _named(facts, NAMES, of_runs=False)


def facts_by_key(facts: Output[Any], keys: Collection[str]) -> Output[dict[str, RunFacts]]:
    """Return the facts of several runs; a wrong key or name raises RunError at once."""
    return _named(facts, keys, of_runs=True)


def _named(facts: Output[Any], names: Collection[str], *, of_runs: bool) -> Output[Any]:
    # The same Output, with the one future that Pulumi follows: a second one would be followed, too.
    named: _Named[Any] = object.__new__(_Named)
    named.__dict__.update(facts.__dict__, _names=names, _of_runs=of_runs)
    return named


def _misnamed(key: str, names: Collection[str], *, of_runs: bool) -> str:
    what = "run that is waited for" if of_runs else "fact of an ended run"
    near = difflib.get_close_matches(key, names, n=1)
    hint = f'Did you mean "{near[0]}"? ' if near else ""
    return f'There is no {what} named "{key}". {hint}There are: {some(sorted(names))}.'


def count_tasks(
    where: Mapping[str, Settings], told: Mapping[str, End], recorded: frozenset[str]
) -> None:
    """Count, one run after the other: the account's quota is 10 calls a second.

    Of the `recorded` ends only the state is known: an id may be another run's by now.
    """
    unread: dict[str, str] = {}
    for key, end in told.items():
        try:
            is_there = key not in recorded and not end.answer["recordGone"]
            end.facts["tasks"] = details.task_counts(
                where[key], end.facts["id"], str(end.answer["uuid"]), is_there=is_there
            )
        except errors.OmicsError as error:
            unread[key] = str(error)
        time.sleep(0 if where[key].is_local else _SPACING)
    for words in progress.unread("Counts of tasks are", unread):
        pulumi.log.warn(words)


# Under mocks -------------------------------------------------------------------------------------


def are_mocked() -> bool:
    """Return whether this is a user's unit test, with nothing behind the resources."""
    return isinstance(get_monitor(), MockMonitor)


async def mocked(run: Readable, asked: Collection[str]) -> Facts:
    """Return the facts of a mocked run: COMPLETED, except for what `new_resource` gave.

    That is taken by the API's names, and what is `asked` for, "outputs" and "tasks", as it is.
    """
    run_id, urn = str(await run.id.future()), str(await run.urn.future())
    uri = str(await run._output("outputUri").future() or "").rstrip("/")
    usual = {"status": RunStatus.COMPLETED, "runOutputUri": f"{uri}/{run_id}"}
    monitor: Any = get_monitor()
    given = {
        k: v for k, v in monitor.get_registered_resources()[urn].state.items() if v is not None
    }
    facts = Target(run._name, run_id, "").ended_as({**usual, **given})
    return {**facts, **{name: given.get(name) for name in asked}}
