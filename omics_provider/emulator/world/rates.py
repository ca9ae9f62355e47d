"""Limits of calls a second, held over all processes in the state file."""

from __future__ import annotations

import sqlite3

from omics_provider.emulator.protocol.exceptions import ThrottlingException

from .settings import Settings


def hold(
    connection: sqlite3.Connection,
    place: tuple[str, str],
    operation: str,
    settings: Settings,
    real: float,
) -> None:
    """Take one call from the operation's allowance, or refuse it with ThrottlingException.

    A token bucket in real seconds, for each account and region (`place`).
    """
    rate = settings.rate(operation)
    if rate is None:
        return
    row = connection.execute(
        "SELECT allowance, at FROM rates WHERE account = ? AND region = ? AND operation = ?",
        (*place, operation),
    ).fetchone()
    most = max(settings.burst, 1.0)
    allowance = most if row is None else min(most, row[0] + max(0.0, real - row[1]) * rate)
    if allowance < 1:
        raise ThrottlingException(f"Rate exceeded: {operation} allows {rate:g} calls a second.")
    connection.execute(
        "INSERT INTO rates VALUES (?, ?, ?, ?, ?) ON CONFLICT (account, region, operation)"
        " DO UPDATE SET allowance = excluded.allowance, at = excluded.at",
        (*place, operation, allowance - 1, real),
    )
