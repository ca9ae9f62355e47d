"""Cells of a sample sheet as values of a type."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, Final, Never

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,30}")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_BOOLEANS: Final = {"true": True, "false": False}


#: What Excel and other spreadsheets write where a formula has failed. #N/A is left out: it is also
#: what people write for "nothing known".
_FORMULA_ERRORS: Final = frozenset(
    {"#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
)


class Misfit(ValueError):
    """A cell that is not of the type asked for; the text says why, without the cell."""


def as_it_is(cell: Any) -> Any:
    """Return the cell: text from CSV and TSV, any value from JSON and Python."""
    if isinstance(cell, str) and cell in _FORMULA_ERRORS:
        raise Misfit("is the error of a spreadsheet's formula")
    return cell


def text(cell: Any) -> str:
    """Return the cell as text: numbers and booleans as JSON writes them."""
    if isinstance(cell, str):
        return str(as_it_is(cell))
    if isinstance(cell, bool | int | float):
        return json.dumps(cell)
    raise Misfit(f"is a {type(cell).__name__}, which can't be part of a text")


def integer(cell: Any) -> int:
    """Return a whole number."""
    if isinstance(cell, int) and not isinstance(cell, bool):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    if isinstance(cell, str) and _INTEGER.fullmatch(cell.strip()):
        return int(cell)
    raise Misfit("is not a whole number")


def number(cell: Any) -> int | float:
    """Return a number. A whole one is an int, as it would be after Pulumi's wire."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return cell
    if isinstance(cell, str) and _NUMBER.fullmatch(cell.strip()) and math.isfinite(float(cell)):
        return float(cell)
    raise Misfit("is not a number")


def boolean(cell: Any) -> bool:
    """Return true or false, which a text may write in any case."""
    found = _BOOLEANS.get(cell.strip().lower()) if isinstance(cell, str) else cell
    if isinstance(found, bool):
        return found
    raise Misfit("is neither true nor false")


def _json(kind: type, noun: str) -> Callable[[Any], Any]:
    def read(cell: Any) -> Any:
        value = cell
        if isinstance(cell, str):
            try:
                value = json.loads(cell, parse_constant=_no_json)
            except (ValueError, RecursionError):
                raise Misfit(f"holds no JSON {noun}") from None
        if not isinstance(value, kind):
            raise Misfit(f"holds no JSON {noun}")
        return value

    return read


def _no_json(constant: str) -> Never:
    raise ValueError(constant)


#: How a cell is read, by the type that a Column has.
READERS: Final[dict[type | None, Callable[[Any], Any]]] = {
    None: as_it_is,
    str: text,
    int: integer,
    float: number,
    bool: boolean,
    list: _json(list, "array"),
    dict: _json(dict, "object"),
}
