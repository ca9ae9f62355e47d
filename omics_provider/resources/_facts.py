"""The facts of ended runs as a program gets them, by names that are checked before the runs end."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Any, Final, TypedDict, TypeVar

import pulumi
from pulumi import Output
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

from omics_provider.base.status import RunStatus
from omics_provider.base.words import some
from omics_provider.waits.rules.targets import Facts, Target

from ._declare import Readable

T = TypeVar("T")


class RunFacts(TypedDict):
    """What a wait tells of a run that has ended."""

    #: The run's id: that of its last attempt.
    id: str
    #: COMPLETED, FAILED, CANCELLED or DELETED.
    status: str
    #: Where the service put this run's results.
    run_output_uri: str | None
    #: ISO 8601 in UTC, as all times.
    start_time: str | None
    stop_time: str | None
    #: The service's words on the end, and its code of a failure.
    status_message: str | None
    failure_reason: str | None
    #: The number of this run among its attempts, and what became of the others, by the API's names.
    attempts: int
    earlier_attempts: list[dict[str, Any]]
    #: The workflow's outputs by name; None where they were not asked for or can't be read.
    outputs: dict[str, Any] | None
    #: The number of tasks: total, completed, failed, cancelled; None as with outputs.
    tasks: dict[str, int] | None


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
            raise AttributeError(f'A fact of a run is taken by its name: ["{item}"], not .{item}')
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


# Under mocks -------------------------------------------------------------------------------------


def are_mocked() -> bool:
    """Return whether this is a user's unit test, with nothing behind the resources."""
    return isinstance(get_monitor(), MockMonitor)


async def mocked(run: Readable, asked: Collection[str]) -> Facts:
    """Return the facts of a run that a mock has made: COMPLETED, but for what `new_resource` gave.

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
