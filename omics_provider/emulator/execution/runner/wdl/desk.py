"""The desk: where tasks of a workflow report what becomes of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import WDL
from WDL.runtime.error import CommandFailed, RunFailed, Terminated

from omics_provider.emulator.execution.runner.containers.tools import Tools
from omics_provider.emulator.execution.runner.events import Events, Task
from omics_provider.emulator.execution.runner.job import Job
from omics_provider.emulator.execution.runner.outcome import (
    TASK_FAILED,
    WORKFLOW_FAILED,
    Failure,
)
from omics_provider.emulator.world.folder import last_lines
from omics_provider.emulator.world.life import CANCELLED, COMPLETED, ENDED, FAILED, PENDING

_CALL: Final = "call-"
_MOST_LINES: Final = 10
_MOST_BYTES: Final = 1000


class Desk:
    """Knows the job, and which task each thread is at."""

    def __init__(self, job: Job, events: Events) -> None:
        self.job = job
        self.tools = Tools(job.tool)
        self._events = events
        self._here = threading.local()

    @property
    def task(self) -> Task | None:
        """The task that this thread is at."""
        return getattr(self._here, "task", None)

    @contextmanager
    def at(self, call: str) -> Iterator[Task]:
        """Be at a task, and tell its end."""
        task = self._here.task = Task(call.removeprefix(_CALL))
        try:
            yield task
        except Exception as error:
            if task.status not in ENDED:  # an attempt that failed has told so itself
                self.failed(task, error)
            raise
        else:
            self.tell(task, COMPLETED)
        finally:
            self._here.task = None

    def tell(
        self, task: Task, status: str, reason: str | None = None, message: str | None = None
    ) -> None:
        """Tell a status of a task. Each that was at work has been PENDING first."""
        if task.status is None and status != PENDING and not task.cached:
            self._events.tell(task, PENDING)
        self._events.tell(task, status, reason, message)

    def failed(self, task: Task, error: BaseException) -> None:
        """Tell the end of an attempt by an error."""
        cause = cause_of(error)
        if isinstance(cause, Terminated):
            self.tell(task, CANCELLED)
        else:
            self.tell(task, FAILED, reason_of(cause), _told(cause))


class Refused(WDL.Error.RuntimeError):
    """A failure of ours, as miniwdl takes it: by its text, without a traceback."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.reason = failure.reason


def cause_of(error: BaseException) -> BaseException:
    """Give the error that began a chain of miniwdl's failures."""
    while isinstance(error, RunFailed) and error.__cause__ is not None:
        error = error.__cause__
    return error


def reason_of(cause: BaseException) -> str:
    """Give the service's code of what a task or a workflow failed by."""
    if isinstance(cause, Refused):
        return cause.reason
    return TASK_FAILED if isinstance(cause, CommandFailed) else WORKFLOW_FAILED


def _told(cause: BaseException) -> str:
    if not isinstance(cause, CommandFailed):
        return str(cause) or type(cause).__name__
    streams = Path(cause.stderr_file), Path(cause.stdout_file)
    lines = next(filter(None, (last_lines(each, _MOST_BYTES) for each in streams)), [])
    text = "\n".join(lines[-_MOST_LINES:])
    return f"{cause}" + (f". The end of its log:\n{text}" if text else "")
