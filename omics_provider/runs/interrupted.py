"""What interrupted updates have left: runs that nothing records, and deletes that were cut off.

After a killed `pulumi up --replace`, or a killed change that is then taken back, the engine finds
nothing to do for the resource: it asks for no create, where such a run would be found. So `diff`
looks, in an update, where the stack's own state or history names an interrupted start.

After a killed `pulumi destroy`, or a killed replacement with `delete_before_replace` that is taken
back, a plain `pulumi up` asks for nothing either, and the state could point to a cancelled run. The
engine notes what it is deleting, and keeps the note until the next update has written the state
(pulumi, pkg/backend/snapshot.go); so `diff` looks there, too.

A preview says what the next update will find. The next one takes such a run in place of a start,
so a preview that counts a start there would be wrong, and so would its cost. What is found goes
into a hidden input, from which the report on the preview counts. It is there in a preview alone: a
plan that is saved holds the inputs of the update.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from omics_provider.base import errors, keys
from omics_provider.base.status import RunStatus, status_of
from omics_provider.base.values import contains_unknown
from omics_provider.engine import records
from omics_provider.engine.call import Call
from omics_provider.engine.state import EarlierStart, StackState
from omics_provider.service.polling import Pace, TimeLimitReached, poll

from . import lookup
from .calls import Runs
from .rules import lifecycle, words
from .rules.lifecycle import USELESS, Fate
from .rules.lifecycle import adoption_mismatch as mismatch
from .search import Live
from .starts import STOP_LIMIT, Start


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """A run that no resource records, and the inputs that it was started for, as far as known."""

    live: Live
    inputs: Mapping[str, Any]
    token: str
    #: Whether it stands for what is declared now.
    fits: bool


class Left(dict[str, tuple[LeftBehind, ...]]):
    """By URN, what a diff of this update has found, for the update that follows it."""


def look(call: Call, start: Start, earlier: tuple[EarlierStart, ...]) -> tuple[LeftBehind, ...]:
    """Return the runs that interrupted starts of the resource have made, and remember them.

    `start` is the resource as it is declared, `earlier` the starts that its state names. Where they
    name none and no update has failed lately, that costs no call; else the runs are listed, once a
    process.
    """
    listed = replace(start, listed=lambda: call.update.listed(start.runs))
    # A preview only tells: it does not wait for what is stopping.
    ended = listed.stopped if call.update.engine.is_update else lambda live: live
    found = call.update.part(Left)[start.urn] = tuple(_look(listed, earlier, ended))
    return found


def remembered(call: Call) -> tuple[LeftBehind, ...]:
    """Return what `look` found for the call's resource in this update, once."""
    return call.update.part(Left).pop(call.urn, ())


def note(
    call: Call, inputs: Mapping[str, Any], start: Callable[[StackState], Start]
) -> dict[str, list[dict[str, Any]]]:
    """Return, as a hidden input, what interrupted starts of a run about to be made have left.

    `start` gives its start with the stack's state. Reads the state once a process, and asks the
    service only where an update was interrupted or has failed.
    """
    state = records.readable(call, inputs)
    own, urn = str(inputs.get(keys.ATTEMPT, "")), call.urn
    if contains_unknown(inputs) or state is None:
        return {}
    if not (state.failing_since or state.unconfirmed(urn, own)):
        return {}
    try:
        state = records.read(call, inputs, secrets=True)
        found = look(call, start(state), state.unconfirmed(urn, own))
    except (errors.CredentialsError, errors.SettingsError, errors.NotSent) as error:
        # Most likely what the earlier update failed of, too: then no request has left.
        if state.unconfirmed(urn, own):
            call.warn(words.unforeseen(error.detail))
        return {}
    except errors.OmicsError as error:
        call.warn(words.unforeseen(error.detail))
        return {}
    if not found:
        return {}
    # One run at most takes its place; the update ends what does not fit.
    told = [(run.live["id"], run.live["status"], run.fits) for run in found]
    call.warn(words.foreseen(told))
    return {keys.LEFT: [{"id": id_, "status": status, "fits": fits} for id_, status, fits in told]}


def fate(call: Call, runs: Runs, run_id: str, recorded: Mapping[str, Any]) -> Fate:
    """Return what becomes of a noted run, by its live status, and warn where that costs or is open.

    A run that is stopping is waited for: it may complete, or be what the delete has cancelled.
    """
    status = _end_of(runs, run_id, recorded)
    found = lifecycle.after_torn_delete(str(recorded.get("onDelete", "")), status)
    if found is not Fate.KEEP:
        call.warn(words.torn(run_id, status or RunStatus.DELETED, found))
    return found


def tell_of_others(
    call: Call, runs: Runs, state: StackState, run_id: str, recorded: Mapping[str, Any]
) -> None:
    """Warn of a run that was cancelled while the delete of another one was interrupted.

    A destroy cancels all runs before the engine notes of most that they are being deleted. But a
    run can be cancelled by hand, too, so nothing is done. ListRuns is asked once a process.
    """
    if not state.is_ending_another(call.urn):
        return
    listed = {str(item["id"]): item["status"] for item in call.update.listed(runs)}
    if listed.get(run_id) != RunStatus.CANCELLED:
        return
    if lookup.find_recorded(runs, run_id, recorded) is not None:
        call.warn(words.torn(run_id, RunStatus.CANCELLED, Fate.UNSURE))


def _end_of(runs: Runs, run_id: str, recorded: Mapping[str, Any]) -> RunStatus | None:
    def status() -> RunStatus | None:
        live = lookup.find_recorded(runs, run_id, recorded)
        return status_of(live["status"]) if live else None

    try:
        return poll(
            status, lambda found: found is not RunStatus.STOPPING, limit=STOP_LIMIT, pace=Pace(0.5)
        )
    except TimeLimitReached:
        return RunStatus.STOPPING


def _look(
    start: Start, earlier: tuple[EarlierStart, ...], ended: Callable[[Live], Live]
) -> Iterator[LeftBehind]:
    """Give what is left; `ended` gives a run that is stopping as it is then."""
    if earlier:
        sources = {source.token: source for source in earlier}
        for live, token in start.interrupted(earlier):
            source = sources[token]
            fits = source.is_for(start.inputs) and ended(live)["status"] not in USELESS
            yield LeftBehind(live, source.inputs, token, fits)
    for live, token in start.lost(earlier):
        fits = not mismatch(start.inputs, live) and ended(live)["status"] not in USELESS
        yield LeftBehind(live, start.inputs, token, fits)
