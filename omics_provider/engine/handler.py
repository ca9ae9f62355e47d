"""What every handler offers to the doors."""

from __future__ import annotations

from typing import Any, Protocol

from omics_provider.base.table import Table

from .call import Call, Checked, Found, Recorded

Properties = dict[str, Any]


class Handler(Protocol):
    """The engine's six questions about one kind of resource, over plain dicts.

    Properties have the API's own names. A handler keeps nothing between calls but in
    `call.update`. Every method but check raises OmicsError for what a user is to be told, and
    create and update raise Unfinished for what is made and not usable yet. `table` has a row for
    each property, with the name that the door's programs have for it.
    """

    table: Table

    def check(self, call: Call, old: Properties, inputs: Properties) -> Checked:
        """Find everything that is wrong with a declaration; the service is not asked for it."""

    def diff(self, call: Call, id_: str, recorded: Properties, inputs: Properties) -> Found:
        """Tell a new resource from a change in place."""

    def create(self, call: Call, inputs: Properties) -> Recorded:
        """Make the resource."""

    def read(self, call: Call, id_: str, recorded: Properties) -> Recorded:
        """Bring what is recorded up to date."""

    def update(self, call: Call, id_: str, recorded: Properties, inputs: Properties) -> Properties:
        """Change the resource in place; returns its outputs."""

    def delete(self, call: Call, id_: str, recorded: Properties) -> None:
        """End the resource."""
