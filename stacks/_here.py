"""Whether this machine can execute runs. Where it can't, they are simulated, and a line says so."""

import sys

import pulumi

from omics_provider.emulator.execution.runner.containers import tools
from omics_provider.emulator.workflows import wdl

#: A run with this tag is a clock of so many seconds (docs/execution.md).
SIMULATED = {"emulator:seconds": "5"}


def tags() -> dict[str, str]:
    """Return the tags by which runs are simulated; none where they can be executed."""
    wrong = problem()
    if wrong is None:
        return {}
    pulumi.log.warn(f"Runs are simulated here, and their results are no real ones. {wrong}")
    return SIMULATED


def problem() -> str | None:
    """Say why runs can't be executed here. None: they can."""
    if sys.platform != "linux":
        return "To execute them takes Linux."
    if not wdl.is_here():
        return wdl.NOT_HERE
    return tools.problem({"*": "/"})
