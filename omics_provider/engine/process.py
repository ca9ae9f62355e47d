"""The Pulumi CLI that a plugin process works for: an ancestor of this process."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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
#: Options with which an update or `pulumi destroy` leaves some resources alone.
_PARTLY: Final = ("--target", "-t", "--exclude", "-x", "--run-program")
#: Options of how many resources are worked on at once, and their value in the same word.
#: How a file backend's URL begins where it is the same from every folder.
_ABSOLUTE_FILE: Final = ("file:///", "file://~")
_BACKEND: Final = "PULUMI_BACKEND_URL"
#: Options of a command, given by the environment: the CLI has followed its own already, and another
#: command of it must not.
_OPTIONS: Final = "PULUMI_OPTION_"


@dataclass(frozen=True)
class Place:
    """What decides which project and which backend a command of the CLI `program` works on."""

    program: str
    folder: str
    environment: Mapping[str, str]

    @property
    def takes_notes(self) -> bool:
        """Whether an engine writes down what it is about to create, before it asks for it."""
        return self.environment.get("PULUMI_SKIP_CHECKPOINTS", "").lower() not in ("true", "1")


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
    def is_refreshing(self) -> bool:
        """Whether it brings the state up to date: alone, or before another command."""
        asked = any(word in ("-r", "--refresh", "--refresh=true") for word in self.command)
        return self.verb == "refresh" or asked

    @property
    def is_whole_destroy(self) -> bool:
        """Whether it is a `pulumi destroy` of a whole stack."""
        return self.verb in _DESTROYS and not self.is_partial

    @property
    def is_partial(self) -> bool:
        """Whether it leaves a part of the stack's resources alone."""
        return any(word.startswith(_PARTLY) for word in self.command)

    @property
    def stack(self) -> str:
        """The stack that it was told to work on; empty where that is the selected one."""
        return self.option("stack", "-s")

    def option(self, name: str, short: str = "") -> str:
        """Return the value that an option was given, by its long name or its short one; else empty.

        The environment may give it. What the command line says, and says last, counts.
        """
        found = ""
        for word, value in zip(self.command, [*self.command[1:], ""], strict=False):
            if word in (f"--{name}", short):
                found = value
            elif word.startswith(f"--{name}="):
                found = word.partition("=")[2]
            elif short and word.startswith(short):
                found = word.removeprefix(short).removeprefix("=")
        if found or self.process is None:
            return found
        variable = f"{_OPTIONS}{name.upper().replace('-', '_')}"
        with contextlib.suppress(psutil.Error):
            return _started_with(self.process).get(variable, "")
        return ""

    @property
    def parallel(self) -> int:
        """How many resources it works on at once (pulumi, cmd/pulumi/operations/up.go)."""
        # Its environment is this process's, too.
        asked = (self.option("parallel", "-p"), os.environ.get("PULUMI_PARALLEL", ""))
        return next((int(each) for each in asked if each.isdecimal() and int(each)), _by_cores())

    def serves_inline(self, stack: str) -> bool:
        """Whether its program is a function, and its stack is named `stack`."""
        is_inline = any(word.startswith("--client") for word in self.command)
        return is_inline and bool(self.stack) and self.stack.rpartition("/")[2] == stack

    def place(self) -> Place:
        """Return where the CLI works; an absolute PULUMI_BACKEND_URL tells, too.

        Raises OmicsError where neither is known: from another folder or with another environment,
        the same command may find another stack of the same name.
        """
        try:
            if self.process is not None:
                # It has gone to the folder that -C and --cwd name.
                environment = _without_options(_started_with(self.process))
                return Place(self.command[0], self.process.cwd(), environment)
            why = "none of the processes that started this one is `pulumi`"
        except psutil.Error as error:
            why = f"the folder that `pulumi` works in can't be read ({type(error).__name__})"
        program = next(iter(self.command), None) or shutil.which(_NAME)
        if program and _is_absolute(os.environ.get(_BACKEND, "")):
            return Place(program, str(Path.cwd()), _without_options(os.environ))
        raise OmicsError(
            "Finding the stack's backend",
            why,
            advice=f"Nothing was started. Set {_BACKEND} to the absolute URL of the stack's "
            f"backend (`pulumi whoami --verbose` shows it), and put `pulumi` on PATH.",
        )

    @property
    def began(self) -> datetime:
        """When it was started; now, where that is not known."""
        with contextlib.suppress(psutil.Error):
            if self.process is not None:
                return datetime.fromtimestamp(self.process.create_time(), UTC)
        return datetime.now(UTC)

    @property
    def is_alive(self) -> bool:
        """Whether it is at work still; an engine that was not found is."""
        return self.process is None or _is_alive(self.process)

    def require_alive(self, operation: str = "StartRun") -> None:
        """Raise OmicsError where the CLI has ended since it was found; `operation` is left undone.

        A plugin outlives a killed CLI and carries on with what it was asked. By then another update
        may have looked for that start's run, found none, and started it; or have found the run that
        it is about to cancel, and kept it.
        """
        if not self.is_alive:
            raise OmicsError(operation, "the update that needed this has ended. Nothing was done")


def find_engine() -> Engine:
    """Return the CLI that this process works for, found among its ancestors."""
    for process in psutil.Process().parents():
        found = _cli(process)
        if found is not None:
            return found
    return Engine()


def find_engine_of_program(stack: str) -> Engine:
    """Return the CLI that this program of `stack` works for.

    The program may be a function in the process that has started the CLI (Automation API).
    """
    for process in psutil.Process().children():
        found = _cli(process)
        if found is not None and found.serves_inline(stack.rpartition("/")[2]):
            return found
    return find_engine()


def _by_cores() -> int:
    return 4 * (os.cpu_count() or 1)


def _cli(process: psutil.Process) -> Engine | None:
    try:
        line = process.cmdline()
        if line and Path(line[0]).stem == _NAME:
            return Engine((process.exe(), *line[1:]), process)
    except psutil.Error:
        # Another user's process, or one that has just ended.
        pass
    return None


def _started_with(process: psutil.Process) -> Mapping[str, str]:
    """Return what the CLI was started with, without what a stack's environment (ESC) added."""
    try:
        started_with = process.environ()
    except psutil.NoSuchProcess:
        raise
    except psutil.Error:
        started_with = {}
    # macOS tells no environment of a signed program. This process has inherited it.
    return started_with or os.environ


def _without_options(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: each for name, each in environment.items() if not name.startswith(_OPTIONS)}


def _is_absolute(backend: str) -> bool:
    return "://" in backend and (
        not backend.startswith("file://") or backend.startswith(_ABSOLUTE_FILE)
    )


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
