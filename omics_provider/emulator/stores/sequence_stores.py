"""Sequence stores: create, get, list, update, delete."""

from __future__ import annotations

from typing import Any, Final

from omics_provider.emulator.protocol.exceptions import ConflictException
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.resources import Resource, Resources

from . import files
from .kept import (
    READ_SET,
    READ_SET_ACTIVATION_JOB,
    READ_SET_IMPORT_JOB,
    Inside,
    listed,
    long_id,
)

_MOST: Final = 20
_DEFAULT_FAMILY: Final = "MD5up"
_CHANGED: Final = ("description", "fallbackLocation", "propagatedSetLevelTags", "s3AccessConfig")


class SequenceStores:
    """The operations on sequence stores."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stores = Resources(context, "sequenceStore", "Sequence store")

    def create_sequence_store(self) -> dict[str, Any]:
        """CreateSequenceStore."""
        params = self._context.params
        self._stores.hold_quota(_MOST)
        doc = {
            **{name: params.get(name) for name in (*_CHANGED, "sseConfig")},
            "eTagAlgorithmFamily": params.get("eTagAlgorithmFamily", _DEFAULT_FAMILY),
            "updated": self._context.now,
        }
        store = self._stores.add(
            long_id(self._context, "sequenceStore"), params["name"], doc, params.get("tags", {})
        )
        described = self._described(store)
        del described["updateTime"]
        return described

    def get_sequence_store(self) -> dict[str, Any]:
        """GetSequenceStore."""
        return self._described(self.find(self._context.params["id"]))

    def list_sequence_stores(self) -> dict[str, Any]:
        """ListSequenceStores."""
        return listed(self._context, "sequenceStores", self._stores.all(), self._item)

    def update_sequence_store(self) -> dict[str, Any]:
        """UpdateSequenceStore: what is not given stays."""
        params = self._context.params
        store = self.find(params["id"])
        if self._status(store) != "ACTIVE":
            raise ConflictException(f"Sequence store {store.id} is {self._status(store)}.")
        changes: dict[str, Any] = {name: params[name] for name in _CHANGED if name in params}
        doc = {**store.doc, **changes, "updated": self._context.now}
        self._stores.change(store, params.get("name", store.name), doc)
        return self._described(self.find(store.id))

    def delete_sequence_store(self) -> None:
        """DeleteSequenceStore: refused while it holds read sets, or will."""
        store = self.find(self._context.params["id"])
        if Inside(self._context, READ_SET, store.id).planned():
            raise ConflictException(f"Sequence store {store.id} is not empty.")
        for kind in (READ_SET_IMPORT_JOB, READ_SET_ACTIVATION_JOB):
            Inside(self._context, kind, store.id).clear()
        self._stores.remove(store)

    def find(self, store_id: str) -> Resource:
        """Find a store by its id."""
        return self._stores.find(store_id)

    def _status(self, store: Resource) -> str:
        ready = store.created + self._context.settings.creationSeconds
        return "CREATING" if self._context.now < ready else "ACTIVE"

    def _item(self, store: Resource) -> dict[str, Any]:
        told = ("description", "sseConfig", "fallbackLocation", "eTagAlgorithmFamily")
        return {
            **{name: store.doc[name] for name in told},
            "arn": self._stores.arn(store),
            "id": store.id,
            "name": store.name,
            "status": self._status(store),
            "creationTime": store.created,
            "updateTime": store.doc["updated"],
        }

    def _described(self, store: Resource) -> dict[str, Any]:
        context = self._context
        place = files.place(context, store.id, f"sequenceStore/{store.id}")
        point = f"arn:aws:s3:{context.region}:{context.account}:accesspoint"
        return {
            **self._item(store),
            "propagatedSetLevelTags": store.doc["propagatedSetLevelTags"],
            "s3Access": {
                **(store.doc["s3AccessConfig"] or {}),
                "s3Uri": place,
                "s3AccessPointArn": f"{point}/{context.account}-{store.id}",
            },
        }
