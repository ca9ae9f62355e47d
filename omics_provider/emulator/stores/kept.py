"""What lies in stores, under ids of ten digits: references, read sets and jobs."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from omics_provider.emulator.protocol import pages
from omics_provider.emulator.protocol.exceptions import ResourceNotFoundException
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.resources import Resource, Resources

# What of a filter is no member of the items that it filters: the member it bounds, and how.
_BOUNDS: Final[dict[str, tuple[str, Callable[[float, float], bool]]]] = {
    "createdAfter": ("creationTime", lambda time, bound: time > bound),
    "createdBefore": ("creationTime", lambda time, bound: time < bound),
    "updatedAfter": ("updateTime", lambda time, bound: time > bound),
    "updatedBefore": ("updateTime", lambda time, bound: time < bound),
}


@dataclass(frozen=True)
class Kind:
    """A kind of thing in stores: its name in the state, in messages and in ids and ARNs."""

    name: str
    label: str
    word: str


REFERENCE: Final = Kind("reference", "Reference", "reference")
REFERENCE_IMPORT_JOB: Final = Kind("referenceImportJob", "Reference import job", "importJob")
READ_SET: Final = Kind("readSet", "Read set", "readSet")
READ_SET_IMPORT_JOB: Final = Kind("readSetImportJob", "Read set import job", "importJob")
READ_SET_ACTIVATION_JOB: Final = Kind(
    "readSetActivationJob", "Read set activation job", "activationJob"
)


class Inside:
    """The things of one kind in one store. One whose time of creation is to come is not there."""

    def __init__(self, context: Context, kind: Kind, store: str) -> None:
        self._context = context
        self._kind = kind
        self._store = store
        self._kept = Resources(context, kind.name, kind.label)

    def add(
        self,
        own_id: str,
        doc: Mapping[str, Any],
        name: str | None = None,
        tags: Mapping[str, str] | None = None,
        created: float | None = None,
    ) -> Resource:
        """Keep a new one, that is there from now or a later time on."""
        context = self._context if created is None else replace(self._context, now=created)
        kept = Resources(context, self._kind.name, self._kind.label)
        return kept.add(self._key(own_id), name, doc, tags or {})

    def find(self, own_id: str) -> Resource:
        """Find one by its own id, or refuse with ResourceNotFoundException."""
        found = self.get(own_id)
        if found is None:
            raise ResourceNotFoundException(
                f"{self._kind.label} {own_id} not found in store {self._store}"
            )
        return found

    def get(self, own_id: str) -> Resource | None:
        """Find one by its own id, if it is there."""
        found = self._kept.get(self._key(own_id))
        return found if found is not None and found.created <= self._context.now else None

    def all(self) -> list[Resource]:
        """Give those that are there, oldest first."""
        return [each for each in self.planned() if each.created <= self._context.now]

    def planned(self) -> list[Resource]:
        """Give those that are there or will be."""
        return self._kept.inside(self._store)

    def change(self, found: Resource, doc: Mapping[str, Any]) -> None:
        """Keep other facts of one."""
        self._kept.change(found, found.name, doc)

    def remove(self, found: Resource) -> None:
        """Forget one."""
        self._kept.remove(found)

    def clear(self) -> None:
        """Forget all, those to come too."""
        for found in self.planned():
            self.remove(found)

    def _key(self, own_id: str) -> str:
        return f"{self._store}/{self._kind.word}/{own_id}"


def long_id(context: Context, kind: str) -> str:
    """Give a new id of ten digits."""
    short = context.new_id(kind)
    return f"{short}{zlib.crc32(f'{kind} {short}'.encode()) % 1000:03}"


def own_id(found: Resource) -> str:
    """Give the id of something in a store, without that of the store."""
    return found.id.rsplit("/", 1)[-1]


def listed(
    context: Context,
    member: str,
    found: Iterable[Resource],
    item: Callable[[Resource], dict[str, Any]],
) -> dict[str, Any]:
    """Give a page of what fits the call's filter, under the name of the answer's member."""
    wanted = context.params.get("filter", {})
    items = ((each.pk, item(each)) for each in found)
    fitting = ((pk, each) for pk, each in items if _fits(each, wanted))
    shown, token = pages.of_numbered(fitting, context.params, token_member="nextToken")  # noqa: S106  # a name, no secret
    return {member: shown, "nextToken": token}


def _as_told(time: float) -> float:
    """Give a time as exactly as answers tell it: in microseconds."""
    return round(time, 6)


def _fits(item: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    facts = {**item.get("sequenceInformation", {}), **item}
    for name, value in wanted.items():
        if name in _BOUNDS:
            member, holds = _BOUNDS[name]
            fits = holds(_as_told(facts[member]), _as_told(value))
        else:
            fits = facts.get(name) == value
        if not fits:
            return False
    return True
