"""Runs through both doors against as many bare dynamic resources, in rounds of all three."""

from __future__ import annotations

import json
import shutil
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from stack import COMMANDS, Measured, Stack

KINDS = ("native", "omics", "bare")
#: What the tables call them.
NAMES = {"native": "omics:Run", "omics": "OmicsRun", "bare": "bare"}
MEASURED = KINDS[:2]
#: Preview changes nothing, so that it can be repeated on the same stack.
LEAST_PREVIEWS = 3

STATE_AFTER = ("up", "refresh")

Times = dict[str, dict[str, list[float]]]


def warm_up(place: Path) -> None:
    """Go through every operation once, so that Python's bytecode and the disk are warm."""
    stacks = _stacks(place / "warm", 1)
    for operation in COMMANDS:
        for stack in stacks.values():
            stack.measure(operation)
    shutil.rmtree(place / "warm")


def measure(place: Path, count: int, pairs: int) -> dict[str, Any]:
    """Measure `count` resources of each kind, `pairs` times.

    The kinds take their turns operation by operation, in the order A B C C B A, so that a machine
    that gets slower or faster meanwhile does so for all.
    """
    seconds: Times = {operation: {kind: [] for kind in KINDS} for operation in COMMANDS}
    cpu: Times = {operation: {kind: [] for kind in KINDS} for operation in COMMANDS}
    memory: dict[str, list[Measured]] = {kind: [] for kind in KINDS}
    state: dict[str, Any] = {}
    turn = 0
    for pair in range(pairs):
        home = place / f"{count}-{pair}"
        stacks = _stacks(home, count)
        for operation in _operations(pairs):
            for kind in KINDS if turn % 2 == 0 else KINDS[::-1]:
                found = stacks[kind].measure(operation)
                seconds[operation][kind].append(round(found.seconds, 3))
                cpu[operation][kind].append(round(found.cpu, 3))
                memory[kind].append(found)
            turn += 1
            if operation in STATE_AFTER:
                state[operation] = {kind: _state(stacks[kind]) for kind in KINDS}
        shutil.rmtree(home)
    return {
        "resources": count,
        "pairs": pairs,
        "parametersBytes": state["up"]["omics"]["parameters"] // 2,
        "operations": {operation: _compared(seconds[operation]) for operation in COMMANDS},
        "processor": {operation: _compared(cpu[operation]) for operation in COMMANDS},
        "stateBytesPerRun": state,
        "peakMemoryMiB": {kind: _memory(memory[kind]) for kind in KINDS},
    }


def tables(measured: Sequence[Mapping[str, Any]]) -> list[Table]:
    """Give the tables of the times, the state and the memory."""
    return [
        _times_table(measured, "operations", "Seconds"),
        _times_table(measured, "processor", "Processor seconds"),
        _state_table(measured),
        _memory_table(measured),
    ]


def _operations(pairs: int) -> list[str]:
    previews = -(-LEAST_PREVIEWS // pairs)
    ended = ["preview, ended"] * previews
    return ["up", *["preview"] * previews, "refresh", *ended, "destroy"]


def _stacks(home: Path, count: int) -> dict[str, Stack]:
    return {kind: Stack(home / kind, kind, count) for kind in KINDS}


def _compared(seconds: Mapping[str, list[float]]) -> dict[str, Any]:
    ratios = {
        kind: [
            round(one / bare, 3) for one, bare in zip(seconds[kind], seconds["bare"], strict=True)
        ]
        for kind in MEASURED
    }
    return {
        **{f"{kind}Seconds": seconds[kind] for kind in KINDS},
        "ratios": ratios,
        "ratio": {kind: round(statistics.median(found), 3) for kind, found in ratios.items()},
    }


def _state(stack: Stack) -> dict[str, float]:
    """Give what a resource takes of the state file, in bytes: in all, and what of it is whose."""
    resources = stack.resources()
    both = [(each["inputs"], each["outputs"]) for each in resources]
    whole = _bytes(resources)
    properties = sum(_bytes(inputs) + _bytes(outputs) for inputs, outputs in both)
    parameters = sum(_bytes(bag["parameters"]) for bags in both for bag in bags)
    trace = sum(_bytes(each.get("stackTrace", [])) for each in resources)
    parts = {
        "whole": whole,
        "parameters": parameters,
        "otherProperties": properties - parameters,
        "stackTrace": trace,
        "otherOfTheEngine": whole - properties - trace,
    }
    return {name: round(size / len(resources)) for name, size in parts.items()}


def _bytes(value: Any) -> int:
    # The engine writes the state as compact JSON.
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def _memory(measured: Sequence[Measured]) -> dict[str, float]:
    roles = sorted({role for each in measured for role in each.memory_by_role})
    return {
        "together": round(max(each.memory for each in measured)),
        "sharedOnce": round(max(each.memory_shared_once for each in measured)),
        **{
            role: round(max(each.memory_by_role.get(role, 0.0) for each in measured))
            for role in roles
        },
    }


def _times_table(measured: Sequence[Mapping[str, Any]], which: str, what: str) -> Table:
    table = Table(title=f"{what}: medians, and the median ratio to bare, of the rounds in brackets")
    names = [NAMES[kind] for kind in KINDS]
    for heading in ("resources", "operation", *names, *(f"{NAMES[k]} / bare" for k in MEASURED)):
        table.add_column(heading, justify="left" if heading == "operation" else "right")
    for size in measured:
        for operation, found in size[which].items():
            table.add_row(
                f"{size['resources']:,}",
                operation,
                *(f"{statistics.median(found[f'{kind}Seconds']):.2f}" for kind in KINDS),
                *(_spread(found["ratio"][kind], found["ratios"][kind]) for kind in MEASURED),
            )
        table.add_section()
    return table


def _spread(median: float, ratios: Sequence[float]) -> str:
    return f"{median:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def _state_table(measured: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title="State, bytes per resource")
    columns = (
        "resources", "after", "kind", "whole", "parameters, twice", "other properties",
        "engine: stack trace", "engine: other",
    )  # fmt: skip
    for heading in columns:
        table.add_column(heading, justify="left" if heading in columns[1:3] else "right")
    for size in measured:
        for operation, kinds in size["stateBytesPerRun"].items():
            for kind, parts in kinds.items():
                named = ("whole", "parameters", "otherProperties", "stackTrace", "otherOfTheEngine")
                table.add_row(
                    f"{size['resources']:,}", operation, NAMES[kind],
                    *(f"{parts[x]:,}" for x in named),
                )  # fmt: skip
        table.add_section()
    return table


def _memory_table(measured: Sequence[Mapping[str, Any]]) -> Table:
    roles = ("together", "sharedOnce", "engine", "program", "plugin")
    table = Table(title="Peak memory, MiB: all processes at one moment, and the largest of a role")
    for heading in ("resources", "kind", "together", "shared pages once", *roles[2:]):
        table.add_column(heading, justify="left" if heading == "kind" else "right")
    for size in measured:
        for kind, found in size["peakMemoryMiB"].items():
            table.add_row(
                f"{size['resources']:,}", NAMES[kind],
                *(f"{found.get(role, 0):,}" for role in roles),
            )  # fmt: skip
        table.add_section()
    return table
