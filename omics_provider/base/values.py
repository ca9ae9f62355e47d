"""JSON values as they cross Pulumi's wire, compared by meaning.

Pulumi sends every number as a double, so 1 and 1.0 arrive alike and digits beyond 2**53 are lost.
This module is the one place where numbers are made whole again and where documents are compared.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final, Literal

from omics_provider.sheets import scalars

#: The first whole number that a double can no longer tell from its neighbour.
UNSAFE_INTEGER: Final = 2**53

#: Key of the marker that stands in for a value that cannot cross the wire; its value says why.
CANNOT_CROSS: Final = "omics:cannot-cross"


class _Unknown(Enum):
    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


#: A value that a preview does not know yet.
UNKNOWN: Final = _Unknown.UNKNOWN
Unknown = Literal[_Unknown.UNKNOWN]


def whole(value: Any) -> Any:
    """Return `value` with each integral double below 2**53 as an int, at any depth."""
    if isinstance(value, float) and value.is_integer() and abs(value) < UNSAFE_INTEGER:
        return int(value)
    if isinstance(value, Mapping):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [whole(item) for item in value]
    return value


def contains_unknown(value: Any) -> bool:
    """Tell whether a preview does not know `value`, or a part of it, yet."""
    if value is UNKNOWN:
        return True
    if isinstance(value, Mapping):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(contains_unknown(item) for item in value)
    return False


def equal(left: Any, right: Any) -> bool:
    """Compare two JSON values by meaning: key order and 1 against 1.0 do not count.

    Booleans are no numbers here, as in JSON. An unknown value equals nothing, not even itself.
    """
    if left is UNKNOWN or right is UNKNOWN:
        return False
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(left[k], right[k]) for k in left)
    if _is_list(left) and _is_list(right):
        return len(left) == len(right) and all(map(equal, left, right))
    return bool(left == right)


def canonical(value: Any) -> str:
    """Return one text for all spellings of a JSON value: sorted keys, no blanks, whole numbers."""
    return json.dumps(
        whole(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def misfits(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield (path, reason) for each part of a received document that is not what was declared.

    The program marks what Pulumi would drop or change (see `cannot_cross`); integers that may have
    lost digits on the way are found here.
    """
    if isinstance(value, Mapping):
        if set(value) == {CANNOT_CROSS}:
            yield path, str(value[CANNOT_CROSS])
            return
        for key, item in value.items():
            if (reason := _text_misfit(key)) is None:
                yield from misfits(item, f"{path}.{key}")
            else:
                yield path, f"the name {key!a} {reason}"
    elif isinstance(value, str):
        if (reason := _text_misfit(value)) is not None:
            yield path, reason
    elif _is_list(value):
        for index, item in enumerate(value):
            yield from misfits(item, f"{path}[{index}]")
    elif (reason := _number_misfit(value)) is not None:
        yield path, reason


def cannot_cross(value: Any) -> str | None:
    """Say why a plain Python value can't cross Pulumi's wire as it is, or None if it can.

    Looks at this value only, not into it; of an object, at its names. None counts as a value inside
    a document. Scalars of numpy are to be made Python's own before (see `sheets.scalars`).
    """
    if value is UNKNOWN:
        return None
    if value is None:
        return "Pulumi drops null inside a document: leave the key out, or give a value"
    if isinstance(value, str):
        return _text_misfit(value)
    if isinstance(value, Mapping):
        return next(filter(None, map(_name_misfit, value)), None)
    if isinstance(value, bool | list | tuple):
        return None
    if isinstance(value, int | float):
        return _number_misfit(value)
    return f"a {_kind(value)} is not a JSON value{_way_out(value)}"


def _kind(value: Any) -> str:
    library = scalars.library(value)
    return f"{library}.{type(value).__name__}" if library else type(value).__name__


def _way_out(value: Any) -> str:
    if scalars.is_nothing(value):
        return ": it is a missing value, so leave the key out, or give a value"
    for method in ("isoformat", "tolist"):
        if hasattr(value, method):
            return f": give what its {method}() returns"
    return ": give it as a text, with str()" if hasattr(value, "__fspath__") else ""


def _name_misfit(name: Any) -> str | None:
    if not isinstance(name, str):
        return f"the name {name!a} must be a string, it is a {_kind(name)}"
    if not name:
        return "it has an empty name: give a name, or leave the entry out"
    reason = _text_misfit(name)
    return f"the name {name!a} {reason}" if reason else None


def _text_misfit(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        # What is left where a text was cut, or bytes were read as one.
        return f"has half of a surrogate pair as character {error.start + 1}, which is not text"
    return None


def _number_misfit(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return "is not a number that JSON knows"
    if value == math.floor(value) and abs(value) >= UNSAFE_INTEGER:
        return (
            "Pulumi carries numbers as doubles, which lose digits from "
            f"{UNSAFE_INTEGER:,} on: give it as a string"
        )
    return None


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
