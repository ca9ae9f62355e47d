"""What is recorded of the very stack that a provider method works for.

Reading it starts a process, so it is done where it is needed only: see `stack_export`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omics_provider.core import errors, fields
from omics_provider.core.recorded import StackState

from . import host


def ask_early(properties: Mapping[str, Any]) -> None:
    """Have the stack's state read while boto3 is imported and its clients are made."""
    if fields.STACK in properties and host.current_call() is not None:
        from . import stack_export

        stack_export.ask_early(str(properties[fields.STACK]))


def read(properties: Mapping[str, Any], *, secrets: bool = False) -> StackState:
    """Return the stack's recorded state; an empty one outside of a stack."""
    if fields.STACK not in properties or host.current_call() is None:
        return StackState()
    from .stack_export import state_of

    return state_of(str(properties[fields.STACK]), secrets=secrets)


def readable(properties: Mapping[str, Any]) -> StackState | None:
    """Return the stack's recorded state for what can be left undone; warn where it can't be had."""
    try:
        return read(properties)
    except errors.OmicsError as error:
        host.warn(f"The stack's recorded state was not read: {error.detail}.")
        return None
