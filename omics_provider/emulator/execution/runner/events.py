"""What a job tells of its tasks while it runs: a line of events.jsonl for each change."""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Task:
    """A task of the job, an attempt at a time. `status` is the last that was told."""

    name: str
    id: str = field(default_factory=lambda: secrets.token_hex(6))
    cpus: int = 1
    memory_gib: float = 1.0
    image: str | None = None
    cached: bool = False
    attempt: int = 1
    status: str | None = None
    exit_code: int | None = None
    log: Path | None = None
    metrics: dict[str, float | None] | None = None

    def try_again(self) -> None:
        """Turn to the next attempt, which is a task with an id of its own."""
        self.id, self.attempt = secrets.token_hex(6), self.attempt + 1
        self.status = self.exit_code = self.log = self.metrics = None


class Events:
    """Writes events.jsonl, from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def tell(
        self, task: Task, status: str, reason: str | None = None, message: str | None = None
    ) -> None:
        """Write that a task has come to a status."""
        task.status = status
        said: dict[str, Any] = {
            "event": "task",
            "id": task.id,
            "name": task.name,
            "status": status,
            "time": time.time(),
            "cpus": task.cpus,
            "memoryGiB": task.memory_gib,
            "image": task.image,
            "cached": task.cached,
            "attempt": task.attempt,
            "exitCode": task.exit_code,
            "failureReason": reason,
            "message": message,
            "log": None if task.log is None else str(task.log),
            "metrics": task.metrics,
        }
        line = json.dumps(said) + "\n"
        with self._lock, self._path.open("a") as file:
            file.write(line)
