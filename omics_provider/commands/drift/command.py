"""A report on a stack's drift, gathered and written in one of its three formats."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from omics_provider.base.settings import Settings
from omics_provider.commands.drift.rules.judge import Kind
from omics_provider.commands.drift.rules.record import StackRecord
from omics_provider.commands.markdown import LIMIT, markdown, text
from omics_provider.engine import cli

from .data import Report, report_on
from .document import document
from .rules import record
from .words import words_of


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: how many other runs are looked at, whether all tags, whether to fix."""

    orphans: int
    all_tags: bool = False
    is_fixing: bool = False


def gathered(stack: str | None, settings: Settings, asked: Asked) -> Report:
    """Compare a stack's state, of the selected one for None, with the service.

    Raises OmicsError where the state or the service can't be read at all.
    """
    # boto3 costs a quarter of a second, which `--help` need not pay.
    from .look import look

    export = cli.state(stack)
    parse = _reader(export, stack)
    state = parse(export)
    seen = look(settings, state, candidates=asked.orphans, all_tags=asked.all_tags)
    name = state.stack or stack or ""
    report = report_on(state, seen, name, looks_for_orphans=asked.orphans > 0)
    if any(each.kind is Kind.ORPHAN for each in report.findings):
        # An update that is at work may have recorded them meanwhile.
        state = _with_later(state, parse(cli.state(stack)))
        report = report_on(state, seen, name, looks_for_orphans=asked.orphans > 0)
    if not asked.is_fixing:
        return report
    from .fix import fixed

    return fixed(report, seen, settings, stack, lambda later: _with_later(parse(later), state))


def written(report: Report, style: str, limit: int = LIMIT) -> str:
    """Return the report as "markdown", "text" or "json"; the first two have a `limit`."""
    if style == "json":
        return json.dumps(document(report), indent=2, ensure_ascii=False) + "\n"
    words = words_of(report)
    return text(words, limit) if style == "text" else markdown(words, limit)


def _reader(
    export: Mapping[str, Any], stack: str | None
) -> Callable[[Mapping[str, Any]], StackRecord]:
    """Return what reads the stack's states; an empty one does not tell its own name."""
    if (export.get("deployment") or {}).get("resources"):
        return record.parse
    from omics_provider.commands.doctor.machine import project

    name = (stack or cli.selected()).rpartition("/")[2]
    return partial(record.parse, project=project(Path.cwd()).name, stack=name)


def _with_later(state: StackRecord, later: StackRecord) -> StackRecord:
    """Return the state with what another reading of it knows of runs besides."""
    settled = state.settled | later.settled
    doubts = {**state.in_doubt, **later.in_doubt}
    return replace(
        state,
        uuids=state.uuids | later.uuids,
        settled=settled,
        left=state.left | later.left,
        in_doubt={token: each for token, each in doubts.items() if token not in settled},
    )
