"""`python -m omics_provider.emulator`: the server."""

from __future__ import annotations

import argparse
import json
import signal
import sqlite3
import sys
import tempfile
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from omics_provider.emulator.execution.owner import Owner
from omics_provider.emulator.execution.runner.containers import tools
from omics_provider.emulator.protocol.model import service_model
from omics_provider.emulator.workflows import wdl
from omics_provider.emulator.world.execution import Execution
from omics_provider.emulator.world.store import StateTooNewError, Store, open_store
from omics_provider.emulator.world.surroundings import MotoSurroundings

from . import control
from .service import DEFAULT_RUN_SECONDS, Service
from .show import shown

_USE: Final = """\
AWS HealthOmics for one machine. Serves omics and its prices, and beside it moto's s3, iam, sts,
logs and events, on 127.0.0.1. Prints its URL on one line when it is ready: for programs, and, in a
browser, a page about its runs. Ctrl-C or SIGTERM ends it.

  $ python -m omics_provider.emulator --port 4999 --state omics.db
  http://127.0.0.1:4999
  $ export AWS_ENDPOINT_URL=http://127.0.0.1:4999 AWS_DISABLE_HOST_PREFIX_INJECTION=true
  $ export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1
  $ aws omics list-workflows --type READY2RUN
"""

_MORE: Final = """\
a run's own tags direct its simulated life:
  emulator:seconds   its length in emulated seconds
  emulator:stopping  for how many seconds it is STOPPING once it is cancelled
  emulator:fails     the failureReason with which it ends FAILED
  emulator:freezes   it stays RUNNING until it is cancelled (any value)
  emulator:retries   how often its last task fails by a fault of the service before it completes

show a state file:
  python -m omics_provider.emulator show FILE

control, JSON over HTTP (Python: omics_provider.emulator.control, which takes the state file):
  POST /_omics/faults     a list that replaces the planned faults, such as
                          [{"operation": "StartRun", "fault": "throttle", "count": 2},
                           {"operation": "*", "fault": "error-500", "rate": 0.3, "seed": 1}]
                          faults: throttle, error-500, timeout-408, quota-402, denied,
                          cut-before (cut, nothing happened), lost-answer (took effect, then
                          cut), late-500 (took effect, then a 500), torn-answer (cut
                          between headers and body), slow ("seconds"); for StartRun
                          also frozen, and fails ("reason")
  GET  /_omics/faults     the planned faults, and how often each struck
  GET  /_omics/calls      every call served: time, operation, status, fault, runId, caller
                          (?operation=StartRun, ?after=<number of a call>)
  POST /_omics/settings   any of {"quotas": true, "startRunPerSecond": 1, "requestId":
                          "replay"|"conflict"|"forget", "speed": 60, ...}
  GET  /_omics/settings   all of them with their values
  POST /_omics/reset      forgets everything, in moto's services too
  POST /_omics/advance    {"seconds": 60} lets emulated time pass at once

environment, taken once by each state file:
  OMICS_EMULATOR_SETTINGS   the JSON of /_omics/settings
  OMICS_EMULATOR_FAULTS     the JSON of /_omics/faults
"""

#: What the extra `emulator` brings.
_NEEDED: Final = ("moto", "flask", "werkzeug")
_NO_MOTO: Final = """\
The server needs moto: pip install "omics-provider[emulator]". The endpoint `local` does not.
"""


def main(arguments: list[str]) -> int:
    """Serve until told to end, or show a state file."""
    if arguments[:1] == ["show"]:
        return _show(arguments[1:])
    options = _parser().parse_args(arguments)
    if not all(find_spec(name) for name in _NEEDED):
        sys.stderr.write(_NO_MOTO)
        return 1
    from omics_provider.emulator.doors.server import serve

    state = options.state or Path(tempfile.mkdtemp(prefix="omics-emulator-")) / "state.db"
    try:
        store = _opened(state, options.settings, options.faults)
        around = MotoSurroundings()
        owner = Owner(store, around, at_home=True)
        execution = _execution(options)
        service = Service(store, service_model(), options.run_seconds, around, execution, owner)
    except (OSError, ValueError, sqlite3.Error, StateTooNewError) as error:
        sys.stderr.write(f"The emulator can't start with the state file {state}: {error}\n")
        return 1
    told = None if execution is None else _trouble(store, execution)
    if told is not None:
        sys.stderr.write(f"Runs will fail, their tasks can't run here: {told}\n")
    server = serve(store, service, options.port)
    for number in (signal.SIGINT, signal.SIGTERM):
        # shutdown() waits for the serving loop, which is what the signal interrupts.
        signal.signal(
            number, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start()
        )
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
    owner.close()
    store.close()
    return 0


def _opened(state: Path, settings: Path | None, faults: Path | None) -> Store:
    """Return the store, with settings and faults from their files."""
    store = open_store(state)
    for path, take in ((settings, control.change_settings), (faults, control.plan_faults)):
        if path is None:
            continue
        try:
            take(store, json.loads(path.read_bytes()))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    control.current_settings(store)
    return store


def _execution(options: argparse.Namespace) -> Execution | None:
    """Return how runs are executed, None where they are simulated."""
    if options.execute:
        return Execution.of(options.images, options.buckets, Path.cwd())
    for option in ("images", "buckets"):
        if getattr(options, option) is not None:
            raise ValueError(f"--{option} says how runs are executed: give --execute, too.")
    return None


def _trouble(store: Store, execution: Execution) -> str | None:
    """Say why no run can be executed on this machine, if none can."""
    if not wdl.is_here():
        return wdl.NOT_HERE
    return tools.problem(execution.images, control.current_settings(store)["executeTool"])


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError
    return port


def _show(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m omics_provider.emulator show", description="Print what a state file holds."
    )
    parser.add_argument("file", type=Path, help="the state file")
    path = parser.parse_args(arguments).file
    if not path.is_file():
        sys.stderr.write(f"There is no state file {path}. Give the FILE of --state.\n")
        return 1
    for line in shown(path):
        sys.stdout.write(line + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m omics_provider.emulator",
        description=_USE,
        epilog=_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port", type=_port, default=4999, help="0 takes a free port; 4999 by default"
    )
    parser.add_argument(
        "--state",
        type=Path,
        help="the state file, which is created if it does not exist; by default a temporary one",
    )
    parser.add_argument("--settings", type=Path, help="a JSON file, as for /_omics/settings")
    parser.add_argument("--faults", type=Path, help="a JSON file, as for /_omics/faults")
    parser.add_argument(
        "--run-seconds",
        type=float,
        default=DEFAULT_RUN_SECONDS,
        help="emulated length of a run without the tag emulator:seconds; by default 5",
    )
    parser.add_argument(
        "--execute",
        action="store_true",
        help="execute the runs of WDL workflows for real (docs/execution.md)",
    )
    parser.add_argument(
        "--images",
        help="a JSON file, or JSON: image names, or *, to folders with a root file system or to"
        " local images",
    )
    parser.add_argument(
        "--buckets", help="a JSON file, or JSON: buckets to the folders that replace them"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
