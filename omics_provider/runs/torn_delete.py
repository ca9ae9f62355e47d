"""Runs that an interrupted delete was about to end, and that are declared after all.

After a killed `pulumi destroy`, or a killed replacement with `delete_before_replace` that is taken
back, a plain `pulumi up` asks for nothing, and the state could point to a cancelled run. The engine
notes what it is deleting, and keeps the note until the next update has written the state (pulumi,
pkg/backend/snapshot.go); so `diff` looks, in an update.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from omics_provider.base.status import RunStatus, status_of
from omics_provider.engine.state import StackState
from omics_provider.providers import _host
from omics_provider.runs.rules.lifecycle import Fate

from . import interrupted, lookup
from .rules import lifecycle, words

if TYPE_CHECKING:
    from .calls import Runs

#: Seconds that a run's end is waited for which the delete may have asked for.
STOP_LIMIT: Final = 120.0


def fate(runs: Runs, run_id: str, recorded: Mapping[str, Any]) -> Fate:
    """Return what becomes of a noted run, by its live status, and warn where that costs or is open.

    A run that is stopping is waited for: it may complete, or be what the delete has cancelled.
    """
    status = _end_of(runs, run_id, recorded)
    found = lifecycle.after_torn_delete(str(recorded.get("onDelete", "")), status)
    if found is not Fate.KEEP:
        _host.warn(words.torn(run_id, status or RunStatus.DELETED, found))
    return found


def tell_of_others(runs: Runs, state: StackState, run_id: str, recorded: Mapping[str, Any]) -> None:
    """Warn of a run that was cancelled while the delete of another one was interrupted.

    A destroy cancels all runs before the engine notes of most that they are being deleted. But a
    run can be cancelled by hand, too, so nothing is done. ListRuns is asked once a process.
    """
    if not state.is_ending_another(_host.urn()):
        return
    listed = {str(item["id"]): item["status"] for item in interrupted.listed(runs)}
    if listed.get(run_id) != RunStatus.CANCELLED:
        return
    if lookup.find_recorded(runs, run_id, recorded) is not None:
        _host.warn(words.torn(run_id, RunStatus.CANCELLED, Fate.UNSURE))


def _end_of(runs: Runs, run_id: str, recorded: Mapping[str, Any]) -> RunStatus | None:
    from omics_provider.service.polling import Pace, TimeLimitReached, poll

    def status() -> RunStatus | None:
        live = lookup.find_recorded(runs, run_id, recorded)
        return status_of(live["status"]) if live else None

    try:
        return poll(
            status, lambda found: found is not RunStatus.STOPPING, limit=STOP_LIMIT, pace=Pace(0.5)
        )
    except TimeLimitReached:
        return RunStatus.STOPPING
