"""The worker of one run: a process that leads a group of its own, and what it writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from omics_provider.emulator.world import processes
from omics_provider.emulator.world.folder import last_lines

from .runner.containers import oci

#: The module that carries out a job, for tests.
RUNNER_VARIABLE: Final = "OMICS_EMULATOR_RUNNER"
_RUNNER: Final = "omics_provider.emulator.execution.runner"
_LEASH: Final = "omics_provider.emulator.execution.leash"
#: A worker gets no other variable: tasks are to see no secret of who started them.
_PASSED: Final = frozenset(
    {
        "PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV",
        "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "DOCKER_HOST", "DOCKER_CONTEXT",
        "CONTAINER_HOST", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "DBUS_SESSION_BUS_ADDRESS",
        "SSL_CERT_FILE", "SYSTEMROOT",
    }
)  # fmt: skip
_PATIENCE_SECONDS: Final = 3.0
_LAST_BYTES: Final = 10_000


class Worker:
    """A worker at work in its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read = 0
        with (folder / "worker.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own module
                [sys.executable, "-m", _LEASH, os.environ.get(RUNNER_VARIABLE, _RUNNER), folder],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={name: text for name, text in os.environ.items() if name in _PASSED},
            )
        self.identity = processes.of(self._process.pid) or f"{self._process.pid} 0"

    @property
    def is_at_work(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def events(self) -> list[dict[str, Any]]:
        """Give what it has told since the last look, whole lines alone."""
        path = self._folder / "events.jsonl"
        if not path.is_file():
            return []
        with path.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        return [json.loads(line) for line in whole.splitlines()]

    def result(self) -> dict[str, Any] | None:
        """Give how the job ended, None where the worker was ended before it could say so."""
        path = self._folder / "result.json"
        if not path.is_file():
            return None
        found: dict[str, Any] = json.loads(path.read_bytes())
        return found

    def last_words(self) -> str:
        """Say how it ended, with the last line that it wrote."""
        lines = last_lines(self._folder / "worker.log", _LAST_BYTES)
        code = self._process.poll()
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        return f"{how}{': ' + lines[-1] if lines else ''}"

    def end(self) -> None:
        """End it and all its processes: at its first chance by itself, else killed."""
        processes.end_group(self.identity, _PATIENCE_SECONDS if self.is_at_work else 0.0)
        if self.result() is None:
            oci.remove_left(self._folder)
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        processes.await_group(self._process.pid, _PATIENCE_SECONDS)
