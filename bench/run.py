"""The benchmarks: `make bench` runs them, prints tables and writes results.json beside this file.

What Pulumi itself costs is measured side by side with what each door adds: as many bare dynamic
resources of the same size, which call nothing. See docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cohort
import emulator
import overhead
import preview_report
import wait
from rich.console import Console
from rich.table import Column, Table

RESULTS = Path(__file__).with_name("results.json")
#: Number of resources -> pairs measured by default. Preview is measured in three at least.
PAIRS = {1: 5, 100: 3, 1000: 1}
PARTS = ("overhead", "report", "cohorts", "waiting", "emulator")
PACKAGES = ("omics-provider", "pulumi", "boto3", "botocore", "grpcio", "protobuf", "moto")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    chosen = _chosen(arguments)
    console = Console(width=None if sys.stdout.isatty() else 110)
    results: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(),
        "versions": _versions(),
    }
    started = time.monotonic()
    if "overhead" in chosen.parts:
        results["overhead"] = _overhead(chosen, console)
    if "report" in chosen.parts:
        results["report"] = _report(console)
    if "cohorts" in chosen.parts:
        results["cohorts"] = _cohorts(console)
    if "waiting" in chosen.parts:
        results["waiting"] = _waiting(console)
    if "emulator" in chosen.parts:
        results["emulator"] = _emulator(console)
    results["machine"]["loadAtEnd"] = round(os.getloadavg()[0], 2)
    results["seconds"] = round(time.monotonic() - started, 1)
    chosen.output.write_text(json.dumps(results, indent=2) + "\n")
    console.print(f"{results['seconds']:.0f} s in all. Figures: {chosen.output}")


def _chosen(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=None,
        help="what to measure: both doors against bare resources, the report on a preview, "
        "cohorts, waiting, emulator (all)",
    )  # fmt: skip
    parser.add_argument(
        "--sizes", nargs="+", type=int, default=None, metavar="N",
        help=f"numbers of resources in a stack (default: {' '.join(map(str, PAIRS))})",
    )  # fmt: skip
    parser.add_argument(
        "--pairs", type=int, default=None, metavar="N",
        help="rounds to measure for each size (default: 5 of 1, 3 of 100, 1 of 1000)",
    )  # fmt: skip
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a look in a minute: sizes 1 and 100 in one round, of the first part alone",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=RESULTS,
        help="where to write the figures (default: %(default)s)",
    )
    chosen = parser.parse_args(arguments)
    if chosen.quick:
        chosen.sizes, chosen.pairs = chosen.sizes or [1, 100], chosen.pairs or 1
        chosen.parts = chosen.parts or PARTS[:1]
    chosen.parts = chosen.parts or PARTS
    chosen.sizes = chosen.sizes or list(PAIRS)
    if min(chosen.sizes) < 1 or (chosen.pairs is not None and chosen.pairs < 1):
        parser.error("sizes and pairs start at 1")
    return chosen


def _overhead(chosen: argparse.Namespace, console: Console) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="omics-bench-") as folder:
        place = Path(folder)
        console.print("Warming up: one resource of each kind")
        overhead.warm_up(place)
        measured = []
        for size in chosen.sizes:
            pairs = chosen.pairs or PAIRS.get(size, 1)
            console.print(f"{size:,} of each kind, rounds: {pairs}")
            measured.append(overhead.measure(place, size, pairs))
    for table in overhead.tables(measured):
        console.print(table)
    return measured


def _report(console: Console) -> dict[str, Any]:
    console.print("The report on a preview")
    measured = preview_report.measure()
    console.print(preview_report.table(measured))
    return measured


def _cohorts(console: Console) -> list[dict[str, Any]]:
    console.print("Cohorts")
    measured = cohort.measure()
    console.print(cohort.table(measured))
    return measured


def _waiting(console: Console) -> list[dict[str, Any]]:
    console.print("Waiting for runs")
    measured = wait.measure()
    console.print(wait.table(measured))
    return measured


def _emulator(console: Console) -> dict[str, dict[str, float]]:
    console.print("The emulator")
    measured = {
        what: {name: round(value, 3) for name, value in figures.items()}
        for what, figures in emulator.measure().items()
    }
    table = Table("what", "figure", Column("value", justify="right"), title="Emulator")
    for what, figures in measured.items():
        for name, value in figures.items():
            table.add_row(what, name, f"{value:,.2f}")
        table.add_section()
    console.print(table)
    return measured


def _machine() -> dict[str, Any]:
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memoryGiB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "loadAtStart": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return platform.processor()
    lines = path.read_text().splitlines()
    return next((x.partition(":")[2].strip() for x in lines if x.startswith("model name")), "")


def _versions() -> dict[str, str]:
    engine = subprocess.run(["pulumi", "version"], capture_output=True, text=True, check=True)
    return {
        "python": platform.python_version(),
        "pulumi (engine)": engine.stdout.strip(),
        **{name: version(name) for name in PACKAGES},
    }


if __name__ == "__main__":
    main()
