"""Runs whose process is gone: each call ends them, whoever makes it.

What is left of their processes ends first, outside of the state's transaction: it may take seconds,
and every other call waits for a transaction.
"""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Final

from omics_provider.emulator.runs import executed
from omics_provider.emulator.world import processes
from omics_provider.emulator.world.store import Store

from .runner.containers import oci

_PATIENCE_SECONDS: Final = 2.0


def clear(store: Store) -> frozenset[str]:
    """End what is left of runs whose owner is gone, processes and files; give their uuids."""
    with store.reading() as connection:
        owned = connection.execute("SELECT * FROM executions WHERE owner IS NOT NULL").fetchall()
    lost = [row for row in owned if not processes.is_alive(row["owner"])]
    for row in lost:
        if row["worker"] is not None:
            processes.end_group(row["worker"], _PATIENCE_SECONDS)
        if row["folder"] is not None:
            oci.remove_left(Path(row["folder"]))
            shutil.rmtree(row["folder"], ignore_errors=True)
    return frozenset(row["run"] for row in lost)


def settle(connection: sqlite3.Connection, cleared: frozenset[str], now: float) -> None:
    """Let the runs end whose processes and files are cleared."""
    for run in cleared:
        row = connection.execute("SELECT * FROM executions WHERE run = ?", (run,)).fetchone()
        if row is not None:  # another process may have ended it meanwhile
            executed.end_lost(connection, row, now)


def is_somebody_needed(connection: sqlite3.Connection, *, at_home: bool) -> bool:
    """Say whether there are runs to carry out that fall to this process, or to one like it."""
    rows = connection.execute("SELECT home, owner FROM executions").fetchall()
    return any(falls_to_us(row, at_home=at_home) for row in rows)


def falls_to_us(row: sqlite3.Row, *, at_home: bool) -> bool:
    """Say whether a run is this process's to carry out: its home is here, or nowhere any more."""
    if row["owner"] is not None:
        return bool(row["owner"] == processes.me())
    if row["home"] is None:
        return not at_home
    return row["home"] == processes.me() or not processes.is_alive(row["home"])
