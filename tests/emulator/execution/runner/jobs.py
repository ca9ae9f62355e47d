"""Jobs of tests: folders for the runner, and what it left in them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from omics_provider.emulator.execution.runner.containers import tools
from tests.children import Child, python

LIMIT = 120.0
"""Seconds; more than a job takes on two busy cores."""

PROBLEM = tools.problem({"*": "/"})
needs_containers = pytest.mark.skipif(PROBLEM is not None, reason=PROBLEM or "")


@dataclass
class Job:
    """A job in a folder."""

    folder: Path

    @property
    def result(self) -> dict[str, Any]:
        return json.loads((self.folder / "result.json").read_text())

    @property
    def events(self) -> list[dict[str, Any]]:
        path = self.folder / "events.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def of(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["name"] == name]

    def ended(self) -> dict[str, dict[str, Any]]:
        """The last event of each task, by name."""
        return {event["name"]: event for event in self.events}

    def started(self) -> Child:
        module = "omics_provider.emulator.execution.runner"
        return python("-m", module, self.folder, start_new_session=True)

    def run(self) -> dict[str, Any]:
        child = self.started()
        child.rest(LIMIT)
        code = child.process.returncode
        child.stop()
        assert code == 0
        return self.result


def make(
    folder: Path,
    wdl: str,
    inputs: dict[str, Any] | None = None,
    *,
    images: dict[str, str] | None = None,
    **more: Any,
) -> Job:
    (folder / "definition").mkdir(parents=True)
    (folder / "definition" / "main.wdl").write_text(wdl)
    said = {
        "name": "a run",
        "engine": "WDL",
        "main": "main.wdl",
        "inputs": inputs or {},
        "images": {"*": "/"} if images is None else images,
        **more,
    }
    (folder / "job.json").write_text(json.dumps(said))
    return Job(folder)


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a condition, and give what it gave."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come within {LIMIT:g} s")


def at_work(mark: str) -> list[int]:
    """The processes whose command line has a mark."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if process.pid != os.getpid() and any(mark in a for a in process.info["cmdline"] or ())
    ]
