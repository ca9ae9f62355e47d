"""What every kind of sample sheet is first read into: columns, rows with their places, problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from .scalars import is_nothing

#: Longest part of a cell that a problem shows.
_SHOWN: Final = 40


class Problem(NamedTuple):
    """One thing wrong with a sheet: the line or entry, 0 for the whole sheet, and the reason."""

    line: int
    reason: str


@dataclass
class Table:
    """A sheet as it was read. `unit` is what `line` counts: "line" of a text, "entry" of a list."""

    columns: tuple[str, ...] = ()
    rows: list[tuple[int, Sequence[Any]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unit: str = "line"
    header_line: int = 0


def shown(value: Any) -> str:
    """Return a cell as a problem shows it."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def is_empty(value: Any) -> bool:
    """Return whether a cell has nothing in it: no value, blanks, or pandas' NaN, NA or NaT."""
    if isinstance(value, str):
        return not value or value.isspace()
    is_nan = isinstance(value, float) and value != value
    return value is None or is_nan or is_nothing(value)
