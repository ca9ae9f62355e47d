"""The command report: runs on one page, or as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from omics_provider.commands.options import settings, write
from omics_provider.engine import cli

from .data import RunsReport, document
from .gather import Wanted, gather_runs
from .of_stack import project_of, runs_of

_NO_JINJA: Final = 'The page needs jinja2: pip install "omics-provider[report]". --json does not.\n'


def run(options: argparse.Namespace) -> int:
    """Write the report, and return the exit code."""
    written = _json if options.json else _page()
    if written is None:
        sys.stderr.write(_NO_JINJA)
        return 1
    config: dict[str, str] = {}
    title, project = "HealthOmics runs", None
    wanted = [Wanted(each) for each in dict.fromkeys(options.runs or ())]
    if options.stack:
        title, config = f"Stack {options.stack}", cli.config(options.stack)
        export = cli.state(options.stack)
        wanted, project = runs_of(export), project_of(export)
    report = gather_runs(settings(options, config), wanted, title, datetime.now(UTC), project)
    write(options.output, written(report))
    return 1 if any(run.status in ("DELETED", "UNKNOWN") for run in report.runs) else 0


def _json(report: RunsReport) -> str:
    return json.dumps(document(report), indent=2) + "\n"


def _page() -> Callable[[RunsReport], str] | None:
    """Return what writes the page, None without jinja2: it comes with an extra of the package."""
    if find_spec("jinja2") is None:
        return None
    rendered: Callable[[RunsReport], str] = import_module(f"{__package__}.page").rendered
    return rendered
