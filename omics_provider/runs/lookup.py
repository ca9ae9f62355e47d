"""Looking at recorded runs: are they there, are they ours, and how do they stand.

ListRuns tells the state of 100 runs at once, but neither uuid nor tags. So an update that has read
some runs one by one lists them all, once, and leaves out those that are listed as they were
recorded: nothing of the ended ones can have changed but a tag set by hand. One that is listed as at
work is taken for the recorded one: should it be another, of the same id, the next state tells. Nor
are runs looked at, for a rule that asks whether they failed, that are listed as at work or as
completed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

from omics_provider.base import errors
from omics_provider.base.status import ACTIVE, UNSUCCESSFUL
from omics_provider.engine.call import Call
from omics_provider.service import whereabouts

from .calls import Runs
from .rules import lifecycle

#: Runs that an update reads one by one, tags and all, before it lists them.
ONE_BY_ONE: Final = 20
_FROM_MANIFEST: Final = ("status", "startTime", "stopTime", "failureReason")


def find_recorded(runs: Runs, run_id: str, recorded: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return GetRun's answer for the recorded run; None where its record is gone.

    Gone is also a run whose id now belongs to another run. Before that is believed, the account is
    compared with the recorded one. Raises SettingsError where they differ.
    """
    live = runs.find(run_id)
    if live is not None and lifecycle.same_run(recorded, live):
        return live
    whereabouts.require_account(runs, recorded)
    return None


def last_facts(call: Call, runs: Runs, run_id: str, recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of a run whose record is gone, completed from its manifest."""
    facts: dict[str, Any] = {}
    if recorded.get("status") in ACTIVE:
        try:
            facts = runs.manifest(run_id, str(recorded["uuid"])) or {}
        except errors.NotFound:
            pass
        except errors.OmicsError as error:
            call.warn(
                f"The manifest of run {run_id} can't be read for the run's end: {error.detail}"
            )
    known = {key: facts[key] for key in _FROM_MANIFEST if facts.get(key)}
    return lifecycle.gone({**recorded, **known})


def seen(call: Call, runs: Runs, run_id: str, recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Return the recorded properties brought up to date by GetRun."""
    live = find_recorded(runs, run_id, recorded)
    if live is None:
        return last_facts(call, runs, run_id, recorded)
    return lifecycle.refreshed(recorded, live)


def listed(
    call: Call, runs: Runs, run_id: str, recorded: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the properties of a run without a call of its own; None where GetRun has to tell."""
    reads = call.update.part(Reads)
    if reads.is_by_itself():
        return None
    if recorded.get("status") in ACTIVE:
        if call.update.engine.is_refreshing:
            # What a user asks for is all of it, tags too.
            return None
        return lifecycle.moved_on(recorded, reads.entry(call, runs, run_id))
    if recorded.get("recordGone"):
        # Where nothing at all is listed, listing may not be allowed.
        is_same = reads.has_listed_without(call, runs, run_id)
    else:
        is_same = lifecycle.has_same_end(recorded, reads.entry(call, runs, run_id))
    return dict(recorded) if is_same else None


def may_have_failed(call: Call, runs: Runs, run_id: str) -> bool:
    """Tell, without a call of its own, whether an active run may have ended without its result.

    Should the entry be another run's, of the same id, nothing is known: then it has not.
    """
    reads = call.update.part(Reads)
    if reads.is_by_itself():
        return True
    status = reads.entry(call, runs, run_id).get("status")
    return status is None or status in UNSUCCESSFUL


class Reads:
    """How many runs an update has read one by one, and ListRuns' entries after those."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._many = 0
        self._listed: dict[str, Mapping[str, Any]] | None = None

    def has_listed_without(self, call: Call, runs: Runs, run_id: str) -> bool:
        """Tell whether runs are listed, and this one is not."""
        return not self.entry(call, runs, run_id) and bool(self._listed)

    def is_by_itself(self) -> bool:
        """Count a read; tell whether it is one of those that are made one by one."""
        with self._lock:
            self._many += 1
            return self._many <= ONE_BY_ONE

    def entry(self, call: Call, runs: Runs, run_id: str) -> Mapping[str, Any]:
        """Return ListRuns' entry of a run, empty where it has none or listing is not allowed."""
        with self._lock:
            if self._listed is None:
                try:
                    self._listed = {run["id"]: run for run in call.update.listed(runs)}
                except errors.Denied:
                    self._listed = {}
            return self._listed.get(run_id, {})
