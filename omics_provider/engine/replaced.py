"""Which recorded runs the engine is about to delete, because a successor has taken their place.

It deletes them when the program has ended. Its mark on them is final, and in the state as soon as
the successor is (docs/adr/0016-replaced-runs-end-early.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from .state import Resource, StackState, is_left_in_destroy
from .urn import BATCH, RUN, own_kind

_ENDED_EARLY: Final = frozenset({RUN, BATCH})
_HOOK: Final = "BeforeDelete"


class Replaced(NamedTuple):
    """Two recorded resources of one URN: the one that is to be deleted, and the one that stays."""

    old: Resource
    successor: Resource


def replaced(state: StackState) -> Iterator[Replaced]:
    """Give the runs and batches that the engine surely ends, with their recorded successors.

    What it would keep is left out, and whatever is not certain.
    """
    staying = [each for each in state.own if _stays(each)]
    by_urn = {str(each.get("urn")): each for each in staying}
    stood_for = {uuid for each in staying for uuid in _uuids(each)}
    adopting = {str((each.get("inputs") or {}).get("adoptRunId")) for each in state.creating}
    for old in state.own:
        successor = by_urn.get(str(old.get("urn")))
        if (
            own_kind(old.get("type")) in _ENDED_EARLY
            and is_marked(old)
            and uuid_of(old)
            and successor is not None
            and uuid_of(successor)
            and stood_for.isdisjoint(_uuids(old))
            and str(old.get("id")) not in adopting
        ):
            yield Replaced(old, successor)


def is_marked(resource: Resource) -> bool:
    """Tell whether the engine has decided to delete a resource, and nothing can hold it back."""
    return (
        bool(resource.get("delete"))
        and not resource.get("pendingReplacement")
        and not is_left_in_destroy(resource)
        and not (resource.get("resourceHooks") or {}).get(_HOOK)
    )


def uuid_of(resource: Resource) -> str:
    """Return the uuid of what a resource stands for; empty where nothing is known to be there."""
    outputs: Mapping[str, Any] = resource.get("outputs") or {}
    found = outputs.get("uuid")
    return found if isinstance(found, str) else ""


def _uuids(resource: Resource) -> Iterator[str]:
    """Give the uuids of all that a resource stands for: a cohort may have several batches."""
    yield uuid_of(resource)
    for batch in (resource.get("outputs") or {}).get("batches") or ():
        yield str(batch.get("uuid"))


def _stays(resource: Resource) -> bool:
    return not (
        resource.get("delete") or resource.get("pendingReplacement") or resource.get("external")
    )
