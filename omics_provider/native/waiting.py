"""Runs whose create and update may wait for their end: two inputs beside those of the handler.

The handler knows nothing of them. They are checked here, taken away before it is asked, and
recorded beside what it gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from omics_provider.base import errors
from omics_provider.base.checks import CONCEALED, problems
from omics_provider.base.keys import ON_FAILURE, WAIT
from omics_provider.base.status import ACTIVE, UNSUCCESSFUL
from omics_provider.base.table import Table
from omics_provider.engine.call import Call, Checked, Found, Recorded, Unfinished
from omics_provider.engine.state import is_placeholder
from omics_provider.explain import gather
from omics_provider.runs import lookup
from omics_provider.runs.calls import Runs
from omics_provider.runs.handler import RunHandler
from omics_provider.runs.rules import lifecycle, run_table, words
from omics_provider.waits.blocking import Unended, Waits
from omics_provider.waits.rules import progress
from omics_provider.waits.rules.targets import End, Target

from . import tables

Properties = dict[str, Any]

#: Seconds for which a run may take where customTimeouts does not say.
_LONGEST: Final = 24 * 3600.0
_OWN: Final = Table(tables.RUN.resource, tables.WAITING)
_OPERATION: Final = "Waiting"


class Explained(list[str]):
    """The ids of the runs whose failures an update has explained by calls of their own."""


class WaitingRuns:
    """Runs of AWS HealthOmics, and waits for them."""

    def __init__(self, table: Table = tables.RUN) -> None:
        self.table = table
        self._runs = RunHandler(table)

    def check(self, call: Call, old: Properties, inputs: Properties) -> Checked:
        """Find everything that is wrong with the declaration; the service is not asked."""
        found = self._runs.check(call, _bare(old), _bare(inputs))
        own = _own(inputs)
        concealed = {CONCEALED: inputs[CONCEALED]} if CONCEALED in inputs else {}
        failures = problems(_OWN, {**own, **concealed})
        return Checked({**found.inputs, **own}, (*found.failures, *failures))

    def diff(self, call: Call, id_: str, recorded: Properties, inputs: Properties) -> Found:
        """Tell a new run from a change in place; a wait that is owed is a change, too."""
        found = self._runs.diff(call, id_, _bare(recorded), _bare(inputs))
        if found.replaces:
            return found
        if is_owed(recorded, inputs):
            return Found(True, moves=("status",))
        if found.changes is False and _own(recorded) != _own(inputs):
            return Found(None)
        return found

    def create(self, call: Call, inputs: Properties) -> Recorded:
        """Start the run, or take it over; where the declaration says so, wait for its end."""
        made = self._runs.create(call, _bare(inputs))
        now = {**made.outputs, **_own(inputs)}
        return made._replace(outputs=_waited(call, made.id, now, inputs))

    def read(self, call: Call, id_: str, recorded: Properties) -> Recorded:
        """Bring the recorded facts up to date."""
        now = self._runs.read(call, id_, _bare(recorded))
        if not now.id:
            return now
        own = _own(recorded)
        inputs = None if now.inputs is None else {**now.inputs, **own}
        return Recorded(now.id, {**now.outputs, **own}, inputs)

    def update(self, call: Call, id_: str, recorded: Properties, inputs: Properties) -> Properties:
        """Change what changes in place; go on with a wait that was interrupted. Start nothing."""
        now = self._runs.update(call, id_, _bare(recorded), _bare(inputs))
        return _waited(call, id_, {**now, **_own(inputs)}, inputs)

    def delete(self, call: Call, id_: str, recorded: Properties) -> None:
        """End the run as on_delete says."""
        self._runs.delete(call, id_, _bare(recorded))


def is_owed(recorded: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    """Tell whether an update is to wait for the recorded run, or to fail with its end again."""
    if inputs.get(WAIT) is not True or is_placeholder(recorded):
        return False
    status = recorded.get("status")
    return status in ACTIVE or (status in UNSUCCESSFUL and _fails(inputs))


def moving(recorded: Mapping[str, Any], inputs: Mapping[str, Any]) -> frozenset[str]:
    """Return the outputs that a change in place brings up to date: those that tell of the end."""
    return _OF_THE_END if is_owed(recorded, inputs) and is_active(recorded) else frozenset()


def is_active(recorded: Mapping[str, Any]) -> bool:
    """Tell whether a run goes on by itself, so that its record grows old."""
    return recorded.get("status") in ACTIVE


#: Of a run's outputs, those that come while it is at work or at its end.
_OF_THE_END: Final = frozenset(run_table.OUTPUT_WIRES) - {
    "arn", "uuid", "runOutputUri", "creationTime", "startedBy", "workflowUuid", "batchId",
}  # fmt: skip


def _fails(inputs: Mapping[str, Any]) -> bool:
    return inputs.get(ON_FAILURE) != "warn"


def _own(properties: Mapping[str, Any]) -> Properties:
    return {wire: properties[wire] for wire in _OWN.by_wire if wire in properties}


def _bare(properties: Mapping[str, Any]) -> Properties:
    return {wire: value for wire, value in properties.items() if wire not in _OWN.by_wire}


def _waited(call: Call, id_: str, now: Properties, inputs: Properties) -> Properties:
    """Wait for the run's end where the declaration says so; return what is to be recorded then."""
    if inputs.get(WAIT) is not True:
        return now
    was_active = is_active(now)
    if was_active:
        now = _at_its_end(call, id_, now)
    if now.get("status") in UNSUCCESSFUL:
        if _fails(inputs):
            raise Unfinished(id_, now, _failure(call, id_, now, inputs))
        if was_active:
            call.warn(_failure(call, id_, now, inputs))
    return now


def _at_its_end(call: Call, id_: str, now: Properties) -> Properties:
    target = _target(call, id_, now)
    which = f"{_OPERATION} for {call.subject} ({id_})"
    try:
        end = call.update.part(Waits).until_end(call, target, call.limit(_LONGEST))
    except Unended as over:
        seen = lifecycle.moved_on(now, over.live) or now
        raise Unfinished(id_, seen, f"{which}: {over}.\n{_GOES_ON}") from None
    except errors.OmicsError as error:
        raise Unfinished(id_, now, f"{error.about(call.subject)}\n{_GOES_ON}") from error
    return _as_seen(call, id_, now, end)


_GOES_ON: Final = (
    "The run continues, and the state records it. Run `pulumi up` again to continue the wait."
)


def _as_seen(call: Call, id_: str, now: Properties, end: End) -> Properties:
    """Return all that GetRun tells of an ended run; where it can't be asked, what the list told."""
    try:
        seen = lookup.seen(call, Runs(call.settings), id_, now)
    except errors.OmicsError as error:
        call.warn(f"{error.about(call.subject)}\nThe next refresh records how the run ended.")
        seen = now
    if is_active(seen):
        told = {wire: end.answer[wire] for wire in run_table.OUTPUT_WIRES if end.answer.get(wire)}
        return {**now, **told}
    return seen


def _target(call: Call, id_: str, now: Properties) -> Target:
    return Target(call.resource, id_, str(now["uuid"]), now)


def _failure(call: Call, id_: str, now: Properties, inputs: Properties) -> str:
    """Return why a run ended without its result, and what the next update does about it."""
    if lifecycle.rerun_wanted(now, inputs):
        number, limit = lifecycle.attempts(now) + 1, lifecycle.attempt_limit(now, inputs)
        after = f"The next `pulumi up` replaces it: attempt {number} of {limit}."
    else:
        after = words.next_step(now, inputs)
    return f"{_explained(call, _target(call, id_, now).end(None))}\n{after}"


def _explained(call: Call, end: End) -> str:
    told = call.update.part(Explained)
    told.append(end.facts["id"])
    if len(told) > gather.TASKS_OF:
        return progress.failures({call.resource: end.facts})[0]
    try:
        return gather.explain(call.settings, [end.answer]).text
    except errors.OmicsError as error:
        # What the run itself says is known all the same.
        return "\n".join([*progress.failures({call.resource: end.facts}), str(error)])
