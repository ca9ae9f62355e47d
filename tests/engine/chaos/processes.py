"""One `pulumi` command in a session of its own, and the ways to kill parts of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

from ..harness import STACK, Stack

#: Seconds after which a command that was not killed counts as hanging.
LIMIT: Final = 180.0


class Command:
    """A running command. Only processes of its own session are ever looked at or killed.

    Its output goes to a file: a pipe would stay open in a plugin that outlives its engine.
    """

    def __init__(self, stack: Stack, *arguments: str) -> None:
        self.arguments = arguments
        self._door = stack.door
        self._log = stack.home / f"command-{time.monotonic_ns()}.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                ["pulumi", "--non-interactive", "--color", "never", *arguments, "--stack", STACK],
                cwd=stack.home,
                env=stack.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.began = time.monotonic()

    @property
    def pid(self) -> int:
        """The engine's process id, which is the session's id."""
        return self._process.pid

    @property
    def text(self) -> str:
        """Everything it has written."""
        return self._log.read_text(errors="replace")

    def ended(self) -> bool:
        """Tell whether the engine has ended."""
        return self._process.poll() is not None

    def wait(self, seconds: float = LIMIT) -> int:
        """Wait for the engine's end, and give its exit code; one that hangs is killed and fails."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise AssertionError(
                f"{' '.join(self.arguments)} did not end within {seconds:.0f} s\n{self.text}"
            ) from None

    def plugin(self) -> int | None:
        """Give the process that holds the provider, if there is one."""
        word = self._door.plugin.encode()
        found = [pid for pid in self._session() if word in _command_line(pid)]
        return found[0] if found else None

    def kill_engine(self) -> None:
        """Kill the CLI alone; its plugin works on."""
        _signal(self.pid, signal.SIGKILL)
        self._process.wait(60)

    def kill_plugin(self) -> bool:
        """Kill the plugin alone; the CLI notices."""
        plugin = self.plugin()
        if plugin is not None:
            _signal(plugin, signal.SIGKILL)
        return plugin is not None

    def kill_all(self) -> None:
        """Kill every process of the session, all at one moment."""
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in self._session():
                _signal(pid, number)
        self._process.wait(60)

    def pause(self, pid: int | None = None) -> None:
        """Stop a process, the engine's without `pid`, where it is."""
        _signal(self.pid if pid is None else pid, signal.SIGSTOP)

    def resume(self, pid: int | None = None) -> None:
        """Let a stopped process go on."""
        _signal(self.pid if pid is None else pid, signal.SIGCONT)

    def clear(self) -> None:
        """Kill whatever outlived the engine."""
        for pid in self._session():
            _signal(pid, signal.SIGKILL)
        self._process.wait(60)

    def _session(self) -> list[int]:
        numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return [pid for pid in numbers if _session_of(pid) == self.pid]


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
