"""What became of every run that the emulator ever had, whoever asked for it.

The emulator forgets a run that is deleted, and gives its id to another. Triggers in its file write
down each start, cancellation, deletion and change of tags beside the number of the call that made
it, so that the verdict rests on nothing that the provider says.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from omics_provider.base.identity import STACK_MARK, START_MARK

_EVENT: Final = """
CREATE TRIGGER chaos_{what} AFTER {on} BEGIN
    INSERT INTO chaos_events (call, what, uuid, id, name, tags, doc)
    VALUES ((SELECT coalesce(max(pk), 0) + 1 FROM calls), '{what}',
            {row}.uuid, {row}.id, {row}.name, {row}.tags, {row}.doc);
END;
"""
_TRIGGERS: Final = (
    "CREATE TABLE chaos_events (pk INTEGER PRIMARY KEY AUTOINCREMENT, call INTEGER NOT NULL,"
    " what TEXT NOT NULL, uuid TEXT NOT NULL, id TEXT NOT NULL, name TEXT, tags TEXT, doc TEXT);",
    _EVENT.format(what="start", on="INSERT ON runs", row="NEW"),
    _EVENT.format(
        what="cancel",
        on="UPDATE OF outcome ON runs"
        " WHEN NEW.outcome = 'CANCELLED' AND OLD.outcome <> 'CANCELLED'",
        row="NEW",
    ),
    _EVENT.format(what="delete", on="DELETE ON runs", row="OLD"),
    _EVENT.format(what="tag", on="UPDATE OF tags ON runs WHEN NEW.tags <> OLD.tags", row="NEW"),
)


@dataclass(frozen=True)
class Event:
    """One thing that happened to a run: start, cancel, delete or tag, and the call that did it."""

    what: str
    uuid: str
    run_id: str
    name: str
    tags: Mapping[str, str]
    request: Mapping[str, Any]
    call: int
    foreign: bool

    @property
    def marked(self) -> bool:
        """Tell whether the run carries this package's marks."""
        return START_MARK in self.tags and STACK_MARK in self.tags


@dataclass(frozen=True)
class Call:
    """One call in the emulator's log."""

    number: int
    operation: str
    status: int | None
    fault: str | None


class Ledger:
    """The ledger of one emulator's file, over a connection of its own."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._connection = sqlite3.connect(state, timeout=60, isolation_level=None)

    def install(self) -> None:
        """Begin to write down."""
        self._connection.executescript("BEGIN IMMEDIATE;" + "".join(_TRIGGERS) + "COMMIT;")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def events(self) -> list[Event]:
        """Give all events, oldest first; `foreign` are those that this process did not ask for."""
        rows = self._connection.execute(
            "SELECT what, uuid, e.id, name, tags, doc, call, pid FROM chaos_events e"
            " LEFT JOIN calls c ON c.pk = e.call ORDER BY e.pk"
        ).fetchall()
        return [
            Event(
                what, uuid, run_id, name or "", json.loads(tags), json.loads(doc)["request"], call,
                pid != os.getpid(),
            )
            for what, uuid, run_id, name, tags, doc, call, pid in rows
        ]  # fmt: skip

    def last_call(self) -> int:
        """Give the number of the last call."""
        return int(self._connection.execute("SELECT coalesce(max(pk), 0) FROM calls").fetchone()[0])

    def calls(self, after: int) -> list[Call]:
        """Give the calls after number `after` that other processes made."""
        rows = self._connection.execute(
            "SELECT pk, operation, status, fault FROM calls WHERE pk > ? AND pid <> ? ORDER BY pk",
            (after, os.getpid()),
        ).fetchall()
        return [Call(*row) for row in rows]


class Gate:
    """Keeps every request from taking effect: holds the emulator's write lock."""

    def __init__(self, state: Path) -> None:
        self._connection = sqlite3.connect(
            state, timeout=60, isolation_level=None, check_same_thread=False
        )
        self._held = False

    def shut(self) -> None:
        """Let nothing through from now on, for at most the 60 s that the emulator waits."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._held = True

    def open(self) -> None:
        """Let through what waits; nothing to do where it is open."""
        if self._held:
            self._held = False
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Open it for good."""
        self.open()
        self._connection.close()
