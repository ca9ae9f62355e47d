"""The zip files of definitions, kept for the runs that are executed."""

from __future__ import annotations

import sqlite3


def keep(connection: sqlite3.Connection, uuid: str, content: bytes | None) -> None:
    """Keep the definition of a workflow, or of a version, where it could be had."""
    if content is not None:
        connection.execute("INSERT OR REPLACE INTO definitions VALUES (?, ?)", (uuid, content))


def read(connection: sqlite3.Connection, uuid: str) -> bytes | None:
    """Give a definition, None where it is not kept."""
    row = connection.execute("SELECT content FROM definitions WHERE uuid = ?", (uuid,)).fetchone()
    return None if row is None else bytes(row["content"])


def has(connection: sqlite3.Connection, uuid: str) -> bool:
    """Say whether a definition is kept."""
    row = connection.execute("SELECT 1 FROM definitions WHERE uuid = ?", (uuid,)).fetchone()
    return row is not None


def forget(connection: sqlite3.Connection) -> None:
    """Drop the definitions of workflows that are gone, and that no run waits for."""
    connection.execute(
        "DELETE FROM definitions WHERE uuid NOT IN (SELECT uuid FROM resources)"
        " AND uuid NOT IN (SELECT workflow FROM executions)"
    )
