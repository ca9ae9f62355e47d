"""What the log of a run cache says of the tasks of a run, in a form of the emulator's own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from omics_provider.emulator.runs.tasks import Task
from omics_provider.emulator.shared import caches
from omics_provider.emulator.world.life import Life


def stream(cache: Mapping[str, Any]) -> str:
    """Give the name of a cache's log stream."""
    return f"runCache/{cache['id']}/{cache['uuid']}"


def lines(
    cache: Mapping[str, Any], run_id: str, life: Life, tasks: Sequence[Task]
) -> Iterator[tuple[float, str]]:
    """Give a line, with its time, for each task that was looked for, and each that was kept."""
    for task in tasks:
        if task.cached is not None:
            yield task.life.created, _line("CACHE_HIT", run_id, task, task.cached)
            continue
        yield task.life.created, _line("CACHE_MISS", run_id, task, None)
        stored = caches.stored_at(cache, life, task.life)
        if stored is not None:
            uri = caches.entry_uri(cache, run_id, task.id, task.uuid)
            yield stored, _line("CACHE_ENTRY_CREATED", run_id, task, uri)


def _line(event: str, run_id: str, task: Task, uri: str | None) -> str:
    where = {} if uri is None else {"cacheS3Uri": uri}
    return json.dumps(
        {"event": event, "run": run_id, "task": task.id, "name": task.plan.name, **where}
    )
