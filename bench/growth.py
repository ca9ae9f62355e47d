"""How the work for a run grows with its stack: processor time of our own code, and the exponent.

    python bench/growth.py --sizes 10 100 1000 5000

An update adds as many runs to a stack as it has. The state and the list of runs are in memory, and
no service is asked: what is left is what the package itself does before and after StartRun.
"""

from __future__ import annotations

import argparse
import math
import resource
import time
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from omics_provider.base.settings import Settings
from omics_provider.engine.state import StackState, parse
from omics_provider.runs.calls import Runs
from omics_provider.runs.search import Marks
from omics_provider.runs.starts import Start

STACK = "organization/bench/bench"
URN = "urn:pulumi:bench::bench::pulumi-python:dynamic/omics:Run::"
ARN = "arn:aws:omics:us-east-1:123456789012:run/"
SUCCEEDED = {"kind": "update", "result": "succeeded", "startTime": "2026-11-01T00:00:00Z"}
FAILED = {"kind": "update", "result": "failed", "startTime": "2026-11-01T12:00:00Z"}
HISTORIES = {"succeeded": [SUCCEEDED], "failed": [FAILED, SUCCEEDED]}


class Answers(Runs):
    """Runs that start at once, without a service."""

    def __init__(self) -> None:
        super().__init__(Settings(endpoint="local"))
        self._number = 0

    def start(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Answer as StartRun does."""
        self._number += 1
        name = f"new-{self._number}"
        return {"id": name, "uuid": name, "arn": ARN + name, "status": "PENDING"}

    def list(self, **_: Any) -> Iterator[dict[str, Any]]:
        """Give nothing: the list is given to each start."""
        return iter(())


def state_of(count: int, last: str) -> StackState:
    """Give the state of a stack that records so many runs; `last` is how its last update ended."""
    resources = [
        {
            "urn": f"{URN}old-{n}",
            "id": f"{n}",
            "type": "pulumi-python:dynamic/omics:Run",
            "inputs": {"__attempt": f"a{n}", "__stack": STACK},
            "outputs": {"uuid": f"u{n}", "arn": f"{ARN}{n}", "requestId": f"t{n}"},
        }
        for n in range(count)
    ]
    return parse({"deployment": {"resources": resources}}, HISTORIES[last])


def seconds(count: int, last: str) -> float:
    """Start `count` runs beside as many; give the processor's time."""
    state, runs, marks = state_of(count, last), Answers(), Marks()
    listed: list[Mapping[str, Any]] = [
        {"id": f"{n}", "arn": f"{ARN}{n}", "name": f"S{n}", "creationTime": "2026-11-02T00:00:00Z"}
        for n in range(count)
    ]
    began = time.process_time()
    for n in range(count):
        urn = f"{URN}new-{n}"
        inputs = {"workflowId": "1", "name": f"S{n}", "roleArn": "role", "outputUri": "s3://bucket"}
        start = Start(
            runs, state, STACK, urn, inputs, f"token-{n}", recent=lambda: listed, marks=marks
        )
        start.once(state.unconfirmed(urn, ""), _nothing_to_end)
        state.settled(urn)
        state.outlived(urn)
    return time.process_time() - began


def _nothing_to_end(*_: object) -> None:
    raise AssertionError("nothing is to end")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--sizes", nargs="+", type=int, default=[10, 100, 1000, 5000])
    sizes = parser.parse_args().sizes
    table = Table("last update", "runs", "processor, ms", "ms a run", "exponent", "peak, MiB")
    for last in HISTORIES:
        seconds(10, last)  # what is made once a process
        _add_rows(table, last, sizes)
    Console().print(table)


def _add_rows(table: Table, last: str, sizes: list[int]) -> None:
    before: tuple[int, float] | None = None
    for size in sizes:
        taken = min(seconds(size, last) for _ in range(3))
        exponent = math.log(taken / before[1]) / math.log(size / before[0]) if before else None
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        shown = "" if exponent is None else f"{exponent:.2f}"
        table.add_row(
            last,
            f"{size:,}",
            f"{taken * 1000:,.1f}",
            f"{taken * 1000 / size:.3f}",
            shown,
            f"{peak:.0f}",
        )
        before = size, taken


if __name__ == "__main__":
    main()
