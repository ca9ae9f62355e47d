"""What is recorded of the very stack that a provider method works for.

Reading it starts a process, so it is done where it is needed only: see `stack_export`.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from omics_provider.base import errors, identity
from omics_provider.providers import _host
from omics_provider.runs import destroying
from omics_provider.runs.rules import table

from .state import EarlierStart, StackState


def ask_early(properties: Mapping[str, Any]) -> None:
    """Have the stack's state read while boto3 is imported and its clients are made."""
    if table.STACK in properties and _host.current_call() is not None:
        from . import own_stack

        own_stack.ask_early(_stack(properties))


def read(properties: Mapping[str, Any], *, secrets: bool = False) -> StackState:
    """Return the stack's recorded state; an empty one outside of a stack."""
    if table.STACK not in properties or _host.current_call() is None:
        return StackState()
    from .own_stack import state_of

    return state_of(_stack(properties), secrets=secrets)


def _stack(properties: Mapping[str, Any]) -> str:
    return identity.stack_of(_host.urn(), str(properties[table.STACK]))


def current(properties: Mapping[str, Any]) -> StackState:
    """Return the stack's state with what this update has recorded so far, in other processes too.

    Each Provider has a process of its own, and a resource may change from one to another: what the
    new one has made, the old one must not end. Nothing is recorded while a stack is destroyed.
    """
    if table.STACK not in properties or _host.current_call() is None:
        return StackState()
    if destroying.is_whole_stack():
        return read(properties)
    from .own_stack import state_of

    return state_of(_stack(properties), fresh=True)


def late(properties: Mapping[str, Any]) -> StackState:
    """Return the same as it was when this process first asked, with one read for all deletes.

    The engine deletes when the program has ended and all else is done, but what it replaces with
    `delete_before_replace`.
    """
    if table.STACK not in properties or _host.current_call() is None:
        return StackState()
    from .own_stack import late_state_of

    return late_state_of(_stack(properties))


def readable(properties: Mapping[str, Any]) -> StackState | None:
    """Return the stack's recorded state for what can be left undone; warn where it can't be had."""
    try:
        return read(properties)
    except errors.OmicsError as error:
        _host.warn(f"The stack's recorded state was not read: {error.detail}.")
        return None


def of_kind(properties: Mapping[str, Any]) -> tuple[StackState, tuple[EarlierStart, ...]]:
    """Return what the stack records, and the interrupted creates of this resource.

    Only what is of the resource's own kind is among the recorded resources. Empty outside of a
    stack.
    """
    urn, own = _host.urn(), str(properties.get(table.ATTEMPT, ""))
    state = read(properties)
    if not urn:
        return state, ()
    if state.unconfirmed(urn, own):
        state = read(properties, secrets=True)
    kind = identity.kind_of(urn)
    own_kind = tuple(r for r in state.resources if r.get("type") == kind)
    state = dataclasses.replace(state, resources=own_kind)
    return state, state.unconfirmed(urn, own)


def attempt(old: Mapping[str, Any]) -> dict[str, str]:
    """Return what tells this start of the resource from any earlier one, kept while it lives.

    The engine checks a resource without its old inputs exactly when it is about to create it, for
    the first time or in place of another.
    """
    if old:
        return {table.ATTEMPT: old[table.ATTEMPT]} if table.ATTEMPT in old else {}
    call = _host.current_call()
    # An engine that hands out no seed must not make all starts of a resource the same one.
    return {table.ATTEMPT: identity.attempt(call.random_seed or os.urandom(16))} if call else {}
