"""What the report on a preview adds to the preview: 1,000 runs, of which one changes.

    python bench/preview_report.py

The whole command against a plain `pulumi preview --json` of the same stack, in pairs; and the
report on a file alone, with its processor's time, which a busy machine does not spoil.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Column, Table
from stack import Stack

RUNS: Final = 1_000
PAIRS: Final = 3
#: The aim of issue and docs: seconds that the report adds at most.
AIM: Final = 2.0

_PREVIEW: Final = ("preview", "--json", "--show-sames", "--show-replacement-steps")
_REPORT: Final = (sys.executable, "-m", "omics_provider", "preview")


def measure(runs: int = RUNS, pairs: int = PAIRS) -> dict[str, Any]:
    """Measure `runs` runs, of which one is replaced."""
    with tempfile.TemporaryDirectory(prefix="omics-bench-") as folder:
        stack = Stack(Path(folder) / "report" / "omics", "omics", runs)
        stack.measure("up")
        path = stack.home / "Pulumi.bench.yaml"
        path.write_text(path.read_text() + '  bench:changed: "0"\n')
        return {"runs": runs, **_compared(stack, pairs), **_alone(stack, pairs)}


def _compared(stack: Stack, pairs: int) -> dict[str, Any]:
    plain: list[float] = []
    whole: list[float] = []
    ways = [
        (plain, ("pulumi", "--non-interactive", "preview", "--json", "--stack=bench")),
        (whole, (*_REPORT, "--stack", "bench")),
    ]
    _timed(stack, ways[0][1])
    for pair in range(pairs):
        for seconds, command in ways if pair % 2 == 0 else ways[::-1]:
            seconds.append(_timed(stack, command)[0])
    added = [b - a for a, b in zip(plain, whole, strict=True)]
    return {
        "previewSeconds": _rounded(plain),
        "withReportSeconds": _rounded(whole),
        "addedSeconds": _rounded(added),
        "added": round(statistics.median(added), 2),
    }


def _alone(stack: Stack, times: int) -> dict[str, Any]:
    file = stack.home / "preview.json"
    with file.open("w") as output:
        _run(stack, ("pulumi", "--non-interactive", *_PREVIEW, "--stack=bench"), output)
    found = {
        name: [_timed(stack, (*_REPORT, str(file), *options)) for _ in range(times)]
        for name, options in (("alone", ()), ("offline", ("--offline",)))
    }
    return {
        "fileMB": round(file.stat().st_size / 1e6, 1),
        **{f"{n}Seconds": _rounded([s for s, _ in each]) for n, each in found.items()},
        **{f"{n}ProcessorSeconds": _rounded([p for _, p in each]) for n, each in found.items()},
    }


def _timed(stack: Stack, command: Sequence[str]) -> tuple[float, float]:
    """Give a command's seconds, and those of the processor."""
    before, began = _processor(), time.perf_counter()
    _run(stack, command, subprocess.DEVNULL)
    return time.perf_counter() - began, _processor() - before


def _run(stack: Stack, command: Sequence[str], output: Any) -> None:
    subprocess.run(
        command, cwd=stack.home, env=stack.environment, stdin=subprocess.DEVNULL, stdout=output,
        check=True,
    )  # fmt: skip


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 2) for value in values]


def table(measured: dict[str, Any]) -> Table:
    """Give the table of the figures."""
    title = f"The report on a preview of {measured['runs']:,} runs, one of them changed"
    found = Table("what", Column("seconds", justify="right"), title=title)
    for what, name in (
        ("pulumi preview --json", "previewSeconds"),
        ("omics_provider preview, which runs it", "withReportSeconds"),
        (f"added (aim: {AIM:.0f} at most)", "addedSeconds"),
        (f"the report on a file of {measured['fileMB']} MB", "aloneSeconds"),
        ("processor's time of it", "aloneProcessorSeconds"),
        ("the same, --offline", "offlineSeconds"),
        ("processor's time of it", "offlineProcessorSeconds"),
    ):
        found.add_row(what, " ".join(f"{value:.2f}" for value in measured[name]))
    return found


if __name__ == "__main__":
    Console().print(table(measure()))
