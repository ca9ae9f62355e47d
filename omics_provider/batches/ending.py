"""Ending batches as on_delete says: each step decided on the live state and the uuid."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from omics_provider.base import errors, keys
from omics_provider.base.status import ACTIVE, status_of
from omics_provider.engine.call import Call
from omics_provider.service import whereabouts
from omics_provider.service.polling import Pace, TimeLimitReached, poll

from .calls import Batches
from .rules import lifecycle
from .rules.lifecycle import Step

#: Seconds that a delete takes at most where customTimeouts says nothing: this much, and more for
#: each run, since the service cancels and deletes 10 runs a second (developer guide, api-quotas).
DELETE_LIMIT: Final = 1200.0
_SECONDS_A_RUN: Final = 0.25
#: Runs that are ended one by one between two looks at the time.
_AT_A_TIME: Final = 100
#: Those that wait first: one that ends lets the next one begin.
_TO_CANCEL: Final = ("PENDING", "STARTING", "RUNNING")

Batch = Mapping[str, Any]


def end(call: Call, batches: Batches, kept: Sequence[Batch], on_delete: str) -> None:
    """End all `kept` batches; done where nothing is left to do.

    Raises RunError where they have not ended within the resource's delete timeout, or where runs
    can't be deleted; OmicsError where the engine that asked for it has ended.
    """
    runs = sum(int(batch.get("count", 0)) for batch in kept)
    limit = call.limit(DELETE_LIMIT + _SECONDS_A_RUN * runs)
    ending = [_Ending(batches, batch, on_delete) for batch in kept]

    def advance() -> bool:
        call.update.engine.require_alive("Delete")
        left = [each for each in ending if each.step is not Step.DONE]
        for each in left:
            each.advance()
        return all(each.step is Step.DONE for each in left)

    try:
        poll(advance, bool, limit=limit, pace=Pace(first=0.5))
    except TimeLimitReached as late:
        still = ", ".join(f"{e.id} is {e.status}" for e in ending if e.step is not Step.DONE)
        raise errors.RunError(
            "Delete",
            f"after {limit:.0f} s batch {still}",
            advice="HealthOmics still carries out the requests. Run the same command again to "
            "continue. For a longer limit, set Pulumi's resource option customTimeouts: "
            "delete, such as 4h.",
        ) from late


def cancelled_ahead(call: Call, batches: Batches, kept: Batch, on_delete: str) -> bool:
    """Cancel a recorded batch where its delete would do that first; tell whether it was done."""
    live = find(batches, kept)
    status = str(live["status"]) if live else None
    step = lifecycle.delete_step(on_delete, status, cancelled=False, emptied=False)
    if step is not Step.CANCEL:
        return False
    call.update.engine.require_alive("CancelRunBatch")
    try:
        batches.cancel(str(kept["id"]))
    except (errors.Conflict, errors.NotFound):
        # It has just moved on: its own delete looks again.
        return False
    return True


class _Ending:
    """One delete of one batch, step by step."""

    def __init__(self, batches: Batches, batch: Batch, on_delete: str) -> None:
        self._batches = batches
        self._batch = batch
        self._on_delete = on_delete or keys.DEFAULT_ON_DELETE
        self._cancelled = False
        self._emptied = False
        self.id = str(batch["id"])
        self.status = ""
        self.step: Step | None = None

    def advance(self) -> None:
        """Look, do the next step, and remember which it was; DONE where nothing is left to do."""
        live = find(self._batches, self._batch)
        self.status = str(live["status"]) if live else ""
        step = lifecycle.delete_step(
            self._on_delete,
            self.status or None,
            cancelled=self._cancelled,
            emptied=self._emptied,
        )
        try:
            self.step = self._do(step)
        except errors.NotFound:
            self.step = Step.DONE
        except errors.Conflict:
            # It moved on between the look and the call, or another operation is on it.
            self.step = Step.WAIT

    def _do(self, step: Step) -> Step:
        if step is Step.CANCEL:
            self._batches.cancel(self.id)
            self._cancelled = True
        elif step is Step.DELETE_RUNS:
            self._batches.delete_runs(self.id)
            self._emptied = True
        elif step is Step.END_RUNS:
            return self._end_runs()
        elif step is Step.DELETE_RECORD:
            self._batches.delete(self.id)
            return Step.DONE
        return step

    def _end_runs(self) -> Step:
        """End the next runs one by one; with none left, the batch's own record goes."""
        deletes = self._on_delete == "delete"
        left = list(itertools.islice(self._runs(() if deletes else _TO_CANCEL), _AT_A_TIME))
        refused = [error for run in left if (error := self._end_run(run)) is not None]
        if refused:
            raise self._partly(refused, len(left))
        if left:
            return Step.WAIT
        if deletes:
            self._batches.delete(self.id)
        return Step.DONE

    def _runs(self, statuses: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Give the batch's runs, those of the first status first; all of them where none is."""
        runs = self._batches.runs
        if not statuses:
            yield from runs.list(batchId=self.id)
        for status in statuses:
            yield from runs.list(batchId=self.id, status=status)

    def _end_run(self, run: Mapping[str, Any]) -> errors.OmicsError | None:
        runs = self._batches.runs
        is_active = status_of(run["status"]) in ACTIVE
        try:
            if is_active:
                runs.cancel(run["id"])
            elif self._on_delete == "delete":
                runs.delete(run["id"])
        except (errors.NotFound, errors.Conflict):
            # It ended, or is being ended, since the look.
            return None
        except errors.ServiceError as error:
            return error
        return None

    def _partly(self, refused: Sequence[errors.OmicsError], of: int) -> errors.RunError:
        first = refused[0]
        return errors.RunError(
            "Delete",
            f"{len(refused):,} of the {of:,} remaining runs of batch {self.id} can't be ended: "
            f"{first.operation}: {first.code}: {first.detail.rstrip('.')}",
            advice="The rest is done. Correct the cause, then run the same command again. Or "
            f"end the runs by hand (`aws omics list-runs --batch-id {self.id}`), or let a delete "
            '"keep" them.',
        )


def find(batches: Batches, kept: Batch) -> dict[str, Any] | None:
    """Return GetBatch's answer for a recorded batch; None where its record is gone.

    Gone is also a batch whose id now belongs to another. Before that is believed, the account is
    compared with the recorded one. Raises SettingsError where they differ.
    """
    live = batches.find(str(kept["id"]))
    if live is not None and live["uuid"] == kept["uuid"]:
        return live
    whereabouts.require_account(batches.runs, kept)
    return None
