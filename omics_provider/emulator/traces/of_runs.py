"""What runs leave behind in other services: log streams, a manifest, output files, events.

Written by nobody in the background: before and after each call, what has become due is written.
A run's row holds when its next trace is due, so a call that finds nothing due costs one look at
an index. Shapes and names follow the developer guide (docs/behaviours.md).
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from omics_provider.emulator.protocol.wire import iso8601
from omics_provider.emulator.runs import outputs
from omics_provider.emulator.runs.queue import tasks_of
from omics_provider.emulator.runs.tasks import Task
from omics_provider.emulator.world import events, settings
from omics_provider.emulator.world.life import COMPLETED, ENDED, FAILED, Life, life_of
from omics_provider.emulator.world.store import Store
from omics_provider.emulator.world.surroundings import MotoSurroundings

from . import of_batches, posted

_AT_ONCE: Final = 500


@dataclass(frozen=True)
class _Run:
    """A run whose traces are due, as it was when its row was read."""

    row: dict[str, Any]
    doc: dict[str, Any]
    life: Life
    tasks: list[Task]
    since: float
    until: float

    @property
    def arn(self) -> str:
        return events.arn(self.row, "run", self.row["id"])

    @property
    def here(self) -> tuple[str, str]:
        return self.row["account"], self.row["region"]

    def due(self, life: Life) -> Iterator[tuple[float, str]]:
        """Give the states that a life reaches since the last trace, until now."""
        for moment, status in life.passages():
            if self.since <= moment <= self.until:
                yield moment, status


class Traces:
    """Writes the traces of all runs of a state file into the surroundings."""

    def __init__(self, store: Store, surroundings: MotoSurroundings) -> None:
        self._store = store
        self._surroundings = surroundings

    def settle(self) -> None:
        """Write what is due by now."""
        of_batches.settle(self._store, self._surroundings)
        while due := self._take():
            for run in due:
                self._write(run)
        posted.settle(self._store, self._surroundings)

    def _take(self) -> list[_Run]:
        """Take runs with something due, and note when their next traces are."""
        if not self._is_due():
            return []
        with self._store.transaction() as connection:
            _, clock = settings.load(connection, time.time())
            now = clock.now(time.time())
            rows = connection.execute(
                "SELECT * FROM runs WHERE next_trace <= ? ORDER BY next_trace LIMIT ?",
                (now, _AT_ONCE),
            ).fetchall()
            taken = [_run(row, now) for row in rows]
            for run in taken:
                connection.execute(
                    "UPDATE runs SET next_trace = ? WHERE pk = ?", (_next(run), run.row["pk"])
                )
        return taken

    def _is_due(self) -> bool:
        with self._store.reading() as connection:
            row = connection.execute(
                "SELECT min(next_trace) FROM runs WHERE next_trace IS NOT NULL"
            ).fetchone()
            if row[0] is None:
                return False
            _, clock = settings.load(connection, time.time())
            return bool(row[0] <= clock.now(time.time()))

    def _write(self, run: _Run) -> None:
        logs = run.doc["request"].get("logLevel", "ALL") != "OFF"
        for moment, status in run.due(run.life):
            self._event(run, events.RUN, moment, events.run_detail(run.row, run.doc, status))
            if logs:
                self._run_log(run, moment, f"Run {run.row['id']} {status}")
                self._engine_log(run, moment, status)
            if status == COMPLETED:
                self._outputs(run)
            if status in ENDED and logs:
                self._manifest(run, moment, status)
        for task in run.tasks:
            for moment, status in run.due(task.life):
                detail = events.task_detail(run.row, run.doc, task.id, status)
                self._event(run, events.TASK, moment, detail)
                if logs:
                    self._task_log(run, task, moment, status)

    def _run_log(self, run: _Run, moment: float, line: str) -> None:
        self._log(run, f"run/{run.row['id']}", moment, line)

    def _engine_log(self, run: _Run, moment: float, status: str) -> None:
        if status == "RUNNING" or status in ENDED:
            engine = run.doc["workflow"]["engine"] or "engine"
            line = f"{engine}: workflow {run.doc['workflow']['name'] or ''} is {status}"
            if status == FAILED:
                line += f": {run.doc['failureReason']}"
            self._log(run, f"run/{run.row['id']}/engine", moment, line)

    def _task_log(self, run: _Run, task: Task, moment: float, status: str) -> None:
        self._run_log(run, moment, f"Task {task.id} {task.plan.name} {status}")
        if status != "PENDING":
            stream = f"run/{run.row['id']}/task/{task.id}"
            self._log(run, stream, moment, f"{task.plan.name} on {task.plan.instance}: {status}")

    def _manifest(self, run: _Run, moment: float, status: str) -> None:
        """Write one JSON object for the run, then one for each of its tasks."""
        stream = f"manifest/run/{run.row['id']}/{run.row['uuid']}"
        lines = [_run_manifest(run, status)]
        lines += [_task_manifest(run, task) for task in run.tasks if task.life.created <= moment]
        self._surroundings.write_log(
            *run.here, stream, [(moment, json.dumps(line)) for line in lines]
        )

    def _outputs(self, run: _Run) -> None:
        for uri, body in outputs.objects(run.doc, run.row["uuid"]):
            self._surroundings.write_object(*run.here, uri, body)

    def _log(self, run: _Run, stream: str, moment: float, line: str) -> None:
        self._surroundings.write_log(*run.here, stream, [(moment, line)])

    def _event(self, run: _Run, kind: str, moment: float, detail: dict[str, Any]) -> None:
        self._surroundings.send_event(*run.here, kind, moment, detail)


def _run(row: sqlite3.Row, now: float) -> _Run:
    doc, life = json.loads(row["doc"]), life_of(row)
    made = tasks_of(doc, life, row["uuid"])
    return _Run(dict(row), doc, life, made, row["next_trace"], now)


def _next(run: _Run) -> float | None:
    lives = [run.life, *(task.life for task in run.tasks)]
    later = [moment for life in lives for moment, _ in life.passages() if moment > run.until]
    return min(later, default=None)


def _run_manifest(run: _Run, status: str) -> dict[str, Any]:
    request, life = run.doc["request"], run.life
    reserved = run.doc["storage"]["capacity"]
    return {
        "arn": run.arn,
        "uuid": run.row["uuid"],
        "name": run.row["name"],
        "status": status,
        "workflow": f"{run.arn.split(':run/')[0]}:workflow/{request['workflowId']}",
        "parameters": request.get("parameters"),
        "outputUri": request["outputUri"],
        "runOutputUri": run.doc["runOutputUri"],
        "roleArn": request["roleArn"],
        "logLevel": request.get("logLevel", "ALL"),
        "digest": run.doc["workflow"]["digest"],
        "engine": run.doc["workflow"]["engine"],
        "storageType": run.doc["storage"]["type"],
        "failureReason": run.doc["failureReason"] if status == FAILED else None,
        "creationTime": iso8601(life.created),
        "startTime": _time(life.running),
        "stopTime": _time(life.ended),
        "metrics": {
            "runningSeconds": _seconds(life),
            "storageReservedGiB": reserved,
            "storageMaximumGiB": (reserved or 1200) * 0.4,
            "storageAverageGiB": (reserved or 1200) * 0.25,
        },
    }


def _task_manifest(run: _Run, task: Task) -> dict[str, Any]:
    plan, life = task.plan, task.life
    return {
        "arn": events.arn(run.row, "task", task.id),
        "uuid": task.uuid,
        "run": run.arn,
        "name": plan.name,
        "status": life.outcome,
        "cpus": plan.cpus,
        "memory": plan.memory,
        "gpus": plan.gpus,
        "instanceType": plan.instance,
        "cacheHit": task.cached is not None,
        "failureReason": task.failure,
        "creationTime": iso8601(life.created),
        "startTime": _time(life.running),
        "stopTime": _time(life.ended),
        "metrics": {
            "cpusReserved": plan.cpus,
            "cpusAverage": plan.cpus * 0.5,
            "cpusMaximum": plan.cpus * 0.9,
            "gpusReserved": plan.gpus,
            "memoryReservedGiB": plan.memory,
            "memoryAverageGiB": plan.memory * 0.4,
            "memoryMaximumGiB": plan.memory * 0.7,
            "runningSeconds": _seconds(life),
        },
    }


def _time(moment: float | None) -> str | None:
    return None if moment is None else iso8601(moment)


def _seconds(life: Life) -> float:
    if life.running is None or life.stopping is None:
        return 0.0
    return life.stopping - life.running
