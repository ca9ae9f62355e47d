"""Sample sheets: rows of samples from CSV, TSV, JSON or Python, or every problem with its line.

The same sheet in other clothes is the same sheet: byte order mark, line ends, quotes, blanks around
cells, empty rows and columns at the end, the order of rows and of columns make no difference.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from . import entries as sheet_entries
from . import invisible
from . import text as sheet_text
from .table import Problem, Table, is_empty, shown

#: What holds a sheet: the bytes or text of a file, or Python values.
Source = bytes | str | Sequence[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]]

FORMATS: Final = ("csv", "tsv", "json")
#: Headers that name the column with the ids where nothing else does.
ID_COLUMNS: Final = ("sample", "sample_id", "sample_name")
#: A sample's id is a part of Pulumi's name of its run, and the run's name.
SAMPLE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SUFFIXES: Final = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".json": "json"}
#: Problems that an error names one by one.
_MOST_TOLD: Final = 100


class SheetError(ValueError):
    """A sample sheet that can't be used; `problems` has everything that is wrong with it."""

    def __init__(self, name: str, problems: Iterable[Problem], unit: str = "line") -> None:
        self.problems = tuple(sorted(set(problems)))
        self.sheet = name
        told = [
            f"{name}: {f'{unit} {line}: ' if line else ''}{_ended(reason)}"
            for line, reason in self.problems[:_MOST_TOLD]
        ]
        left = len(self.problems) - len(told)
        super().__init__("\n".join([*told, *([f"… and {left:,} problems more."] if left else [])]))


class Row(Mapping[str, Any]):
    """One row: its cells by column, the sample's `id`, and the `line` or entry it stands in."""

    __slots__ = ("_cells", "_places", "id", "line")

    def __init__(
        self, id_: str, line: int, places: Mapping[str, int], cells: Sequence[Any]
    ) -> None:
        self.id = id_
        self.line = line
        self._places = places
        self._cells = cells

    def __getitem__(self, column: str) -> Any:
        """Return a cell: text from CSV and TSV, any value from JSON and Python."""
        return self._cells[self._places[column]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return f"Row({self.id!r}, line {self.line}, {dict(self)!r})"


@dataclass(frozen=True)
class Sheet:
    """The rows of a sample sheet, in its order. `unit` is what a row's `line` counts."""

    name: str
    id_column: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    unit: str = "line"

    def by_id(self) -> dict[str, list[Row]]:
        """Return the rows of each sample, in the order in which the samples first appear."""
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.id, []).append(row)
        return found


def parsed(
    source: Source,
    *,
    id_column: str | None = None,
    format: str | None = None,  # noqa: A002  # the argument's public name
    name: str = "sample sheet",
    required: Collection[str] = (),
    present: Collection[str] = (),
    repeated: bool = False,
    every: bool = False,
) -> tuple[Sheet, list[Problem]]:
    """Read a sample sheet; return what can be read, and everything that is wrong.

    Args:
        source: the content of a file, or Python values: a sequence of mappings from column to
            cell, or a mapping from sample id to such a mapping. JSON has the same two shapes.
        id_column: the column with the sample ids. Where it is unset: the one that Terra marks
            (`entity:sample_id`, read as `sample_id`), else `sample`, `sample_id` or `sample_name`.
        format: "csv", "tsv" or "json". Where it is unset, the end of `name` says it, else the
            content. The delimiter is the tab, comma or semicolon that the header has.
        name: what problems call the sheet.
        required: columns that must be there, with something in every row.
        present: columns that must be there, but may have empty cells.
        repeated: whether several rows may have the same id.
        every: whether all columns are used, and not only those that are required or present.

    Raises:
        SheetError: there is no such format.

    """
    if format not in (None, *FORMATS):
        raise SheetError(
            name, [Problem(0, f"format is one of {', '.join(FORMATS)}, not {format!r}")]
        )
    table, marked = _table(source, format or _format_of(name), id_column)
    id_column = (id_column or marked or _id_column(table) or "").removeprefix(sheet_text.ENTITY)
    problems = table.problems
    if not table.columns:
        # Where nothing could be read, the reason is known already.
        problems = problems or [Problem(0, "is empty")]
    else:
        problems += _missing(table, id_column, [*required, *present])
        if not table.rows and not problems:
            problems.append(Problem(0, "has no samples below its header"))
    places = {column: place for place, column in enumerate(table.columns) if column}
    problems += invisible.in_headers(table)
    problems += invisible.in_cells(table, places if every else {*required, *present} - {id_column})
    rows: list[Row] = []
    if id_column in places:
        needed = [column for column in required if column in places and column != id_column]
        rows = list(_rows(table, places, id_column, needed, problems))
        if not repeated:
            problems += _duplicates(rows, table.unit)
    return Sheet(name, id_column, tuple(places), tuple(rows), table.unit), problems


def close_to(name: str, names: Iterable[str]) -> str:
    """Return a hint at the name that was meant, empty where none is like it."""
    by_fold = {each.casefold(): each for each in names}
    near = difflib.get_close_matches(name.casefold(), by_fold, n=1)
    return f": did you mean {by_fold[near[0]]!r}?" if near else ""


def _ended(reason: str) -> str:
    return reason if reason.endswith("?") else f"{reason}."


def _table(
    source: Source,
    format: str | None,  # noqa: A002
    id_column: str | None,
) -> tuple[Table, str | None]:
    """Return the sheet as a table, and the column that it marks as its ids."""
    if not isinstance(source, bytes | str):
        return _of_entries(sheet_entries.of_python(source), id_column, "entry")
    text, unreadable = sheet_text.decoded(source) if isinstance(source, bytes) else (source, [])
    text, nul = sheet_text.unified(text)
    if (illumina := sheet_text.sections(text)) is not None:
        return illumina, None
    if format == "json" or (format is None and text.lstrip().startswith(("[", "{"))):
        entries, broken = sheet_entries.of_json(text) if text.strip() else ([], [])
        table, marked = _of_entries(entries, id_column, "line")
        table.problems += broken
    else:
        table = sheet_text.read(text, format)
        marked = sheet_text.entity_column(text, format)
    table.problems += [*unreadable, *nul]
    return table, marked


def _of_entries(
    entries: list[sheet_entries.Entry], id_column: str | None, unit: str
) -> tuple[Table, str | None]:
    table = sheet_entries.table_of(entries, None, unit)
    if all(entry.key is None for entry in entries):
        return table, None
    # By key: the ids need no column of their own.
    named = id_column or next((c for c in ID_COLUMNS if c in table.columns), ID_COLUMNS[0])
    return sheet_entries.table_of(entries, named, unit), named


def _format_of(name: str) -> str | None:
    return next((kind for end, kind in _SUFFIXES.items() if name.lower().endswith(end)), None)


def _id_column(table: Table) -> str | None:
    found = [column for column in ID_COLUMNS if column in table.columns]
    if len(found) > 1:
        reason = (
            f"both {' and '.join(found)} may have the samples' ids: name the column that has them"
        )
        table.problems.append(Problem(table.header_line, reason))
    elif not found and table.columns:
        reason = (
            f"no column of sample ids: none is named {', '.join(ID_COLUMNS[:-1])} or "
            f"{ID_COLUMNS[-1]}. Name the column that has them. The sheet has "
            f"{_listed(table.columns)}"
        )
        table.problems.append(Problem(table.header_line, reason))
    return found[0] if found else None


def _missing(table: Table, id_column: str, required: Iterable[str]) -> Iterator[Problem]:
    for column in dict.fromkeys([*([id_column] if id_column else []), *required]):
        if column not in table.columns:
            hint = close_to(column, table.columns) or f". It has {_listed(table.columns)}"
            yield Problem(table.header_line, f"the sheet has no column {column!r}{hint}")


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(column for column in columns if column)


def _rows(
    table: Table,
    places: Mapping[str, int],
    id_column: str,
    needed: Iterable[str],
    problems: list[Problem],
) -> Iterator[Row]:
    at = places[id_column]
    for line, cells in table.rows:
        id_ = _id(cells[at])
        if id_ is None or SAMPLE_ID.fullmatch(id_) is None:
            problems.append(Problem(line, _bad_id(id_column, cells[at])))
        else:
            yield Row(id_, line, places, cells)
        problems += [
            Problem(line, f"nothing in {column}")
            for column in needed
            if is_empty(cells[places[column]])
        ]


def _id(cell: Any) -> str | None:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)
    return cell.strip() if isinstance(cell, str) else None


def _bad_id(id_column: str, cell: Any) -> str:
    if is_empty(cell):
        return f"nothing in {id_column}"
    return (
        f"{id_column} {shown(cell)} can't be the name of a run: use letters, digits, '.', '_' and "
        f"'-', "
        "a letter or digit first, at most 100"
    )


def _duplicates(rows: Iterable[Row], unit: str) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for row in rows:
        if first.setdefault(row.id, row.line) != row.line:
            yield Problem(row.line, f"the sample {row.id} is in {unit} {first[row.id]} already")
