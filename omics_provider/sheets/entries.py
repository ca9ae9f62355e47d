"""Sample sheets as JSON or as Python values: a list of objects, or one object by sample id."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Never

from .scalars import own
from .table import Problem, Table, is_empty, shown

_BLANKS: Final = re.compile(r"[ \t\n\r]*")


class Entry(NamedTuple):
    """A sample as it stands in a list or an object: its place, its key in an object, its value."""

    line: int
    key: str | None
    value: Any


def of_python(source: Mapping[Any, Any] | Sequence[Any]) -> list[Entry]:
    """Return the entries of a Python mapping by id, or of a sequence."""
    if isinstance(source, Mapping):
        return [Entry(n, str(key), value) for n, (key, value) in enumerate(source.items(), 1)]
    return [Entry(n, None, value) for n, value in enumerate(source, 1)]


def of_json(text: str) -> tuple[list[Entry], list[Problem]]:
    """Return the entries of a JSON text, each with the line where it begins."""
    found: list[Entry] = []
    walk = _Walk(text)
    try:
        found.extend(walk.entries())
    except json.JSONDecodeError as error:
        walk.problems.append(Problem(error.lineno, f"is not JSON here: {error.msg}"))
    except RecursionError:
        walk.problems.append(Problem(0, "is nested too deeply"))
    return found, walk.problems


class _Walk:
    """Goes through a JSON text entry by entry, since json's own reader gives no line numbers."""

    def __init__(self, text: str) -> None:
        self.problems: list[Problem] = []
        self._text = text
        self._at = 0
        self._counted = 0
        self._line = 1
        self._twice: list[str] = []
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_constant=self._no_json
        )

    def entries(self) -> Iterator[Entry]:
        if self._next("["):
            yield from self._list()
        elif self._next("{"):
            yield from self._object_by_id()
        else:
            raise self._error("a list of objects, or one object by sample id, is expected")
        self._blanks()
        if self._at < len(self._text):
            raise self._error("text after the end of the sheet")

    def _list(self) -> Iterator[Entry]:
        more = not self._next("]")
        while more:
            line = self._here()
            yield Entry(line, None, self._value(line))
            more = self._comma("]")

    def _object_by_id(self) -> Iterator[Entry]:
        more = not self._next("}")
        while more:
            line = self._here()
            key = self._value(line)
            if not isinstance(key, str):
                raise self._error("a sample id in quotes is expected")
            if not self._next(":"):
                raise self._error("':' is expected")
            self._blanks()
            yield Entry(line, key, self._value(line))
            more = self._comma("}")

    def _value(self, line: int) -> Any:
        value, self._at = self._decoder.raw_decode(self._text, self._at)
        self.problems += [Problem(line, f"has {shown(name)} twice") for name in self._twice]
        self._twice.clear()
        return value

    def _here(self) -> int:
        self._blanks()
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _blanks(self) -> None:
        blanks = _BLANKS.match(self._text, self._at)
        self._at = blanks.end() if blanks else self._at

    def _next(self, character: str) -> bool:
        self._blanks()
        there = self._text.startswith(character, self._at)
        self._at += there
        return there

    def _comma(self, end: str) -> bool:
        if self._next(end):
            return False
        if not self._next(","):
            raise self._error(f"',' or '{end}' is expected")
        return True

    def _error(self, message: str) -> json.JSONDecodeError:
        return json.JSONDecodeError(message, self._text, self._at)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            names = [name for name, _ in pairs]
            self._twice += [name for name in value if names.count(name) > 1]
        return value

    def _no_json(self, constant: str) -> Never:
        raise self._error(f"{constant} is not a JSON number")


def table_of(entries: Iterable[Entry], id_column: str | None, unit: str) -> Table:
    """Make a table of entries; an entry's key is put into `id_column`."""
    table = Table(unit=unit)
    good: list[Entry] = []
    columns: dict[str, None] = {}
    for entry in entries:
        reason = _bad_entry(entry)
        if reason is None:
            good.append(entry)
            columns.update(dict.fromkeys(entry.value))
        else:
            table.problems.append(Problem(entry.line, reason))
    if id_column is not None and any(entry.key is not None for entry in good):
        columns[id_column] = None
        good = [_with_id(entry, id_column, table.problems) for entry in good]
    table.columns = tuple(columns)
    table.rows = [(each.line, tuple(own(each.value.get(c)) for c in columns)) for each in good]
    return table


def _bad_entry(entry: Entry) -> str | None:
    if not isinstance(entry.value, Mapping):
        return f"is {shown(entry.value)}, where an object of columns and cells is expected"
    if any(not isinstance(name, str) or not name.strip() for name in entry.value):
        return "has a column whose name is empty or no text"
    return None


def _with_id(entry: Entry, id_column: str, problems: list[Problem]) -> Entry:
    inside = entry.value.get(id_column)
    if not is_empty(inside) and str(inside) != entry.key:
        reason = f"is the sample {shown(entry.key)} by its key, {shown(inside)} by {id_column}"
        problems.append(Problem(entry.line, reason))
    return entry._replace(value={**entry.value, id_column: entry.key})
