"""What the stack records, for one call: the questions that handlers ask of it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from omics_provider.base import errors, identity
from omics_provider.base.keys import ATTEMPT, STACK
from omics_provider.service import clients

from .backend import has_organization
from .call import Call
from .state import EarlierStart, StackState, mark_of
from .urn import kind_of, own_kind, stack_name

Properties = Mapping[str, Any]


def prepare(call: Call, properties: Properties) -> None:
    """Have the stack's state read while boto3 is imported and a client made: a create needs both.

    Each takes a quarter of a second, once in an update.
    """
    if _is_in_a_stack(call, properties):
        call.update.stack.ask_early(_stack(call, properties))
    clients.omics(call.settings)


def read(call: Call, properties: Properties, *, secrets: bool = False) -> StackState:
    """Return the stack's recorded state; an empty one outside of a stack."""
    if not _is_in_a_stack(call, properties):
        return StackState()
    stack, mark = _stack(call, properties), _mark(call, properties)
    return call.update.stack.state(stack, secrets=secrets, mark=mark)


def current(call: Call, properties: Properties) -> StackState:
    """Return the stack's state with what this update has recorded so far, in other processes too.

    Each Provider has a process of its own, and a resource may change from one to another: what the
    new one has made, the old one must not end. Nothing is recorded while a stack is destroyed.
    """
    if not _is_in_a_stack(call, properties):
        return StackState()
    if call.update.engine.is_whole_destroy:
        return read(call, properties)
    return call.update.stack.current(_stack(call, properties), mark=_mark(call, properties))


def late(call: Call, properties: Properties) -> StackState:
    """Return the same as it was when this process first asked, with one read for all deletes."""
    if not _is_in_a_stack(call, properties):
        return StackState()
    return call.update.stack.late(_stack(call, properties), mark=_mark(call, properties))


def readable(call: Call, properties: Properties) -> StackState | None:
    """Return the stack's recorded state for what can be left undone; warn where it can't be had."""
    try:
        return read(call, properties)
    except errors.OmicsError as error:
        call.warn(f"The stack's recorded state was not read: {error.detail}.")
        return None


def is_left_over(call: Call, id_: str, properties: Properties) -> bool:
    """Tell whether `id_` is to be deleted anyway: a refresh looks at what is left over, too."""
    if not call.update.engine.is_refreshing:
        return False
    state = readable(call, properties)
    return state is not None and state.is_left_over(call.urn, id_)


def unconfirmed(call: Call, properties: Properties) -> tuple[StackState, tuple[EarlierStart, ...]]:
    """Return what the stack records, and the starts of this resource that nothing records."""
    own = str(properties.get(ATTEMPT, ""))
    state = read(call, properties)
    if state.unconfirmed(call.urn, own):
        state = read(call, properties, secrets=True)
    return state, state.unconfirmed(call.urn, own)


def of_kind(call: Call, properties: Properties) -> tuple[StackState, tuple[EarlierStart, ...]]:
    """Return the same, with resources of this resource's own kind alone. Empty outside a stack."""
    state, earlier = unconfirmed(call, properties)
    if not call.urn:
        return state, ()
    kind = own_kind(kind_of(call.urn))
    alike = tuple(r for r in state.resources if own_kind(r.get("type")) == kind)
    return dataclasses.replace(state, resources=alike), earlier


def attempt(call: Call, old: Properties) -> dict[str, str]:
    """Return what tells this start of the resource from any earlier one, kept while it lives.

    The engine checks a resource without its old inputs exactly when it is about to create it, for
    the first time or in place of another.
    """
    if old:
        return {ATTEMPT: old[ATTEMPT]} if ATTEMPT in old else {}
    # An engine that hands out no seed must not make all starts of a resource the same one.
    return {ATTEMPT: identity.attempt(call.seed or os.urandom(16))} if call.urn else {}


def _is_in_a_stack(call: Call, properties: Properties) -> bool:
    return STACK in properties and bool(call.urn)


def _mark(call: Call, properties: Properties) -> str:
    """Return what the engine's own stack holds of the resource; empty where nothing is certain.

    A preview notes nothing. A backend that keeps organizations (Pulumi Cloud) has one stack of a
    name, and may show what an update has noted only when it is done.
    """
    is_shared = has_organization(str(properties[STACK]))
    if is_shared or call.update.engine.is_plain_preview:
        return ""
    return mark_of(properties)


def _stack(call: Call, properties: Properties) -> str:
    return stack_name(call.urn, str(properties[STACK]))
