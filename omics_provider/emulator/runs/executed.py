"""Runs that are executed, not simulated: what is stored of them, and where they wait.

A run that is executed has `executed` in its document, with its tasks as they were seen, and a row
in `executions` from its start to its end. The queue admits it as any run. From then on its times
are open: who carries it out (`emulator.execution`) sets them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from omics_provider.emulator.workflows.files import DEFINITION
from omics_provider.emulator.workflows.record import Workflow
from omics_provider.emulator.world import processes
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.execution import Execution
from omics_provider.emulator.world.life import (
    CANCELLED,
    COMPLETED,
    ENDED,
    FAILED,
    STOPPING,
    Life,
)

from .tasks import Plan, Task

ENGINES: Final = frozenset({"WDL", "WDL_LENIENT"})
#: With one of them the run's own tags direct its life, and nothing is executed.
_DIRECTS: Final = "emulator:"


def is_executed(context: Context, request: Mapping[str, Any], workflow: Workflow) -> bool:
    """Say whether a run that is started now is to be executed."""
    if context.execution is None or workflow.engine not in ENGINES:
        return False
    if any(tag.startswith(_DIRECTS) for tag in request.get("tags", {})):
        return False
    return DEFINITION in workflow.files


def enqueue(context: Context, pk: int, run_uuid: str) -> None:
    """Keep that a new run is to be executed, by this process if its S3 is this process's own."""
    execution = context.execution or Execution()
    home = processes.me() if execution.at_home else None
    context.connection.execute(
        "INSERT INTO executions (run, pk, plan, home) VALUES (?, ?, ?, ?)",
        (run_uuid, pk, execution.text, home),
    )


def admit(connection: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Let a run leave the queue."""
    connection.execute("UPDATE runs SET waiting = 0 WHERE pk = ?", (row["pk"],))
    connection.execute("UPDATE executions SET admitted = 1 WHERE run = ?", (row["uuid"],))


def is_carried_out(connection: sqlite3.Connection, run_uuid: str) -> bool:
    """Say whether somebody carries the run out now. One that nobody does is forgotten."""
    row = connection.execute("SELECT owner FROM executions WHERE run = ?", (run_uuid,)).fetchone()
    if row is not None and row["owner"] is None:
        connection.execute("DELETE FROM executions WHERE run = ?", (run_uuid,))
    return row is not None and row["owner"] is not None


def cancel(connection: sqlite3.Connection, row: sqlite3.Row, life: Life, now: float) -> None:
    """Let a run stop that is carried out. It ends once its processes have."""
    stopping = life.stopping if life.status(now) == STOPPING else now
    connection.execute(
        "UPDATE runs SET stopping = ?, outcome = ? WHERE pk = ?", (stopping, CANCELLED, row["pk"])
    )


def tasks(doc: Mapping[str, Any]) -> list[Task]:
    """Give the tasks of an executed run, as they were seen."""
    return [_task(seen) for seen in doc["executed"]["tasks"]]


def _task(seen: Mapping[str, Any]) -> Task:
    plan = Plan(
        seen["name"], seen["instance"], seen["cpus"], seen["memory"], seen["gpus"], 0.0, 0.0
    )
    life = Life(
        seen["created"], seen["starting"], seen["running"], seen["stopping"], seen["ended"],
        seen["outcome"] or COMPLETED,
    )  # fmt: skip
    return Task(
        seen["id"], seen["uuid"], plan, life, seen["failure"], seen["cached"],
        seen["image"], seen["message"], _metrics(seen),
    )  # fmt: skip


def _metrics(seen: Mapping[str, Any]) -> dict[str, float | None]:
    """Give what a task asked for and has used, as far as it was measured."""
    return {
        "cpusReserved": seen["cpus"],
        "gpusReserved": seen["gpus"],
        "memoryReservedGiB": seen["memory"],
        **(seen["metrics"] or {}),
    }


def end_lost(connection: sqlite3.Connection, execution: sqlite3.Row, now: float) -> None:
    """End a run whose process is gone: CANCELLED where that was under way, else FAILED."""
    connection.execute("DELETE FROM executions WHERE run = ?", (execution["run"],))
    row = connection.execute(
        "SELECT * FROM runs WHERE pk = ? AND uuid = ?", (execution["pk"], execution["run"])
    ).fetchone()
    if row is None:
        return
    doc = json.loads(row["doc"])
    outcome = CANCELLED if row["outcome"] == CANCELLED else FAILED
    if outcome == FAILED:
        doc["failureReason"] = "SERVICE_ERROR"
        doc["statusMessage"] = "The process that executed the run was ended."
    stop_tasks(doc["executed"]["tasks"], now)
    connection.execute(
        "UPDATE runs SET stopping = coalesce(stopping, ?), ended = ?, outcome = ?, doc = ?,"
        " next_trace = ? WHERE pk = ?",
        (now, now, outcome, json.dumps(doc), now, row["pk"]),
    )


def stop_tasks(seen: list[dict[str, Any]], now: float) -> None:
    """End, as cancelled, the tasks that were at work when their run ended."""
    for task in seen:
        if task["outcome"] not in ENDED:
            task.update(stopping=now, ended=now, outcome=CANCELLED)
