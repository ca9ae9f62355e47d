"""Characters of a sheet that nobody sees, and that make another text of a name or a path."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator
from typing import Any, Final

from .table import Problem, Table, shown

#: Blanks that a cell may have, line breaks in quotes among them.
_PLAIN: Final = frozenset(" \t\n")


def in_headers(table: Table) -> Iterator[Problem]:
    """Yield the headers with such characters."""
    for place, column in enumerate(table.columns, 1):
        if (found := _first(column)) is not None:
            yield Problem(table.header_line, f"column {place}, the header {shown(column)}, {found}")


def in_cells(table: Table, columns: Collection[str]) -> Iterator[Problem]:
    """Yield the cells of `columns` with such characters."""
    places = [(n, name) for n, name in enumerate(table.columns) if name in columns]
    for line, cells in table.rows:
        for place, name in places:
            if (found := _first(cells[place])) is not None:
                yield Problem(line, f"column {place + 1}, {name} {shown(cells[place])}, {found}")


def _first(cell: Any) -> str | None:
    # Most cells are printable, which is told quickly.
    if not isinstance(cell, str) or cell.isprintable():
        return None
    for place, character in enumerate(cell, 1):
        if character not in _PLAIN and unicodedata.category(character)[0] in "CZ":
            name = unicodedata.name(character, "CONTROL CHARACTER")
            return (
                f"has an invisible character: {name} (U+{ord(character):04X}), its character "
                f"{place}: type it again, without that character"
            )
    return None
