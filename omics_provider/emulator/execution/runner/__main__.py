"""Usage: python -m omics_provider.emulator.execution.runner FOLDER.

SIGTERM ends it, with all that it started. Its exit code is 0 whenever there is a result.
"""

from __future__ import annotations

import importlib
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omics_provider.emulator.workflows import wdl
from omics_provider.emulator.world.life import CANCELLED, FAILED

from . import job as jobs
from .events import Events
from .outcome import SERVICE_ERROR, Failure, Outcome, Stopped, failed


def main(arguments: list[str]) -> int:
    """Execute the job of a folder."""
    if len(arguments) != 1:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    folder = Path(arguments[0]).resolve()
    signal.signal(signal.SIGTERM, _stop)
    try:
        outcome = _executed(folder)
    except Stopped:
        outcome = Outcome(CANCELLED)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    outcome.write(folder)
    return 0


def _executed(folder: Path) -> Outcome:
    try:
        job = jobs.read(folder)
        job.logs.mkdir(exist_ok=True)
        return engine(job.engine)(job, Events(folder / "events.jsonl"))
    except Failure as failure:
        return failed(failure)
    except Exception as error:  # noqa: BLE001  # whoever waits for the result gets one
        return Outcome(FAILED, SERVICE_ERROR, f"The runner broke: {type(error).__name__}: {error}")


def engine(name: str) -> Callable[[jobs.Job, Events], Outcome]:
    """Give what executes the workflows of an engine."""
    if not name.startswith("WDL"):
        raise Failure(
            SERVICE_ERROR,
            f"The emulator executes runs of WDL workflows, but not of {name} workflows.",
        )
    if not wdl.is_here():
        raise Failure(SERVICE_ERROR, wdl.NOT_HERE)
    # Loaded once it is known to be there: it needs miniwdl.
    found: Any = importlib.import_module("omics_provider.emulator.execution.runner.wdl.engine")
    execute: Callable[[jobs.Job, Events], Outcome] = found.execute
    return execute


def _stop(_signal: int, _frame: object) -> None:
    raise Stopped


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
