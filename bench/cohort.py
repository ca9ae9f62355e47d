"""A cohort declared in each way, against plain boto3 scripts that do the least.

All go to one server of the emulator on this machine, which has S3, and in which time stands still:
no run starts, so what is measured is the declaration. The server's own work is in the seconds.

    python bench/cohort.py --sizes 1000 100000
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from memory import Watch
from rich.table import Table
from stack import COMMANDS, Stack, bench_environment

from omics_provider.emulator import control

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.served import serving  # found by the path above

SIZES: Final = (1_000, 100_000)
#: Up to so many samples, each run is a resource or a call of its own in some of the ways.
SINGLY: Final = 1_000
BUCKET: Final = "settings-of-cohorts"
REGION: Final = "us-east-1"
ROLE: Final = "arn:aws:iam::123456789012:role/omics"
KEYS: Final = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
#: Ways to declare or start, with whether each run is one by itself. "nothing" is an empty stack.
WAYS: Final = {"nothing": False, "OmicsRun": True, "RunCohort": True, "OmicsRunBatch": False}
SCRIPTS: Final = {"boto3 StartRun": True, "boto3 StartRunBatch": False}


@dataclass(frozen=True)
class Server:
    """A server of the emulator: its URL, its state file, the workflow that is run."""

    url: str
    state: str
    workflow: str

    def calls(self, after: int = 0) -> dict[str, int]:
        counts: dict[str, int] = {}
        for call in control.calls(self.state, after=after):
            counts[call["operation"]] = counts.get(call["operation"], 0) + 1
        return counts

    def last(self) -> int:
        return max((call["number"] for call in control.calls(self.state)), default=0)


class Cohort(Stack):
    """A stack that declares a sheet in one of the ways."""

    def __init__(self, home: Path, way: str, sheet: Path, server: Server) -> None:
        self.home = home
        shutil.copytree(
            Path(__file__).parent / "cohorts", home, ignore=shutil.ignore_patterns("__pycache__")
        )
        shutil.copy(sheet, home / "sheet.csv")
        (home / "backend").mkdir()
        self.environment = bench_environment(home, one_checkpoint=True) | KEYS
        self.pulumi("stack", "init", "bench")
        settings = {
            "omics:endpoint": server.url,
            "omics:region": REGION,
            "omics:preflight": "off",
            "bench:way": way,
            "bench:workflow": server.workflow,
            "bench:settings": f"s3://{BUCKET}/{uuid.uuid4()}",
        }
        path = home / "Pulumi.bench.yaml"
        lines = [f"  {name}: {json.dumps(value)}\n" for name, value in settings.items()]
        path.write_text(path.read_text() + "config:\n" + "".join(lines))


def measure(sizes: Sequence[int] = SIZES) -> list[dict[str, Any]]:
    """Measure every way for each number of samples."""
    with tempfile.TemporaryDirectory(prefix="omics-bench-") as folder:
        return [_size(Path(folder) / str(size), size) for size in sizes]


def table(measured: Sequence[Mapping[str, Any]]) -> Table:
    """Give the table of what was measured."""
    found = Table(title="Cohorts: first up, the preview after it, both against an empty stack")
    for heading in ("samples", "way", "up s", "preview s", "MiB", "calls", "state kB"):
        found.add_column(heading, justify="left" if heading == "way" else "right")
    for size in measured:
        for way, figures in size["ways"].items():
            preview, state = figures.get("previewSeconds"), figures.get("stateBytes")
            found.add_row(
                f"{size['samples']:,}", way, f"{figures['seconds']:.1f}",
                "" if preview is None else f"{preview:.1f}", f"{figures['memoryMiB']:,.0f}",
                f"{sum(figures['calls'].values()):,}",
                "" if state is None else f"{state / 1000:,.1f}",
            )  # fmt: skip
        found.add_section()
    return found


def _size(home: Path, size: int) -> dict[str, Any]:
    home.mkdir(parents=True)
    sheet = home / "sheet.csv"
    _write_sheet(sheet, size)
    ways: dict[str, dict[str, Any]] = {}
    with _serving(home / "served.db") as server:
        for way, singly in WAYS.items():
            if size <= SINGLY or not singly:
                ways[way] = _by_stack(Cohort(home / way, way, sheet, server), server)
        for way, singly in SCRIPTS.items():
            if size <= SINGLY or not singly:
                ways[way] = _by_script(way, sheet, server)
    return {"samples": size, "ways": ways}


def _write_sheet(path: Path, size: int) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["sample", "fastq_1", "fastq_2", "depth"])
        for n in range(size):
            reads = (f"s3://reads/run/S{n:06}_R{end}.fastq.gz" for end in (1, 2))
            writer.writerow([f"S{n:06}", *reads, "30"])


def _by_stack(stack: Cohort, server: Server) -> dict[str, Any]:
    before = server.last()
    up = stack.measure("up")
    calls = server.calls(before)
    state = len(stack.state())
    preview = stack.pulumi(*COMMANDS["preview"], "--expect-no-changes")
    return {
        **_figures(up.seconds, up.memory, calls),
        "previewSeconds": round(preview.seconds, 2),
        "stateBytes": state,
    }


def _by_script(way: str, sheet: Path, server: Server) -> dict[str, Any]:
    before = server.last()
    command = [sys.executable, __file__, "--script", way, str(sheet), server.url, server.workflow]
    started = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, **KEYS}, start_new_session=True)
    watch = Watch(process.pid)
    watch.start()
    process.wait()
    seconds = time.perf_counter() - started
    watch.stop()
    if process.returncode != 0:
        sys.exit(f"bench: {way} failed")
    return _figures(seconds, watch.together, server.calls(before))


def _figures(seconds: float, memory: float, calls: dict[str, int]) -> dict[str, Any]:
    return {
        "seconds": round(seconds, 2),
        "memoryMiB": round(memory),
        "calls": calls,
    }


@contextmanager
def _serving(state: Path) -> Iterator[Server]:
    with serving(state) as served:
        control.change_settings(served.state, {"speed": 0})
        served.client("s3").create_bucket(Bucket=BUCKET)
        workflow = served.omics.create_workflow(
            name="cohort", engine="NEXTFLOW", definitionUri="s3://workflows/cohort.zip"
        )["id"]
        yield Server(served.url, served.state, workflow)


def _client(service: str, url: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]  # the service is no literal
        service,
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        config=Config(inject_host_prefix=False),
    )


def _script(way: str, sheet: str, url: str, workflow: str) -> None:
    """Start the runs of a sheet with as little as it takes."""
    with open(sheet, newline="") as file:
        rows = list(csv.DictReader(file))
    shared = {"workflowId": workflow, "roleArn": ROLE, "outputUri": "s3://results/cohort"}
    omics = _client("omics", url)
    if way == "boto3 StartRun":
        for row in rows:
            omics.start_run(
                **shared, name=row["sample"], parameters=row, requestId=str(uuid.uuid4())
            )
        return
    entries = [{"runSettingId": row["sample"], "parameters": row} for row in rows]
    key = f"{uuid.uuid4()}.json"
    _client("s3", url).put_object(Bucket=BUCKET, Key=key, Body=json.dumps(entries).encode())
    omics.start_run_batch(
        defaultRunSetting=shared,
        batchRunSettings={"s3UriSettings": f"s3://{BUCKET}/{key}"},
        requestId=str(uuid.uuid4()),
    )


def main() -> None:
    """Measure and print, or be the script that is measured."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, metavar="N")
    parser.add_argument("--script", nargs=4, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.script:
        _script(*chosen.script)
        return
    from rich.console import Console

    Console(width=110).print(table(measure(list(chosen.sizes))))


if __name__ == "__main__":
    main()
