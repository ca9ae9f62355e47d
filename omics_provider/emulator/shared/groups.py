"""Run groups: limits that runs share."""

from __future__ import annotations

from typing import Any, Final

from omics_provider.emulator.protocol.exceptions import ConflictException
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.resources import Resource, Resources

_LIMITS: Final[tuple[str, ...]] = ("maxCpus", "maxRuns", "maxDuration", "maxGpus")
_MOST: Final = 1000


class Groups:
    """The operations on run groups."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._groups = Resources(context, "runGroup", "Run group")

    def create_run_group(self) -> dict[str, Any]:
        """CreateRunGroup."""
        context, params = self._context, self._context.params
        self._groups.hold_quota(_MOST)
        limits = {name: params[name] for name in _LIMITS if name in params}
        group = self._groups.add(
            context.new_id("runGroup"), params.get("name"), limits, params.get("tags", {})
        )
        return {"arn": self._groups.arn(group), "id": group.id, "tags": group.tags}

    def get_run_group(self) -> dict[str, Any]:
        """GetRunGroup."""
        group = self.find(self._context.params["id"])
        return {**self._item(group), "tags": group.tags}

    def list_run_groups(self) -> dict[str, Any]:
        """ListRunGroups."""
        return self._groups.page(self._item, name=self._context.params.get("name"))

    def update_run_group(self) -> None:
        """UpdateRunGroup: what is not given stays."""
        params = self._context.params
        group = self.find(params["id"])
        doc = {**group.doc, **{name: params[name] for name in _LIMITS if name in params}}
        self._groups.change(group, params.get("name", group.name), doc)

    def delete_run_group(self) -> None:
        """DeleteRunGroup: refused while a run of it is active."""
        group = self.find(self._context.params["id"])
        if self._context.has_active_run("run_group_id = ?", group.id):
            raise ConflictException(f"Run group {group.id} has active runs.")
        self._groups.remove(group)

    def find(self, group_id: str) -> Resource:
        """Find a group by its id."""
        return self._groups.find(group_id)

    def _item(self, group: Resource) -> dict[str, Any]:
        return {
            "arn": self._groups.arn(group),
            "id": group.id,
            "name": group.name,
            **group.doc,
            "creationTime": group.created,
        }
