"""What the simulation says that a run and its tasks have used. The figures are made up."""

from __future__ import annotations

from typing import Final

from omics_provider.emulator.runs.tasks import Plan
from omics_provider.emulator.world.life import Life

#: GiB of which a run without a storage size of its own uses its shares.
_GIB: Final = 1200


def run_metrics(storage_capacity: int | None, life: Life) -> dict[str, float | None]:
    """Give the metrics of a run's manifest."""
    return {
        "runningSeconds": _seconds(life),
        "storageReservedGiB": storage_capacity,
        "storageMaximumGiB": (storage_capacity or _GIB) * 0.4,
        "storageAverageGiB": (storage_capacity or _GIB) * 0.25,
    }


def task_metrics(plan: Plan, life: Life) -> dict[str, float | None]:
    """Give the metrics of a task's entry in the manifest."""
    return {
        "cpusReserved": plan.cpus,
        "cpusAverage": plan.cpus * 0.5,
        "cpusMaximum": plan.cpus * 0.9,
        "gpusReserved": plan.gpus,
        "memoryReservedGiB": plan.memory,
        "memoryAverageGiB": plan.memory * 0.4,
        "memoryMaximumGiB": plan.memory * 0.7,
        "runningSeconds": _seconds(life),
    }


def _seconds(life: Life) -> float:
    if life.running is None or life.stopping is None:
        return 0.0
    return life.stopping - life.running
