"""What the engine asks of a run, carried out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from omics_provider.base import diff, errors, identity, keys
from omics_provider.base.status import ACTIVE, UNSUCCESSFUL
from omics_provider.base.table import Table
from omics_provider.engine import records
from omics_provider.engine.call import Call, Checked, Found, Recorded, Unfinished
from omics_provider.engine.state import StackState, is_placeholder
from omics_provider.service import whereabouts

from . import adoption, ending, interrupted, lookup, starts
from .calls import Runs
from .rules import declaration, lifecycle, run_table, verdict, words
from .rules.verdict import Evidence, Left, Verdict
from .starts import Start, Started, start_of

Properties = dict[str, Any]


class Attempts(dict[str, lifecycle.Standing]):
    """By URN, the attempt that rerun_on or retry asks for in this update, until it is created."""


class Declared(set[str]):
    """URNs whose declaration this update has checked. A diff before that follows a read."""


class RunHandler:
    """Runs of AWS HealthOmics."""

    def __init__(self, table: Table = run_table.TABLE) -> None:
        self.table = table

    def check(self, call: Call, old: Properties, inputs: Properties) -> Checked:
        """Find everything that is wrong with the declaration; the service is not asked."""
        call.update.part(Declared).add(call.urn)
        failures = tuple(declaration.problems(inputs, self.table))
        checked = {
            "onDelete": keys.DEFAULT_ON_DELETE,
            **declaration.keep_spelling(old, inputs),
            **records.attempt(call, old),
            **declaration.name_sent(old, inputs, call.resource),
        }
        makes = not old and not failures and "adoptRunId" not in checked
        if makes and call.looks and call.update.engine.is_plain_preview:
            checked |= interrupted.note(
                call, checked, lambda state: _first(call, _runs(call), checked, state)
            )
        return Checked(checked, failures)

    def diff(self, call: Call, id_: str, recorded: Properties, inputs: Properties) -> Found:
        """Tell a new run from a change in place.

        With rerun_on or retry, a run that ended so is replaced; the property `status` and a warning
        say why.
        """
        decision = verdict.decide(_evidence(call, id_, recorded, inputs))
        if decision.verdict is Verdict.SAME:
            return Found(False)
        return Found(None if decision.is_by_inputs else True, decision.reasons)

    def create(self, call: Call, inputs: Properties) -> Recorded:
        """Start the run, with one call, and return; or take over the run of adopt_run_id.

        Where an earlier start of this resource was interrupted, its run is taken.
        """
        if "adoptRunId" in inputs:
            found = adoption.adopted(call, _runs(call), inputs)
        else:
            found = _started(call, inputs)
        call.update.made.add(str(found.properties.get("uuid")))
        standing = call.update.part(Attempts).pop(call.urn, None)
        return Recorded(found.run_id, {**found.properties, **(standing.note if standing else {})})

    def read(self, call: Call, id_: str, recorded: Properties) -> Recorded:
        """Bring the recorded facts up to date. A run whose record is gone stays, marked so."""
        runs = _runs_of(call, recorded, "GetRun")
        if is_placeholder(recorded):
            return _read_placeholder(call, runs, id_, recorded)
        if not recorded.get("uuid"):
            live = adoption.required(runs, id_)
            return Recorded(id_, lifecycle.looked_up(recorded, live, call.urn))
        listed = lookup.listed(call, runs, id_, recorded)
        now = lookup.seen(call, runs, id_, recorded) if listed is None else listed
        if now.get("status") in lifecycle.USELESS and _may_be_cut_off(call, recorded):
            return Recorded(id_, recorded)
        if listed is not None:
            return Recorded(id_, now)
        return Recorded(id_, now, lifecycle.declared_with_drift(recorded, now))

    def update(self, call: Call, id_: str, recorded: Properties, inputs: Properties) -> Properties:
        """Change the tags that changed, if it still is this run, and remember on_delete.

        In a renamed stack the run's marks follow its name.
        """
        now = {**recorded, **inputs, **_ended_left_behind(call, recorded)}
        change = diff.tag_change(recorded.get("tags", {}), now.get("tags", {}))
        renamed = lifecycle.is_renamed(recorded, inputs)
        if renamed or any(change):
            runs = _runs_of(call, recorded, "TagResource")
            live = lookup.find_recorded(runs, id_, recorded)
            if live is None:
                return lookup.last_facts(call, runs, id_, now)
            if renamed:
                names = recorded[keys.STACK], inputs[keys.STACK]
                change.put.update(lifecycle.moved_marks(live, *names, call.urn))
            if any(change):
                runs.retag(live["arn"], change)
        return now

    def delete(self, call: Call, id_: str, recorded: Properties) -> None:
        """End the run as on_delete says, on its live status, if it still is this run."""
        if is_placeholder(recorded):
            _delete_placeholder(call, recorded)
        elif recorded.get("onDelete") == "keep":
            _release(call, id_, recorded)
        elif not recorded.get("uuid"):
            raise errors.RunError(
                "Delete",
                f"the state has no uuid for run id {id_}, so it is not known whether it is this "
                f"run",
                advice="Run `pulumi refresh` first, or remove the run by hand.",
            )
        elif not adoption.is_still_declared(call, recorded):
            runs = _runs_of(call, recorded, "Delete")
            is_whole = call.update.engine.is_whole_destroy
            if is_whole and (state := records.readable(call, recorded)):
                ending.cancel_all(call, runs, state, recorded)
            _end_successors(call, runs, id_, recorded)
            ending.end(call, runs, id_, recorded)
            if recorded.get("onDelete") == "cancel":
                _release(call, id_, recorded)

    def cancel_ahead(self, call: Call, id_: str, recorded: Properties) -> list[str]:
        """Cancel a run, and its attempts, ahead of a delete that is sure to come; return their ids.

        A run that is kept is not touched, nor one that has ended.
        """
        if not recorded.get("uuid") or recorded.get("onDelete") == "keep":
            return []
        runs = _runs(call)
        ended = [id_] if ending.cancelled_ahead(call, runs, id_, recorded) else []
        for live in _superseded(call, runs, id_, recorded):
            attempt = {**live, "onDelete": recorded.get("onDelete")}
            if ending.cancelled_ahead(call, runs, live["id"], attempt):
                ended.append(live["id"])
        return ended


def _evidence(call: Call, id_: str, recorded: Properties, inputs: Properties) -> Evidence:
    """Look up what the verdict needs, as far as nothing has decided yet; warn of what is open."""
    if is_placeholder(recorded):
        return Evidence(placeholder=True)
    found = diff.difference(id_, recorded, inputs, run_table.TABLE)
    evidence = Evidence(
        replaces=found.replaces,
        updates=found.updates,
        renamed=lifecycle.is_renamed(recorded, inputs),
    )
    if found.replaces:
        return evidence
    whereabouts.require_provider_of(call.settings, recorded)
    now = _now(call, id_, recorded, inputs)
    standing = _standing(call, id_, now, inputs)
    if now.get("status") in UNSUCCESSFUL and not records.is_left_over(call, id_, recorded):
        call.warn(words.outlook(id_, now, inputs, standing))
    if standing:
        # An update may never declare what was only read, and then nothing takes this attempt.
        if call.urn in call.update.part(Declared):
            call.update.part(Attempts)[call.urn] = standing
        return evidence._replace(next_attempt=True)
    if not call.update.engine.is_update:
        return evidence
    if left := _left_behind(call, recorded, inputs):
        told = [(run.live["id"], run.live["status"], run.fits) for run in left]
        call.warn(words.left_behind(id_, told))
        return evidence._replace(left=Left.FITS if any(r.fits for r in left) else Left.UNFIT)
    return evidence._replace(torn=_torn(call, id_, recorded, inputs))


def _release(call: Call, run_id: str, recorded: Properties) -> None:
    """Take our mark off a run that outlives its resource, where the engine notes its start.

    The engine's note of an interrupted start stays until a refresh. With it, the next create would
    take the run for the one that it is about to start.
    """
    state = records.readable(call, recorded)
    if state is None or recorded.get("requestId") not in state.settled(call.urn):
        return
    runs = _runs_of(call, recorded, "UntagResource")
    live = lookup.find_recorded(runs, run_id, recorded)
    if live is not None:
        runs.retag(live["arn"], diff.TagChange({}, (identity.START_MARK,)))


def _left_behind(
    call: Call, recorded: Properties, inputs: Properties
) -> tuple[interrupted.LeftBehind, ...]:
    """Return the runs that interrupted starts of this resource have left, if any."""
    own = str(recorded.get(keys.ATTEMPT, ""))
    state = records.readable(call, recorded)
    if state is None or not (state.failing_since or state.unconfirmed(call.urn, own)):
        return ()
    state = records.read(call, recorded, secrets=True)
    start = start_of(call, _runs(call), inputs, str(recorded.get("requestId", "")), state)
    return interrupted.look(call, start, state.unconfirmed(call.urn, own))


def _torn(
    call: Call, run_id: str, recorded: Properties, inputs: Properties
) -> lifecycle.Fate | None:
    """Return what becomes of a run whose delete was interrupted; None for any other run."""
    if not lifecycle.may_be_torn(recorded, inputs):
        return None
    state = records.readable(call, recorded)
    if state is None or not state.deleting:
        return None
    runs = _runs_of(call, recorded, "GetRun")
    if state.is_ending(call.urn, run_id):
        return interrupted.fate(call, runs, run_id, recorded)
    interrupted.tell_of_others(call, runs, state, run_id, recorded)
    return None


def _may_be_cut_off(call: Call, recorded: Properties) -> bool:
    """Tell whether an interrupted delete may have ended a run that is read before its diff.

    The diff then decides what becomes of it, and takes a run whose end is recorded for done. After
    a refresh comes no diff, and the engine's note of the delete is gone.
    """
    if call.update.engine.is_refreshing or not lifecycle.may_be_torn(recorded, recorded):
        return False
    state = records.readable(call, recorded)
    return bool(state and state.deleting)


def _ended_left_behind(call: Call, recorded: Properties) -> Properties:
    """End the runs that diff found left behind; return the note that they are dealt with."""
    left = interrupted.remembered(call)
    for run in left:
        ending.ender(call, _runs(call))(run.live, run.inputs)
    settled = [*recorded.get(keys.SETTLED, ()), *(run.token for run in left)]
    return {keys.SETTLED: settled} if left else {}


def _standing(
    call: Call, run_id: str, now: Properties, inputs: Properties
) -> lifecycle.Standing | None:
    """Return the attempt that takes the run's place: a rule asks for one, or a wait made it."""
    wanted = lifecycle.rerun_wanted(now, inputs)
    unseen = now.get("recordGone") and lifecycle.may_have_successors(now)
    if not wanted and not unseen:
        return None
    state = records.readable(call, inputs) or StackState()
    start = start_of(call, _runs(call), inputs, "", state)
    standing = starts.standing(call, start, run_id, now)
    return standing if wanted or standing.live else None


def _end_successors(call: Call, runs: Runs, run_id: str, recorded: Properties) -> None:
    """End the attempts that waits have started after this run, but one that is recorded."""
    for live in _superseded(call, runs, run_id, recorded):
        ending.ender(call, runs)(live, recorded)


def _superseded(
    call: Call, runs: Runs, run_id: str, recorded: Properties
) -> Iterator[dict[str, Any]]:
    """Give the attempts that waits have started after this run, but one that is recorded."""
    unseen = recorded.get("status") in ACTIVE and "retry" in recorded
    ended = lookup.seen(call, runs, run_id, recorded) if unseen else recorded
    if not lifecycle.may_have_successors(ended):
        return
    state = records.readable(call, recorded)
    if not state:
        return
    to_be_taken = call.update.part(Attempts).get(call.urn)
    start = start_of(call, runs, recorded, "", state)
    for _, live in starts.successors(call, start, ended):
        kept = live["uuid"] in call.update.made or state.records(live["uuid"])
        taken = to_be_taken is not None and to_be_taken.stands(live)
        if not kept and not taken and not records.current(call, recorded).records(live["uuid"]):
            yield live


def _now(call: Call, run_id: str, recorded: Properties, inputs: Properties) -> Properties:
    """Return the recorded facts; brought up to date where rerun_on or retry asks for them."""
    if recorded.get("status") not in ACTIVE or not lifecycle.rerun_may_come(recorded, inputs):
        return recorded
    runs = _runs_of(call, recorded, "GetRun")
    if not lookup.may_have_failed(call, runs, run_id):
        return recorded
    return lookup.seen(call, runs, run_id, recorded)


def _started(call: Call, inputs: Properties) -> Started:
    records.prepare(call, inputs)
    runs, urn = _runs(call), call.urn
    state, earlier = records.unconfirmed(call, inputs)
    start = _first(call, runs, inputs, state)
    standing = call.update.part(Attempts).get(urn)
    try:
        found = start.once(earlier, ending.ender(call, runs), standing.live if standing else None)
    except errors.Unconfirmed as unclear:
        tokens = [each.token for each in earlier if each.is_for(inputs)]
        placeholder = lifecycle.placeholder(inputs, start.token, tokens)
        raise Unfinished(
            f"unconfirmed-{start.token[:12]}", placeholder, _doubt(call, unclear)
        ) from unclear
    ended = (*state.outlived(urn), *state.settled(urn), *(each.token for each in earlier))
    settled = list(dict.fromkeys(ended))
    note = {keys.SETTLED: settled} if settled else {}
    return found._replace(properties={**found.properties, **note})


def _read_placeholder(call: Call, runs: Runs, id_: str, recorded: Properties) -> Recorded:
    token = str(recorded["requestId"])
    live = start_of(call, runs, recorded, token, StackState()).find()
    if live is None:
        return Recorded(id_, recorded)
    return Recorded(live["id"], lifecycle.started(recorded, live, token))


def _delete_placeholder(call: Call, recorded: Properties) -> None:
    if records.current(call, recorded).keeps(call.urn):
        # The start is in the hands of the resource that took this one's place.
        return
    runs = _runs(call)
    for token in (recorded["requestId"], *recorded.get(keys.EARLIER, ())):
        live = start_of(call, runs, recorded, str(token), StackState()).find()
        # What this process has made may not be recorded yet.
        if live is not None and live["uuid"] not in call.update.made:
            ending.ender(call, runs)(live, recorded)


def _runs(call: Call) -> Runs:
    return Runs(call.settings, call.update.require_going)


def _runs_of(call: Call, recorded: Properties, operation: str) -> Runs:
    runs = _runs(call)
    whereabouts.require_region(runs, recorded, operation)
    return runs


def _first(call: Call, runs: Runs, inputs: Mapping[str, Any], state: StackState) -> Start:
    """Return the start that `create` will make."""
    token = identity.request_id(call.urn, inputs, run_table.TABLE)
    return start_of(call, runs, inputs, token, state)


def _doubt(call: Call, unclear: errors.Unconfirmed) -> str:
    return (
        f"{unclear.cause.about(call.subject)}\n"
        "It is not known whether the run has started. The state remembers the request: the next "
        "`pulumi up` finds the run or starts it, and never starts a second one."
    )
