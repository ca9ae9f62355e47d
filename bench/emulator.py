"""Benchmarks of the emulator: calls a second for each door, long lists, memory, start-up.

Each function measures one thing and gives figures by name; `main` prints them all.

    python bench/emulator.py
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import moto

from omics_provider.emulator import control, install
from omics_provider.emulator.doors.local import attach
from omics_provider.emulator.world.store import open_store

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.served import serving  # found by the path above

KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
RUN = {"roleArn": "arn:aws:iam::123456789012:role/x", "outputUri": "s3://bucket/out"}
STORED_RUNS = 100_000


def timed(call: Callable[[], Any], times: int) -> float:
    """Give the milliseconds of one call: the median of so many."""
    call()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def both(client: Any, times: int) -> dict[str, float]:
    """Measure StartRun and GetRun through one client."""
    workflow = client.create_workflow(definitionUri="s3://bucket/w.zip")["id"]
    run_id = client.start_run(workflowId=workflow, **RUN)["id"]
    start = timed(lambda: client.start_run(workflowId=workflow, **RUN), times)
    get = timed(lambda: client.get_run(id=run_id), times)
    return {"StartRun ms": start, "GetRun ms": get, "GetRun calls/s": 1000 / get}


def local_door(folder: Path, times: int = 1000) -> dict[str, float]:
    """The endpoint in the client's own process."""
    client = boto3.client("omics", region_name="us-east-1")
    attach(client, folder / "local.db")
    return both(client, times)


def mock_door(times: int = 500) -> dict[str, float]:
    """Moto's mock_aws."""
    control.reset(install())
    with moto.mock_aws():
        return both(boto3.client("omics", region_name="us-east-1"), times)


def server_door(folder: Path, times: int = 500) -> dict[str, float]:
    """The server, one client; and how long it takes to be up."""
    began = time.perf_counter()
    with serving(folder / "server.db") as server:
        up = time.perf_counter() - began
        return {"up s": up, **both(server.omics, times)}


def filled(path: Path, count: int) -> Any:
    """Give a client of a state file with so many runs, a few of them active."""
    client = boto3.client("omics", region_name="us-east-1")
    attach(client, path)
    workflow = client.create_workflow(definitionUri="s3://bucket/w.zip")["id"]
    first = client.start_run(workflowId=workflow, name="run", **RUN)["id"]
    control.advance(path, 60)
    store = open_store(path)
    with store.transaction() as connection:
        row = dict(connection.execute("SELECT * FROM runs WHERE id = ?", (first,)).fetchone())
        names = [name for name in row if name != "pk"]
        marks = ", ".join(f":{name}" for name in names)
        connection.executemany(
            f"INSERT INTO runs ({', '.join(names)}) VALUES ({marks})",
            ({**row, "id": str(number), "uuid": f"{number}"} for number in range(count - 11)),
        )
    for _ in range(10):
        client.start_run(workflowId=workflow, tags={"emulator:freezes": "yes"}, **RUN)
    return client


def long_list(folder: Path, count: int = STORED_RUNS) -> dict[str, float]:
    """A page of 100 of ListRuns with many runs stored: the first, a deep one, filtered ones."""
    path = folder / "long.db"
    client = filled(path, count)
    control.advance(path, 1)
    deep = None
    for _ in range(20):
        deep = client.list_runs(
            maxResults=100, **({} if deep is None else {"startingToken": deep})
        )["nextToken"]
    return {
        "runs": count,
        "first page ms": timed(lambda: client.list_runs(maxResults=100), 50),
        "page 21 ms": timed(lambda: client.list_runs(maxResults=100, startingToken=deep), 50),
        "by name ms": timed(lambda: client.list_runs(maxResults=100, name="run"), 50),
        "RUNNING ms": timed(lambda: client.list_runs(maxResults=100, status="RUNNING"), 20),
        "FAILED ms": timed(lambda: client.list_runs(maxResults=100, status="FAILED"), 20),
        "StartRun ms": both(client, 50)["StartRun ms"],
        "file MB": path.stat().st_size / 1e6,
    }


def memory(folder: Path) -> dict[str, float]:
    """Peak memory (VmHWM) of a process with a client, with the emulator in it, and of servers."""
    code = (
        "import json, re, sys, boto3\n"
        "read = lambda: open('/proc/self/status').read()\n"
        "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', read())[1])\n"
        "from omics_provider.emulator.doors.local import attach\n"
        "client = boto3.client('omics', region_name='us-east-1')\n"
        "made = peak()\n"
        "attach(client, sys.argv[1])\n"
        "for _ in range(1000): client.list_runs()\n"
        "print(json.dumps([made / 1024, peak() / 1024]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder / "memory.db")],
        capture_output=True,
        text=True,
        check=True,
    )
    client, emulator = json.loads(done.stdout)
    with serving(folder / "memory-server.db") as server:
        alone = peak(server.child.process.pid)
        server.client("s3").list_buckets()
        beside = peak(server.child.process.pid)
    return {
        "a client MB": client,
        "a client, with the emulator MB": emulator,
        "server MB": alone,
        "server, with moto loaded MB": beside,
    }


def peak(pid: int) -> float:
    """Give the peak resident memory of a process, in MB (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [each for each in status.splitlines() if each.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def measure() -> dict[str, dict[str, float]]:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return {
            "emulator, local": local_door(folder),
            "emulator, server": server_door(folder),
            "emulator, mock_aws": mock_door(),
            "emulator, many runs": long_list(folder),
            "emulator, memory": memory(folder),
        }


def main() -> None:
    """Print the figures as a table."""
    for what, figures in measure().items():
        for name, value in figures.items():
            print(f"{what:24} {name:36} {value:10.2f}")


if __name__ == "__main__":
    main()
