"""Ending runs as on_delete says: each step decided on the live status and the uuid.

Where a whole stack is destroyed, every active run is cancelled first, then each is waited for. The
engine asks for a few deletes at a time, and a cancelled run takes a while to end. One by one, the
destroy of 100 active runs would wait for 100 ends, and most of them would go on to cost money
meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from omics_provider.base import errors, keys
from omics_provider.base.status import ACTIVE, ENDED, RunStatus, status_of
from omics_provider.engine.call import Call
from omics_provider.engine.state import StackState, is_left_in_destroy
from omics_provider.engine.urn import RUN, own_kind
from omics_provider.service import whereabouts
from omics_provider.service.polling import Pace, TimeLimitReached, poll

from . import lookup
from .calls import Runs
from .rules import lifecycle
from .rules.lifecycle import Step

#: Seconds that a delete waits for a cancelled run's end, where customTimeouts says nothing.
DELETE_LIMIT: Final = 1200.0


class Cancellations:
    """The runs that an update has cancelled ahead of their own deletes, and when."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.is_done = False
        self._asked: dict[str, float] = {}

    def note(self, uuid: str) -> None:
        """Remember that the run's cancellation was asked for now."""
        self._asked[uuid] = time.monotonic()

    def seconds_since(self, uuid: str) -> float | None:
        """Return how long ago it was asked for, None where it was not."""
        asked = self._asked.get(uuid)
        return None if asked is None else time.monotonic() - asked


def end(call: Call, runs: Runs, run_id: str, recorded: Mapping[str, Any]) -> None:
    """End run `run_id`, if it still is the `recorded` one; done where nothing is left to do.

    Raises RunError where it has not ended within the resource's delete timeout.
    """
    limit = call.limit(DELETE_LIMIT)
    waited = call.update.part(Cancellations).seconds_since(str(recorded["uuid"]))
    ending = _Ending(call, runs, run_id, recorded, cancelled=waited is not None)
    try:
        poll(
            ending.advance,
            lambda step: step is Step.DONE,
            limit=max(0.0, limit - (waited or 0.0)),
            pace=Pace(first=0.5),
        )
    except TimeLimitReached as late:
        raise errors.RunError(
            "Delete",
            f"run {run_id} is still {ending.status} {limit:.0f} s after its cancellation",
            advice="The cancellation continues. Run the same command again to wait for it. For a "
            "longer limit, set Pulumi's resource option customTimeouts: delete, such as 1h.",
        ) from late


def ender(call: Call, runs: Runs) -> Callable[[dict[str, Any], Mapping[str, Any]], None]:
    """Return what ends a run, as GetRun answers it, that was started for the inputs beside it."""

    def end_it(live: dict[str, Any], inputs: Mapping[str, Any]) -> None:
        on_delete = inputs.get("onDelete", keys.DEFAULT_ON_DELETE)
        end(call, runs, live["id"], {**live, "onDelete": on_delete})

    return end_it


def cancel_all(call: Call, runs: Runs, state: StackState, recorded: Mapping[str, Any]) -> None:
    """Cancel, once a process, every active run that a destroy would end and that is beside one.

    Those are the runs of `recorded`'s provider and Region: each provider has a process.
    """
    ahead = call.update.part(Cancellations)
    with ahead.lock:
        if ahead.is_done:
            return
        ahead.is_done = True
        beside = state.beside(call.urn, str(recorded.get("arn", "")))
        to_end = dict(_to_end(beside))
        if len(to_end) > 1:
            try:
                _cancel_active(call, runs, to_end)
            except errors.OmicsError as error:
                # Each run's own delete cancels it, or says why it can't.
                call.warn(f"Some active runs were not cancelled early: {error.detail.rstrip('.')}.")


def cancelled_ahead(call: Call, runs: Runs, run_id: str, recorded: Mapping[str, Any]) -> bool:
    """Cancel the recorded run where its delete would do that first; tell whether it was done."""
    whereabouts.require_region(runs, recorded, "Delete")
    live = lookup.find_recorded(runs, run_id, recorded)
    status = status_of(live["status"]) if live else None
    on_delete = str(recorded.get("onDelete", keys.DEFAULT_ON_DELETE))
    if lifecycle.delete_step(on_delete, status, cancelled=False) is not Step.CANCEL:
        return False
    call.update.engine.require_alive("CancelRun")
    try:
        runs.cancel(run_id)
    except (errors.Conflict, errors.NotFound):
        # It has just ended: its own delete looks again.
        return False
    return True


class _Ending:
    """One delete of one run, step by step, each decided on the live status."""

    def __init__(
        self,
        call: Call,
        runs: Runs,
        run_id: str,
        recorded: Mapping[str, Any],
        *,
        cancelled: bool,
    ) -> None:
        self._call = call
        self._runs = runs
        self._id = run_id
        self._recorded = recorded
        self._cancelled = cancelled
        self.status: RunStatus | None = None

    def advance(self) -> Step:
        """Look, do the next step, and say which it was; DONE where nothing is left to do."""
        self._call.update.engine.require_alive("Delete")
        live = lookup.find_recorded(self._runs, self._id, self._recorded)
        self.status = status_of(live["status"]) if live else None
        on_delete = str(self._recorded.get("onDelete", keys.DEFAULT_ON_DELETE))
        step = lifecycle.delete_step(on_delete, self.status, cancelled=self._cancelled)
        try:
            return self._do(step)
        except errors.NotFound:
            return Step.DONE
        except errors.Conflict:
            # The run moved on between the look and the call: look again.
            return Step.WAIT

    def _do(self, step: Step) -> Step:
        if step is Step.CANCEL:
            self._runs.cancel(self._id)
            self._cancelled = True
        elif step is Step.DELETE_RECORD:
            self._runs.delete(self._id)
            return Step.DONE
        return step


def _to_end(
    resources: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for resource in resources:
        recorded = resource.get("outputs") or {}
        is_left = is_left_in_destroy(resource)
        if own_kind(resource.get("type")) != RUN or is_left or not recorded.get("uuid"):
            continue
        if recorded.get("onDelete") != "keep" and recorded.get("status") not in ENDED:
            yield str(resource["id"]), recorded


def _cancel_active(call: Call, runs: Runs, to_end: Mapping[str, Mapping[str, Any]]) -> None:
    # Listed first: the recorded state of most runs is old, and ended ones need no call.
    active = [run["id"] for run in runs.list() if run["status"] in ACTIVE]
    for run_id in active:
        if run_id in to_end:
            _cancel(call, runs, run_id, to_end[run_id])


def _cancel(call: Call, runs: Runs, run_id: str, recorded: Mapping[str, Any]) -> None:
    if cancelled_ahead(call, runs, run_id, recorded):
        call.update.part(Cancellations).note(str(recorded["uuid"]))
