"""Which declared inputs differ from the recorded run, and what each difference means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .keys import NAME
from .table import Change, Table
from .values import equal


class Difference(NamedTuple):
    """Wire names of the inputs that ask for a new run, and of those that change in place."""

    replaces: tuple[str, ...]
    updates: tuple[str, ...]

    def __bool__(self) -> bool:
        """Tell whether anything differs at all."""
        return bool(self.replaces or self.updates)


def difference(
    id_: str,
    recorded: Mapping[str, Any],
    inputs: Mapping[str, Any],
    table: Table,
) -> Difference:
    """Compare what was recorded for the run (or what `table` is of) `id_` with what is declared.

    An input that is not declared never differs, whatever the service filled in. An input whose
    value is not known yet does, for it may.
    """
    differing = [
        field
        for field in table.fields
        if field.wire in inputs and not _same(field.wire, id_, recorded, inputs[field.wire])
    ]
    return Difference(
        tuple(f.wire for f in differing if f.change is Change.REPLACE),
        tuple(f.wire for f in differing if f.change is Change.UPDATE),
    )


def _same(wire: str, run_id: str, recorded: Mapping[str, Any], value: Any) -> bool:
    if wire == "adoptRunId" and value == run_id:
        return True
    if wire == "name" and value == recorded.get(NAME):
        return True
    return wire in recorded and equal(recorded[wire], value)


class TagChange(NamedTuple):
    """Tags to set and names of tags to remove."""

    put: dict[str, str]
    remove: tuple[str, ...]


def tag_change(recorded: Mapping[str, str], wanted: Mapping[str, str]) -> TagChange:
    """Return only the tags that changed."""
    return TagChange(
        {key: value for key, value in wanted.items() if recorded.get(key) != value},
        tuple(sorted(recorded.keys() - wanted.keys())),
    )
