"""The command doctor: a line for each thing looked at, as text or as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from omics_provider.base.settings import Settings
from omics_provider.commands.options import settings, write
from omics_provider.engine.project import Project, find_project

from . import account, machine
from .rules.judge import NOT_SHOWN, Level, Line, document, exit_code


def run(options: argparse.Namespace) -> int:
    """Write the lines, and return the exit code."""
    project = find_project(Path.cwd())
    config = project.config(options.stack) if options.stack else {}
    place = settings(options, config)
    wanted = account.Wanted(bucket=options.bucket, role=options.role)
    lines = list(_lines(project, place, wanted, options.stack))
    write("-", write_lines(lines, as_json=options.json), is_prose=not options.json)
    return exit_code(lines)


def _lines(
    project: Project, place: Settings, wanted: account.Wanted, stack: str | None
) -> Iterator[Line]:
    """Look at everything in turn: this machine first, then AWS."""
    yield from machine.engine(project)
    yield from machine.packages(project)
    yield from machine.state(project, stack)
    yield from account.examine(place, wanted)
    if place.is_local:
        yield machine.emulator(place)


def write_lines(lines: Iterable[Line], *, as_json: bool) -> str:
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
        parts.append(f"Only a change could test these rights: {', '.join(NOT_SHOWN)}.")
    wrong, warnings, ok = (
        sum(1 for line in lines if line.level is level)
        for level in (Level.WRONG, Level.WARNING, Level.OK)
    )
    parts.append(
        f"{wrong} wrong, {warnings} {'warning' if warnings == 1 else 'warnings'}, {ok} ok."
    )
    return "\n".join(parts) + "\n"
