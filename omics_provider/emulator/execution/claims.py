"""Which process carries out which run: claims in the state file."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from typing import Final

from omics_provider.emulator.protocol.model import service_model
from omics_provider.emulator.runs.queue import Queue
from omics_provider.emulator.workflows import files
from omics_provider.emulator.world import processes, settings
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.execution import Execution
from omics_provider.emulator.world.resources import Resources
from omics_provider.emulator.world.settings import Settings
from omics_provider.emulator.world.store import Store

from . import recovery
from .carrier import Claim
from .depot import Depot

_WAITING: Final = (
    "SELECT DISTINCT account, region FROM runs JOIN executions ON executions.pk = runs.pk"
    " WHERE waiting = 1"
)


def is_one_waiting(store: Store) -> bool:
    """Say whether there is a run that nobody carries out, or whose process may be gone."""
    with store.reading() as connection:
        row = connection.execute(
            "SELECT 1 FROM executions WHERE owner IS NULL OR owner != ? LIMIT 1", (processes.me(),)
        ).fetchone()
        return row is not None


def claim(store: Store, depot: Depot, *, at_home: bool) -> list[Claim]:
    """Claim the runs that fall to this process, as many as may be executed at once."""
    cleared = recovery.clear(store)
    with store.transaction() as connection:
        real = time.time()
        chosen, clock = settings.load(connection, real)
        now = clock.now(real)
        recovery.settle(connection, cleared, now)
        for account, region in connection.execute(_WAITING).fetchall():
            Queue(_context(connection, chosen, now, account, region)).settle()
        rows = connection.execute("SELECT * FROM executions WHERE admitted = 1 ORDER BY pk")
        executions = rows.fetchall()
        at_work = sum(row["owner"] is not None for row in executions)
        free = int(chosen.executeRuns or os.cpu_count() or 1) - at_work
        ours = [
            row
            for row in executions
            if row["owner"] is None and recovery.falls_to_us(row, at_home=at_home)
        ]
        return [_claimed(connection, chosen, now, depot, row) for row in ours[: max(free, 0)]]


def _claimed(
    connection: sqlite3.Connection, chosen: Settings, now: float, depot: Depot, row: sqlite3.Row
) -> Claim:
    run = connection.execute("SELECT * FROM runs WHERE pk = ?", (row["pk"],)).fetchone()
    connection.execute(
        "UPDATE executions SET owner = ?, folder = ? WHERE run = ?",
        (processes.me(), str(depot.work(row["run"])), row["run"]),
    )
    # From here on its owner writes its traces.
    connection.execute("UPDATE runs SET next_trace = NULL WHERE pk = ?", (row["pk"],))
    doc = json.loads(run["doc"])
    context = _context(connection, chosen, now, run["account"], run["region"])
    group = Resources(context, "runGroup", "").get(run["run_group_id"] or "")
    return Claim(
        pk=row["pk"],
        uuid=row["run"],
        plan=Execution.parse(row["plan"]),
        settings=chosen,
        definition=files.content(
            connection, run["account"], run["region"], doc["workflow"]["files"][files.DEFINITION]
        ),
        is_news=run["next_trace"] is not None,
        minutes=None if group is None else group.doc.get("maxDuration"),
    )


def caches(store: Store) -> set[str]:
    """Give the uuids of the run caches that are there, in all accounts and regions."""
    with store.reading() as connection:
        rows = connection.execute("SELECT uuid FROM resources WHERE kind = 'runCache'")
        return {row["uuid"] for row in rows}


def _context(
    connection: sqlite3.Connection, chosen: Settings, now: float, account: str, region: str
) -> Context:
    return Context(connection, chosen, now, account, region, service_model())
