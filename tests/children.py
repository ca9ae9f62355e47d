"""Child processes of tests: each wait for one has a limit, and tells what the child wrote.

A test that reads a child's output takes it from here: a read of its own has no limit, and hangs
for ever where the child keeps its output back or has died.
"""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, Final

import psutil

LIMIT: Final = 60.0
"""Seconds; more than a child takes to start on two busy cores."""


class Child:
    """A child process whose lines are read as they come. Its error output is kept apart."""

    def __init__(self, *command: str | Path, **options: Any) -> None:
        self._errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._errors, text=True, **options
        )
        # None stands for the end of the output.
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def line(self, awaited: str, seconds: float = LIMIT) -> str:
        """Wait for the next line; `awaited` says in the error what should have come."""
        try:
            found = self._lines.get(timeout=seconds)
        except queue.Empty:
            raise self._failed(f"{awaited} did not come within {seconds:g} s") from None
        if found is None:
            raise self._failed(f"the output ended before {awaited} came")
        return found

    def tell(self, line: str) -> None:
        """Write a line to the child, which was started with `stdin=PIPE`."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def rest(self, seconds: float = LIMIT) -> list[str]:
        """Wait for the end of the child and of its output; give the lines not yet read."""
        self._wait(seconds)
        self._reader.join(seconds)
        if self._reader.is_alive():
            raise self._failed(f"the end of the output did not come within {seconds:g} s")
        lines = [self._lines.get() for _ in range(self._lines.qsize())]
        return [line for line in lines if line is not None]

    def kill(self) -> None:
        """Kill the child, and wait until it has ended."""
        self.process.kill()
        self._wait(LIMIT)

    def stop(self, seconds: float = LIMIT) -> None:
        """Ask the child to end and wait for that; one that goes on is killed and fails."""
        self.process.terminate()
        self._wait(seconds)
        sys.stderr.write(self._wrote())
        for pipe in (self._errors, self.process.stdin):
            if pipe is not None:
                pipe.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _wait(self, seconds: float) -> None:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise self._failed(f"its end did not come within {seconds:g} s") from None

    def _failed(self, what: str) -> AssertionError:
        """Kill the child, and give what to raise."""
        code = self.process.poll()
        state = "still at work" if code is None else f"ended with exit code {code}"
        self.process.kill()
        self.process.wait(60)
        command = " ".join(str(part) for part in self.process.args)  # type: ignore[union-attr]
        return AssertionError(
            f"{what}; the child was {state}: {command}\nIts error output:\n{self._wrote()}"
        )

    def _wrote(self) -> str:
        self._errors.seek(0)
        return self._errors.read()


def python(*arguments: str | Path, **options: Any) -> Child:
    """Start Python as Pulumi's engine does: -u, or a short line stays in a buffer for ever."""
    return Child(sys.executable, "-u", *arguments, **options)


def kill_with_children(process: subprocess.Popen[str]) -> None:
    """Kill a process and all that it has started, as at one moment.

    It is stopped first. A Pulumi engine that sees its plugin die records a failure, and drops its
    note of what was under way.
    """
    process.send_signal(signal.SIGSTOP)
    for each in psutil.Process(process.pid).children(recursive=True):
        each.kill()
    process.kill()
    process.communicate(timeout=LIMIT)
