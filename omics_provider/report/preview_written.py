"""A report on a preview, gathered and written in one of its three formats."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from omics_provider.core.preview import Plan
from omics_provider.core.settings import Settings

from .guard import Breach
from .preview_data import Report, report_on
from .preview_document import document
from .preview_lookup import Facts, looked_up
from .preview_markdown import markdown, text
from .preview_words import words_of


def gathered(
    plan: Plan, settings: Settings | None, price_list: Mapping[str, Any], now: datetime
) -> Report:
    """Return the report on a preview; without settings nothing is looked up."""
    if settings is None:
        region = plan.config.get("omics:region") or plan.config.get("aws:region")
        return report_on(plan, Facts(region), price_list)
    return report_on(plan, looked_up(settings, plan, price_list, now), price_list)


def written(report: Report, breaches: Sequence[Breach] | None, style: str) -> str:
    """Return the report as "markdown", "text" or "json"; no `breaches` where there is no policy."""
    if style == "json":
        policy = None if breaches is None else [breach._asdict() for breach in breaches]
        made = {**document(report), "policy": policy}
        return json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    words = words_of(report, breaches)
    return text(words) if style == "text" else markdown(words)
