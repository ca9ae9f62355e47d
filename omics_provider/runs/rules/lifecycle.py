"""What read and delete do, as total functions of what was found. No I/O here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final, NamedTuple

from omics_provider.base import keys
from omics_provider.base.diff import difference
from omics_provider.base.identity import MARK, MAX_STACK_MARK, STACK_MARK, START_MARK, Mark
from omics_provider.base.status import ACTIVE, DELETABLE, ENDED, RunStatus
from omics_provider.base.values import UNKNOWN
from omics_provider.engine.urn import urn_in

from . import run_table
from .declaration import declared

#: Version of the recorded outputs; readers for older versions stay here.
STATE_VERSION: Final = 1


#: States of an interrupted start's run that can't stand for the declaration.
USELESS: Final = frozenset({RunStatus.CANCELLED, RunStatus.DELETED})

_ATTEMPT_FACTS: Final = ("uuid", "status", "failureReason", "startTime", "stopTime")


class Step(Enum):
    """The next thing that a delete does."""

    CANCEL = "cancel the run"
    WAIT = "wait for the run's end"
    DELETE_RECORD = "delete the run's record"
    DONE = "nothing more"


def delete_step(on_delete: str, status: RunStatus | None, *, cancelled: bool) -> Step:
    """Return the next step of a delete, from the live status.

    `status` is None where the run is gone, or where its id now belongs to another run.
    `cancelled` says that this delete has asked for the run's cancellation already.
    """
    if on_delete == "keep" or status is None or status is RunStatus.DELETED:
        return Step.DONE
    if status in DELETABLE:
        return Step.DELETE_RECORD if on_delete == "delete" else Step.DONE
    if not cancelled:
        return Step.CANCEL
    return Step.WAIT if on_delete == "delete" else Step.DONE


class Fate(Enum):
    """What becomes of a declared run whose delete was interrupted."""

    REPLACE = "the delete ended it: a new run takes its place"
    KEEP = "it continues, or has ended by itself: it stays"
    UNSURE = "it is not known what ends it: nothing is done"


def may_be_torn(recorded: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    """Tell whether an interrupted delete can have ended the recorded run, which `inputs` declare.

    A run whose end is recorded is done, and one that was adopted has nothing to take its place.
    """
    return (
        recorded.get("status") in ACTIVE
        and recorded.get("onDelete") != "keep"
        and "adoptRunId" not in inputs
    )


def after_torn_delete(on_delete: str, status: RunStatus | None) -> Fate:
    """Return what becomes of a declared run whose delete was interrupted, from its live status.

    `status` is None where the run is gone. A run that completes, or fails, is STOPPING, too; and
    only `on_delete` "delete" removes records.
    """
    if status is None:
        return Fate.REPLACE if on_delete == "delete" else Fate.KEEP
    if status is RunStatus.STOPPING:
        return Fate.UNSURE
    return Fate.REPLACE if status in USELESS else Fate.KEEP


def started(
    inputs: Mapping[str, Any], answer: Mapping[str, Any], request_id: str
) -> dict[str, Any]:
    """Return the properties to record for a run that StartRun's `answer` describes."""
    return {
        **inputs,
        **{wire: answer[wire] for wire in run_table.OUTPUT_WIRES if wire in answer},
        "requestId": request_id,
        "stateVersion": STATE_VERSION,
    }


def placeholder(inputs: Mapping[str, Any], token: str, earlier: list[str]) -> dict[str, Any]:
    """Return the properties to record for a start of which nobody knows whether it took effect.

    `earlier` are further starts in doubt for the same inputs.
    """
    doubts = {keys.EARLIER: earlier} if earlier else {}
    return {**inputs, **doubts, "requestId": token, "stateVersion": STATE_VERSION}


def adopted(inputs: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties to record for run `live`, which someone else started.

    All that the service knows of its inputs is recorded, so that the declaration can later be
    completed, or `adopt_run_id` dropped, without a difference.
    """
    return {**_live_inputs(live), **inputs, **_live_outputs(live), "stateVersion": STATE_VERSION}


def looked_up(recorded: Mapping[str, Any], live: Mapping[str, Any], urn: str) -> dict[str, Any]:
    """Return the properties to record for run `live`, of which only the id was known.

    `recorded` may have the stack's name. A run that was started for this very resource, and whose
    record was lost, is its own again: no update takes it for one that an interrupted start left.
    """
    token = Mark.token_on(live, str(recorded.get(keys.STACK, "")), urn)
    return adopted({}, live) | ({"requestId": token} if token else {})


def adoption_mismatch(inputs: Mapping[str, Any], live: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the declared inputs (wire names) that run `live` was not started with.

    Storage is left out: the service rounds it up or turns it into the maximum used.
    """
    asked = {
        wire: value
        for wire, value in inputs.items()
        if wire in run_table.BY_WIRE
        and run_table.BY_WIRE[wire].sent
        and wire not in ("tags", "storageCapacity", "storageType")
    }
    return difference(str(live.get("id", "")), _live_inputs(live), asked, run_table.TABLE).replaces


def refreshed(recorded: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """Return the recorded properties brought up to date from GetRun's answer `live`.

    Declared tags follow the live ones; no other input does, for no other can change.
    """
    outputs = set(run_table.OUTPUT_WIRES)
    kept = {key: value for key, value in recorded.items() if key not in outputs | {"recordGone"}}
    if "tags" in recorded:
        kept["tags"] = live_tags(live)
    return {**kept, **_live_outputs(live)}


def has_same_end(recorded: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry of ListRuns, which may be empty, shows the recorded end of a run."""
    return recorded.get("status") in set(ENDED) and all(
        recorded.get(key) is not None and recorded[key] == entry.get(key)
        for key in ("status", "creationTime", "stopTime")
    )


def moved_on(recorded: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the properties of a run at work from its entry in ListRuns; None where it tells less.

    An entry has no uuid, and ids are used again: the creation tells one run from another, where it
    is recorded. It is not taken from an entry: nothing but GetRun says whose it is.
    """
    if entry.get("status") not in ACTIVE:
        return None
    known = recorded.get("creationTime")
    if known is not None and known != entry.get("creationTime"):
        return None
    now = {key: entry[key] for key in ("status", "startTime") if entry.get(key)}
    return {**recorded, **now}


def gone(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Return the recorded properties of a run whose record the service no longer has.

    Done is done: the last known facts stay. A run that was last seen active ended in a way that
    the service no longer tells: its status becomes DELETED.
    """
    status = str(recorded.get("status", RunStatus.DELETED))
    known_end = status in set(ENDED)
    return {
        **recorded,
        "status": status if known_end else str(RunStatus.DELETED),
        "recordGone": True,
    }


def rerun_wanted(recorded: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    """Tell whether the recorded end of the run asks for a new one, by `rerun_on` or `retry`."""
    return ends_in_rerun(recorded, inputs) and attempts_left(recorded, inputs)


def ends_in_rerun(recorded: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    """Tell whether a rule names the recorded end; no, where a preview does not know the rule."""
    return attempt_limit(recorded, inputs) > 0


def attempts_left(recorded: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    """Tell whether the rule that names the recorded end may still start a run in its place."""
    return attempts(recorded) < attempt_limit(recorded, inputs)


def attempt_limit(recorded: Mapping[str, Any], inputs: Mapping[str, Any]) -> int:
    """Return how many runs the rules allow in all where one ended as recorded; 0 for no rule."""
    rerun = recorded.get("status") in _known(inputs.get("rerunOn"), ())
    return max(_retry_limit(recorded, inputs), _max_attempts(inputs) if rerun else 0)


def retry_wanted(recorded: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    """Tell whether `retry` gives the run another attempt, which a wait may start itself."""
    return attempts(recorded) < _retry_limit(recorded, inputs)


def may_have_successors(recorded: Mapping[str, Any]) -> bool:
    """Tell whether a wait may have started runs in place of the recorded one.

    A `retry` that was ever declared stays recorded, though perhaps with other codes. Of a run that
    is gone nothing tells how it ended.
    """
    failed = recorded.get("status") == RunStatus.FAILED
    retried = failed and recorded.get("failureReason") in run_table.RETRYABLE
    return bool(recorded.get("retry")) and (retried or recorded.get("status") == RunStatus.DELETED)


def _retry_limit(recorded: Mapping[str, Any], inputs: Mapping[str, Any]) -> int:
    retry = _known(inputs.get("retry"), {})
    failed = recorded.get("status") == RunStatus.FAILED
    if not failed or recorded.get("failureReason") not in _known(
        retry.get("on"), run_table.RETRYABLE
    ):
        return 0
    return int(_known(retry.get("attempts"), 0))


def rerun_may_come(recorded: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    """Tell whether a rule could start a run in place of the recorded one, however it ends."""
    retry = _known(inputs.get("retry"), {})
    rerun = _max_attempts(inputs) if _known(inputs.get("rerunOn"), ()) else 0
    return attempts(recorded) < max(int(_known(retry.get("attempts"), 0)), rerun)


def attempts(recorded: Mapping[str, Any]) -> int:
    """Return which of the starts that the rules allow the recorded run is, the first being 1."""
    return int(recorded.get("attempts", 1))


def next_attempt(run_id: str, recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to record beside a run that a rule starts in place of the recorded one."""
    ended = {key: recorded[key] for key in _ATTEMPT_FACTS if recorded.get(key)}
    earlier = [*recorded.get("earlierAttempts", []), {"id": run_id, **ended}]
    return {"attempts": attempts(recorded) + 1, "earlierAttempts": earlier}


class Standing(NamedTuple):
    """The attempt that stands for a run that failed: a `live` one, or, with None, a new one.

    `note` is what to record beside it.
    """

    note: dict[str, Any]
    live: dict[str, Any] | None

    def stands(self, live: Mapping[str, Any]) -> bool:
        """Tell whether it is the run of GetRun's answer `live`."""
        return self.live is not None and self.live["uuid"] == live["uuid"]


def standing(
    run_id: str,
    recorded: Mapping[str, Any],
    inputs: Mapping[str, Any],
    successors: Iterable[tuple[int, dict[str, Any]]],
) -> Standing:
    """Return the attempt that takes the place of the recorded run, whose end a rule names.

    `successors` are the runs that waits have started after it, (number of the attempt, GetRun's
    answer), in order.
    """
    note = next_attempt(run_id, recorded)
    for number, live in successors:
        note["attempts"] = number
        if not rerun_wanted({**live, **note}, inputs):
            return Standing(note, live)
        note = next_attempt(str(live["id"]), {**live, **note})
    return Standing(note, None)


def _max_attempts(inputs: Mapping[str, Any]) -> int:
    if inputs.get("maxAttempts") is UNKNOWN:
        return 0
    return int(inputs.get("maxAttempts", run_table.DEFAULT_MAX_ATTEMPTS))


def _known(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None or value is UNKNOWN else value


def same_run(recorded: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Tell whether GetRun's answer is the recorded run: ids are used again, the uuid is not."""
    return bool(recorded.get("uuid")) and recorded.get("uuid") == live.get("uuid")


def live_tags(live: Mapping[str, Any]) -> dict[str, str]:
    """Return the run's tags but those that AWS and this package set."""
    tags: Mapping[str, str] = live.get("tags") or {}
    return {key: value for key, value in tags.items() if not key.startswith(("aws:", MARK))}


def is_renamed(recorded: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    """Tell whether an active run that this package started is marked with the stack's older name.

    Another stack may have that name now, and would take the run for one that it has lost.
    """
    is_started = "requestId" in recorded and recorded.get("status") in ACTIVE
    return is_started and is_of_older_name(recorded, inputs)


def is_of_older_name(recorded: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    """Tell whether the stack had another name when a resource was recorded."""
    before, now = recorded.get(keys.STACK), inputs.get(keys.STACK)
    return isinstance(before, str) and isinstance(now, str) and before != now


def moved_marks(live: Mapping[str, Any], before: str, stack: str, urn: str) -> dict[str, str]:
    """Return the marks of a run that name `before`, as they are in `stack`; no mark of others."""
    tags: Mapping[str, str] = live.get("tags") or {}
    found: dict[str, str] = {}
    if tags.get(STACK_MARK) == before[:MAX_STACK_MARK]:
        found[STACK_MARK] = stack[:MAX_STACK_MARK]
    mark = Mark.on(live)
    if mark and mark.resource == Mark.of(before, urn_in(before, urn), "").resource:
        found |= {START_MARK: Mark.of(stack, urn, mark.token).tags("")[START_MARK]}
    return found


def declared_with_drift(
    recorded: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the inputs to record where the live run drifted from them, else None."""
    if recorded.get("tags") == now.get("tags"):
        return None
    own = {key: now[key] for key in (keys.ATTEMPT, keys.NAME, keys.STACK) if key in now}
    return {**declared(now), **own}


def _live_outputs(live: Mapping[str, Any]) -> dict[str, Any]:
    return {wire: live[wire] for wire in run_table.OUTPUT_WIRES if live.get(wire) is not None}


def _live_inputs(live: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        field.wire: live[field.wire]
        for field in run_table.FIELDS
        if field.sent and live.get(field.wire) is not None
    }
    configuration = live.get("configuration") or {}
    if configuration.get("name"):
        found["configurationName"] = configuration["name"]
    if "tags" in found:
        found["tags"] = live_tags(live)
    return found
