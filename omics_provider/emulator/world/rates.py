"""Limits of calls a second, kept in the state file."""

from __future__ import annotations

from omics_provider.emulator.protocol.exceptions import ThrottlingException

from .context import Context


def hold(context: Context, real: float) -> None:
    """Take one call from its operation's allowance, or refuse it with ThrottlingException.

    A token bucket in real seconds, for each account and region.
    """
    operation = context.operation
    rate = context.settings.rate(operation)
    if rate is None:
        return
    row = context.connection.execute(
        "SELECT allowance, at FROM rates WHERE account = ? AND region = ? AND operation = ?",
        (*context.here(), operation),
    ).fetchone()
    most = max(context.settings.burst, 1.0)
    allowance = most if row is None else min(most, row[0] + max(0.0, real - row[1]) * rate)
    if allowance < 1:
        raise ThrottlingException(f"Rate exceeded: {operation} allows {rate:g} calls a second.")
    context.connection.execute(
        "INSERT INTO rates VALUES (?, ?, ?, ?, ?) ON CONFLICT (account, region, operation)"
        " DO UPDATE SET allowance = excluded.allowance, at = excluded.at",
        (*context.here(), operation, allowance - 1, real),
    )
