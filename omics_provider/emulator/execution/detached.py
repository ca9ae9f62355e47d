"""The endpoint `local`: runs are carried out by a process of its own, one for a state file.

It outlives who started it, such as `pulumi up`, and ends when nothing is left to do.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from omics_provider.emulator.world import folder, processes
from omics_provider.emulator.world.store import Store, noted

#: Who carries out the runs, in the table `meta`.
KEY: Final = "executor"
_MODULE: Final = "omics_provider.emulator.execution"


class Detached:
    """Wakes the process that carries out the runs of a state file."""

    def __init__(self, store: Store) -> None:
        self.at_home = False
        self._store = store
        self._lock = threading.Lock()
        self._started: subprocess.Popen[bytes] | None = None

    def wake(self) -> None:
        """Start the process, unless there is one."""
        with self._lock:
            if self._started is not None and self._started.poll() is None:
                return
            with self._store.reading() as connection:
                if is_there(connection):
                    return
            self._started = _start(Path(self._store.path))


def _start(state: Path) -> subprocess.Popen[bytes]:
    base = folder.beside(str(state))
    base.mkdir(parents=True, exist_ok=True)
    with (base / "executor.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", _MODULE, "--state", state],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={name: text for name, text in os.environ.items() if not _is_secret(name)},
        )


def _is_secret(name: str) -> bool:
    """Say whether a variable is of Pulumi or AWS: the process calls neither."""
    return name.startswith(("AWS_", "PULUMI_"))


def is_there(connection: sqlite3.Connection) -> bool:
    """Say whether another process carries out the runs of a state file."""
    owner = noted(connection, KEY)
    return owner != processes.me() and processes.is_alive(owner)
