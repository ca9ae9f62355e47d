"""What a report in words is made of: the same lines for Markdown and for a terminal.

A line is made of our own words, plain `str`, and of text from outside, `Code`: names, values,
messages. Whoever writes a line has to make Code harmless; our own words need no care.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from omics_provider.base.words import plain

#: Names that are listed in a line, lines of a message, characters of a name.
NAMES: Final = 20
NAME: Final = 100
_LINES: Final = 12


class Code(str):
    """Text from outside: one line without control characters."""

    __slots__ = ()

    def __new__(cls, text: str, most: int | None = None) -> Code:
        """Take the text, cut to `most` characters."""
        line = plain(text)
        cut = line if most is None or len(line) <= most else f"{line[: most - 1]}…"
        return super().__new__(cls, cut)


Line = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table; on a terminal `lines`, the first of which is its head."""

    cells: tuple[Line, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with lines, and a message under some of them."""

    title: Line
    lines: tuple[Line, ...]
    message: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """A report in words, the most important first. `columns` are the heads of its table."""

    headline: str
    lead: tuple[Line, ...]
    problems: tuple[Part, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    details: tuple[Part, ...]
    rest: tuple[Part, ...]


def names(each: Sequence[str], most: int = NAMES) -> Line:
    """Return names in a line, and how many more there are."""
    shown = joined([(Code(name, NAME),) for name in each[:most]])
    more = len(each) - most
    return (*shown, f" and {more:,} more") if more > 0 else shown


def joined(parts: Iterable[Line], between: str = ", ") -> Line:
    """Return the parts as one line."""
    found: list[str] = []
    for part in parts:
        found += [between, *part] if found else part
    return tuple(found)


def shortened(lines: Sequence[str]) -> tuple[Code, ...]:
    """Return a message without its middle, where it is long: a traceback's end says what it is."""
    found = [Code(line) for line in lines if line.strip()]
    if len(found) <= _LINES:
        return tuple(found)
    half = _LINES // 2
    return (*found[:half], Code(f"… {len(found) - 2 * half} more lines"), *found[-half:])


def counted(count: int, one: str, many: str) -> str:
    """Return a count in words."""
    return (one if count == 1 else many).format(f"{count:,}")
