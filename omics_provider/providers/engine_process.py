"""The Pulumi CLI that this plugin process works for: an ancestor of this process."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

import psutil

_NAME: Final = "pulumi"


@functools.cache
def command() -> tuple[str, ...]:
    """Return the command line of the CLI, empty where none is found among the ancestors."""
    for process in psutil.Process().parents():
        try:
            line = process.cmdline()
            if line and Path(line[0]).stem == _NAME:
                return (process.exe(), *line[1:])
        except psutil.Error:
            # Another user's process, or one that has just ended.
            continue
    return ()
