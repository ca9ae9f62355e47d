"""Refreshing many runs with few calls.

ListRuns tells the state of 100 runs at once, but neither uuid nor tags. So a process that has read
some runs one by one lists them all, once, and leaves out the ended ones that are listed as they
were recorded: nothing of those can have changed but a tag set by hand.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from omics_provider.core.status import ENDED

if TYPE_CHECKING:
    from omics_provider.aws.gateway import Runs

#: Runs that a process reads one by one, tags and all, before it lists them.
ONE_BY_ONE: Final = 20

_lock = threading.Lock()
_reads = 0
_listed: dict[str, Mapping[str, Any]] | None = None


def is_as_recorded(runs: Runs, run_id: str, recorded: Mapping[str, Any]) -> bool:
    """Tell, without a call of its own, whether an ended run is still as it was recorded."""
    global _reads, _listed
    with _lock:
        _reads += 1
        if _reads <= ONE_BY_ONE or recorded.get("status") not in ENDED:
            return False
        if _listed is None:
            _listed = {run["id"]: run for run in runs.list()}
        listed = _listed.get(run_id, {})
    return all(
        recorded.get(key) is not None and recorded[key] == listed.get(key)
        for key in ("status", "creationTime", "stopTime")
    )
