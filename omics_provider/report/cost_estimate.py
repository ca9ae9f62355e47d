"""What a run to be started will probably take and cost, and what that is drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from omics_provider.core.preview import RunStep
from omics_provider.core.preview_values import special

from .cost import Past, Prices, Range, Workflow

_OFFLINE: Final = "past runs were not looked up"


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds and USD of one run; None where not known. Each says where it is from, or why not."""

    seconds: Range | None
    seconds_source: str
    usd: Range | None
    usd_source: str


def workflow_of(run: RunStep) -> Workflow | None:
    """Return the workflow that a run declares; None where a preview does not know it."""
    workflow, kind = run.inputs.get("workflowId"), run.inputs.get("workflowType")
    if not isinstance(workflow, str) or special(workflow) or special(kind):
        return None
    version = run.inputs.get("workflowVersionName")
    known = isinstance(version, str) and not special(version)
    return Workflow(workflow, kind == "READY2RUN", str(version) if known else "")


def estimate(
    run: RunStep, prices: Prices, past: Mapping[Workflow, tuple[Past, ...]] | None
) -> Estimate:
    """Estimate one run; `past` is None where past runs were not looked up."""
    workflow = workflow_of(run)
    if workflow is None:
        why = "the workflow is not known in the preview"
        if run.inputs.get("runId"):
            why = "it duplicates a run, whose workflow was not looked up"
        return Estimate(None, why, None, why)
    runs = (past or {}).get(workflow, ())
    none = _OFFLINE if past is None else f"no completed run of workflow {workflow.id} was found"
    return Estimate(*_seconds(workflow, prices, runs, none), *_usd(workflow, prices, runs, none))


def _seconds(
    workflow: Workflow, prices: Prices, runs: tuple[Past, ...], none: str
) -> tuple[Range | None, str]:
    found = Range.over(past.seconds for past in runs)
    if found:
        return found, _drawn(len(runs))
    published = prices.minutes(workflow.id) if workflow.is_ready2run else None
    if published:
        seconds = published[0] * 60
        return Range(seconds, seconds), published[1]
    return None, none


def _usd(
    workflow: Workflow, prices: Prices, runs: tuple[Past, ...], none: str
) -> tuple[Range | None, str]:
    if workflow.is_ready2run:
        price = prices.ready2run(workflow.id)
        return (None if price.usd is None else Range(price.usd, price.usd)), price.source
    asked = [past.price for past in runs if past.price]
    if not asked:
        return None, none if not runs else "the tasks of its past runs were not looked up"
    found = Range.over(price.usd for price in asked if price.usd is not None)
    if found is None:
        return None, asked[0].source
    priced = [price for price in asked if price.usd is not None]
    return found, f"{_drawn(len(priced))}, {priced[0].source}"


def _drawn(count: int) -> str:
    return f"{count} past run" + ("" if count == 1 else "s")


def as_values(found: Estimate) -> dict[str, Any]:
    """Return an estimate as JSON values."""
    return {
        "seconds": list(found.seconds) if found.seconds else None,
        "secondsFrom": found.seconds_source,
        "usd": [round(value, 4) for value in found.usd] if found.usd else None,
        "usdFrom": found.usd_source,
    }
