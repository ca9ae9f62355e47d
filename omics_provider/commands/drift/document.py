"""A report on drift as JSON values."""

from __future__ import annotations

from typing import Any, Final

from omics_provider.commands.drift.rules.judge import Finding

from .data import Report
from .words import headline

#: The document's format; it grows by new members, and a changed meaning gets a new number.
FORMAT: Final = 1


def document(report: Report) -> dict[str, Any]:
    """Return the report as JSON values, each finding for itself."""
    return {
        "format": FORMAT,
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


def _finding(finding: Finding, report: Report) -> dict[str, Any]:
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
