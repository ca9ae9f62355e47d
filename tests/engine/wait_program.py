"""Programs that wait, and the stacks that run them."""

from __future__ import annotations

import json
import subprocess
from typing import Any, Final

import psutil

from .harness import Stack, declaration, until

#: `runs.json` declares the runs, `wait.json` the arguments of wait_all.
WAITING: Final = """\
import json
import pathlib

import pulumi
from omics_provider import OmicsRun, wait_all

declared = json.loads(pathlib.Path("runs.json").read_text())
arguments = json.loads(pathlib.Path("wait.json").read_text())
runs = {name: OmicsRun(name, **given) for name, given in declared.items()}
ended = wait_all(runs, **arguments)
pulumi.export("ended", ended)
pulumi.export("first", ended[next(iter(runs))]["status"])
"""


def lasting(seconds: float, fails: str = "", **arguments: Any) -> dict[str, Any]:
    """Declare a run of this length in seconds, that fails with this reason if one is given."""
    tags = {"emulator:seconds": str(seconds)} | ({"emulator:fails": fails} if fails else {})
    return declaration(tags=tags, **arguments)


def wait_for(stack: Stack, runs: dict[str, Any], **arguments: Any) -> None:
    """Make `stack` declare `runs` and wait for all of them."""
    stack.program(WAITING)
    stack.declare(runs)
    (stack.home / "wait.json").write_text(json.dumps(arguments))


def outputs(stack: Stack) -> dict[str, Any]:
    """Give the stack's outputs as they are recorded."""
    (root,) = stack.resources("pulumi:pulumi:Stack")
    return dict(root["outputs"])


def program_of(process: subprocess.Popen[str]) -> psutil.Process:
    """Give the process of the Pulumi program of an update.

    A launcher has the same words as the program that it starts: the innermost is the program.
    What the program itself starts, for example the CLI, has other words.
    """

    def look() -> list[psutil.Process]:
        programs = [each for each in _below(psutil.Process(process.pid)) if _is_program(each)]
        return [each for each in programs if not any(_is_program(below) for below in _below(each))]

    (program,) = until(look, lambda found: len(found) == 1)
    return program


def _below(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:  # It ended since it was listed.
        return []


def _is_program(process: psutil.Process) -> bool:
    try:
        return "python" in process.name() and any(
            "pulumi-language-python-exec" in word for word in process.cmdline()
        )
    except psutil.NoSuchProcess:
        return False
