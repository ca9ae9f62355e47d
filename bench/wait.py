"""Waiting for runs: the poller against a plain loop that calls GetRun for each run.

Both wait for runs of their own on one emulator, at the same time, in a process each. Printed and
measured are the calls, the processor's time, and how long after the last end it was noticed.

    python bench/wait.py --sizes 1 100 1000
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import wait
from pathlib import Path
from typing import Any, Final

import boto3
from rich.table import Table

from omics_provider.base.settings import Settings
from omics_provider.emulator import control
from omics_provider.emulator.doors import local
from omics_provider.runs.calls import Runs
from omics_provider.waits.lookout import Lookout
from omics_provider.waits.rules.targets import REMOTE, Target
from omics_provider.waits.watcher import Watcher

SIZES: Final = (1, 100, 1000)
WAYS: Final = ("poller", "loop")
#: Length of each run, and the pause of the plain loop between two rounds.
SECONDS, PAUSE = 30.0, 1.5
_ENDED: Final = ("COMPLETED", "FAILED", "CANCELLED", "DELETED")


def measure(sizes: tuple[int, ...] | list[int] = SIZES) -> list[dict[str, Any]]:
    """Measure both ways for each number of runs."""
    return [_both(size) for size in sizes]


def table(measured: list[dict[str, Any]]) -> Table:
    """Give the table of what was measured."""
    found = Table(title=f"Waiting for runs of {SECONDS:.0f} s")
    for heading in ("runs", "way", "calls", "processor s", "of a core", "noticed after s"):
        found.add_column(heading, justify="right")
    for size in measured:
        for way in WAYS:
            figures = size[way]
            found.add_row(
                f"{size['runs']:,}", way, f"{figures['calls']:,}",
                f"{figures['processorSeconds']:.2f}", f"{figures['shareOfACore']:.1%}",
                f"{figures['noticedAfterSeconds']:.1f}",
            )  # fmt: skip
    return found


def _both(count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="omics-bench-") as folder:
        processes = {}
        for way in WAYS:
            # A file each: the calls of one are not served from the other's time.
            state = str(Path(folder) / f"{way}.db")
            (Path(folder) / f"{way}.json").write_text(json.dumps(_start(state, count)))
            processes[way] = subprocess.Popen(
                [sys.executable, __file__, "--wait", way, state], stdout=subprocess.PIPE, text=True
            )
        found: dict[str, Any] = {"runs": count}
        for way, process in processes.items():
            output, _ = process.communicate()
            if process.returncode != 0:
                sys.exit(f"bench: waiting by {way} failed")
            found[way] = json.loads(output)
        return found


def _client(state: str) -> Any:
    client: Any = boto3.client("omics", region_name="us-east-1", endpoint_url="http://127.0.0.1")
    local.attach(client, state, SECONDS)
    return client


def _start(state: str, count: int) -> list[dict[str, Any]]:
    client = _client(state)
    # Time stands still until all are started.
    control.change_settings(state, {"parameterCheck": "off", "speed": 0})
    made = [
        client.start_run(
            workflowId="9500764", workflowType="READY2RUN", outputUri="s3://results",
            roleArn="arn:aws:iam::123456789012:role/omics", requestId=f"r{number}", parameters={},
        )
        for number in range(count)
    ]  # fmt: skip
    return [{"id": each["id"], "uuid": each["uuid"]} for each in made]


def _wait(way: str, state: str) -> dict[str, Any]:
    runs = json.loads(Path(state).with_suffix(".json").read_text())
    waited = _by_poller if way == "poller" else _by_loop
    asked = len(control.calls(state))
    control.change_settings(state, {"speed": 1})
    began, spent = time.monotonic(), time.process_time()
    waited(state, runs)
    seconds, processor = time.monotonic() - began, time.process_time() - spent
    return {
        "calls": len(control.calls(state)) - asked,
        "processorSeconds": round(processor, 3),
        "shareOfACore": round(processor / seconds, 4),
        "noticedAfterSeconds": round(seconds - SECONDS, 2),
    }


def _by_poller(state: str, runs: list[Mapping[str, str]]) -> None:
    settings = Settings(region="us-east-1", endpoint="local", local_state=state)
    watcher = Watcher(Lookout(Runs(settings), dict, spacing=0.2), REMOTE, quiet=0.5)
    targets = [Target(run["id"], run["id"], run["uuid"]) for run in runs]
    wait([watcher.until_end(target) for target in targets])


def _by_loop(state: str, runs: list[Mapping[str, str]]) -> None:
    client = _client(state)
    active = [run["id"] for run in runs]
    while active:
        active = [each for each in active if client.get_run(id=each)["status"] not in _ENDED]
        if active:
            time.sleep(PAUSE)


def main() -> None:
    """Measure and print, or wait as one of the processes that are measured."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, metavar="N")
    parser.add_argument("--wait", nargs=2, metavar=("WAY", "STATE"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.wait:
        print(json.dumps(_wait(*chosen.wait)))
        return
    from rich.console import Console

    measured = measure(list(chosen.sizes))
    Console(width=110).print(table(measured))


if __name__ == "__main__":
    main()
