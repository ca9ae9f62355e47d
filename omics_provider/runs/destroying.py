"""Destroying a stack: every active run is cancelled first, then each is waited for.

The engine asks for a few deletes at a time, and a cancelled run takes a while to end. One by one,
the destroy of 100 active runs would wait for 100 ends, and most of them would go on to cost money
meanwhile. That it is a whole stack which is destroyed only the CLI's command line tells.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from omics_provider.base import errors
from omics_provider.base.status import ACTIVE, ENDED, status_of
from omics_provider.engine import process
from omics_provider.engine.state import StackState, is_left_in_destroy
from omics_provider.providers import _host

from . import lookup

if TYPE_CHECKING:
    from .calls import Runs

_VERBS: Final = frozenset({"destroy", "down", "dn"})
#: Options with which `pulumi destroy` leaves some resources alone.
_PARTLY: Final = ("--target", "-t", "--exclude", "-x", "--run-program")
_TYPE: Final = "pulumi-python:dynamic/omics:Run"

_lock = threading.Lock()
#: When this process asked for the cancellation of each run, by uuid, on the monotonic clock.
_cancelled: dict[str, float] = {}
_done = False


def is_whole_stack() -> bool:
    """Tell whether this process works for a `pulumi destroy` of a whole stack."""
    partly = any(word.startswith(_PARTLY) for word in process.command())
    return process.verb() in _VERBS and not partly


def cancel_all(runs: Runs, state: StackState, recorded: Mapping[str, Any]) -> None:
    """Cancel, once a process, every active run that a destroy would end and that is beside one.

    Those are the runs of `recorded`'s provider and Region: each provider has a process.
    """
    global _done
    with _lock:
        if _done:
            return
        _done = True
        beside = state.beside(_host.urn(), str(recorded.get("arn", "")))
        to_end = dict(_to_end(beside))
        if len(to_end) > 1:
            try:
                _cancel_active(runs, to_end)
            except errors.OmicsError as error:
                # Each run's own delete cancels it, or says why it can't.
                _host.warn(f"Not all active runs were cancelled ahead: {error.detail.rstrip('.')}.")


def cancelled_at(uuid: str) -> float | None:
    """Return when this process asked for the run's cancellation, None where it did not."""
    return _cancelled.get(uuid)


def _to_end(
    resources: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for resource in resources:
        recorded = resource.get("outputs") or {}
        is_left = is_left_in_destroy(resource)
        if resource.get("type") != _TYPE or is_left or not recorded.get("uuid"):
            continue
        if recorded.get("onDelete") != "keep" and recorded.get("status") not in ENDED:
            yield str(resource["id"]), recorded


def _cancel_active(runs: Runs, to_end: Mapping[str, Mapping[str, Any]]) -> None:
    # Listed first: the recorded state of most runs is old, and ended ones need no call.
    active = [run["id"] for run in runs.list() if run["status"] in ACTIVE]
    for run_id in active:
        if run_id in to_end:
            _cancel(runs, run_id, to_end[run_id])


def _cancel(runs: Runs, run_id: str, recorded: Mapping[str, Any]) -> None:
    lookup.require_region(runs, recorded, "Delete")
    live = lookup.find_recorded(runs, run_id, recorded)
    if live is None or status_of(live["status"]) not in ACTIVE:
        return
    process.require_alive("CancelRun")
    try:
        runs.cancel(run_id)
    except (errors.Conflict, errors.NotFound):
        # It has just ended: its own delete looks again.
        return
    _cancelled[str(recorded["uuid"])] = time.monotonic()
