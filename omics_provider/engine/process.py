"""The Pulumi CLI that this plugin process works for: an ancestor of this process."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

import psutil

from omics_provider.base.errors import OmicsError

_NAME: Final = "pulumi"
#: Options of every command that take no value of their own from the next word.
_SWITCHES: Final = frozenset(
    {
        "--disable-integrity-checking", "--emoji", "-e", "--fully-qualify-stack-names", "--help",
        "-h", "--logflow", "--logtostderr", "--non-interactive",
    }
)  # fmt: skip


@functools.cache
def _engine() -> tuple[psutil.Process, tuple[str, ...]] | None:
    for process in psutil.Process().parents():
        try:
            line = process.cmdline()
            if line and Path(line[0]).stem == _NAME:
                return process, (process.exe(), *line[1:])
        except psutil.Error:
            # Another user's process, or one that has just ended.
            continue
    return None


def command() -> tuple[str, ...]:
    """Return the command line of the CLI, empty where none is found among the ancestors."""
    engine = _engine()
    return engine[1] if engine else ()


def verb() -> str:
    """Return which of its commands the CLI carries out; options may come before it, with values."""
    is_value = False
    for word in command()[1:]:
        if word.startswith("-"):
            is_value = "=" not in word and word not in _SWITCHES
        elif is_value:
            is_value = False
        else:
            return word
    return ""


def require_alive(operation: str = "StartRun") -> None:
    """Raise OmicsError where the CLI that was found before has ended; `operation` is left undone.

    A plugin outlives a killed CLI and carries on with what it was asked. By then another update may
    have looked for that start's run, found none, and started it; or have found the run that it is
    about to cancel, and kept it.
    """
    engine = _engine()
    if engine is not None and not _is_alive(engine[0]):
        raise OmicsError(operation, "the update that asked for it has ended; nothing was done")


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
