"""Steering the emulator from Python: the same as `/_omics/...` on the server.

Each function takes the state file, or the store of one. What it changes holds for every door
and process that uses the file, from their next call on.

    from omics_provider.emulator import control

    control.plan_faults("state.db", [{"operation": "StartRun", "fault": "lost-answer"}])
    control.change_settings("state.db", {"requestId": "forget", "speed": 60})
    control.calls("state.db")
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from omics_provider.emulator.protocol.wire import iso8601
from omics_provider.emulator.world.store import Store, note, noted, open_store

from .world import faults, settings

State = str | Path | Store
SETTINGS_VARIABLE: Final = "OMICS_EMULATOR_SETTINGS"
FAULTS_VARIABLE: Final = "OMICS_EMULATOR_FAULTS"
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


class TimeError(ValueError):
    """A time to which the emulator's clock can't go."""


def plan_faults(state: State, plans: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Replace the planned faults; `omics_provider.emulator.world.faults.Fault` is their form."""
    with _store(state).transaction() as connection:
        faults.plan(connection, plans)
        return faults.planned(connection)


def planned_faults(state: State) -> list[dict[str, Any]]:
    """Give the planned faults, each with how many calls it has seen (`drawn`) and struck."""
    with _store(state).reading() as connection:
        return faults.planned(connection)


def change_settings(state: State, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change some settings and answer all; see `omics_provider.emulator.world.settings.Settings`.

    A change of `speed` does not let the time jump.
    """
    with _store(state).transaction() as connection:
        real = time.time()
        chosen, clock = settings.load(connection, real)
        changed = chosen.changed(changes)
        if changed.speed != clock.speed:
            clock = clock.with_speed(real, changed.speed)
        settings.save(connection, changed, clock)
        return asdict(changed)


def current_settings(state: State) -> dict[str, Any]:
    """All settings."""
    return change_settings(state, {})


def advance(state: State, seconds: float) -> float:
    """Let `seconds` of emulated time pass at once. Answers the emulated time, since 1970.

    Raises TimeError where that is before now, or after the year 9999, where dates end.
    """
    if seconds < 0:
        raise TimeError(f"Time does not go back: {seconds} s.")
    with _store(state).transaction() as connection:
        real = time.time()
        chosen, clock = settings.load(connection, real)
        clock = clock.advanced(real, seconds)
        if not clock.now(real) < _LATEST:
            raise TimeError(f"Time ends with the year 9999: {seconds} s are too much.")
        settings.save(connection, chosen, clock)
        return clock.now(real)


def reset(state: State) -> None:
    """Forget everything: runs, workflows, settings, faults and the log of calls."""
    _store(state).wipe()


def calls(state: State, *, operation: str | None = None, after: int = 0) -> list[dict[str, Any]]:
    """Give the calls served so far, oldest first, by number: `after` leaves out earlier ones.

    Each has number, time (ISO 8601 in UTC), operation, status (None for a connection cut
    before the call), fault, runId, account, region, the pid of the process that answered, and the
    caller: a process in its own process, on the server the access key and the address.
    """
    with _store(state).reading() as connection:
        rows = connection.execute(
            "SELECT pk, time, operation, status, fault, run_id, pid, caller, account, region"
            " FROM calls WHERE pk > ? AND (? IS NULL OR operation = ?) ORDER BY pk",
            (after, operation, operation),
        ).fetchall()
    return [
        {
            "number": row["pk"],
            "time": iso8601(row["time"]),
            "operation": row["operation"],
            "status": row["status"],
            "fault": row["fault"],
            "runId": row["run_id"],
            "pid": row["pid"],
            "caller": row["caller"],
            "account": row["account"],
            "region": row["region"],
        }
        for row in rows
    ]


def apply_environment(state: State, environment: Mapping[str, str]) -> None:
    """Take settings and faults from environment variables, once for each value."""
    for variable, take in (
        (SETTINGS_VARIABLE, change_settings),
        (FAULTS_VARIABLE, plan_faults),
    ):
        text = environment.get(variable)
        if text and _is_new(state, variable, text):
            take(state, json.loads(text))


def _is_new(state: State, variable: str, text: str) -> bool:
    with _store(state).transaction() as connection:
        before = noted(connection, variable)
        note(connection, variable, text)
        return before != text


def _store(state: State) -> Store:
    return state if isinstance(state, Store) else open_store(state)
