"""A workflow in WDL, from its definition to its outputs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import WDL
import WDL.runtime.task_container
import WDL.runtime.workflow
from WDL.runtime import config
from WDL.runtime.error import RunFailed, Terminated

from omics_provider.emulator.execution.runner.events import Events
from omics_provider.emulator.execution.runner.job import Job
from omics_provider.emulator.execution.runner.outcome import (
    TASK_FAILED,
    WORKFLOW_FAILED,
    Failure,
    Outcome,
)
from omics_provider.emulator.runs.failures import MESSAGES
from omics_provider.emulator.workflows.wdl import Unreadable, load
from omics_provider.emulator.world.life import CANCELLED, COMPLETED, FAILED

from .cache import TaskCache
from .desk import Desk, cause_of, reason_of
from .outputs import kept
from .tasks import backend

_BACKEND: Final = "omics"
# The format of the service's engine log.
_FORMAT: Final = "%(asctime)s.%(msecs)03d (%(threadName)s) %(levelname)s %(name)s %(message)s"
_MOST_TASKS: Final = 200


def execute(job: Job, events: Events) -> Outcome:
    """Execute a job, and leave its outputs and logs in its folder."""
    logger = logging.getLogger("wdl")
    with _engine_log(job.logs / "engine.log", logger):
        try:
            workflow = _workflow(job)
            inputs = _inputs(job, workflow)
            outputs = _run(job, Desk(job, events), workflow, inputs, logger)
        except Failure as failure:
            logger.error(failure.message)
            return Outcome(FAILED, failure.reason, failure.message)
        except RunFailed as error:
            return _failed(cause_of(error))
    return Outcome(COMPLETED, outputs=kept(job, workflow, outputs))


def _workflow(job: Job) -> WDL.Tree.Workflow:
    main = job.definition / job.main
    try:
        document = load(main, is_strict=job.engine != "WDL_LENIENT")
    except Unreadable as error:
        raise Failure(WORKFLOW_FAILED, f"{job.main} can't be read as WDL: {error}") from error
    if document.workflow is None:
        raise Failure(WORKFLOW_FAILED, f"{job.main} has no workflow.")
    return document.workflow


def _inputs(job: Job, workflow: WDL.Tree.Workflow) -> WDL.Env.Bindings[WDL.Value.Base]:
    try:
        return WDL.values_from_json(
            dict(job.inputs),
            workflow.available_inputs,
            workflow.required_inputs,
            namespace=workflow.name,
        )
    except WDL.Error.InputError as error:
        raise Failure(WORKFLOW_FAILED, f"InputError: {error}") from error


def _run(
    job: Job,
    desk: Desk,
    workflow: WDL.Tree.Workflow,
    inputs: WDL.Env.Bindings[WDL.Value.Base],
    logger: logging.Logger,
) -> WDL.Env.Bindings[WDL.Value.Base]:
    cfg = config.Loader(logger, filenames=[], overrides=_configuration())
    WDL.runtime.task_container._backends[_BACKEND] = backend(desk)
    runner: Any = WDL.runtime.workflow
    runner.run_local_task = _watched(desk, runner.run_local_task)
    with TaskCache(cfg, logger, desk) as cache:
        outputs: WDL.Env.Bindings[WDL.Value.Base]
        _, outputs = runner.run_local_workflow(
            cfg, workflow, inputs, run_dir=f"{job.folder}/.", _cache=cache
        )
    return outputs


def _configuration() -> dict[str, dict[str, Any]]:
    """Give miniwdl's configuration. No plugin of the machine takes part."""
    return {
        "scheduler": {
            "container_backend": _BACKEND,
            "task_concurrency": _MOST_TASKS,
            "fail_fast": True,
        },
        "plugins": {"disable_patterns": ["*"]},
        "task_runtime": {"defaults": {"cpu": 1, "memory": "1 GiB"}},
        "call_cache": {"get": False, "put": False},
        "download_cache": {"get": False, "put": False},
    }


def _watched(desk: Desk, run_task: Callable[..., Any]) -> Callable[..., Any]:
    """Let the desk know of each task, one that is found in the cache too."""

    def run(*args: Any, **named: Any) -> Any:
        with desk.at(named["run_id"]):
            return run_task(*args, **named)

    return run


def _failed(cause: BaseException) -> Outcome:
    if isinstance(cause, Terminated):
        return Outcome(CANCELLED)
    reason = reason_of(cause)
    return Outcome(FAILED, reason, MESSAGES[reason] if reason == TASK_FAILED else str(cause))


@contextmanager
def _engine_log(path: Path, logger: logging.Logger) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter(_FORMAT, datefmt="%Y-%m-%d %H:%M:%S"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
