"""The command preview: a report on a preview, in one of its three formats."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from omics_provider.base.errors import OmicsError, SettingsError
from omics_provider.base.settings import Settings
from omics_provider.commands.drift.command import Asked, drift_document, gather_drift, write_drift
from omics_provider.commands.drift.data import DriftReport
from omics_provider.commands.markdown import LIMIT, markdown, text
from omics_provider.commands.options import settings, style, write
from omics_provider.engine import cli
from omics_provider.engine.urn import urn_name

from .data import REASONS, Facts, PreviewReport, ending_of, notices_of, preview_report
from .estimate import as_values
from .lookup import looked_up
from .policy import Breach, breaches, policy
from .prices import price_list
from .rules.plan import Action, Notice, Plan, RunStep, read_plan
from .words import words_of

#: The document's format; it grows by new members, and a changed meaning gets a new number.
_FORMAT: Final = 1
#: Of the characters of a preview with its drift, the most that are the drift's.
_DRIFT_LIMIT: Final = 20_000
_RULES: Final = ("max_cost", "max_runs", "no_cancel_running", "allow_unknown_cost")
_BROKEN: Final = 3


def run(options: argparse.Namespace) -> int:
    """Write the report, and return the exit code."""
    try:
        rules = policy(options.policy, {name: getattr(options, name) for name in _RULES})
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    plan = read_plan(_digest(options.file, options.stack))
    report = gather_preview(
        plan,
        None if options.offline else settings(options, plan.config),
        price_list(options.prices),
        datetime.now(UTC),
    )
    broken = None if rules.is_empty else breaches(report.figures, rules)
    drift = _drift_of(plan, options) if options.drift else None
    wanted = style(options)
    made = write_preview(report, broken, wanted, drift)
    write(options.output, made, is_prose=wanted == "text")
    if report.errors:
        return 1
    return _BROKEN if broken else 0


def _drift_of(plan: Plan, options: argparse.Namespace) -> DriftReport:
    """Return the drift of the stack that a preview is of."""
    stack = options.stack or plan.stack or None
    return gather_drift(stack, settings(options, plan.config), Asked(options.orphans))


def _digest(file: str | None, stack: str | None) -> Mapping[str, Any]:
    """Return what `pulumi preview --json` wrote into `file` ("-": standard input), or run it.

    Raises OmicsError where there is none.
    """
    if file is None:
        return _parsed(cli.preview(stack), "`pulumi preview --json`")
    text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    return _parsed(text, "standard input" if file == "-" else file)


def _parsed(text: str, name: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise OmicsError(
            "Reading the preview",
            f"{name} holds no JSON object",
            advice="Give the standard output of `pulumi preview --json`.",
        )
    return found


def gather_preview(
    plan: Plan, place: Settings | None, price_list: Mapping[str, Any], now: datetime
) -> PreviewReport:
    """Return the report on a preview; without a place nothing is looked up."""
    if place is None:
        region = plan.config.get("omics:region") or plan.config.get("aws:region")
        return preview_report(plan, Facts(region), price_list)
    return preview_report(plan, looked_up(place, plan, price_list, now), price_list)


def write_preview(
    report: PreviewReport,
    broken: Sequence[Breach] | None,
    style: str,
    drift: DriftReport | None = None,
) -> str:
    """Return the report as "markdown", "text" or "json"; `broken` is None where there is no policy.

    `drift` follows it in the same document.
    """
    if style == "json":
        rules = None if broken is None else [breach._asdict() for breach in broken]
        more = {} if drift is None else {"drift": drift_document(drift)}
        made = {**_document(report), "policy": rules, **more}
        return json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    below = "" if drift is None else "\n" + write_drift(drift, style, _DRIFT_LIMIT)
    words, limit = words_of(report, broken), LIMIT - len(below)
    return (text(words, limit) if style == "text" else markdown(words, limit)) + below


def _document(report: PreviewReport) -> dict[str, Any]:
    """Return the report as JSON values, every run that changes for itself."""
    figures = report.figures
    return {
        "format": _FORMAT,
        "stack": report.stack,
        "failed": bool(report.errors),
        "figures": {
            "new": figures.new,
            "newAtLeast": figures.new_least,
            "replaced": figures.replaced,
            "adopted": figures.adopted,
            "updated": figures.updated,
            "removed": figures.removed,
            "leftOver": figures.left_over,
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


def _run(run: RunStep, report: PreviewReport) -> dict[str, Any]:
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
        "notices": [_notice(note) for note in notices_of(run, report.own)],
        "estimate": as_values(found) if found else None,
    }  # fmt: skip


def _notice(notice: Notice) -> dict[str, Any]:
    name = urn_name(notice.urn) if notice.urn else None
    return {"resource": name, "severity": notice.severity, "message": notice.text}
