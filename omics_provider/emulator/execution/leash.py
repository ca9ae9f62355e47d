"""`python -m …leash MODULE FOLDER`: the worker of one run, which ends with who started it.

Its standard input is a pipe that nobody writes to. At the pipe's end the starter is gone.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time
from typing import Final

_PATIENCE_SECONDS: Final = 5.0


def main(arguments: list[str]) -> None:
    """Run the module as a program, on its job's folder."""
    held = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # tasks must not read from the pipe
    os.close(nothing)
    alone = threading.Event()
    threading.Thread(target=_watch, args=(held, alone), daemon=True).start()
    sys.argv = arguments
    try:
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    finally:
        if alone.is_set():
            _end_group()


def _watch(held: int, alone: threading.Event) -> None:
    while os.read(held, 1):
        continue
    alone.set()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_PATIENCE_SECONDS)
    _end_group()


def _end_group() -> None:
    """Kill what the worker has started, and the worker: nobody else will."""
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
