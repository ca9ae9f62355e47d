"""What one plugin process knows and has done: it serves one update, of one Provider."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from omics_provider.base.errors import OmicsError

from .own_stack import OwnStack
from .process import Engine

T = TypeVar("T")


class _Listing(Protocol):
    def list(self) -> Iterable[dict[str, Any]]:
        """Give ListRuns' items."""


class Update:
    """The memory of one update, safe under threads. A door makes one for its process.

    `engine` is the CLI that the process works for, `stack` what is recorded of its stack. `made`
    are the uuids of runs and batches that this process has started or adopted, `adopted` those that
    it has adopted.
    """

    def __init__(self, engine: Engine | None = None, stack: OwnStack | None = None) -> None:
        self.engine = engine or Engine()
        self.stack = stack or OwnStack(self.engine)
        self.made: set[str] = set()
        self.adopted: set[str] = set()
        self._interrupted = threading.Event()
        self._lock = threading.RLock()
        self._parts: dict[type[Any], Any] = {}
        self._listed: list[Mapping[str, Any]] | None = None
        self._recent: list[Mapping[str, Any]] | None = None

    def interrupt(self) -> None:
        """Let nothing be started any more: the user has asked for the end of the update."""
        self._interrupted.set()

    def require_going(self, operation: str = "StartRun") -> None:
        """Raise OmicsError where the update was interrupted or its CLI has ended.

        `operation` is left undone: it starts what costs money.
        """
        if self._interrupted.is_set():
            raise OmicsError(operation, "the update was interrupted. Nothing was done")
        self.engine.require_alive(operation)

    def part(self, kind: type[T]) -> T:
        """Return this update's one object of `kind`: what a slice remembers for itself."""
        with self._lock:
            if kind not in self._parts:
                self._parts[kind] = kind()
            found: T = self._parts[kind]
            return found

    def recent(self, runs: _Listing, since: datetime) -> list[Mapping[str, Any]]:
        """Return those of ListRuns' items that were created since then: it lists the newest first.

        `since` is the same for all that this update asks.
        """

        def is_recent(item: Mapping[str, Any]) -> bool:
            return datetime.fromisoformat(str(item["creationTime"])) >= since

        with self._lock:
            if self._recent is None:
                items = runs.list() if self._listed is None else self._listed
                self._recent = list(itertools.takewhile(is_recent, items))
            return self._recent

    def listed(self, runs: _Listing) -> list[Mapping[str, Any]]:
        """Return ListRuns' items as they were when this update first asked.

        What earlier updates have left is among them.
        """
        with self._lock:
            if self._listed is None:
                self._listed = list(runs.list())
            return self._listed
