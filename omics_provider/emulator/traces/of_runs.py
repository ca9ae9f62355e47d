"""What runs leave behind in other services: log streams, a manifest, output files, events.

Written by nobody in the background: before and after each call, what has become due is written.
A run's row holds when its next trace is due, so a call that finds nothing due costs one look at
an index. Shapes and names follow the developer guide (docs/behaviours.md).
"""

from __future__ import annotations

import json
import time
from typing import Any, Final

from omics_provider.emulator.runs import engine_log, outputs
from omics_provider.emulator.runs.tasks import Task
from omics_provider.emulator.world import events, settings
from omics_provider.emulator.world.life import ENDED, FAILED
from omics_provider.emulator.world.store import Store
from omics_provider.emulator.world.surroundings import Surroundings

from . import cache_log, manifest, of_batches
from .traced import TracedRun, traced

_AT_ONCE: Final = 500


class Traces:
    """Writes the traces of all runs of a state file into the surroundings."""

    def __init__(self, store: Store, surroundings: Surroundings) -> None:
        self._store = store
        self._surroundings = surroundings

    def settle(self) -> None:
        """Write what is due by now."""
        of_batches.settle(self._store, self._surroundings)
        while due := self._take():
            for run in due:
                self._write(run)
        self._send_posted()

    def _send_posted(self) -> None:
        with self._store.reading() as connection:
            if not events.is_any(connection):
                return
        with self._store.transaction() as connection:
            _, clock = settings.load(connection, time.time())
            due = events.take(connection, clock.now(time.time()))
        for each in due:
            self._surroundings.send_event(
                each.account, each.region, each.kind, each.time, each.detail
            )

    def _take(self) -> list[TracedRun]:
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
            taken = [traced(row, now) for row in rows]
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

    def _write(self, run: TracedRun) -> None:
        for moment, status in run.due(run.life):
            if status in ENDED:
                self._objects(run)
            self.run_reached(run, moment, status)
            if status == FAILED and run.has_logs:
                self._engine_log(run, moment)
        for task in run.tasks:
            for moment, status in run.due(task.life):
                self.task_reached(run, task, moment, status)
        self.cache_reached(run)

    def run_reached(self, run: TracedRun, moment: float, status: str) -> None:
        """Write what a run leaves when it reaches a state, but for objects and the engine's log."""
        self._event(run, events.RUN, moment, events.run_detail(run.row, run.doc, status))
        if run.has_logs:
            self._run_log(run, moment, f"Run {run.row['id']} {status}")
            if status in ENDED:
                self._manifest(run, moment, status)

    def task_reached(self, run: TracedRun, task: Task, moment: float, status: str) -> None:
        """Write what a task leaves when it reaches a state."""
        self._event(run, events.TASK, moment, events.task_detail(run.row, run.doc, task.id, status))
        if run.has_logs:
            self._task_log(run, task, moment, status)

    def _run_log(self, run: TracedRun, moment: float, line: str) -> None:
        self._log(run, f"run/{run.row['id']}", moment, line)

    def _engine_log(self, run: TracedRun, moment: float) -> None:
        """Write the engine's log at the end of a run that failed: of others there is no stream."""
        lines = engine_log.lines(run.row["id"], run.doc, run.life, run.tasks)
        stream = f"run/{run.row['id']}/engine"
        self._surroundings.write_log(*run.here, stream, [(moment, line) for _, line in lines])

    def cache_reached(self, run: TracedRun) -> None:
        """Write what a run's cache logs of it, if it has one."""
        cache = run.doc.get("cache")
        if cache is None or not run.has_logs:
            return
        for moment, line in cache_log.lines(cache, run.row["id"], run.life, run.tasks):
            if run.since <= moment <= run.until:
                self._log(run, cache_log.stream(cache), moment, line)

    def _task_log(self, run: TracedRun, task: Task, moment: float, status: str) -> None:
        self._run_log(run, moment, f"Task {task.id} {task.plan.name} {status}")
        if status != "PENDING":
            stream = f"run/{run.row['id']}/task/{task.id}"
            self._log(run, stream, moment, f"{task.plan.name} on {task.plan.instance}: {status}")

    def _manifest(self, run: TracedRun, moment: float, status: str) -> None:
        """Write one JSON object for the run, then one for each of its tasks."""
        stream = f"manifest/run/{run.row['id']}/{run.row['uuid']}"
        lines = [manifest.of_run(run, status)]
        lines += [manifest.of_task(run, each) for each in run.tasks if each.life.created <= moment]
        self._surroundings.write_log(
            *run.here, stream, [(moment, json.dumps(line)) for line in lines]
        )

    def _objects(self, run: TracedRun) -> None:
        for uri, body in outputs.objects(run.row, run.doc).items():
            self._surroundings.write_object(*run.here, uri, body)

    def _log(self, run: TracedRun, stream: str, moment: float, line: str) -> None:
        self._surroundings.write_log(*run.here, stream, [(moment, line)])

    def _event(self, run: TracedRun, kind: str, moment: float, detail: dict[str, Any]) -> None:
        self._surroundings.send_event(*run.here, kind, moment, detail)


def _next(run: TracedRun) -> float | None:
    lives = [run.life, *(task.life for task in run.tasks)]
    later = [moment for life in lives for moment, _ in life.passages() if moment > run.until]
    return min(later, default=None)
