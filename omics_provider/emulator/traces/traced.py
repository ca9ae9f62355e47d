"""A run that has something to leave in other services."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from omics_provider.emulator.runs.queue import tasks_of
from omics_provider.emulator.runs.tasks import Task
from omics_provider.emulator.world import events
from omics_provider.emulator.world.life import Life, life_of


@dataclass(frozen=True)
class TracedRun:
    """A run whose traces are due, as it was when its row was read."""

    row: dict[str, Any]
    doc: dict[str, Any]
    life: Life
    tasks: list[Task]
    since: float
    until: float

    @property
    def arn(self) -> str:
        """Its ARN."""
        return events.arn(self.row, "run", self.row["id"])

    @property
    def here(self) -> tuple[str, str]:
        """Its account and region."""
        return self.row["account"], self.row["region"]

    @property
    def has_logs(self) -> bool:
        """Whether it writes logs at all."""
        return bool(self.doc["request"].get("logLevel", "ALL") != "OFF")

    def due(self, life: Life) -> Iterator[tuple[float, str]]:
        """Give the states that a life reaches since the last trace, until now."""
        for moment, status in life.passages():
            if self.since <= moment <= self.until:
                yield moment, status


def traced(row: Mapping[str, Any], now: float) -> TracedRun:
    """Give a run whose traces are due, from its row."""
    doc, life = json.loads(row["doc"]), life_of(row)
    made = tasks_of(doc, life, row["uuid"])
    return TracedRun(dict(row), doc, life, made, row["next_trace"], now)
