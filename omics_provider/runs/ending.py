"""Ending a run as on_delete says: each step decided on the live status and the uuid."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from omics_provider.base import errors
from omics_provider.base.status import RunStatus, status_of
from omics_provider.engine import process
from omics_provider.providers import _host
from omics_provider.runs.rules.lifecycle import Step

from . import destroying, lookup
from .rules import lifecycle, table

if TYPE_CHECKING:
    from .calls import Runs

#: Seconds that a delete waits for a cancelled run's end, where customTimeouts says nothing.
DELETE_LIMIT: Final = 1200.0


def end(runs: Runs, run_id: str, recorded: Mapping[str, Any]) -> None:
    """End run `run_id`, if it still is the `recorded` one; done where nothing is left to do.

    Raises RunError where it has not ended within the resource's delete timeout.
    """
    from omics_provider.service.polling import Pace, TimeLimitReached, poll

    call = _host.current_call()
    limit = (call and call.timeout) or DELETE_LIMIT
    cancelled_at = destroying.cancelled_at(str(recorded["uuid"]))
    waited = 0.0 if cancelled_at is None else time.monotonic() - cancelled_at
    ending = _Ending(runs, run_id, recorded, cancelled=cancelled_at is not None)
    try:
        poll(
            ending.advance,
            lambda step: step is Step.DONE,
            limit=max(0.0, limit - waited),
            pace=Pace(first=0.5),
        )
    except TimeLimitReached as late:
        raise errors.RunError(
            "Delete",
            f"run {run_id} is still {ending.status} {limit:.0f} s after its cancellation",
            advice="The cancellation goes on. Run the same command again to continue, or give it "
            "longer with ResourceOptions(custom_timeouts=CustomTimeouts(delete='1h')).",
        ) from late


class _Ending:
    """One delete of one run, step by step, each decided on the live status."""

    def __init__(
        self, runs: Runs, run_id: str, recorded: Mapping[str, Any], *, cancelled: bool
    ) -> None:
        self._runs = runs
        self._id = run_id
        self._recorded = recorded
        self._cancelled = cancelled
        self.status: RunStatus | None = None

    def advance(self) -> Step:
        """Look, do the next step, and say which it was; DONE where nothing is left to do."""
        process.require_alive("Delete")
        live = lookup.find_recorded(self._runs, self._id, self._recorded)
        self.status = status_of(live["status"]) if live else None
        on_delete = str(self._recorded.get("onDelete", table.DEFAULT_ON_DELETE))
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
