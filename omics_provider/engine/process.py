"""The Pulumi CLI that a plugin process works for: an ancestor of this process."""

from __future__ import annotations

from dataclasses import dataclass
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
_PREVIEWS: Final = frozenset({"preview", "pre"})
_UPDATES: Final = frozenset({"up", "update"})
_DESTROYS: Final = frozenset({"destroy", "down", "dn"})
#: Options with which `pulumi destroy` leaves some resources alone.
_PARTLY: Final = ("--target", "-t", "--exclude", "-x", "--run-program")


@dataclass(frozen=True)
class Engine:
    """The CLI's command line, the path of its program first; empty where no CLI was found.

    `process` is the CLI itself, None where none was found.
    """

    command: tuple[str, ...] = ()
    process: psutil.Process | None = None

    @property
    def verb(self) -> str:
        """Which of its commands the CLI carries out; options may come before it, with values."""
        is_value = False
        for word in self.command[1:]:
            if word.startswith("-"):
                is_value = "=" not in word and word not in _SWITCHES
            elif is_value:
                is_value = False
            else:
                return word
        return ""

    @property
    def is_update(self) -> bool:
        """Whether it is `pulumi up`."""
        return self.verb in _UPDATES

    @property
    def is_plain_preview(self) -> bool:
        """Whether it is `pulumi preview`, and saves no plan: a plan holds an update's inputs."""
        is_plan = any(word.startswith("--save-plan") for word in self.command)
        return self.verb in _PREVIEWS and not is_plan

    @property
    def is_whole_destroy(self) -> bool:
        """Whether it is a `pulumi destroy` of a whole stack."""
        partly = any(word.startswith(_PARTLY) for word in self.command)
        return self.verb in _DESTROYS and not partly

    def require_alive(self, operation: str = "StartRun") -> None:
        """Raise OmicsError where the CLI has ended since it was found; `operation` is left undone.

        A plugin outlives a killed CLI and carries on with what it was asked. By then another update
        may have looked for that start's run, found none, and started it; or have found the run that
        it is about to cancel, and kept it.
        """
        if self.process is not None and not _is_alive(self.process):
            raise OmicsError(operation, "the update that asked for it has ended; nothing was done")


def find_engine() -> Engine:
    """Return the CLI that this process works for, found among its ancestors."""
    for process in psutil.Process().parents():
        try:
            line = process.cmdline()
            if line and Path(line[0]).stem == _NAME:
                return Engine((process.exe(), *line[1:]), process)
        except psutil.Error:
            # Another user's process, or one that has just ended.
            continue
    return Engine()


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
