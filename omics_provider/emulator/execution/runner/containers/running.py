"""A container at work: it is started, looked at, and ended at once when it is told to."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omics_provider.emulator.execution.runner.outcome import CANNOT_START_CONTAINER, Failure

from . import bubblewrap, oci
from .images import Image
from .metrics import Meter
from .tools import BUBBLEWRAP, Tool

_FIRST_TURN: Final = 0.005
_LONGEST_TURN: Final = 0.1
_ASK: Final = 1.0


@dataclass(frozen=True)
class Wanted:
    """What to start: the command, in a directory of the container, with mounts and resources."""

    image: Image
    mounts: Sequence[tuple[str, str, bool]]
    directory: str
    command: Sequence[str]
    cpus: int
    memory: int
    log: Path
    job: Path


@dataclass(frozen=True)
class Ended:
    """A container that has ended, with what it used."""

    exit_code: int
    metrics: dict[str, float | None]


class Running:
    """A container, from its start to its end."""

    def __init__(self, tool: Tool, wanted: Wanted) -> None:
        self._tool, self._wanted = tool, wanted
        self._name = f"omics-{secrets.token_hex(8)}"
        self._sandboxed = tool.name == BUBBLEWRAP
        if not self._sandboxed:
            oci.note(wanted.job, tool.program, self._name)
        with wanted.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603
                self._invocation(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._meter = Meter(self._process.pid if self._sandboxed else None)
        self._asked = time.monotonic()

    def wait(self, stop: Callable[[], bool], turn: Callable[[], None]) -> Ended:
        """Wait for the end, and bring it about once `stop` says so. `turn` is called meanwhile."""
        pause = _FIRST_TURN
        while True:
            pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
            if pid:
                break
            if stop():
                self._end()
            self._look()
            turn()
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_TURN)
        self._process.returncode = code = os.waitstatus_to_exitcode(status)
        if not stop():
            self._check_started(code)
        counted = (usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
        return Ended(
            code if code >= 0 else 128 - code,
            self._meter.figures(*(counted if self._sandboxed else (None, None))),
        )

    def _invocation(self) -> list[str]:
        wanted = self._wanted
        if self._sandboxed and wanted.image.folder is not None:
            return bubblewrap.invocation(
                self._tool.program,
                wanted.image.folder,
                wanted.mounts,
                wanted.directory,
                wanted.command,
            )
        return oci.invocation(
            self._tool.program,
            wanted.image,
            self._name,
            wanted.mounts,
            wanted.directory,
            wanted.command,
            wanted.cpus,
            wanted.memory,
        )

    def _end(self) -> None:
        if not self._sandboxed:
            oci.remove(self._tool.program, self._name)
        os.kill(self._process.pid, signal.SIGKILL)  # Popen's kill would take its exit status away

    def _look(self) -> None:
        if self._meter.pid is None and time.monotonic() - self._asked > _ASK:
            self._meter.pid = oci.main_process(self._tool.program, self._name)
            self._asked = time.monotonic()
        self._meter.look()

    def _check_started(self, code: int) -> None:
        """See that it was the command that failed, if anything did, and not the tool."""
        if code == 0:
            return
        said = self._wanted.log.read_text(errors="replace").strip()
        if self._sandboxed:
            broken = said.startswith(bubblewrap.SPEAKS)
        else:
            broken = code in oci.CANNOT_START and (bool(said) or code == oci.CANNOT_START[0])
        if broken:
            raise Failure(
                CANNOT_START_CONTAINER,
                f"Unable to start the container using image: {self._wanted.image.name}."
                f" {self._tool.name} says: {said.splitlines()[-1] if said else f'code {code}'}",
            )
