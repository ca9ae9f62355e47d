"""A hundred creates while the service throttles, fails, and loses answers."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from ..doors import DYNAMIC, Door
from ..harness import ACTIVE, Stack, declaration, make_stack
from . import model
from .episode import RequestId
from .ledger import Ledger
from .model import History, Promise
from .points import recorded
from .processes import Command

#: The shares that issue and README speak of.
STORM: Final = {"throttle": 0.30, "error-500": 0.05, "late-500": 0.05, "lost-answer": 0.05}


@dataclass
class Storm:
    """What one stormy `up` showed."""

    request_id: RequestId
    runs: int
    seed: int
    ups: int = 0
    seconds: float = 0.0
    calls: int = 0
    struck: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def storm(
    home: Path,
    request_id: RequestId,
    runs: int,
    seed: int,
    limit: float,
    door: Door = DYNAMIC,
) -> Storm:
    """Start `runs` runs of one stack in bad weather; `limit` in seconds for each `up`."""
    report = Storm(request_id, runs, seed)
    stack = make_stack(home / "project", door=door)
    stack.settings(requestId=request_id, requestIdSeconds=60)
    ledger = Ledger(stack.emulator_state)
    ledger.install()
    promise = Promise("delete", "active")
    for number in range(runs):
        name = f"NA{number:03}"
        promise.ask(name, name)
    stack.declare(
        {
            name: declaration(name=name, parameters={"sample_name": name}, tags=ACTIVE)
            for name in promise.samples
        }
    )
    stack.plan_faults(
        *(
            {"operation": "StartRun", "fault": fault, "rate": rate, "seed": seed + number}
            for number, (fault, rate) in enumerate(STORM.items())
        )
    )
    began = time.monotonic()
    code, text = _up(stack, limit)
    report.ups = 1
    if code != 0:
        # A start without a clear answer after all retries is recorded as such: up again.
        code, text = _up(stack, limit)
        report.ups = 2
    report.seconds = round(time.monotonic() - began, 1)
    if code != 0:
        report.violations.append(f"STUCK: the second up ends with {code}: {text[-1500:]}")
    stack.plan_faults()
    starts = [call for call in ledger.calls(0) if call.operation == "StartRun"]
    report.calls = len(starts)
    for call in starts:
        if call.fault:
            report.struck[call.fault] = report.struck.get(call.fault, 0) + 1
    report.violations += model.settled(promise, History(ledger.events()), recorded(stack))
    code, text = _run(stack, limit, "preview", "--expect-no-changes")
    if code != 0:
        report.violations.append(f"CHANGES: the next preview ends with {code}: {text[-800:]}")
    ledger.close()
    return report


def _up(stack: Stack, limit: float) -> tuple[int, str]:
    return _run(stack, limit, "up", "--yes", "--skip-preview")


def _run(stack: Stack, limit: float, *arguments: str) -> tuple[int, str]:
    command = Command(stack, *arguments)
    try:
        return command.wait(limit), command.text
    finally:
        command.clear()
