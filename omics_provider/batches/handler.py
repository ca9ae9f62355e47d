"""What the engine asks of a cohort's batches, carried out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from omics_provider.base import diff, errors, identity, keys
from omics_provider.base.table import Table
from omics_provider.base.values import contains_unknown
from omics_provider.engine import records
from omics_provider.engine.call import Call, Checked, Found, Recorded, Unfinished
from omics_provider.engine.state import is_placeholder
from omics_provider.runs.rules import declaration
from omics_provider.runs.rules import lifecycle as run_life
from omics_provider.service import whereabouts

from . import ending, looks, starts
from .calls import Batches
from .rules import batch_table, lifecycle
from .starts import Cohort, Live

Properties = dict[str, Any]


class Told(set[str]):
    """URNs of batches of which a diff has said what their replacement starts."""


class BatchHandler:
    """Cohorts of runs of AWS HealthOmics, started by StartRunBatch."""

    def __init__(self, table: Table = batch_table.TABLE) -> None:
        self.table = table

    def check(self, call: Call, old: Properties, inputs: Properties) -> Checked:
        """Find everything that is wrong with the declaration; the service is not asked."""
        found = batch_table.problems(inputs, has_s3=not call.settings.is_local, table=self.table)
        checked = declaration.keep_spelling(old, batch_table.with_defaults(inputs))
        if not (old or found):
            _tell_of_start(call, inputs)
        return Checked({**checked, **records.attempt(call, old)}, tuple(found))

    def diff(self, call: Call, id_: str, recorded: Properties, inputs: Properties) -> Found:
        """Tell what a change means, and warn of what it will start before anything happens."""
        if is_placeholder(recorded):
            call.update.part(Told).add(call.urn)
            return Found(True, ("startUnconfirmed",))
        found = diff.difference(id_, recorded, inputs, batch_table.TABLE)
        runs_all_again = bool(found.replaces) and inputs.get("onChange") == "all"
        if not runs_all_again:
            whereabouts.require_provider_of(call.settings, recorded)
        outlook = lifecycle.outlook(recorded)
        if outlook and not records.is_left_over(call, id_, recorded):
            call.warn(outlook)
        if not found.replaces:
            return Found(None if found else _is_renamed(recorded, inputs))
        if runs_all_again:
            call.warn(_all_again(self.table, recorded, inputs))
            call.update.part(Told).add(call.urn)
            return Found(None, found.replaces)
        call.warn(_outlook(call, recorded, inputs))
        return Found(None)

    def create(self, call: Call, inputs: Properties) -> Recorded:
        """Start one batch with all samples; where an earlier start was interrupted, take its."""
        cohort = _cohort(call, inputs)
        records.prepare(call, inputs)
        state, earlier = records.of_kind(call, inputs)
        token = identity.request_id(call.urn, inputs, batch_table.TABLE)
        try:
            cohort.start(token, state, earlier, lambda live: _end(cohort, live))
        except errors.Unconfirmed as unclear:
            tokens = [each.token for each in earlier if each.is_for(inputs)]
            placeholder = run_life.placeholder(inputs, token, tokens)
            raise Unfinished(
                f"unconfirmed-{token[:12]}", placeholder, _doubt(call, unclear)
            ) from unclear
        call.update.made.update(str(each["uuid"]) for each in cohort.kept)
        settled = (*state.outlived(call.urn), *state.settled(call.urn))
        properties = cohort.recorded((*settled, *(start.token for start in earlier)))
        return Recorded(str(cohort.kept[0]["id"]), properties)

    def read(self, call: Call, id_: str, recorded: Properties) -> Recorded:
        """Bring the recorded counts up to date. A batch whose record is gone stays, marked so."""
        batches = _batches(call, recorded, "GetBatch")
        if is_placeholder(recorded):
            return Recorded(id_, recorded)
        if "batches" not in recorded:
            _refuse_lookup(id_)
        kept = looks.seen(batches, recorded["batches"])
        now = lifecycle.with_batches(recorded, kept, looks.failures(batches, recorded, kept))
        outlook = lifecycle.outlook(now)
        is_new = outlook != lifecycle.outlook(recorded)
        if outlook and is_new and not records.is_left_over(call, id_, recorded):
            call.warn(outlook)
        return Recorded(id_, now)

    def update(self, call: Call, id_: str, recorded: Properties, inputs: Properties) -> Properties:
        """Start what is new or changed as a further batch; change tags in place."""
        now = {**recorded, **inputs}
        if diff.difference(id_, recorded, inputs, batch_table.TABLE).replaces:
            now = _advance(call, recorded, inputs)
        change = diff.tag_change(recorded.get("tags", {}), inputs.get("tags", {}))
        if any(change):
            _retag(call, recorded, change)
        if _is_renamed(recorded, inputs):
            _follow(call, recorded, inputs)
        return now

    def delete(
        self,
        call: Call,
        id_: str,  # noqa: ARG002  # the first batch's; what is recorded has the ids of all
        recorded: Properties,
    ) -> None:
        """End all batches as on_delete says, on their live states, if they still are these."""
        if is_placeholder(recorded):
            _delete_placeholder(call, recorded)
        elif recorded.get("onDelete") == "keep":
            _release(call, recorded)
        else:
            _end_all(call, recorded)

    def cancel_ahead(
        self,
        call: Call,
        id_: str,  # noqa: ARG002  # the first batch's; what is recorded has the ids of all
        recorded: Properties,
    ) -> list[str]:
        """Cancel batches ahead of a delete that is sure to come; return the ids of those."""
        on_delete = str(recorded.get("onDelete") or keys.DEFAULT_ON_DELETE)
        if on_delete == "keep" or "batches" not in recorded:
            return []
        batches = _batches(call, recorded, "Delete")
        return [
            str(each["id"])
            for each in recorded["batches"]
            if ending.cancelled_ahead(call, batches, each, on_delete)
        ]


def _cohort(call: Call, inputs: Properties, recorded: Properties | None = None) -> Cohort:
    batches = _batches(call, recorded or {}, "StartRunBatch")
    rows, hashes = starts.wanted(call.update.part(starts.Hashes), inputs)
    cohort = Cohort(call, batches, inputs, rows, hashes)
    if recorded is not None:
        cohort.earlier = [recorded]
        cohort.kept = [dict(each) for each in recorded["batches"]]
        cohort.index = starts.recorded_index(batches, recorded, inputs)
    return cohort


def _advance(call: Call, recorded: Properties, inputs: Properties) -> Properties:
    cohort = _cohort(call, inputs, recorded)
    for live in cohort.further():
        cohort.take(live, lambda found: _end(cohort, found))
    try:
        cohort.start_missing(cohort.further_token())
    except errors.Unconfirmed as unclear:
        raise errors.OmicsError(
            unclear.operation,
            unclear.detail,
            advice="It is not known whether the batch has started. Run `pulumi up` again: it "
            "finds the batch or starts it, and never starts a second one.",
            code=unclear.code,
        ) from unclear
    now = cohort.recorded(recorded.get(keys.SETTLED, ()))
    return {**now, "submissionFailures": recorded.get("submissionFailures", [])}


def _end(cohort: Cohort, live: Live) -> None:
    on_delete = str(cohort.inputs.get("onDelete", ""))
    ending.end(cohort.call, cohort.batches, [live], on_delete)


def _end_all(call: Call, recorded: Properties) -> None:
    batches, on_delete = _batches(call, recorded, "Delete"), str(recorded.get("onDelete", ""))
    cohort = Cohort(call, batches, recorded, [], {}, kept=recorded["batches"])
    # What a killed update has started, and nothing records, is of this resource, too.
    ending.end(call, batches, [*recorded["batches"], *cohort.further()], on_delete)
    if on_delete == "cancel":
        _release(call, recorded)


def _release(call: Call, recorded: Properties) -> None:
    """Take our mark off batches that outlive their resource, where the engine notes its start.

    With that note, the next create would take them for what it is about to start.
    """
    state, _ = records.of_kind(call, recorded)
    if recorded.get("requestId") in state.settled(call.urn):
        _retag(call, recorded, diff.TagChange({}, (identity.START_MARK,)))


def _is_renamed(recorded: Properties, inputs: Properties) -> bool:
    """Tell whether batches that go on are marked with an older name of the stack."""
    is_active = any(each.get("status") not in lifecycle.FINAL for each in recorded["batches"])
    return is_active and run_life.is_of_older_name(recorded, inputs)


def _follow(call: Call, recorded: Properties, inputs: Properties) -> None:
    """Give the recorded batches the name that the stack has now."""
    batches = _batches(call, recorded, "TagResource")
    names = recorded[keys.STACK], inputs[keys.STACK]
    for each in recorded["batches"]:
        live = ending.find(batches, each)
        marks = run_life.moved_marks(live, *names, call.urn) if live else {}
        if marks:
            batches.retag(each["arn"], diff.TagChange(marks, ()))


def _retag(call: Call, recorded: Properties, change: diff.TagChange) -> None:
    batches = _batches(call, recorded, "TagResource")
    for each in recorded["batches"]:
        if ending.find(batches, each) is not None:
            batches.retag(each["arn"], change)


def _delete_placeholder(call: Call, recorded: Properties) -> None:
    if records.current(call, recorded).keeps(call.urn):
        # The start is in the hands of the resource that took this one's place.
        return
    batches = _batches(call, recorded, "Delete")
    for token in (recorded["requestId"], *recorded.get(keys.EARLIER, ())):
        live = Cohort(call, batches, recorded, [], {}).find(str(token))
        # What this process has made may not be recorded yet.
        if live is not None and live["uuid"] not in call.update.made:
            ending.end(call, batches, [live], str(recorded.get("onDelete", "")))


def _batches(call: Call, recorded: Mapping[str, Any], operation: str) -> Batches:
    batches = Batches(call.settings, call.update.require_going)
    whereabouts.require_region(batches.runs, recorded, operation)
    return batches


def _refuse_lookup(id_: str) -> NoReturn:
    raise errors.OmicsError(
        "GetBatch",
        f"batch {id_} can't be imported: no state records what it has started",
        advice="Declare a new run batch, or read this one with boto3.",
    )


def _outlook(call: Call, recorded: Properties, inputs: Properties) -> str:
    if any(contains_unknown(inputs.get(field.wire)) for field in batch_table.FIELDS):
        return "The samples that start depend on values that are not known yet."
    return _cohort(call, inputs, recorded).plan.told()


def _tell_of_start(call: Call, inputs: Properties) -> None:
    """Say how many runs a batch starts that is about to be made.

    The engine checks it without old inputs then, also in the place of one that it replaces.
    """
    if call.urn in call.update.part(Told) or contains_unknown(inputs.get("samples")):
        return
    many = batch_table.count(inputs)
    call.warn(f"{many:,} sample{'s' if many > 1 else ''} to start, in one batch.")


def _all_again(table: Table, recorded: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
    many = batch_table.count(inputs)
    on_delete = f"{table.named('onDelete')}={inputs.get('onDelete')!r}"
    before = len(recorded["batches"])
    return (
        f'{table.named("onChange")}="all": all {many:,} samples run again, as a new batch. The '
        f"earlier runs ({before} batch{'es' if before > 1 else ''}) end as {on_delete} says."
    )


def _doubt(call: Call, unclear: errors.Unconfirmed) -> str:
    return (
        f"{unclear.cause.about(call.subject)}\n"
        "It is not known whether the batch has started. The state remembers the request: the next "
        "`pulumi up` finds the batch or starts it, and never starts a second one."
    )
