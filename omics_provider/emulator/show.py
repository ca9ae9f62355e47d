"""`python -m omics_provider.emulator show FILE`: what is in a state file, as text."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

from omics_provider.emulator.protocol.wire import iso8601
from omics_provider.emulator.workflows import files
from omics_provider.emulator.world.life import life_of
from omics_provider.emulator.world.store import Store

from .world import faults, settings

_NEWEST: Final = 50


def shown(path: Path) -> Iterator[str]:
    """Describe a state file line by line; the newest 50 runs of each account and region."""
    real = time.time()
    with Store(path).reading() as connection:
        chosen, clock = settings.load(connection, real)
        now = clock.now(real)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        yield f"{path}: format {version}, emulated time {iso8601(now)}, speed {clock.speed:g}"
        changed = {
            name: value
            for name, value in asdict(chosen).items()
            if value != asdict(settings.Settings())[name]
        }
        yield f"settings: {json.dumps(changed) if changed else 'defaults'}"
        for plan in faults.planned(connection):
            yield f"fault: {json.dumps({k: v for k, v in plan.items() if v is not None})}"
        yield from _calls(connection)
        places = connection.execute(
            "SELECT account, region FROM runs UNION SELECT account, region FROM resources"
        ).fetchall()
        for account, region in places:
            yield f"{account} {region}"
            yield from _resources(connection, account, region)
            yield from _runs(connection, account, region, now)


def _calls(connection: sqlite3.Connection) -> Iterator[str]:
    rows = connection.execute(
        "SELECT operation, count(*), sum(fault IS NOT NULL), sum(status >= 400) FROM calls"
        " GROUP BY operation ORDER BY operation"
    )
    for operation, count, struck, refused in rows:
        yield f"calls: {operation} {count}, {refused or 0} refused, {struck} struck by a fault"


def _resources(connection: sqlite3.Connection, account: str, region: str) -> Iterator[str]:
    rows = connection.execute(
        "SELECT kind, id, name FROM resources WHERE account = ? AND region = ? AND kind <> ?"
        " ORDER BY kind, pk",
        (account, region, files.KIND),
    )
    for kind, resource_id, name in rows:
        yield f"  {kind} {resource_id} {name or ''}".rstrip()


def _runs(connection: sqlite3.Connection, account: str, region: str, now: float) -> Iterator[str]:
    place = (account, region)
    rows = connection.execute(
        "SELECT * FROM runs WHERE account = ? AND region = ? ORDER BY pk DESC", place
    ).fetchall()
    counts = Counter(life_of(row).status(now) for row in rows)
    if rows:
        yield "  runs: " + ", ".join(f"{count} {status}" for status, count in counts.items())
    for row in rows[:_NEWEST]:
        doc = json.loads(row["doc"])
        reason = f" {doc['failureReason']}" if doc["failureReason"] else ""
        yield (
            f"  run {row['id']} {row['uuid']} {life_of(row).status(now)}{reason}"
            f" {row['name'] or ''} created {iso8601(row['created'])}"
        )
