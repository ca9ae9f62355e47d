"""Planned faults of a batch's own steps: the start, cancellation and deletion of one run of it.

They are planned as `batch:StartRun`, `batch:CancelRun` and `batch:DeleteRun`, by these names only:
a fault of `*` strikes calls, and these steps are none.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Final

from omics_provider.emulator.protocol.exceptions import ServiceError
from omics_provider.emulator.world.faults import Fault, answer

_PREFIX: Final = "batch:"


def draw(connection: sqlite3.Connection, operation: str) -> ServiceError | None:
    """Give the error of the planned fault that strikes this step of a batch, if any."""
    name = _PREFIX + operation
    rows = connection.execute(
        "SELECT pk, plan, drawn, struck FROM faults WHERE plan LIKE ? ORDER BY pk", (f"%{name}%",)
    ).fetchall()
    for row in rows:
        fault = Fault(**json.loads(row["plan"]))
        if fault.operation != name:
            continue
        strikes = fault.strikes(row["drawn"], row["struck"])
        connection.execute(
            "UPDATE faults SET drawn = drawn + 1, struck = struck + ? WHERE pk = ?",
            (int(strikes), row["pk"]),
        )
        if strikes:
            return answer(fault, operation)
    return None
