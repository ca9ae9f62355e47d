"""What is recorded of a resource that stays until it is deleted: a group, a cache, a workflow.

Unlike a run it is changed in place, and made again where someone else has deleted it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from omics_provider.base import diff
from omics_provider.base.diff import Difference, TagChange, difference
from omics_provider.base.identity import Mark, with_marks
from omics_provider.base.keys import ATTEMPT, SETTLED, STACK
from omics_provider.base.table import Change, Kind, Table
from omics_provider.runs.rules.lifecycle import live_tags

#: Version of the recorded outputs; readers for older versions stay here.
STATE_VERSION: Final = 1
_HIDDEN: Final = (ATTEMPT, STACK)

Bag = Mapping[str, Any]


def create_arguments(table: Table, inputs: Bag, urn: str, token: str) -> dict[str, Any]:
    """Return the arguments of the call that makes it; `token` is its requestId.

    The marks that prove whose it is are left out where there is no room for them.
    """
    declared = {f.wire: inputs[f.wire] for f in table.fields if f.sent and f.wire in inputs}
    stack = str(inputs.get(STACK, ""))
    tags = with_marks(Mark.of(stack, urn, token).tags(stack), inputs.get("tags", {}))
    return {**declared, "tags": tags, "requestId": token}


def made(table: Table, inputs: Bag, live: Bag, settled: list[str]) -> dict[str, Any]:
    """Return the properties to record; `settled` are the requestIds that led to it."""
    note = {SETTLED: settled, "stateVersion": STATE_VERSION}
    return {**inputs, **outputs(table, live), **note}


def looked_up(table: Table, recorded: Bag, live: Bag, urn: str) -> dict[str, Any]:
    """Return the properties to record for one of which only the id was known: all that is told.

    `recorded` may have the stack's name. One that was made for this very resource is its own again.
    """
    known = {**live_inputs(table, live), **outputs(table, live), "stateVersion": STATE_VERSION}
    token = Mark.token_on(live, str(recorded.get(STACK, "")), urn)
    return known | ({SETTLED: [token]} if token else {})


def live_inputs(table: Table, live: Bag) -> dict[str, Any]:
    """Return the inputs that the service tells of it."""
    found = {f.wire: live[f.wire] for f in table.fields if f.sent and live.get(f.wire) is not None}
    return {**found, "tags": live_tags(live)} if "tags" in found else found


def refreshed(table: Table, recorded: Bag, live: Bag) -> dict[str, Any]:
    """Return the recorded properties brought up to date.

    Declared inputs that can change in place follow the live values. Others can't have changed, and
    the service may spell them in another way.
    """
    now = {**recorded, **outputs(table, live)}
    for field in table.fields:
        if field.change is Change.UPDATE and field.sent and field.wire in recorded:
            value = live_tags(live) if field.kind is Kind.TAGS else live.get(field.wire)
            now[field.wire] = value
    return {key: value for key, value in now.items() if value is not None}


def drifted(table: Table, recorded: Bag, now: Bag) -> dict[str, Any] | None:
    """Return the inputs to record where the live ones are not what was declared, else None."""
    declared = {wire: recorded[wire] for wire in table.by_wire if wire in recorded}
    if not difference("", now, declared, table):
        return None
    own = {key: now[key] for key in _HIDDEN if key in now}
    return {**{wire: now[wire] for wire in declared if wire in now}, **own}


def changes(table: Table, recorded: Bag, inputs: Bag) -> dict[str, Any]:
    """Return the inputs but tags that an update sends: those that changed in place."""
    found = difference("", recorded, inputs, table)
    return {
        wire: inputs[wire]
        for wire in found.updates
        if table.by_wire[wire].sent and table.by_wire[wire].kind is not Kind.TAGS
    }


def tag_change(recorded: Bag, inputs: Bag, live: Bag) -> TagChange:
    """Return the tags to set and to remove; those that somebody else has set stay."""
    old, wanted = recorded.get("tags", {}), inputs["tags"]
    known = {key: value for key, value in live_tags(live).items() if key in {*old, *wanted}}
    return diff.tag_change(known, wanted)


def same(recorded: Bag, live: Bag) -> bool:
    """Tell whether it is the recorded one, should its id have been given away again."""
    return all(recorded.get(fact) in (None, live.get(fact)) for fact in ("uuid", "creationTime"))


def in_the_way(table: Table, inputs: Bag, live: Bag) -> tuple[str, ...]:
    """Return the declared inputs (wire names) that `live` can't be changed to have."""
    asked = {wire: value for wire, value in inputs.items() if wire in table.by_wire}
    found: Difference = difference("", live_inputs(table, live), asked, table)
    return found.replaces


def outputs(table: Table, live: Bag) -> dict[str, Any]:
    """Return the outputs that the service tells of it."""
    return {fact.wire: live[fact.wire] for fact in table.outputs if live.get(fact.wire) is not None}
