"""Runs that an interrupted update started and that a plain `pulumi up` would overlook.

After a killed `pulumi up --replace`, or a killed change that is then taken back, the engine finds
nothing to do for the resource: it asks for no create, where such a run would be found. So `diff`
looks, in an update, where the stack's own state or history names an interrupted start.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from omics_provider.engine import process
from omics_provider.runs.rules.lifecycle import USELESS
from omics_provider.runs.rules.lifecycle import adoption_mismatch as mismatch

if TYPE_CHECKING:
    from omics_provider.engine.state import EarlierStart

    from .calls import Runs
    from .starts import Live, Start

_VERBS: Final = frozenset({"up", "update"})

_lock = threading.Lock()
#: By URN, what this process has found, for the update that follows its diff.
_found: dict[str, tuple[LeftBehind, ...]] = {}
_list: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """A run that no resource records, and the inputs that it was started for, as far as known."""

    live: Live
    inputs: Mapping[str, Any]
    token: str
    #: Whether it stands for what is declared now.
    fits: bool


def is_looked_for() -> bool:
    """Tell whether this process works for `pulumi up`; a preview alone pays for no look."""
    return process.verb() in _VERBS


def look(start: Start, earlier: tuple[EarlierStart, ...]) -> tuple[LeftBehind, ...]:
    """Return the runs that interrupted starts of the resource have made, and remember them.

    `start` is the resource as it is declared, `earlier` the starts that its state names. Where they
    name none and no update has failed lately, that costs no call; else the runs are listed, once a
    process.
    """
    found = tuple(_look(replace(start, listed=lambda: listed(start.runs)), earlier))
    with _lock:
        _found[start.urn] = found
    return found


def remembered(urn: str) -> tuple[LeftBehind, ...]:
    """Return what `look` found for the resource in this process, once."""
    with _lock:
        return _found.pop(urn, ())


def listed(runs: Runs) -> list[dict[str, Any]]:
    """Return ListRuns' items as they were when this process first asked.

    What earlier updates have left is among them.
    """
    global _list
    with _lock:
        if _list is None:
            _list = list(runs.list())
        return _list


def forget() -> None:
    """Forget what was found and listed, as another process does."""
    global _list
    with _lock:
        _list = None
        _found.clear()


def _look(start: Start, earlier: tuple[EarlierStart, ...]) -> Iterator[LeftBehind]:
    if earlier:
        sources = {source.token: source for source in earlier}
        for live, token in start.interrupted(earlier):
            source = sources[token]
            fits = source.is_for(start.inputs) and live["status"] not in USELESS
            yield LeftBehind(live, source.inputs, token, fits)
    if start.state.failing_since:
        for live, token in start.lost(start.state.failing_since, earlier):
            fits = live["status"] not in USELESS and not mismatch(start.inputs, live)
            yield LeftBehind(live, start.inputs, token, fits)
