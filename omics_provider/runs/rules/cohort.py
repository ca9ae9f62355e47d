"""The runs of a cohort: what all samples share, what the sheet gives, what single samples have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, TypeVar

from omics_provider.base.words import some

S = TypeVar("S")
R = TypeVar("R")

#: Problems that an error names one by one.
_MOST_TOLD: Final = 100


class Wrong(ValueError):
    """What is wrong with a cohort, or with one run of it, in words."""


def runs(
    samples: Mapping[str, S],
    made: Callable[[S], R],
    wrong: Callable[[R], Iterable[str]],
) -> dict[str, R]:
    """Return each sample's run, by sample id. `wrong` gives what is wrong with a run.

    Raises Wrong with all that is wrong with them, in the order of the samples: the engine would
    tell of one run alone.
    """
    found: dict[str, R] = {}
    told: dict[str, list[str]] = {}
    for id_, sample in samples.items():
        try:
            run = found[id_] = made(sample)
        except Wrong as error:
            told.setdefault(str(error), []).append(id_)
            continue
        for reason in wrong(run):
            told.setdefault(reason, []).append(id_)
    if told:
        raise Wrong(_lines([f"{some(ids, 5)}: {reason}" for reason, ids in told.items()]))
    return found


def override(given: Any, resource: str) -> Mapping[str, Any]:
    """Return what single samples have of their own; `resource` is what a run is in the program."""
    if not isinstance(given, Mapping | None):
        raise Wrong(
            f"the overrides are a {type(given).__name__}: give arguments of {resource} by name."
        )
    return given or {}


def merged(fixed: Any, from_sheet: Any, changes: Any) -> dict[str, Any] | None:
    """Return the fixed values, those from the sheet over them, and the changes over both.

    None takes a value away. No value at all is an argument that was not given.
    """
    changes = changes or {}
    layers = {**(fixed or {}), **(from_sheet or {}), **changes}
    taken_away = {name for name, value in changes.items() if value is None}
    return {name: layers[name] for name in layers if name not in taken_away} or None


def named(cells: Mapping[str, Any], parameters: Collection[str] | None) -> dict[str, Any]:
    """Return the cells whose column is a parameter of the workflow; all where those are unknown."""
    return {
        column: cell for column, cell in cells.items() if parameters is None or column in parameters
    }


def _lines(told: list[str]) -> str:
    left = len(told) - _MOST_TOLD
    more = [f"… and {left:,} problems more."] if left > 0 else []
    return "\n".join(told[:_MOST_TOLD] + more)
