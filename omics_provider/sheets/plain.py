"""What parameters take from a sheet, written as plain data: as YAML and JSON have it.

    {column: depth, type: integer, optional: true}   a Column
    {eachRow: VALUE}                                  an EachRow

All else is the same in both forms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from .parameters import Column, EachRow, Parameters
from .sheet import SheetError
from .table import Problem, shown

#: Names of a cell's types in plain data.
TYPES: Final[Mapping[str, type]] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list,
    "object": dict,
}
_COLUMN: Final = frozenset({"column", "type", "optional"})
_EACH_ROW: Final = "eachRow"


def parameters_of(given: Any, name: str = "parameters") -> Parameters | None:
    """Return what the plain data stands for; None stays None.

    Raises:
        SheetError: `name` and each value that can't be meant.

    """
    problems: list[Problem] = []
    if given is None:
        return None
    if isinstance(given, Mapping):
        found: Parameters = {
            parameter: _value(value, str(parameter), problems) for parameter, value in given.items()
        }
    elif isinstance(given, list):
        found = [_value(each, shown(each), problems) for each in given]
    else:
        problems.append(Problem(0, f"must be a list of columns, or an object, is {shown(given)}"))
    if problems:
        raise SheetError(name, problems)
    return found


def _value(value: Any, parameter: str, problems: list[Problem]) -> Any:
    if isinstance(value, list):
        return [_value(each, parameter, problems) for each in value]
    if not isinstance(value, Mapping):
        return value
    if "column" in value and value.keys() <= _COLUMN:
        wrong = [Problem(0, f"parameter {parameter}: {why}") for why in _wrong(value)]
        problems += wrong
        kind = TYPES.get(str(value.get("type")))
        return value if wrong else Column(value["column"], kind, bool(value.get("optional")))
    if value.keys() == {_EACH_ROW}:
        return EachRow(_value(value[_EACH_ROW], parameter, problems))
    return {key: _value(each, parameter, problems) for key, each in value.items()}


def _wrong(column: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(column["column"], str):
        yield f"column is the name of one, not {shown(column['column'])}"
    if "type" in column and column["type"] not in TYPES:
        yield f"the type of a column is one of {', '.join(TYPES)}, not {shown(column['type'])}"
    if not isinstance(column.get("optional", False), bool):
        yield f"optional is true or false, not {shown(column['optional'])}"
