"""Whether a read set is ACTIVE or ARCHIVED, as a function of stored times and the time now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from omics_provider.emulator.world.resources import Resource

ACTIVE: Final = "ACTIVE"
ACTIVATING: Final = "ACTIVATING"
ARCHIVED: Final = "ARCHIVED"
#: This tag of a source lets its read set begin ARCHIVED.
ARCHIVED_TAG: Final = "emulator:archived"
#: A read set that nobody has used for so long is archived.
_IDLE_SECONDS: Final = 30 * 86_400.0


def of_import(tags: Mapping[str, str], imported: float) -> dict[str, Any]:
    """Give what a new read set remembers: when it was used last, and since when it is active."""
    return {"archived": ARCHIVED_TAG in tags, "used": imported, "active": imported}


def used(found: Resource, now: float) -> dict[str, Any]:
    """Give the facts of a read set that is used now."""
    return {**found.doc, "used": now}


def activated(found: Resource, ends: float) -> dict[str, Any]:
    """Give the facts of a read set that a job activates."""
    return {**found.doc, "archived": False, "used": ends, "active": ends}


def status(found: Resource, now: float) -> str:
    """Give the status of a read set."""
    if now < found.doc["active"]:
        return ACTIVATING
    if found.doc["archived"] or now - found.doc["used"] >= _IDLE_SECONDS:
        return ARCHIVED
    return ACTIVE
