"""The page at `/` of the server: runs with state and age, a timeline of tasks, faults."""

from __future__ import annotations

import json
import sqlite3
import time
from importlib import resources
from typing import Any, Final

from omics_provider.emulator.runs.queue import tasks_of
from omics_provider.emulator.service import OPERATIONS
from omics_provider.emulator.world import faults, settings
from omics_provider.emulator.world.life import FAILED, Life, life_of
from omics_provider.emulator.world.store import Store

_NEWEST: Final = 200


def page() -> bytes:
    """Give the page; its script asks for the state again and again."""
    return resources.files("omics_provider.emulator.doors").joinpath("overview.html").read_bytes()


def state(store: Store) -> dict[str, Any]:
    """Give what the page shows: the newest 200 runs of all accounts and regions."""
    with store.reading() as connection:
        chosen, clock = settings.load(connection, time.time())
        now = clock.now(time.time())
        rows = connection.execute(
            "SELECT * FROM runs ORDER BY pk DESC LIMIT ?", (_NEWEST,)
        ).fetchall()
        return {
            "now": now,
            "speed": chosen.speed,
            "operations": sorted(OPERATIONS),
            "kinds": list(faults.KINDS),
            "faults": faults.planned(connection),
            "runs": [_run(row, now) for row in rows],
        }


def _run(row: sqlite3.Row, now: float) -> dict[str, Any]:
    doc, life = json.loads(row["doc"]), life_of(row)
    status = life.status(now)
    return {
        "account": row["account"],
        "region": row["region"],
        "id": row["id"],
        "uuid": row["uuid"],
        "name": row["name"],
        "workflow": doc["workflow"]["name"] or doc["workflow"]["id"],
        "status": status,
        "reason": doc["failureReason"] if status == FAILED else None,
        "created": life.created,
        "stopped": life.stopped(now),
        "tasks": [
            {
                "name": task.plan.name,
                "instance": task.plan.instance,
                "status": task.life.status(now),
                "cached": task.cached is not None,
                **_span(task.life, now),
            }
            for task in tasks_of(doc, life, row["uuid"])
            if task.life.created <= now
        ],
    }


def _span(life: Life, now: float) -> dict[str, float]:
    stopped = life.stopped(now)
    return {"from": life.created, "to": now if stopped is None else stopped}
