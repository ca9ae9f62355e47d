"""Tasks of a run: a believable timeline, made from the run alone.

Nothing is stored of a task. Its name and instance come from the workflow, its times and id from
the run, so every look at the same run sees the same tasks, and every run of a workflow needs the
same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from omics_provider.emulator.workflows.record import Workflow
from omics_provider.emulator.world.life import COMPLETED, FAILED, Life, stopping_seconds

from . import retries, shards

_INSTANCES: Final = (
    ("omics.c.large", 2, 4), ("omics.c.xlarge", 4, 8), ("omics.c.2xlarge", 8, 16),
    ("omics.m.xlarge", 4, 16), ("omics.m.2xlarge", 8, 32), ("omics.m.4xlarge", 16, 64),
    ("omics.r.xlarge", 4, 32), ("omics.r.2xlarge", 8, 64), ("omics.r.4xlarge", 16, 128),
)  # fmt: skip
#: Sizes of a family and their vCPUs, and a family's GiB of memory for a vCPU.
SIZES: Final = {
    "large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32, "12xlarge": 48,
    "16xlarge": 64, "24xlarge": 96,
}  # fmt: skip
_FAMILIES: Final = {"c": 2, "m": 4, "r": 8}
_GPU_INSTANCE: Final = ("omics.g4dn.xlarge", 4, 16)
#: Tasks of a definition that was not read, named as its engine names them.
_USUAL_CALLS: Final = ("prepare", "align", "sort", "call_variants", "report")
_USUAL_NAMES: Final = {
    "NEXTFLOW": (
        "PREPARE", "ALIGN (sample_1)", "ALIGN (sample_2)", "CALL_VARIANTS", "REPORT",
    ),
    "CWL": ("prepare", "align", "align_2", "call_variants", "report"),
}  # fmt: skip
# Failures that come before the first task.
_EARLY: Final = frozenset(
    {
        "ASSUME_ROLE_FAILED", "IMPORT_FAILED", "INPUT_URI_NOT_FOUND", "INVALID_URI_INPUT",
        "INACTIVE_OMICS_STORAGE_RESOURCE", "UNSUPPORTED_INPUT_SIZE", "WORKFLOW_RUN_FAILED",
        "WORKFLOW_VER_VALIDATION_FAILED",
    }
)  # fmt: skip
#: Failures that come after the last task.
_LATE: Final = frozenset({"EXPORT_FAILED"})


@dataclass(frozen=True)
class Plan:
    """What a task needs, and its share of the time in which the run is RUNNING.

    `call` is the call of the workflow that it belongs to, where that has another name.
    """

    name: str
    instance: str
    cpus: int
    memory: int
    gpus: int
    begins: float
    ends: float
    call: str = ""


@dataclass(frozen=True)
class Task:
    """One task of a run.

    `image`, `message` and `metrics` are known of a task that was really carried out; the simulation
    makes them up where they are None.
    """

    id: str
    uuid: str
    plan: Plan
    life: Life
    failure: str | None
    cached: str | None
    image: str | None = None
    message: str | None = None
    metrics: Mapping[str, float | None] | None = None


def plans(
    workflow: Workflow, calls: Sequence[str], parameters: Mapping[str, Any]
) -> tuple[Plan, ...]:
    """Plan the tasks of a run: two calls at a time, the second of a pair a little shorter.

    All shards of a scattered call are at work at once. A call that asks for vCPUs and memory gets
    what fits; the others get an instance by workflow and name.
    """
    calls = calls or _USUAL_NAMES.get(workflow.engine or "", _USUAL_CALLS)
    stages = (len(calls) + 1) // 2
    made = []
    for number, call in enumerate(calls):
        stage, second = divmod(number, 2)
        gpu = workflow.accelerators is not None and number == len(calls) // 2
        pick = hashlib.sha256(f"{workflow.id}/{call}".encode()).digest()[0] % len(_INSTANCES)
        asked = workflow.needs.get(call)
        fitting = _INSTANCES[pick] if asked is None else smallest(*asked)
        instance, cpus, memory = _GPU_INSTANCE if gpu else fitting
        ends = (stage + (0.8 if second else 1)) / stages
        made += [
            Plan(name, instance, cpus, memory, int(gpu), stage / stages, ends, call)
            for name in shards.names(call, workflow.scatters.get(call, ()), parameters)
        ]
    return tuple(made)


def smallest(cpus: float, memory: float) -> tuple[str, int, int]:
    """Give the smallest instance with so many vCPUs and GiB, or the largest there is."""
    there = sorted(
        (vcpus, vcpus * by_vcpu, f"omics.{family}.{size}")
        for size, vcpus in SIZES.items()
        for family, by_vcpu in _FAMILIES.items()
    )
    fits = (each for each in there if each[0] >= cpus and each[1] >= memory)
    vcpus, gib, name = next(fits, there[-1])
    return name, vcpus, gib


def peak(planned: Sequence[Plan]) -> tuple[int, int]:
    """Give the most vCPUs and GPUs that the tasks take at once."""
    at_once = [
        [plan for plan in planned if plan.begins <= moment < plan.ends]
        for moment in {plan.begins for plan in planned}
    ]
    return (
        max((sum(plan.cpus for plan in group) for group in at_once), default=0),
        max((sum(plan.gpus for plan in group) for group in at_once), default=0),
    )


def startups(planned: Sequence[Plan], startup: float | None) -> float:
    """Give for how long tasks of a run start up, one after the other, where a run takes `startup`.

    A task takes half as long, and those that begin together do so at once.
    """
    return len({plan.begins for plan in planned}) * (startup or 0.0) / 2


def tasks(
    planned: Sequence[Plan],
    run: Life,
    run_uuid: str,
    nominal: float,
    failure: str | None,
    cached: Mapping[str, str],
    startup: float | None = None,
    retried: int = 0,
) -> list[Task]:
    """Give every task that the run has or will have.

    `nominal` is how long the run would be RUNNING if nothing cut it short. `failure` is the
    run's failureReason, and `cached` holds the S3 URI of each task found in a cache, by name.
    `startup` is how long a run starts up, where that is no share of its length. The last task is
    `retried` so often.
    """
    if run.running is None or (run.outcome == FAILED and failure in _EARLY):
        return []
    work = nominal - startups(planned, startup)
    moments = sorted({plan.begins for plan in planned})
    made = []
    for number, plan in enumerate(planned):
        before = moments.index(plan.begins) * (startup or 0.0) / 2
        begins = run.running + before + plan.begins * work
        hit = cached.get(plan.name)
        seconds = 0.0 if hit else (plan.ends - plan.begins) * work
        own = None if hit or startup is None else startup / 2
        life = Life.planned(begins, begins, seconds, COMPLETED, own)
        failed = retried if plan is planned[-1] and not hit else 0
        made += [
            Task(*identity(run_uuid, number + place), plan, _cut(each, run, seconds), broken, hit)
            for place, each in enumerate(retries.tries(life, failed))
            if not _is_left_out(each, run)
            for broken in [retries.REASON if place < failed else None]
        ]
    return _with_failure(made, run, failure)


def _is_left_out(life: Life, run: Life) -> bool:
    """Say whether the run has stopped before its task would have begun."""
    stopped = run.stopping is not None and life.created >= run.stopping
    return stopped and run.outcome != COMPLETED


def _cut(life: Life, run: Life, seconds: float) -> Life:
    """Cut a task short that the run's end finds at work."""
    ended = life.ended or 0.0
    if run.stopping is None:
        return life
    if run.outcome != COMPLETED and ended > run.stopping:
        return life.cancelled(run.stopping, stopping_seconds(seconds))
    return life


def _with_failure(made: list[Task], run: Life, failure: str | None) -> list[Task]:
    """Let the last task be the one that failed, in a run that fails before its export."""
    if run.outcome != FAILED or failure is None or failure in _LATE or not made:
        return made
    last = made[-1]
    life = Life(
        last.life.created, last.life.starting, last.life.running, last.life.stopping,
        last.life.ended, FAILED,
    )  # fmt: skip
    return [*made[:-1], Task(last.id, last.uuid, last.plan, life, failure, None)]


def identity(run_uuid: str, number: int) -> tuple[str, str]:
    """Give id and uuid of a run's task, by its number."""
    # No two tasks of a run have one id: within a hundred the last digits differ, else the others.
    hundred, place = divmod(number, 100)
    first = hashlib.sha256(f"{run_uuid}/{place}".encode()).hexdigest()
    task_id = 1_000_000 + ((int(first[:8], 16) + hundred) * 100 + place) % 9_000_000
    digest = hashlib.sha256(f"{run_uuid}/{number}".encode()).hexdigest()
    parts = (digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32])
    return str(task_id), "-".join(parts)


def image(doc: Mapping[str, Any], task: Task) -> dict[str, str] | None:
    """Give the image of a task, as GetRunTask has it, from what is stored of its run."""
    found = doc.get("images", {}).get(task.plan.call or task.plan.name)
    return found[0] if found else None


def described(task: Task, now: float) -> dict[str, Any]:
    """Give a task as ListRunTasks answers it."""
    return {
        "taskId": task.id,
        "uuid": task.uuid,
        "status": task.life.status(now),
        "name": task.plan.name,
        "cpus": task.plan.cpus,
        "memory": task.plan.memory,
        "gpus": task.plan.gpus,
        "instanceType": task.plan.instance,
        "cacheHit": task.cached is not None,
        "cacheS3Uri": task.cached,
        "creationTime": task.life.created,
        "startTime": task.life.started(now),
        "stopTime": task.life.stopped(now),
    }
