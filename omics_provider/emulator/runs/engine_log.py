"""What the engine of a run writes in its log, in the form of that engine.

For WDL it is miniwdl's, which is the service's engine by all signs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from omics_provider.emulator.world.life import COMPLETED, FAILED, Life

from .tasks import Task

Line = tuple[float, str]

_FOLDER: Final = "/mnt/workflow"
#: What miniwdl calls the failure of a task whose command failed; others go by the reason.
_ERRORS: Final[Mapping[str, str]] = {"RUN_TASK_FAILED": "CommandFailed"}


def lines(run_id: str, doc: Mapping[str, Any], life: Life, tasks: Sequence[Task]) -> list[Line]:
    """Give the lines of an ended run's log, each with its time, in their order."""
    if life.running is None or life.ended is None:
        return []
    said = (doc.get("failure") or {}).get("engine")
    run = _Run(run_id, doc["workflow"], doc["failureReason"], said, life.outcome, tasks)
    write = _WRITERS.get(doc["workflow"]["engine"] or "", _wdl)
    return sorted(write(run, life.running, life.stopping or life.ended), key=lambda line: line[0])


@dataclass(frozen=True)
class _Run:
    id: str
    workflow: Mapping[str, Any]
    reason: str | None
    said: str | None
    outcome: str
    tasks: Sequence[Task]

    @property
    def cause(self) -> str:
        """Why the run failed: its reason, and what there is to say of it."""
        return ": ".join(part for part in (self.reason, self.said) if part)

    def failed(self) -> Task | None:
        """Give the task with which the run failed."""
        broken = [task for task in self.tasks if task.life.outcome == FAILED]
        return broken[-1] if broken and self.outcome == FAILED else None


def _wdl(run: _Run, begun: float, ended: float) -> Iterator[Line]:
    declared = next(iter(run.workflow.get("outputs") or ()), "")
    name = declared.partition(".")[0] or run.workflow["name"] or "workflow"
    folder, logger = f"{_FOLDER}/{run.id}", f"wdl.w:{name}"

    def line(time: float, text: str, level: str = "NOTICE", task: str = "") -> Line:
        moment = datetime.fromtimestamp(time, UTC)
        thread = "TaskPool_0" if task else "MainThread"
        who = f"{logger}.t:{task}" if task else logger
        stamp = f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}"
        return time, f"{stamp} ({thread}) {level} {who} {text}"

    failed = run.failed()
    said = f", message: {json.dumps(run.said)}" if run.said else ""
    yield line(begun, f'workflow start :: name: "{name}", dir: "{folder}"')
    for task in run.tasks:
        job, life = f"call-{task.plan.name}", task.life
        callee, place = task.plan.name.partition("-")[0], f"{folder}/call-{task.plan.name}"
        yield line(life.created, f'ready :: job: "{job}", callee: "{callee}"')
        if life.running is not None:
            yield line(life.running, f'task setup :: name: "{callee}", dir: "{place}"', task=job)
        if life.ended is None:
            continue
        if life.outcome == FAILED:
            error = f'error: "{_ERRORS.get(task.failure or "", task.failure)}"'
            text = f'task {callee} failed :: dir: "{place}", {error}'
            text += said if task is failed else ""
            yield line(life.ended, text, "ERROR", job)
        elif life.outcome == COMPLETED:
            yield line(life.ended, "done (cached)" if task.cached else "done", task=job)
            yield line(life.ended, f'finish :: job: "{job}"')
    if run.outcome == COMPLETED:
        yield line(ended, "done")
    elif failed is not None:
        text = f'call failure propagating :: from: "call-{failed.plan.name}", dir: "{folder}"'
        yield line(ended, text, "ERROR")
    else:
        text = f'workflow {name} failed :: dir: "{folder}", error: "{run.reason}"'
        yield line(ended, run.said or text, "ERROR")


def _cwl(run: _Run, begun: float, ended: float) -> Iterator[Line]:
    good, bad = "completed success", "completed permanentFail"
    yield begun, "INFO [workflow ] start"
    for task in run.tasks:
        name, life = task.plan.name, task.life
        yield life.created, f"INFO [step {name}] start"
        if life.running is not None:
            yield life.running, f"INFO [job {name}] {_FOLDER}/{run.id}/{name}$ started"
        if life.ended is not None and life.outcome == FAILED:
            yield life.ended, f"WARNING [job {name}] {bad}: {task.failure}"
        elif life.ended is not None:
            yield life.ended, f"INFO [job {name}] {good}"
    if run.outcome == COMPLETED:
        yield ended, f"INFO [workflow ] {good}"
    else:
        yield ended, f"INFO [workflow ] {bad}"
        yield ended, f"ERROR Workflow error: {run.cause}"


def _nextflow(run: _Run, begun: float, ended: float) -> Iterator[Line]:
    def line(time: float, thread: str, level: str, text: str) -> Line:
        moment = datetime.fromtimestamp(time, UTC)
        stamp = f"{moment:%b-%d %H:%M:%S}.{moment.microsecond // 1000:03}"
        return time, f"{stamp} [{thread}] {level:5} {text}"

    yield line(begun, "main", "INFO", f"nextflow.Session - Launching {run.workflow['name'] or ''}")
    for task in run.tasks:
        name, life = task.plan.name, task.life
        mark = hashlib.sha256(task.uuid.encode()).hexdigest()
        text = f"nextflow.Session - [{mark[:2]}/{mark[2:8]}] Submitted process > {name}"
        yield line(life.created, "Task submitter", "INFO", text)
        if life.ended is not None and life.outcome == FAILED:
            text = f"nextflow.processor.TaskProcessor - Error executing process > '{name}'"
            yield line(life.ended, "TaskFinalizer-1", "ERROR", f"{text}: {task.failure}")
        elif life.ended is not None:
            handler = f"TaskHandler[name: {name}; status: {life.outcome}; exit: 0]"
            text = f"n.processor.TaskPollingMonitor - Task completed > {handler}"
            yield line(life.ended, "Task monitor", "DEBUG", text)
    if run.outcome == COMPLETED:
        yield line(ended, "main", "INFO", "nextflow.Session - Workflow completed")
    else:
        text = f"nextflow.Session - Session aborted -- Cause: {run.cause}"
        yield line(ended, "main", "ERROR", text)


_WRITERS: Final[Mapping[str, Callable[[_Run, float, float], Iterator[Line]]]] = {
    "CWL": _cwl,
    "NEXTFLOW": _nextflow,
}
