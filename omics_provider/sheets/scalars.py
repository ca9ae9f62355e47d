"""Values of numpy and pandas as Python's own, without an import of either."""

from __future__ import annotations

from typing import Any, Final

#: What pandas has in an empty cell, beside NaN.
_EMPTY: Final = frozenset({"NAType", "NaTType"})


def library(value: Any) -> str:
    """Return "numpy" or "pandas" for a value of theirs, else an empty text."""
    name = type(value).__module__.partition(".")[0]
    return name if name in ("numpy", "pandas") else ""


def own(value: Any) -> Any:
    """Return a scalar of numpy as Python's own number, boolean or text; else `value` itself."""
    if library(value) == "numpy" and getattr(value, "ndim", None) == 0:
        found = value.item()
        return found if isinstance(found, bool | int | float | str) else value
    return value


def is_nothing(value: Any) -> bool:
    """Tell whether `value` is pandas' mark of an empty cell, NA or NaT."""
    return type(value).__name__ in _EMPTY and library(value) == "pandas"
