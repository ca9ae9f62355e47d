"""Looking at many recorded runs with few calls.

ListRuns tells the state of 100 runs at once, but neither uuid nor tags. So a process that has read
some runs one by one lists them all, once, and leaves out the ended ones that are listed as they
were recorded: nothing of those can have changed but a tag set by hand. Nor are runs looked at, for
a rule that asks whether they failed, that are listed as at work or as completed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from omics_provider.base import errors
from omics_provider.base.status import ENDED, UNSUCCESSFUL

if TYPE_CHECKING:
    from .calls import Runs

#: Runs that a process reads one by one, tags and all, before it lists them.
ONE_BY_ONE: Final = 20

_lock = threading.Lock()
_reads = 0
_listed: dict[str, Mapping[str, Any]] | None = None


def is_as_recorded(runs: Runs, run_id: str, recorded: Mapping[str, Any]) -> bool:
    """Tell, without a call of its own, whether an ended run is still as it was recorded."""
    is_gone = bool(recorded.get("recordGone"))
    if _is_read_by_itself() or not (is_gone or recorded.get("status") in ENDED):
        return False
    listed = _entry(runs, run_id)
    if is_gone:
        # Where nothing at all is listed, listing may not be allowed.
        return bool(_listed) and not listed
    return all(
        recorded.get(key) is not None and recorded[key] == listed.get(key)
        for key in ("status", "creationTime", "stopTime")
    )


def may_have_failed(runs: Runs, run_id: str) -> bool:
    """Tell, without a call of its own, whether an active run may have ended without its result.

    Should the entry be another run's, of the same id, nothing is known: then it has not.
    """
    if _is_read_by_itself():
        return True
    status = _entry(runs, run_id).get("status")
    return status is None or status in UNSUCCESSFUL


def forget() -> None:
    """Forget what was listed and counted, as another process does."""
    global _reads, _listed
    with _lock:
        _reads, _listed = 0, None


def _is_read_by_itself() -> bool:
    global _reads
    with _lock:
        _reads += 1
        return _reads <= ONE_BY_ONE


def _entry(runs: Runs, run_id: str) -> Mapping[str, Any]:
    """Return ListRuns' entry of a run, empty where it has none or listing is not allowed."""
    global _listed
    with _lock:
        if _listed is None:
            try:
                _listed = {run["id"]: run for run in runs.list()}
            except errors.Denied:
                _listed = {}
        return _listed.get(run_id, {})
