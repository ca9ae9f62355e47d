"""EventBridge events of runs and of their tasks: one for each state that they reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from omics_provider.emulator.runs.tasks import Task

VERSION: Final = "1.0.0"
RUN: Final = "Run Status Change"
TASK: Final = "Task Status Change"

Row = Mapping[str, Any]
Doc = Mapping[str, Any]


def arn(row: Row, kind: str, id_: str) -> str:
    """Give the ARN of something in the account and region of a row."""
    return f"arn:aws:omics:{row['region']}:{row['account']}:{kind}/{id_}"


def run_detail(row: Row, doc: Doc, status: str) -> dict[str, Any]:
    """Give the detail of a run's event."""
    return {
        "omicsVersion": VERSION,
        "arn": arn(row, "run", row["id"]),
        "status": status,
        "uuid": row["uuid"],
        "runId": row["id"],
        "runName": row["name"],
        "runOutputUri": doc["runOutputUri"],
        "workflowId": doc["request"]["workflowId"],
        "workflowName": doc["workflow"]["name"],
    }


def task_detail(row: Row, task: Task, status: str) -> dict[str, Any]:
    """Give the detail of the event of a task, of the run of a row."""
    return {
        "omicsVersion": VERSION,
        "arn": arn(row, "task", task.id),
        "status": status,
        "uuid": task.uuid,
        "taskId": task.id,
        "taskName": task.plan.name,
        "runId": row["id"],
        "runArn": arn(row, "run", row["id"]),
    }
