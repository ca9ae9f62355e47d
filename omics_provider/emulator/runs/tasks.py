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

from omics_provider.emulator.world.life import COMPLETED, FAILED, Life, stopping_seconds

_INSTANCES: Final = (
    ("omics.c.large", 2, 4), ("omics.c.xlarge", 4, 8), ("omics.c.2xlarge", 8, 16),
    ("omics.m.xlarge", 4, 16), ("omics.m.2xlarge", 8, 32), ("omics.m.4xlarge", 16, 64),
    ("omics.r.xlarge", 4, 32), ("omics.r.2xlarge", 8, 64), ("omics.r.4xlarge", 16, 128),
)  # fmt: skip
#: Sizes of a family and their vCPUs, and a family's GiB of memory for a vCPU.
_SIZES: Final = {
    "large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32, "12xlarge": 48,
    "16xlarge": 64, "24xlarge": 96,
}  # fmt: skip
_FAMILIES: Final = {"c": 2, "m": 4, "r": 8}
_GPU_INSTANCE: Final = ("omics.g4dn.xlarge", 4, 16)
_USUAL_NAMES: Final = ("prepare", "align", "sort", "call_variants", "report")
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
    """What a task needs, and its share of the time in which the run is RUNNING."""

    name: str
    instance: str
    cpus: int
    memory: int
    gpus: int
    begins: float
    ends: float


@dataclass(frozen=True)
class Task:
    """One task of a run."""

    id: str
    uuid: str
    plan: Plan
    life: Life
    failure: str | None
    cached: str | None


def plans(
    names: Sequence[str], needs: Mapping[str, Sequence[float]], accelerated: bool, seed: str
) -> tuple[Plan, ...]:
    """Plan the tasks of a run: two at a time, the second of a pair a little shorter.

    `needs` gives vCPUs and GiB of memory of the tasks that ask for some; the others get an instance
    by `seed` and name.
    """
    names = names or _USUAL_NAMES
    stages = (len(names) + 1) // 2
    made = []
    for number, name in enumerate(names):
        stage, second = divmod(number, 2)
        gpu = accelerated and number == len(names) // 2
        pick = hashlib.sha256(f"{seed}/{name}".encode()).digest()[0] % len(_INSTANCES)
        fitting = _smallest(*needs[name]) if name in needs else _INSTANCES[pick]
        instance, cpus, memory = _GPU_INSTANCE if gpu else fitting
        ends = (stage + (0.8 if second else 1)) / stages
        made.append(Plan(name, instance, cpus, memory, int(gpu), stage / stages, ends))
    return tuple(made)


def _smallest(cpus: float, memory: float) -> tuple[str, int, int]:
    """Give the smallest instance with so many vCPUs and GiB, or the largest there is."""
    there = sorted(
        (vcpus, vcpus * by_vcpu, f"omics.{family}.{size}")
        for size, vcpus in _SIZES.items()
        for family, by_vcpu in _FAMILIES.items()
    )
    fits = (each for each in there if each[0] >= cpus and each[1] >= memory)
    vcpus, gib, name = next(fits, there[-1])
    return name, vcpus, gib


def peak(planned: Sequence[Plan]) -> tuple[int, int]:
    """Give the most vCPUs and GPUs that the tasks take at once."""
    moments = [plan.begins for plan in planned]
    at_once = [
        [plan for plan in planned if plan.begins <= moment < plan.ends] for moment in moments
    ]
    return (
        max(sum(plan.cpus for plan in group) for group in at_once),
        max(sum(plan.gpus for plan in group) for group in at_once),
    )


def tasks(
    planned: Sequence[Plan],
    run: Life,
    run_uuid: str,
    nominal: float,
    failure: str | None,
    cached: Mapping[str, str],
) -> list[Task]:
    """Give every task that the run has or will have.

    `nominal` is how long the run would be RUNNING if nothing cut it short. `failure` is the
    run's failureReason, and `cached` holds the S3 URI of each task found in a cache, by name.
    """
    if run.running is None or (run.outcome == FAILED and failure in _EARLY):
        return []
    made = []
    for number, plan in enumerate(planned):
        begins = run.running + plan.begins * nominal
        if run.stopping is not None and begins >= run.stopping and run.outcome != COMPLETED:
            continue
        hit = cached.get(plan.name)
        seconds = 0.0 if hit else (plan.ends - plan.begins) * nominal
        life = _cut(Life.planned(begins, begins, seconds, COMPLETED), run, seconds)
        made.append(Task(*_identity(run_uuid, number), plan, life, None, hit))
    return _with_failure(made, run, failure)


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


def _identity(run_uuid: str, number: int) -> tuple[str, str]:
    digest = hashlib.sha256(f"{run_uuid}/{number}".encode()).hexdigest()
    task_id = 1_000_000 + (int(digest[:8], 16) * 100 + number) % 9_000_000
    parts = (digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32])
    return str(task_id), "-".join(parts)


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
