"""Configurations: networking settings that runs name."""

from __future__ import annotations

from typing import Any, Final

from omics_provider.emulator.protocol.exceptions import ConflictException
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.resources import Resource, Resources

_DEFAULT_PAGE: Final = 10


class Configurations:
    """The operations on configurations. A configuration's name is its id."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._configurations = Resources(context, "configuration", "Configuration")

    def create_configuration(self) -> dict[str, Any]:
        """CreateConfiguration."""
        params = self._context.params
        name = params["name"]
        if self._configurations.get(name) is not None:
            raise ConflictException(f"There is a configuration {name} already.")
        asked = params["runConfigurations"].get("vpcConfig")
        vpc = None if asked is None else {**asked, "vpcId": "vpc-0123456789abcdef0"}
        doc = {"description": params.get("description"), "vpc": vpc}
        made = self._configurations.add(name, name, doc, params.get("tags", {}))
        return {**self._described(made), "status": "CREATING"}

    def get_configuration(self) -> dict[str, Any]:
        """GetConfiguration."""
        return self._described(self.find(self._context.params["name"]))

    def list_configurations(self) -> dict[str, Any]:
        """ListConfigurations: at most 10 on a page."""
        self._context.params.setdefault("maxResults", _DEFAULT_PAGE)
        return self._configurations.page(self._item)

    def delete_configuration(self) -> None:
        """DeleteConfiguration. Runs keep what they know of it."""
        self._configurations.remove(self.find(self._context.params["name"]))

    def find(self, name: str) -> Resource:
        """Find a configuration by its name."""
        return self._configurations.find(name)

    def details(self, name: str) -> dict[str, Any]:
        """Give what a run shows of its configuration."""
        found = self.find(name)
        return {"name": name, "arn": self._configurations.arn(found), "uuid": found.uuid}

    def vpc(self, name: str) -> dict[str, Any] | None:
        """Give the VPC settings of a configuration, if it has any."""
        found: dict[str, Any] | None = self.find(name).doc["vpc"]
        return found

    def _item(self, found: Resource) -> dict[str, Any]:
        ready = found.created + self._context.settings.creationSeconds
        return {
            "arn": self._configurations.arn(found),
            "name": found.id,
            "description": found.doc["description"],
            "status": "ACTIVE" if self._context.now >= ready else "CREATING",
            "creationTime": found.created,
        }

    def _described(self, found: Resource) -> dict[str, Any]:
        return {
            **self._item(found),
            "uuid": found.uuid,
            "runConfigurations": {"vpcConfig": found.doc["vpc"]},
            "tags": found.tags,
        }
