"""The row of a run that is carried out: how its life goes on in the state file."""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from omics_provider.emulator.runs import executed, tasks
from omics_provider.emulator.runs.queue import tasks_of
from omics_provider.emulator.traces.traced import TracedRun
from omics_provider.emulator.world import settings
from omics_provider.emulator.world.clock import Clock
from omics_provider.emulator.world.life import CANCELLED, ENDED, FAILED, life_of
from omics_provider.emulator.world.store import Store

#: The time that each state of a task sets.
_TIMES: Final = {"PENDING": "created", "STARTING": "starting", "RUNNING": "running"}


class Gone(Exception):
    """The run is not in the state file any more."""


@dataclass(frozen=True)
class Snapshot(TracedRun):
    """A run at a moment."""

    @property
    def now(self) -> float:
        """The moment."""
        return self.until

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody wants it to stop."""
        return self.life.outcome == CANCELLED


_Change = Callable[[dict[str, Any], dict[str, Any], Clock], None]


class Row:
    """One run in the state file, by its key and its uuid: its id may become another run's."""

    def __init__(self, store: Store, pk: int, uuid: str) -> None:
        self._store = store
        self._pk = pk
        self._uuid = uuid

    def look(self) -> Snapshot:
        """Give the run as it is now."""
        with self._store.reading() as connection:
            return self._read(connection)

    def reach(self, state: str) -> Snapshot:
        """Let the run reach `starting`, `running` or `stopping` now, if it is not stopping."""

        def change(row: dict[str, Any], _: dict[str, Any], clock: Clock) -> None:
            if row["stopping"] is None:
                row[state] = clock.now(time.time())

        return self._changed(change)

    def keep(self, **facts: Any) -> Snapshot:
        """Keep facts of the run in its document."""
        return self._changed(lambda _row, doc, _clock: doc.update(facts))

    def note(self, events: Iterable[Mapping[str, Any]]) -> tuple[Snapshot, list[tuple[str, str]]]:
        """Take up what the worker says of tasks; give their ids with the states they came to."""
        passed: list[tuple[str, str]] = []

        def change(_: dict[str, Any], doc: dict[str, Any], clock: Clock) -> None:
            now = clock.now(time.time())
            cache = doc.get("cache")
            uri = cache and f"{cache['uri'].rstrip('/')}/{cache['id']}/{self._uuid}"
            known = doc["executed"]["tasks"]
            for event in events:
                moment = min(clock.now(event["time"]), now)
                task = _take(known, event, moment, self._uuid, uri)
                passed.append((task["id"], event["status"]))

        return self._changed(change), passed

    def ending(self, outcome: str, reason: str | None, message: str | None, gib: float) -> Snapshot:
        """Give the run as it will be once it has ended now: CANCELLED where it was cancelled.

        `gib` is what its files take up.
        """
        before = self.look()
        row, doc, now = dict(before.row), before.doc, before.now
        row["outcome"] = CANCELLED if before.is_cancelled else outcome
        row["stopping"] = now if row["stopping"] is None else row["stopping"]
        row["ended"] = now
        if row["outcome"] == FAILED:
            doc.update(failureReason=reason, statusMessage=message)
        executed.stop_tasks(doc["executed"]["tasks"], now)
        running = row["stopping"] - row["running"] if row["running"] is not None else 0.0
        doc["executed"]["metrics"] = {"runningSeconds": running, "storageMaximumGiB": gib}
        return _snapshot(row, doc, now)

    def end(self, ended: Snapshot) -> None:
        """Let the run end so. Nobody carries it out any more."""
        with self._store.transaction() as connection:
            self._write(connection, ended.row, ended.doc)
            connection.execute("DELETE FROM executions WHERE run = ?", (self._uuid,))

    def _changed(self, change: _Change) -> Snapshot:
        with self._store.transaction() as connection:
            before = self._read(connection)
            row, doc = dict(before.row), before.doc
            change(row, doc, settings.load(connection, time.time())[1])
            self._write(connection, row, doc)
            return self._read(connection)

    def _write(
        self, connection: sqlite3.Connection, row: Mapping[str, Any], doc: Mapping[str, Any]
    ) -> None:
        connection.execute(
            "UPDATE runs SET starting = ?, running = ?, stopping = ?, ended = ?, outcome = ?,"
            " doc = ? WHERE pk = ? AND uuid = ?",
            (row["starting"], row["running"], row["stopping"], row["ended"], row["outcome"],
             json.dumps(doc), self._pk, self._uuid),
        )  # fmt: skip

    def _read(self, connection: sqlite3.Connection) -> Snapshot:
        row = connection.execute(
            "SELECT * FROM runs WHERE pk = ? AND uuid = ?", (self._pk, self._uuid)
        ).fetchone()
        if row is None:
            raise Gone
        now = settings.load(connection, time.time())[1].now(time.time())
        return _snapshot(dict(row), json.loads(row["doc"]), now)


def _snapshot(row: dict[str, Any], doc: dict[str, Any], now: float) -> Snapshot:
    life = life_of(row)
    return Snapshot(row, doc, life, tasks_of(doc, life, row["uuid"]), now, now)


def _take(
    known: list[dict[str, Any]],
    event: Mapping[str, Any],
    moment: float,
    run_uuid: str,
    cache_uri: str | None,
) -> dict[str, Any]:
    """Bring the tasks up to date with an event, and give the one that it is about."""
    task = next((each for each in known if each["key"] == event["id"]), None)
    if task is None:
        task = _new_task(event, moment, run_uuid, len(known))
        known.append(task)
    status = str(event["status"])
    if status in _TIMES:
        task[_TIMES[status]] = moment
    elif status in ENDED:
        task.update(stopping=moment, ended=moment, outcome=status)
    if event.get("cached"):
        task["cached"] = cache_uri
    if status == FAILED:
        task.update(failure=event.get("failureReason"), message=event.get("message"))
    for name in ("log", "image", "metrics", "exitCode"):
        if event.get(name) is not None:
            task[name] = event[name]
    return task


def _new_task(
    event: Mapping[str, Any], moment: float, run_uuid: str, number: int
) -> dict[str, Any]:
    cpus, memory = float(event.get("cpus") or 1), float(event.get("memoryGiB") or 1)
    task_id, task_uuid = tasks.identity(run_uuid, number)
    instance, _, _ = tasks.smallest(cpus, memory)
    return {
        "key": event["id"],
        "id": task_id,
        "uuid": task_uuid,
        "name": event["name"],
        "cpus": math.ceil(cpus),
        "memory": math.ceil(memory),
        "gpus": 0,
        "instance": instance,
        "created": moment,
        **dict.fromkeys(("starting", "running", "stopping", "ended", "outcome")),
        **dict.fromkeys(("failure", "message", "cached", "log", "image", "metrics", "exitCode")),
    }
