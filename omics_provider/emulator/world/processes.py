"""Processes by number and start: a number alone may be given to another process later."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from functools import cache

import psutil

# The start of a process is worked out from the clock, which may be set meanwhile.
_SECONDS_APART = 5.0


@cache
def _identity(pid: int) -> str:
    return f"{pid} {psutil.Process(pid).create_time():.2f}"


def me() -> str:
    """Give the identity of this process."""
    return _identity(os.getpid())


def of(pid: int) -> str | None:
    """Give the identity of a process that is there."""
    try:
        return f"{pid} {psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return None


def is_alive(identity: str | None) -> bool:
    """Say whether that very process is there, and no zombie."""
    if identity is None:
        return False
    if identity == me():
        return True
    found = _process(identity)
    try:
        return found is not None and found.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def end_group(identity: str, patience: float) -> None:
    """End a process that leads a group, with `patience` seconds to end by itself; then the group.

    Processes of the group that outlive their leader are killed, too.
    """
    pid = int(identity.split(" ")[0])
    if _process(identity) is None and psutil.pid_exists(pid):
        return  # another process has the number now
    if is_alive(identity):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while is_alive(identity) and time.monotonic() < deadline:
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def await_group(pid: int, patience: float) -> None:
    """Wait until no process of a killed group is left: they end a moment after their signal."""
    deadline = time.monotonic() + patience
    with contextlib.suppress(ProcessLookupError, PermissionError):
        while time.monotonic() < deadline:
            os.killpg(pid, 0)
            time.sleep(0.02)


def _process(identity: str) -> psutil.Process | None:
    pid, started = identity.split(" ")
    try:
        process = psutil.Process(int(pid))
        near = abs(process.create_time() - float(started)) < _SECONDS_APART
    except psutil.Error:
        return None
    return process if near else None
