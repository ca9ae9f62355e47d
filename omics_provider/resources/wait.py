"""Waiting for runs in the program: an Output that is known when they have ended.

The wait runs beside the engine in the program's own process, so it holds up no plugin thread and no
other resource. In a preview it looks once: ended runs are known, others are not.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Literal

import pulumi
from pulumi import Output

from omics_provider.base import errors
from omics_provider.base.settings import Settings
from omics_provider.base.values import UNKNOWN
from omics_provider.base.words import some
from omics_provider.engine.own_stack import OwnStack
from omics_provider.engine.process import Engine, find_engine_of_program
from omics_provider.explain import gather
from omics_provider.providers._wire import received, unknown
from omics_provider.runs.rules.run_table import BY_WIRE
from omics_provider.waits import attempts, outputs, recorded
from omics_provider.waits.replaced import EarlyEnds, Ending
from omics_provider.waits.rules import progress
from omics_provider.waits.rules.targets import Declared, End, Facts, Target
from omics_provider.waits.watcher import Watcher, Watchers

from . import _facts
from ._declare import Readable
from ._declare import stack as stack_of_program
from ._facts import RunFacts
from ._interrupt import failure_of_program, interruptible, watch_program
from ._view import view
from .provider import place_of

OnFailure = Literal["fail", "warn"]

_OPERATION: Final = "Waiting"
_SUBJECT: Final = "the runs of this stack"
#: What is needed of a run, by the API's names: all that the state may know of its end.
_NEEDED: Final = (
    "uuid", "arn", "status", "creationTime", "startTime", "stopTime", "statusMessage",
    "failureReason", "runOutputUri", "logLocation", "attempts", "earlierAttempts",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Wish:
    timeout: float | None
    on_failure: OnFailure
    outputs: bool
    tasks: bool


class Waitable(Readable):
    """A run, as far as one waits for it."""

    def wait(
        self,
        timeout: float | None = None,
        on_failure: OnFailure = "fail",
        *,
        outputs: bool = False,
        tasks: bool = False,
    ) -> Output[RunFacts]:
        """Wait for the run's end, in the program, and return its final facts.

        Facts, arguments and previews are those of `wait_all`. A failed run fails the update as
        soon as the wait notices it, also while other runs are active.
        """
        wish = _Wish(timeout, checked(on_failure), outputs, tasks)
        return _facts.facts_of_run(_waited({self._name: self}, wish)[self._name])


def wait_all(
    runs: Mapping[str, Waitable] | Sequence[Waitable],
    timeout: float | None = None,
    on_failure: OnFailure = "fail",
    *,
    outputs: bool = False,
    tasks: bool = False,
) -> Output[dict[str, RunFacts]]:
    """Wait for the end of all `runs`.

    Args:
        runs: the runs, by key; in a sequence the key is Pulumi's resource name.
        timeout: seconds to wait, None for no limit. The runs continue after it.
        on_failure: "fail" fails the update where a run ended FAILED, CANCELLED or DELETED, after
            all have ended. "warn" prints a warning, and the program continues.
        outputs: whether to read the workflows' outputs, one call to S3 a completed run.
        tasks: whether to count the runs' tasks, one ListRunTasks call for 100 tasks of a run, at
            most five a second.

    Returns:
        By key, the facts of each ended run: id, status, run_output_uri, start_time, stop_time,
        status_message, failure_reason, attempts, earlier_attempts, and outputs: the workflow's
        outputs by name, as JSON values, and tasks: their number as total, completed, failed and
        cancelled. These two are None if you did not ask for them. They are None, with a warning,
        if they can't be read. In a preview a run that has not ended is unknown. A wrong name or
        key raises pulumi.RunError at once.

        The values of `outputs` are whole inside the program. As stack outputs or inputs Pulumi
        carries numbers as doubles, exact to 2**53, and drops null inside of objects: give such
        values as text there, as `json.dumps` makes it.

    If a run fails with a code that its `retry` names, the wait starts the next attempt and
    continues. The facts are those of the last attempt. The next update records it as the run.

    """
    if not isinstance(runs, Mapping):
        runs = {run._name: run for run in runs}
    wish = _Wish(timeout, checked(on_failure), outputs, tasks)
    return _facts.facts_by_key(_waited(runs, wish), runs.keys())


def checked(on_failure: OnFailure) -> OnFailure:
    """Return what a wait does about a failed run; raises ValueError for anything else."""
    if on_failure not in ("fail", "warn"):
        raise ValueError(f'on_failure is "fail" or "warn", not {on_failure!r}.')
    return on_failure


def _waited(runs: Mapping[str, Waitable], wish: _Wish) -> Output[dict[str, Facts]]:
    if not runs:
        return Output.from_input({})
    watch_program()
    where = {key: place_of(run) for key, run in runs.items()}
    stack = stack_of_program()
    known = Output.all(
        **{
            key: Output.all(id=run.id, **{wire: run._output(wire) for wire in _NEEDED})
            for key, run in runs.items()
        }
    )

    async def ended(found: Mapping[str, Any]) -> Any:
        try:
            facts = await _ended(where, stack, runs, found, wish)
        except pulumi.RunError as error:
            if not failure_of_program():
                raise
            # Pulumi shows what comes first, and nothing else.
            pulumi.log.error(str(error))
        failure = failure_of_program()
        if failure and not pulumi.runtime.is_dry_run():
            raise failure
        return facts

    if _facts.are_mocked():
        return known.apply(functools.partial(_mocked, runs, wish))
    return known.apply(ended, run_with_unknowns=True)


async def _mocked(
    runs: Mapping[str, Waitable], wish: _Wish, _known: Mapping[str, Any]
) -> dict[str, Facts]:
    asked = [name for name in ("outputs", "tasks") if getattr(wish, name)]
    told = {key: await _facts.mocked(run, asked) for key, run in runs.items()}
    if lines := progress.failures(told):
        _tell("\n".join(lines), wish.on_failure)
    return told


async def _ended(
    where: Mapping[str, Settings],
    stack: str,
    runs: Mapping[str, Waitable],
    found: Mapping[str, Any],
    wish: _Wish,
) -> Any:
    if not isinstance(found, Mapping):
        return unknown()
    targets = {key: await _target(key, run, found[key]) for key, run in runs.items()}
    known = {k: t for k, t in targets.items() if t and t.has_ended and not t.wants_retry(None)}
    told = {key: target.end(None) for key, target in known.items()}
    others = {key: t for key, t in targets.items() if t and key not in known}
    if others:
        by_place = {place: await _watcher(place, stack) for place in _of(where, others)}
        at = {key: by_place[where[key]] for key in others}
        if pulumi.runtime.is_dry_run() or failure_of_program():
            told |= await _seen_once(at, others)
        else:
            places = {target.uuid: where[key] for key, target in others.items()}
            with await ending_replaced(stack, places):
                told |= await _seen_to_end(at, others, wish)
    if wish.outputs:
        await _read_outputs(where, told)
    if wish.tasks:
        await asyncio.to_thread(_facts.count_tasks, where, told, frozenset(known))
    failed = {k: end for k, end in told.items() if end.facts["status"] != "COMPLETED"}
    if pulumi.runtime.is_dry_run():
        # What the state knows is told beside the run itself.
        _warn({key: end.facts for key, end in failed.items() if key in others}, wish.on_failure)
    elif failed:
        _tell(await _explained(where, failed), wish.on_failure)
    return {key: told[key].facts if key in told else unknown() for key in runs}


def _of(where: Mapping[str, Settings], keys: Iterable[str]) -> dict[Settings, list[str]]:
    """Return the keys by the place that they are at."""
    by_place: dict[Settings, list[str]] = {}
    for key in keys:
        by_place.setdefault(where[key], []).append(key)
    return by_place


async def _target(key: str, run: Waitable, known: Any) -> Target | None:
    """Return what is waited for; None where a preview does not know the run."""
    if not isinstance(known, Mapping) or not isinstance(known.get("uuid"), str):
        return None
    # What the state does not have is unknown to a preview.
    kept = {k: v for k, v in received(known).items() if v is not None and v is not UNKNOWN}
    uuid = str(known["uuid"])
    return Target(key, str(known["id"]), uuid, kept, await _declared(run, uuid))


async def _declared(run: Waitable, uuid: str) -> Declared | None:
    """Return what another attempt takes; None where there is no retry, and in a preview."""
    if pulumi.runtime.is_dry_run() or "retry" not in run.__dict__:
        return None
    # Secrets stay in this process: what a wait tells has none of the inputs.
    inputs = {wire: await run._output(wire).future() for wire in BY_WIRE if wire in run.__dict__}
    given = {wire: value for wire, value in received(inputs).items() if value is not None}
    return Declared(str(await run.urn.future()), given, uuid)


def own_stack(stack: str) -> OwnStack:
    """Return what is recorded of the program's stack, read once an update."""
    return _stack_of(find_engine_of_program(stack))


@functools.cache
def watchers() -> Watchers:
    """Return the watchers of all waits of the program."""
    return Watchers()


@functools.cache
def _stack_of(engine: Engine) -> OwnStack:
    return OwnStack(engine)


async def ending_replaced(
    stack: str, places: Mapping[str, Settings]
) -> AbstractContextManager[None]:
    """Return what ends replaced runs as long as runs of these places, by uuid, are waited for."""
    ends = _early_ends(await asyncio.to_thread(own_stack, stack), stack)
    return ends.meanwhile(places, view().teller())


@functools.cache
def _early_ends(own_stack: OwnStack, stack: str) -> EarlyEnds:
    return EarlyEnds(Ending(own_stack, stack))


async def _watcher(place: Settings, stack: str) -> Watcher:
    def recorded_at() -> Mapping[str, str] | None:
        return recorded.times(own_stack(stack), stack)

    def make() -> Watcher:
        own = attempts.of_program(place, stack, own_stack(stack))
        return watchers().of(place, recorded_at, own)

    return await asyncio.to_thread(make)


async def _seen_once(
    watchers: Mapping[str, Watcher], targets: Mapping[str, Target]
) -> dict[str, End]:
    futures = {key: watchers[key].once(target) for key, target in targets.items()}
    try:
        told = {key: await asyncio.wrap_future(future) for key, future in futures.items()}
    except errors.OmicsError as error:
        pulumi.log.warn(f"{error.about(_SUBJECT)}\nIt is not known which runs have ended.")
        return {}
    return {key: run for key, run in told.items() if run is not None}


async def _seen_to_end(
    watchers: Mapping[str, Watcher], targets: Mapping[str, Target], wish: _Wish
) -> dict[str, End]:
    shown = view()
    futures = {key: watchers[key].until_end(target) for key, target in targets.items()}
    shown.begin(dict.fromkeys(watchers.values()))
    try:
        await _all_done(futures, wish.timeout)
        return {key: future.result() for key, future in futures.items()}
    except errors.OmicsError as error:
        raise pulumi.RunError(error.about(_SUBJECT)) from None
    finally:
        for future in futures.values():
            future.cancel()
        shown.end()


async def _all_done(futures: Mapping[str, Future[End]], timeout: float | None) -> None:
    """Wait until all are done, or one failed. Raises RunError at the limit, and at Ctrl-C."""
    waiting = {asyncio.wrap_future(future): key for key, future in futures.items()}
    with interruptible(waiting):
        done, late = await asyncio.wait(
            waiting, timeout=timeout, return_when=asyncio.FIRST_EXCEPTION
        )
    if any(each.cancelled() for each in done):
        raise pulumi.RunError(
            f"{_OPERATION}: interrupted. The runs continue, and the state records them. Run "
            f"`pulumi up` again to continue the wait."
        )
    failed = any(each.exception() for each in done)
    if late and not failed:
        names = some([waiting[each] for each in waiting if each in late])
        raise pulumi.RunError(
            f"{_OPERATION}: after {timeout:.0f} s these runs have not ended: {names}.\n"
            "They continue. Run `pulumi up` again to continue the wait."
        )


async def _read_outputs(where: Mapping[str, Settings], told: Mapping[str, End]) -> None:
    unread: dict[str, str] = {}

    async def read(key: str, run: Facts) -> None:
        try:
            uri = run["run_output_uri"]
            run["outputs"] = await asyncio.to_thread(outputs.read, where[key], uri)
        except errors.OmicsError as error:
            # The place is the run's own: without it, like reasons are told once.
            unread[key] = str(error).replace(run["run_output_uri"].rstrip("/"), "<run_output_uri>")

    facts = {key: end.facts for key, end in told.items()}
    completed = {k: run for k, run in facts.items() if run["status"] == "COMPLETED"}
    await asyncio.gather(*(read(k, r) for k, r in completed.items() if r["run_output_uri"]))
    for words in progress.unread("Outputs are", unread):
        pulumi.log.warn(words)


async def _explained(where: Mapping[str, Settings], failed: Mapping[str, End]) -> str:
    facts = {key: end.facts for key, end in failed.items()}
    parts = [
        await _explained_at(place, {key: failed[key] for key in keys})
        for place, keys in _of(where, failed).items()
    ]
    return "\n\n".join(part for part in (*parts, "\n".join(progress.earlier(facts))) if part)


async def _explained_at(place: Settings, failed: Mapping[str, End]) -> str:
    try:
        answers = [end.answer for end in failed.values()]
        return (await asyncio.to_thread(gather.explain, place, answers)).text
    except errors.OmicsError as error:
        # What the runs themselves say is known all the same.
        facts = {key: end.facts for key, end in failed.items()}
        return "\n".join([*progress.failures(facts), str(error)])


def _warn(failed: Mapping[str, Facts], on_failure: OnFailure) -> None:
    """Say in a preview what an update over the same runs will say, with no call to explain it."""
    if failed:
        end = ["The next `pulumi up` fails with this."] if on_failure == "fail" else []
        pulumi.log.warn("\n".join([*progress.failures(failed), *end]))


def _tell(message: str, on_failure: OnFailure) -> None:
    if on_failure == "fail":
        raise pulumi.RunError(message)
    pulumi.log.warn(message)
