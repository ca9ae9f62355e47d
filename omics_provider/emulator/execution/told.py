"""What an executed run leaves in logs and events, written as it happens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from omics_provider.emulator.traces.of_runs import Traces
from omics_provider.emulator.world.folder import last_lines
from omics_provider.emulator.world.life import ENDED, FAILED
from omics_provider.emulator.world.store import Store
from omics_provider.emulator.world.surroundings import Surroundings

from .rows import Snapshot

#: Of a longer log the end is kept.
_MOST_LINES: Final = 10_000
_MOST_BYTES: Final = 2 * 2**20


class Told:
    """Writes what happens to one run."""

    def __init__(self, store: Store, surroundings: Surroundings) -> None:
        self._traces = Traces(store, surroundings)
        self._surroundings = surroundings

    def reached(self, run: Snapshot, status: str) -> None:
        """Tell that a run has come to a state. One that it did not come to is not told."""
        if run.life.status(run.now) == status:
            self._traces.run_reached(run, run.now, status)

    def task_reached(self, run: Snapshot, task_id: str, status: str) -> None:
        """Tell that a task has come to a state; at its end with what it wrote."""
        task = next(each for each in run.tasks if each.id == task_id)
        if status in ENDED and run.has_logs:
            seen = next(each for each in run.doc["executed"]["tasks"] if each["id"] == task_id)
            self._copy(run, f"run/{run.row['id']}/task/{task_id}", seen["log"])
        self._traces.task_reached(run, task, run.now, status)

    def ended(self, run: Snapshot, folder: Path) -> None:
        """Tell the end of a run, with the engine's log."""
        if run.has_logs and run.life.outcome == FAILED:
            log = folder / "logs" / "engine.log"
            self._copy(run, f"run/{run.row['id']}/engine", str(log))
        self._traces.cache_reached(replace(run, since=run.life.created))
        self._traces.run_reached(run, run.now, run.life.outcome)

    def _copy(self, run: Snapshot, stream: str, path: str | None) -> None:
        """Write the lines of a file to a log stream."""
        lines = [] if path is None else last_lines(Path(path), _MOST_BYTES)[-_MOST_LINES:]
        if lines:
            self._surroundings.write_log(*run.here, stream, [(run.now, line) for line in lines])
