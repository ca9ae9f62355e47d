"""A report on a preview as JSON values."""

from __future__ import annotations

from typing import Any, Final

from omics_provider.commands.preview.rules.plan import Action, Notice, RunStep
from omics_provider.engine.urn import urn_name

from .data import REASONS, Report, ending_of
from .estimate import as_values

#: The document's format; it grows by new members, and a changed meaning gets a new number.
FORMAT: Final = 1


def document(report: Report) -> dict[str, Any]:
    """Return the report as JSON values, every run that changes for itself."""
    figures = report.figures
    return {
        "format": FORMAT,
        "stack": report.stack,
        "failed": bool(report.errors),
        "figures": {
            "new": figures.new,
            "newAtLeast": figures.new_least,
            "replaced": figures.replaced,
            "adopted": figures.adopted,
            "updated": figures.updated,
            "removed": figures.removed,
            "cancelled": figures.cancelled,
            "maybeCancelled": figures.maybe_cancelled,
            "unchanged": figures.unchanged,
            "usd": [round(value, 4) for value in figures.usd] if figures.usd else None,
            "usdUnknown": figures.usd_unknown,
            "longestSeconds": list(figures.longest) if figures.longest else None,
            "longestUnknown": figures.longest_unknown,
        },
        "runs": [_run(run, report) for run in report.runs if run.action is not Action.SAME],
        "groups": [
            {
                "name": g.name,
                "unchanged": g.unchanged,
                **{str(a): list(n) for a, n in g.labels.items()},
            }
            for g in report.groups
        ],
        "others": [
            {"step": step, "type": kind, "count": count}
            for (step, kind), count in report.others.items()
        ],
        "errors": [_notice(note) for note in report.errors],
        "notices": [_notice(note) for note in report.notices],
        "notLookedUp": list(report.gaps),
    }


def _run(run: RunStep, report: Report) -> dict[str, Any]:
    ending, found = ending_of(run, report), report.estimates.get(run.urn)
    return {
        "name": run.name,
        "urn": run.urn,
        "group": run.group,
        "action": str(run.action),
        "starts": run.starts,
        "batch": run.is_batch,
        "count": run.count,
        "startsAtLeast": run.least,
        "startsAtMost": run.most,
        "changes": [change._asdict() for change in run.changes],
        "reasons": [REASONS.get(reason, reason) for reason in run.reasons],
        "oldRun": None
        if run.old is None or ending is None
        else {
            "id": run.old.id,
            "uuid": run.old.uuid,
            "onDelete": run.old.on_delete,
            "fate": str(ending.fate),
            "sure": ending.is_sure,
            "words": ending.words,
        },
        "notices": [_notice(note) for note in report.own[run.urn]],
        "estimate": as_values(found) if found else None,
    }  # fmt: skip


def _notice(notice: Notice) -> dict[str, Any]:
    name = urn_name(notice.urn) if notice.urn else None
    return {"resource": name, "severity": notice.severity, "message": notice.text}
