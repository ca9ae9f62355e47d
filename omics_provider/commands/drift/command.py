"""The command drift: a report on a stack's drift, in one of its three formats."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from omics_provider.base.settings import Settings
from omics_provider.commands.markdown import LIMIT, markdown, text
from omics_provider.commands.options import settings, style, write
from omics_provider.engine import cli
from omics_provider.engine.project import find_project

from .data import DriftReport, drift_report
from .fix import fixed
from .look import look
from .others import with_others
from .rules.judge import Finding, Kind
from .rules.record import StackRecord, read_record
from .words import headline, words_of

#: The document's format; it grows by new members, and a changed meaning gets a new number.
_FORMAT: Final = 1
_DRIFTED: Final = 4
#: What has this stack's mark, and is not in its state.
_STRAYS: Final = frozenset({Kind.ORPHAN, Kind.LEFT})


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: how many other runs are looked at, whether all tags, whether to fix."""

    orphans: int
    all_tags: bool = False
    is_fixing: bool = False


def run(options: argparse.Namespace) -> int:
    """Write the report, and return the exit code."""
    place = settings(options, cli.config(options.stack))
    asked = Asked(options.orphans, options.all_tags, options.fix)
    report = gather_drift(options.stack, place, asked)
    wanted = style(options)
    write(options.output, write_drift(report, wanted), is_prose=wanted == "text")
    if report.left:
        return _DRIFTED
    return 1 if report.unread or report.problems else 0


def gather_drift(stack: str | None, place: Settings, asked: Asked) -> DriftReport:
    """Compare a stack's state, of the selected one for None, with the service.

    Raises OmicsError where the state or the service can't be read at all.
    """
    export = cli.state(stack)
    parse = _reader(export, stack)
    state = parse(export)
    seen = look(place, state, candidates=asked.orphans, all_tags=asked.all_tags)
    name = state.stack or stack or ""
    report = drift_report(state, seen, name, looks_for_orphans=asked.orphans > 0)
    if any(each.kind in _STRAYS for each in report.findings):
        # An update that is at work may have recorded them meanwhile, or another stack has them.
        state = with_others(_with_later(state, parse(cli.state(stack))))
        report = drift_report(state, seen, name, looks_for_orphans=asked.orphans > 0)
    if not asked.is_fixing:
        return report
    return fixed(report, seen, place, stack, lambda later: _with_later(parse(later), state))


def write_drift(report: DriftReport, style: str, limit: int = LIMIT) -> str:
    """Return the report as "markdown", "text" or "json"; the first two have a `limit`."""
    if style == "json":
        return json.dumps(drift_document(report), indent=2, ensure_ascii=False) + "\n"
    words = words_of(report)
    return text(words, limit) if style == "text" else markdown(words, limit)


def drift_document(report: DriftReport) -> dict[str, Any]:
    """Return the report as JSON values, each finding for itself."""
    return {
        "format": _FORMAT,
        "stack": report.stack,
        "drift": bool(report.left),
        "headline": headline(report),
        "recorded": dict(report.recorded),
        "asRecorded": report.as_recorded,
        "findings": [_finding(each, report) for each in report.findings],
        "notFixed": list(report.problems),
        "notLookedAt": {
            "because": list(report.gaps),
            "tags": report.tags_unseen,
            "active": report.unasked_active,
            "ended": report.unasked_ended,
            "orphans": report.looks_for_orphans,
        },
    }


def _finding(finding: Finding, report: DriftReport) -> dict[str, Any]:
    tags = finding.tags
    return {
        "kind": str(finding.kind),
        "drift": finding.is_drift,
        "fixed": finding in report.fixed,
        "what": finding.what,
        "name": finding.name,
        "group": finding.group,
        "urn": finding.urn,
        "id": finding.id or None,
        "uuid": finding.uuid,
        "recordedStatus": finding.before or None,
        "status": finding.now or None,
        "detail": finding.detail or None,
        "attempt": finding.number or None,
        "rerun": finding.is_rerun,
        "tags": None
        if tags is None
        else {
            "changed": {k: list(values) for k, values in tags.changed.items()},
            "added": dict(tags.added),
            "removed": dict(tags.removed),
        },
    }


def _reader(
    export: Mapping[str, Any], stack: str | None
) -> Callable[[Mapping[str, Any]], StackRecord]:
    """Return what reads the stack's states; an empty one does not tell its own name."""
    if (export.get("deployment") or {}).get("resources"):
        return read_record
    name = (stack or cli.selected()).rpartition("/")[2]
    return partial(read_record, project=find_project(Path.cwd()).name, stack=name)


def _with_later(state: StackRecord, later: StackRecord) -> StackRecord:
    """Return the state with what another reading of it knows of runs besides."""
    settled = state.settled | later.settled
    doubts = {**state.in_doubt, **later.in_doubt}
    return replace(
        state,
        uuids=state.uuids | later.uuids,
        settled=settled,
        left=state.left | later.left,
        others=(*state.others, *later.others),
        unread=(*state.unread, *later.unread),
        in_doubt={token: each for token, each in doubts.items() if token not in settled},
    )
