"""When a stack's state got each of its runs: it tells a run from a later one of the same id."""

from __future__ import annotations

from collections.abc import Mapping

from omics_provider.base import errors
from omics_provider.engine.own_stack import OwnStack


def times(own_stack: OwnStack, stack: str) -> Mapping[str, str] | None:
    """Return the times by uuid, ISO 8601 in UTC; None where the state can't be had.

    GetRun then tells the same, one run at a time.
    """
    try:
        state = own_stack.state(stack)
    except errors.OmicsError:
        return None
    return {
        str(each["outputs"]["uuid"]): str(each["created"])
        for each in state.resources
        if each.get("created") and (each.get("outputs") or {}).get("uuid")
    }
