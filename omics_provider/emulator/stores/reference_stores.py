"""Reference stores: create, get, list, delete."""

from __future__ import annotations

from typing import Any, Final

from omics_provider.emulator.protocol.exceptions import ConflictException
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.resources import Resource, Resources

from .kept import REFERENCE, REFERENCE_IMPORT_JOB, Inside, listed, long_id

_MOST: Final = 1


class ReferenceStores:
    """The operations on reference stores."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stores = Resources(context, "referenceStore", "Reference store")

    def create_reference_store(self) -> dict[str, Any]:
        """CreateReferenceStore."""
        params = self._context.params
        self._stores.hold_quota(_MOST)
        doc = {name: params.get(name) for name in ("description", "sseConfig")}
        store = self._stores.add(
            long_id(self._context, "referenceStore"), params["name"], doc, params.get("tags", {})
        )
        return self._item(store)

    def get_reference_store(self) -> dict[str, Any]:
        """GetReferenceStore."""
        return self._item(self.find(self._context.params["id"]))

    def list_reference_stores(self) -> dict[str, Any]:
        """ListReferenceStores."""
        return listed(self._context, "referenceStores", self._stores.all(), self._item)

    def delete_reference_store(self) -> None:
        """DeleteReferenceStore: refused while it holds references, or will."""
        store = self.find(self._context.params["id"])
        if Inside(self._context, REFERENCE, store.id).planned():
            raise ConflictException(f"Reference store {store.id} is not empty.")
        Inside(self._context, REFERENCE_IMPORT_JOB, store.id).clear()
        self._stores.remove(store)

    def find(self, store_id: str) -> Resource:
        """Find a store by its id."""
        return self._stores.find(store_id)

    def _item(self, store: Resource) -> dict[str, Any]:
        return {
            **store.doc,
            "arn": self._stores.arn(store),
            "id": store.id,
            "name": store.name,
            "creationTime": store.created,
        }
