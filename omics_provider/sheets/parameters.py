"""From a sample sheet to the parameters of each sample's run.

What a run takes from the sheet is written as a value with references in it:

    "{sample}", "s3://bucket/{sample}.cram"   a text with cells in it; {{ and }} are braces
    Column("depth", int)                      a cell, as a value of that type
    int                                       short for Column(the parameter's own name, int)
    EachRow(value)                            a list: the value for each row of the sample

References may stand at any depth of lists and objects.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from . import cells
from .sheet import Row, Sheet, SheetError, Source, close_to, parsed
from .table import Problem, is_empty, shown

#: What a parameter takes from the sheet: names of columns, or parameters by name.
Parameters = Sequence["str | Column"] | Mapping[str, Any]

_PART: Final = re.compile(r"(\{\{|\}\}|\{[^{}]*\}|[{}])")


@dataclass(frozen=True, slots=True)
class Column:
    """A cell of a sample sheet.

    Args:
        name: the column's header.
        type: str, int, float, bool, list or dict (a cell that holds JSON). Where it is unset, the
            cell is taken as it is: text from CSV and TSV, any value from JSON and Python.
        optional: whether the cell may be empty. The parameter, or the item of a list or object,
            is then left out.

    """

    name: str
    type: type | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class EachRow:
    """A list with `value` for each row of a sample, such as its lanes.

    Rows of one sample may then differ in the columns that `value` refers to, and in no other
    column that is used. The list is in an order of the rows' own cells, so that the order of the
    sheet makes no difference.
    """

    value: Any


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample: its id, its rows, and the parameters that its run takes from the sheet."""

    id: str
    rows: tuple[Row, ...]
    parameters: dict[str, Any]


def read_samples(
    source: Source,
    parameters: Parameters | None = None,
    *,
    id_column: str | None = None,
    format: str | None = None,  # noqa: A002  # as in sheet.parsed
    name: str = "sample sheet",
    expected: Collection[str] = (),
) -> dict[str, Sample]:
    """Read a sample sheet and make each sample's parameters, by sample id.

    Args:
        source: what holds the sheet; this and `id_column`, `format` and `name` as in sheet.parsed.
        parameters: names of columns, each the parameter of its name; or a mapping from parameter
            to a value with references. None: every column is the parameter of its name, where
            its cell is not empty.
        id_column: the column with the sample ids.
        format: "csv", "tsv" or "json".
        name: what problems call the sheet.
        expected: ids of samples that have to be there, since something refers to them.

    Raises:
        SheetError: names everything that is wrong, with lines.

    """
    uses = _Uses.of(() if parameters is None else parameters)
    sheet, problems = parsed(
        source,
        id_column=id_column,
        format=format,
        name=name,
        required=sorted(uses.required),
        present=sorted(uses.optional),
        repeated=bool(uses.by_row),
        every=parameters is None,
    )
    problems += [*uses.problems, *_absent(sheet, expected)]
    if parameters is None:
        uses = _Uses.of([Column(each, optional=True) for each in sheet.columns])
    found = {
        id_: _sample(id_, rows, uses, sheet.unit, problems) for id_, rows in sheet.by_id().items()
    }
    if problems:
        raise SheetError(name, problems, sheet.unit)
    return found


# What is referred to --------------------------------------------------------------------------

#: Gives a value from a sample's rows, or _LEFT_OUT; what is wrong with them goes into the list.
_Maker = Callable[[Sequence[Row], list[Problem]], Any]
_LEFT_OUT: Final = object()


@dataclass
class _Uses:
    """How the parameters are made, and the columns that they refer to."""

    makers: dict[str, _Maker] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)
    #: Columns that rows of one sample must agree in, and those of EachRow.
    shared: set[str] = field(default_factory=set)
    by_row: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    _references: int = 0
    _each_row: bool = False

    @staticmethod
    def of(parameters: Parameters) -> _Uses:
        uses = _Uses()
        for name, value in uses._named(parameters):
            before = uses._references
            maker = uses._compile(name, value)
            uses.makers[name] = maker
            if uses._references == before:
                uses._refuse(
                    name,
                    f'{shown(value)} refers to no column: write "{{column}}" for a cell, and give '
                    "a value that all runs share as a parameter of the template",
                )
        return uses

    def made(self, rows: Sequence[Row], problems: list[Problem]) -> dict[str, Any]:
        """Return the parameters that are made from a sample's rows."""
        made = ((name, maker(rows, problems)) for name, maker in self.makers.items())
        return {name: value for name, value in made if value is not _LEFT_OUT}

    def _named(self, parameters: Parameters) -> Iterator[tuple[str, Any]]:
        if isinstance(parameters, Mapping):
            yield from parameters.items()
            return
        if isinstance(parameters, str):
            parameters = [parameters]
        for each in parameters:
            column = Column(each) if isinstance(each, str) else each
            if isinstance(column, Column):
                yield column.name, column
            else:
                self._refuse(shown(each), "is neither the name of a column nor a Column")

    def _refuse(self, name: str, reason: str) -> None:
        self.problems.append(Problem(0, f"parameter {name}: {reason}"))

    def _compile(self, name: str, value: Any) -> _Maker:
        if isinstance(value, type):
            return self._column(name, Column(name, value))
        if isinstance(value, Column):
            return self._column(name, value)
        if isinstance(value, EachRow):
            return self._list_of_rows(name, value)
        if isinstance(value, str):
            return self._text(name, value)
        if isinstance(value, Mapping):
            return self._object(value)
        if isinstance(value, list | tuple):
            return self._list(name, value)
        return lambda _rows, _problems: value

    def _refer(self, column: str, *, optional: bool = False) -> None:
        self._references += 1
        (self.optional if optional else self.required).add(column)
        (self.by_row if self._each_row else self.shared).add(column)

    def _column(self, name: str, column: Column) -> _Maker:
        if column.type not in cells.READERS:
            kinds = ", ".join(kind.__name__ for kind in cells.READERS if kind)
            self._refuse(name, f"the type of a column is one of {kinds}, not {column.type!r}")
        self._refer(column.name, optional=column.optional)
        read = cells.READERS.get(column.type, cells.as_it_is)

        def make(rows: Sequence[Row], problems: list[Problem]) -> Any:
            cell = rows[0].get(column.name)
            if is_empty(cell):
                return _LEFT_OUT
            try:
                return read(cell)
            except cells.Misfit as misfit:
                problems.append(Problem(rows[0].line, f"{column.name} {shown(cell)} {misfit}"))
                return _LEFT_OUT

        return make

    def _text(self, name: str, text: str) -> _Maker:
        parts: list[str | _Maker] = []
        for part in _PART.split(text):
            if part in ("{{", "}}"):
                parts.append(part[0])
            elif part.startswith("{") and part.strip("{} "):
                parts.append(self._column(name, Column(part.strip("{} "), str)))
            elif part.startswith(("{", "}")):
                self._refuse(
                    name, f"a brace alone in {shown(text)}: write {{{{ or }}}} for a brace"
                )
            elif part:
                parts.append(part)

        def make(rows: Sequence[Row], problems: list[Problem]) -> Any:
            made = [part if isinstance(part, str) else part(rows, problems) for part in parts]
            return _LEFT_OUT if _LEFT_OUT in made else "".join(made)

        return make

    def _object(self, value: Mapping[str, Any]) -> _Maker:
        makers = {key: self._compile(key, item) for key, item in value.items()}

        def make(rows: Sequence[Row], problems: list[Problem]) -> Any:
            made = ((key, maker(rows, problems)) for key, maker in makers.items())
            return {key: item for key, item in made if item is not _LEFT_OUT}

        return make

    def _list(self, name: str, value: Sequence[Any]) -> _Maker:
        makers = [self._compile(name, item) for item in value]

        def make(rows: Sequence[Row], problems: list[Problem]) -> Any:
            made = [maker(rows, problems) for maker in makers]
            return [item for item in made if item is not _LEFT_OUT]

        return make

    def _list_of_rows(self, name: str, each: EachRow) -> _Maker:
        if self._each_row:
            self._refuse(name, "EachRow inside of EachRow")
        outer, self._each_row = self._each_row, True
        maker = self._compile(name, each.value)
        self._each_row = outer

        def make(rows: Sequence[Row], problems: list[Problem]) -> Any:
            made = [maker((row,), problems) for row in rows]
            given = [item for item in made if item is not _LEFT_OUT]
            if given and len(given) < len(made):
                # A list that is shorter than its neighbours would pair the wrong files.
                line = next(r.line for r, item in zip(rows, made, strict=True) if item is _LEFT_OUT)
                reason = f"{name} is empty here, but not in other rows of the sample {rows[0].id}"
                problems.append(Problem(line, reason))
            return given or _LEFT_OUT

        return make


# One sample ----------------------------------------------------------------------------------


def _sample(id_: str, rows: list[Row], uses: _Uses, unit: str, problems: list[Problem]) -> Sample:
    if not uses.by_row:
        # Further rows are refused already, but what is wrong in them is named, too.
        first, *_ = [uses.made((row,), problems) for row in rows]
        return Sample(id_, tuple(rows[:1]), first)
    if len(rows) > 1:
        rows = sorted(rows, key=lambda row: [_order(row.get(name)) for name in sorted(uses.by_row)])
        problems += _disagreeing(rows, uses.shared, unit)
        problems += _repeated(rows, uses.by_row, unit)
    return Sample(id_, tuple(rows), uses.made(rows, problems))


def _order(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    return json.dumps(cell, sort_keys=True, default=lambda value: type(value).__name__)


def _disagreeing(rows: Sequence[Row], columns: set[str], unit: str) -> Iterator[Problem]:
    first = min(rows, key=lambda row: row.line)
    for row in rows:
        for name in columns:
            if row.get(name) != first.get(name):
                yield Problem(
                    row.line,
                    f"{name} is {shown(row.get(name))}, and {shown(first.get(name))} in {unit} "
                    f"{first.line}: rows of one sample must have the same value",
                )


def _repeated(rows: Sequence[Row], columns: set[str], unit: str) -> Iterator[Problem]:
    for left, right in itertools.pairwise(rows):
        if all(left.get(name) == right.get(name) for name in columns):
            first, again = sorted((left.line, right.line))
            yield Problem(again, f"repeats {unit} {first}")


def _absent(sheet: Sheet, expected: Collection[str]) -> Iterator[Problem]:
    there = {row.id for row in sheet.rows}
    for id_ in expected:
        if id_ not in there:
            reason = f"no sample {shown(id_)}, for which there are overrides"
            yield Problem(0, f"{reason}{close_to(str(id_), there)}")
