"""What the program's classes of lasting resources share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar, cast

import pulumi
from pulumi import Input, Output, ResourceOptions, dynamic

from omics_provider.base import keys
from omics_provider.base.table import Table

from ._document import crossing

Self = TypeVar("Self", bound="Plain")


class Plain(dynamic.Resource):
    """A resource of a table, with a provider."""

    _table: ClassVar[Table]
    _host: ClassVar[dynamic.ResourceProvider]

    def _declare(
        self,
        resource_name: str,
        inputs: Mapping[str, Any],
        unknown: Mapping[str, Any],
        opts: ResourceOptions | None,
    ) -> None:
        dynamic.Resource.__init__(
            self,
            self._host,
            resource_name,
            self._properties({**inputs, **self._checked(unknown)}),
            opts,
        )

    @classmethod
    def get(
        cls: type[Self],
        resource_name: str,
        id: Input[str],  # noqa: A002  # Pulumi's own name for it in every resource's get
        opts: ResourceOptions | None = None,
    ) -> Self:
        """Read an existing one, which this stack will neither change nor delete.

        Fails with a clear error where there is none of this id in the configured Region.
        """
        found = cls.__new__(cls)
        options = ResourceOptions.merge(opts, ResourceOptions(id=id))
        dynamic.Resource.__init__(found, cls._host, resource_name, found._properties({}), options)
        return found

    def _checked(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        # Under the API's own name a value would pass for the argument of that name.
        for name in arguments:
            if name in self._table.by_wire:
                meant = self._table.by_wire[name].name
                raise TypeError(
                    f"{self._table.resource} takes no {name}: the argument's name is {meant}."
                )
        return arguments

    def _properties(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        # An output is an attribute only where the property bag names it, if only as None.
        given = {name: crossing(value) for name, value in inputs.items() if value is not None}
        names = [*self._table.by_wire, *(wire for _, wire in self._table.outputs)]
        stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
        return {**dict.fromkeys(names), **given, keys.STACK: stack}

    def _output(self, wire: str) -> Output[Any]:
        return cast(Output[Any], pulumi.get(self, wire))
