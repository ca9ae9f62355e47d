"""What every step of the set-up uses: its errors, its one-line messages, its locks."""

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

HEARTBEAT = 60.0
"""Seconds of silence after which a long step says that it is still at work."""


class SetupError(Exception):
    """The set-up can't be finished; the message says what to do next."""


class CannotWorkError(SetupError):
    """One way can't work here, and why, in one line; the next way is tried."""


def say(line: str) -> None:
    """Print one line about the set-up, on standard error: standard output is the caller's.

    The line and its end are one write, as two threads speak.
    """
    print(f"set-up: {line}\n", end="", file=sys.stderr, flush=True)


def run(
    args: Sequence[object],
    *,
    limit: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a program to its end and give what it printed.

    `limit` is in seconds. A program that is missing, fails or takes longer is
    a CannotWorkError with the last of what it said.
    """
    words = [str(arg) for arg in args]
    name = Path(words[0]).name
    try:
        with subprocess.Popen(
            words,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            output = _wait(process, name, limit)
    except OSError as error:
        raise CannotWorkError(f"{name} can't be started: {error.strerror}") from error
    if process.returncode != 0:
        raise CannotWorkError(f"{last_words(output)} ({name} ended with {process.returncode})")
    return output


def _wait(process: subprocess.Popen[str], name: str, limit: float) -> str:
    start = time.monotonic()
    while True:
        left = limit - (time.monotonic() - start)
        try:
            return process.communicate(timeout=max(0.0, min(left, HEARTBEAT)))[0]
        except subprocess.TimeoutExpired:
            if left <= HEARTBEAT:
                process.kill()
                raise CannotWorkError(f"{name} gave no result in {limit:.0f} s") from None
            say(f"{name} still at work after {(time.monotonic() - start) / 60:.0f} min")
        except BaseException:
            process.kill()
            raise


def last_words(output: str, lines: int = 3) -> str:
    """Give the last lines of a program's output, empty ones apart, as one line."""
    said = [line.strip() for line in output.splitlines() if line.strip()]
    return " | ".join(said[-lines:]) or "no output"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file `path` as a lock between processes; a process that dies lets go of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another set-up is at work here ({path}): waiting for its end")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def digest(parts: Iterable[bytes]) -> str:
    """Give one SHA-256 for several pieces, each with its length, so that no two lists collide."""
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()


def file_digest(path: Path) -> str:
    """Give the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old text or the new, never half of it."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_text(text)
    part.replace(path)
