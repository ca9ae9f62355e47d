"""The doctor's lines, gathered and written: text for people, JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from omics_provider.base.settings import Settings
from omics_provider.commands.doctor.rules.judge import NOT_SHOWN, Level, Line, document

from . import account as aws
from . import machine


def examine(settings: Settings, wanted: aws.Wanted, stack: str | None) -> Iterator[Line]:
    """Look at everything in turn: this machine first, then AWS."""
    project = machine.project(Path.cwd())
    yield from machine.engine(project)
    yield from machine.packages(project)
    yield from machine.state(project, stack)
    yield from aws.examine(settings, wanted)
    if settings.is_local:
        yield machine.emulator(settings)


def written(lines: Iterable[Line], *, as_json: bool) -> str:
    """Return all lines as text, or as JSON."""
    told = list(lines)
    return json.dumps(document(told), indent=2) + "\n" if as_json else _text(told)


def _text(lines: list[Line]) -> str:
    parts = []
    for area, group in groupby(lines, key=lambda line: line.area):
        parts.append(area)
        for line in group:
            parts.append(f"  {line.level:<8} {line.subject}: {line.says}")
            if line.advice and line.level is not Level.OK:
                parts.append(f"  {'':<8} -> {line.advice}")
    if any(line.area == "rights" for line in lines):
        parts.append(f"Only a change would show these rights: {', '.join(NOT_SHOWN)}.")
    wrong, warnings, ok = (
        sum(1 for line in lines if line.level is level)
        for level in (Level.WRONG, Level.WARNING, Level.OK)
    )
    parts.append(
        f"{wrong} wrong, {warnings} {'warning' if warnings == 1 else 'warnings'}, {ok} ok."
    )
    return "\n".join(parts) + "\n"
