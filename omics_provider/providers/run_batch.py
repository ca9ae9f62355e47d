"""OmicsRunBatch's provider: what the engine asks of a cohort's batches, carried out.

The pickled class in every stack's state is this module's path and this class's name, nothing else.
Neither may ever change, and an instance carries nothing into the pickle.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    UpdateResult,
)

from omics_provider.base import diff as diffing
from omics_provider.base import errors, identity
from omics_provider.base.values import contains_unknown
from omics_provider.batches import ending, starts
from omics_provider.batches.rules import lifecycle as batch_life
from omics_provider.batches.rules import table as batch
from omics_provider.batches.starts import Cohort, Live, Place
from omics_provider.engine import own_state, process
from omics_provider.engine.state import EarlierStart, StackState, is_placeholder
from omics_provider.runs import lookup
from omics_provider.runs.rules import declaration, lifecycle
from omics_provider.runs.rules import table as fields

from . import _host, _wire
from .plain import PlainProvider

#: uuids of the batches that this process, which is this update, has started.
_made_here: set[str] = set()


class OmicsRunBatchProvider(PlainProvider):
    """Cohorts of runs of AWS HealthOmics, started by StartRunBatch."""

    table = batch.TABLE

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Find everything that is wrong with the declaration; the service is not asked."""
        old, inputs = _wire.received(_olds), _wire.received(news)
        found = batch.problems(inputs, has_s3=not self._settings.is_local)
        # Beside a property's name the engine prints its value, secrets in plain text, too.
        failures = [CheckFailure("", p.told(batch.TABLE)) for p in found]
        inputs = declaration.keep_spelling(old, batch.with_defaults(inputs))
        return CheckResult(_wire.sent({**inputs, **own_state.attempt(old)}), failures)

    @_host.told_plainly
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell what a change means, and warn of what it will start before anything happens."""
        recorded, inputs = _wire.received(_olds), _wire.received(_news)
        if is_placeholder(recorded):
            return DiffResult(changes=True, replaces=["startUnconfirmed"])
        found = diffing.difference(_id, recorded, inputs, batch.TABLE)
        if not (found.replaces and inputs.get("onChange") == "all"):
            lookup.require_provider_of(self._settings, recorded)
        if outlook := batch_life.outlook(recorded):
            _host.warn(outlook)
        if not found.replaces:
            return DiffResult(changes=None if found else False, replaces=[])
        if inputs.get("onChange") == "all":
            _host.warn(_all_again(recorded, inputs))
            return DiffResult(changes=None, replaces=list(found.replaces))
        _host.warn(self._outlook(recorded, inputs))
        return DiffResult(changes=None, replaces=[])

    @_host.told_plainly
    def create(self, props: dict[str, Any]) -> CreateResult:
        """Start one batch with all samples; where an earlier start was interrupted, take its."""
        inputs = _wire.received(props)
        cohort = self._cohort(inputs)
        state, earlier = own_state.of_kind(inputs)
        token = identity.request_id(_host.urn(), inputs, batch.TABLE)
        try:
            self._create(cohort, token, state, earlier)
        except errors.Unconfirmed as unclear:
            tokens = [each.token for each in earlier if each.is_for(inputs)]
            properties = lifecycle.placeholder(inputs, token, tokens)
            _host.record_unfinished(f"unconfirmed-{token[:12]}", properties, _doubt(unclear))
        _made_here.update(str(each["uuid"]) for each in cohort.kept)
        settled = (*state.outlived(_host.urn()), *state.settled(_host.urn()))
        properties = cohort.recorded((*settled, *(start.token for start in earlier)))
        return CreateResult(str(cohort.kept[0]["id"]), properties)

    @_host.told_plainly
    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Bring the recorded counts up to date. A batch whose record is gone stays, marked so."""
        recorded = _wire.received(props)
        place = self._place(recorded, "GetBatch")
        if is_placeholder(recorded):
            return ReadResult(id_, recorded)
        if "batches" not in recorded:
            self._refuse_lookup(id_)
        kept = [_seen(place, each) for each in recorded["batches"]]
        now = batch_life.with_batches(recorded, kept, list(_failures(place, recorded, kept)))
        if (outlook := batch_life.outlook(now)) and outlook != batch_life.outlook(recorded):
            _host.warn(outlook)
        return ReadResult(id_, now)

    @_host.told_plainly
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Start what is new or changed as a further batch; change tags in place."""
        recorded, inputs = _wire.received(_olds), _wire.received(_news)
        now = {**recorded, **inputs}
        if diffing.difference(_id, recorded, inputs, batch.TABLE).replaces:
            now = self._advance(recorded, inputs)
        change = diffing.tag_change(recorded.get("tags", {}), inputs.get("tags", {}))
        if any(change):
            self._retag(recorded, change)
        return UpdateResult(now)

    @_host.told_plainly
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """End all batches as on_delete says, on their live states, if they still are these."""
        recorded = _wire.received(_props)
        if is_placeholder(recorded):
            self._delete_placeholder(recorded)
        elif recorded.get("onDelete") == "keep":
            self._release(recorded)
        else:
            self._end_all(recorded)

    def _end_all(self, recorded: dict[str, Any]) -> None:
        place, on_delete = self._place(recorded, "Delete"), str(recorded.get("onDelete", ""))
        cohort = Cohort(place, recorded, [], {}, kept=recorded["batches"])
        # What a killed update has started, and nothing records, is of this resource, too.
        ending.end(place.batches, [*recorded["batches"], *cohort.further()], on_delete)
        if on_delete == "cancel":
            self._release(recorded)

    def _release(self, recorded: dict[str, Any]) -> None:
        """Take our mark off batches that outlive their resource, where the engine notes its start.

        With that note, the next create would take them for what it is about to start.
        """
        state, _ = own_state.of_kind(recorded)
        if recorded.get("requestId") in state.settled(_host.urn()):
            self._retag(recorded, diffing.TagChange({}, (identity.START_MARK,)))

    def _create(
        self, cohort: Cohort, token: str, state: StackState, earlier: tuple[EarlierStart, ...]
    ) -> None:
        cohort.earlier = [start.inputs for start in earlier]
        left = list(cohort.interrupted(earlier)) if earlier else []
        for live in [*left, *cohort.lost(state)]:
            cohort.take(live, lambda found: self._end(cohort, found))
        again = next((start for start in earlier if start.is_for(cohort.inputs)), None)
        if again and not cohort.kept:
            self._repeat(cohort, again)
        cohort.start_missing(token)

    def _repeat(self, cohort: Cohort, earlier: EarlierStart) -> None:
        """Send an earlier start again, and keep its batch if it still stands for something.

        Its process may still be about to send it: an equal request makes it one batch. The service
        may answer with the first answer, of a batch that is long gone.
        """
        then = dataclasses.replace(
            cohort, inputs={**earlier.inputs, batch.FOLDER: cohort.inputs[batch.FOLDER]}, kept=[]
        )
        try:
            then.start_missing(earlier.token)
        except (errors.Conflict, errors.Invalid):
            # The token is taken; or the inputs are wrong, which the start itself will say, too.
            return
        live = ending.find(cohort.place.batches, then.kept[0])
        if live is not None and batch_life.can_stand(live):
            cohort.kept = [batch_life.refreshed(then.kept[0], live)]
            cohort.index = then.index
            tags = diffing.tag_change(earlier.inputs.get("tags", {}), cohort.inputs.get("tags", {}))
            cohort.place.batches.retag(str(live["arn"]), tags)

    def _advance(self, recorded: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
        cohort = self._cohort(inputs, recorded)
        for live in cohort.further():
            cohort.take(live, lambda found: self._end(cohort, found))
        try:
            cohort.start_missing(cohort.further_token())
        except errors.Unconfirmed as unclear:
            raise errors.OmicsError(
                unclear.operation,
                unclear.detail,
                advice="Whether the batch has started is not known. Run `pulumi up` again: it "
                "finds the batch or starts it, and never starts a second.",
                code=unclear.code,
            ) from unclear
        now = cohort.recorded(recorded.get(fields.SETTLED, ()))
        return {**now, "submissionFailures": recorded.get("submissionFailures", [])}

    def _cohort(self, inputs: dict[str, Any], recorded: dict[str, Any] | None = None) -> Cohort:
        place = self._place(recorded or {}, "StartRunBatch")
        rows, hashes = starts.wanted(inputs)
        cohort = Cohort(place, inputs, rows, hashes)
        if recorded is not None:
            cohort.earlier = [recorded]
            cohort.kept = [dict(each) for each in recorded["batches"]]
            cohort.index = starts.recorded_index(place, recorded, inputs)
        return cohort

    def _outlook(self, recorded: dict[str, Any], inputs: dict[str, Any]) -> str:
        if any(contains_unknown(inputs.get(field.wire)) for field in batch.FIELDS):
            return "Which samples will be started depends on values that are not known yet."
        return self._cohort(inputs, recorded).plan.told()

    def _end(self, cohort: Cohort, live: Live) -> None:
        on_delete = str(cohort.inputs.get("onDelete", ""))
        ending.end(cohort.place.batches, [live], on_delete)

    def _retag(self, recorded: dict[str, Any], change: diffing.TagChange) -> None:
        place = self._place(recorded, "TagResource")
        for each in recorded["batches"]:
            if ending.find(place.batches, each) is not None:
                place.batches.retag(each["arn"], change)

    def _delete_placeholder(self, recorded: dict[str, Any]) -> None:
        if own_state.current(recorded).keeps(_host.urn()):
            # The start is in the hands of the resource that took this one's place.
            return
        place = self._place(recorded, "Delete")
        live = Cohort(place, recorded, [], {}).find(str(recorded["requestId"]))
        if live is not None and live["uuid"] not in _made_here:
            ending.end(place.batches, [live], str(recorded.get("onDelete", "")))

    def _refuse_lookup(self, id_: str) -> NoReturn:
        raise errors.OmicsError(
            "GetBatch",
            f"batch {id_} can't be looked up: what it has started is in no state",
            advice="Declare it as a new OmicsRunBatch, or read it with boto3.",
        )

    def _place(self, recorded: Mapping[str, Any], operation: str) -> Place:
        # boto3 costs a quarter of a second, which previews need not pay.
        from omics_provider.batches.calls import Batches
        from omics_provider.batches.files import BatchFiles

        batches = Batches(self._settings, process.require_alive)
        if recorded.get("arn"):
            lookup.require_region(batches.runs, recorded, operation)
        files = None if self._settings.is_local else BatchFiles(self._settings)
        return Place(batches, files, _host.urn())


def _all_again(recorded: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
    many, on_delete = batch.count(inputs), inputs.get("onDelete")
    before = len(recorded["batches"])
    return (
        f'on_change="all": all {many:,} samples run again, as a new batch; what was started before '
        f"({before} batch{'es' if before > 1 else ''}) is ended as on_delete={on_delete!r} says."
    )


def _seen(place: Place, kept: dict[str, Any]) -> dict[str, Any]:
    if batch_life.status_of(kept["status"]) in batch_life.FINAL:
        return kept
    live = ending.find(place.batches, kept)
    return batch_life.gone(kept) if live is None else batch_life.refreshed(kept, live)


def _failures(
    place: Place, recorded: Mapping[str, Any], now: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Give the kinds of failed submissions; asked for where their number has changed."""
    failed = [each for each in now if each.get("submissions", {}).get("failed")]
    before = recorded.get("submissions", {}).get("failed", 0)
    if before == sum(each["submissions"]["failed"] for each in failed):
        yield from recorded.get("submissionFailures", ())
        return
    entries: list[dict[str, Any]] = []
    for each in failed:
        if not each.get("recordGone"):
            entries += place.batches.failed_entries(str(each["id"]))
    yield from batch_life.failures(entries)


def _doubt(unclear: errors.Unconfirmed) -> str:
    call = _host.current_call()
    return (
        f"{unclear.cause.about(call.subject if call else '')}\n"
        "Whether the batch has started is not known. The state remembers the request: the next "
        "`pulumi up` finds the batch or starts it, and never starts a second."
    )
