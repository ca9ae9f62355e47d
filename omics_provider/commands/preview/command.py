"""A report on a preview, gathered and written in one of its three formats."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from omics_provider.base.settings import Settings
from omics_provider.commands.drift import command
from omics_provider.commands.drift import document as drift_document
from omics_provider.commands.drift.data import Report as Drift
from omics_provider.commands.markdown import LIMIT, markdown, text
from omics_provider.commands.preview.rules.plan import Plan

from .data import Report, report_on
from .document import document
from .lookup import Facts, looked_up
from .policy import Breach
from .words import words_of

#: Of the characters of a preview with its drift, the most that are the drift's.
_DRIFT_LIMIT: Final = 20_000


def gathered(
    plan: Plan, settings: Settings | None, price_list: Mapping[str, Any], now: datetime
) -> Report:
    """Return the report on a preview; without settings nothing is looked up."""
    if settings is None:
        region = plan.config.get("omics:region") or plan.config.get("aws:region")
        return report_on(plan, Facts(region), price_list)
    return report_on(plan, looked_up(settings, plan, price_list, now), price_list)


def written(
    report: Report, breaches: Sequence[Breach] | None, style: str, drift: Drift | None = None
) -> str:
    """Return the report as "markdown", "text" or "json"; no `breaches` where there is no policy.

    `drift` follows it in the same document.
    """
    if style == "json":
        policy = None if breaches is None else [breach._asdict() for breach in breaches]
        more = {} if drift is None else {"drift": drift_document.document(drift)}
        made = {**document(report), "policy": policy, **more}
        return json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    below = "" if drift is None else "\n" + command.written(drift, style, _DRIFT_LIMIT)
    words, limit = words_of(report, breaches), LIMIT - len(below)
    return (text(words, limit) if style == "text" else markdown(words, limit)) + below
