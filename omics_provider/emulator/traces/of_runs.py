"""What runs leave behind in other services: log streams, a manifest, output files, events.

Written by nobody in the background: before and after each call, what has become due is written.
A run's row holds when its next trace is due, so a call that finds nothing due costs one look at
an index. Shapes and names follow the developer guide (docs/behaviours.md).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from omics_provider.emulator.runs import engine_log, failures, outputs, tasks
from omics_provider.emulator.runs.queue import tasks_of
from omics_provider.emulator.runs.tasks import Task
from omics_provider.emulator.world import events, settings
from omics_provider.emulator.world.context import started_by
from omics_provider.emulator.world.life import ENDED, FAILED, Life, life_of
from omics_provider.emulator.world.store import Store
from omics_provider.emulator.world.surroundings import Surroundings

from . import cache_log, manifest, of_batches, posted, simulated

_AT_ONCE: Final = 500


@dataclass(frozen=True)
class TracedRun:
    """A run whose traces are due, as it was when its row was read."""

    row: dict[str, Any]
    doc: dict[str, Any]
    life: Life
    tasks: list[Task]
    since: float
    until: float

    @property
    def arn(self) -> str:
        """Its ARN."""
        return events.arn(self.row, "run", self.row["id"])

    @property
    def here(self) -> tuple[str, str]:
        """Its account and region."""
        return self.row["account"], self.row["region"]

    @property
    def has_logs(self) -> bool:
        """Whether it writes logs at all."""
        return bool(self.doc["request"].get("logLevel", "ALL") != "OFF")

    def due(self, life: Life) -> Iterator[tuple[float, str]]:
        """Give the states that a life reaches since the last trace, until now."""
        for moment, status in life.passages():
            if self.since <= moment <= self.until:
                yield moment, status


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
        posted.settle(self._store, self._surroundings)

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
        lines = [manifest.of_run(_run_facts(run, status))]
        lines += [
            manifest.of_task(_task_facts(run, task))
            for task in run.tasks
            if task.life.created <= moment
        ]
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


def traced(row: Mapping[str, Any], now: float) -> TracedRun:
    """Give a run whose traces are due, from its row."""
    doc, life = json.loads(row["doc"]), life_of(row)
    made = tasks_of(doc, life, row["uuid"])
    return TracedRun(dict(row), doc, life, made, row["next_trace"], now)


def _next(run: TracedRun) -> float | None:
    lives = [run.life, *(task.life for task in run.tasks)]
    later = [moment for life in lives for moment, _ in life.passages() if moment > run.until]
    return min(later, default=None)


def _run_facts(run: TracedRun, status: str) -> manifest.RunFacts:
    request, life, storage = run.doc["request"], run.life, run.doc["storage"]
    return manifest.RunFacts(
        arn=run.arn,
        uuid=run.row["uuid"],
        name=run.row["name"],
        status=status,
        times=manifest.Times(life.created, life.running, life.ended),
        workflow=_workflow_arn(run),
        digest=run.doc["workflow"]["digest"],
        parameters=request.get("parameters"),
        template=run.doc["workflow"].get("template"),
        output_uri=request["outputUri"],
        role=request["roleArn"],
        started_by=started_by(run.row["account"]),
        storage_type=storage["type"],
        storage_capacity=storage["capacity"],
        metrics=_metrics(run),
        resource_digests=run.doc.get("resourceDigests", {}),
        failure=run.doc["failureReason"] if status == FAILED else None,
        message=_run_message(run) if status == FAILED else None,
    )


def _task_facts(run: TracedRun, task: Task) -> manifest.TaskFacts:
    plan, life = task.plan, task.life
    times = manifest.Times(life.created, life.running, life.ended)
    return manifest.TaskFacts(
        arn=events.arn(run.row, "task", task.id),
        uuid=task.uuid,
        run=run.arn,
        workflow=_workflow_arn(run),
        name=plan.name,
        status=life.outcome,
        times=None if task.cached is not None else times,
        cpus=plan.cpus,
        memory=plan.memory,
        gpus=plan.gpus,
        instance=plan.instance,
        metrics=simulated.task_metrics(plan, life) if task.metrics is None else task.metrics,
        image=task.image or (tasks.image(run.doc, task) or {}).get("image"),
        failure=task.failure,
        message=task.message or _task_message(run, task),
    )


def _metrics(run: TracedRun) -> Mapping[str, float | None]:
    """Give what a run has used: measured where it was executed."""
    if "executed" in run.doc:
        measured: dict[str, float | None] = run.doc["executed"].get("metrics", {})
        return measured
    return simulated.run_metrics(run.doc["storage"]["capacity"], run.life)


def _run_message(run: TracedRun) -> str:
    row = run.row
    return failures.of_run(row["id"], row["region"], run.doc, run.life, run.tasks)


def _task_message(run: TracedRun, task: Task) -> str | None:
    return None if task.failure is None else failures.of_task(run.row["id"], run.doc, task)


def _workflow_arn(run: TracedRun) -> str:
    request = run.doc["request"]
    is_ours = request.get("workflowType", "PRIVATE") == "PRIVATE"
    place = {**run.row, "account": run.row["account"] if is_ours else ""}
    return events.arn(place, "workflow", request["workflowId"])
