"""What a run to be started will probably take and cost, and what that is drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from omics_provider.base.status import RunStatus

from .prices import Past, Prices, Range, Workflow
from .rules.plan import Action, RunStep
from .rules.values import special

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
    run: RunStep,
    prices: Prices,
    past: Mapping[Workflow, tuple[Past, ...]] | None,
    old: RunStatus | None = None,
) -> Estimate:
    """Estimate one run that completes; `past` is None where past runs were not looked up.

    `old` is the state of the run that it replaces, as far as known.
    """
    workflow = workflow_of(run)
    if workflow is None:
        why = "the workflow is not known in the preview"
        if run.inputs.get("runId"):
            why = "it duplicates a run whose workflow was not looked up"
        return Estimate(None, why, None, why)
    runs = (past or {}).get(workflow, ())
    none = _OFFLINE if past is None else f"no completed run of workflow {workflow.id} was found"
    usd, source = _usd(workflow, prices, runs, none)
    if usd and not workflow.is_ready2run and _may_be_cached(run, old):
        usd, source = Range(0.0, usd.high), f"{source}; less what the run cache has"
    return Estimate(*_seconds(workflow, prices, runs, none), usd, source)


def _may_be_cached(run: RunStep, old: RunStatus | None) -> bool:
    """Tell whether tasks of the run that is replaced may be found in the run's cache."""
    if run.action is not Action.REPLACE or not run.inputs.get("cacheId"):
        return False
    return run.inputs.get("cacheBehavior") != "CACHE_ON_FAILURE" or old in (None, RunStatus.FAILED)


def _seconds(
    workflow: Workflow, prices: Prices, runs: tuple[Past, ...], none: str
) -> tuple[Range | None, str]:
    found = Range.expected(past.seconds for past in runs)
    if found:
        return found, _drawn(runs)
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
    found = Range.expected(price.usd for price in asked if price.usd is not None)
    if found is None:
        return None, asked[0].source
    priced = [price for price in asked if price.usd is not None]
    drawn = [past for past in runs if past.price and past.price.usd is not None]
    return found, f"{_drawn(drawn)}, {priced[0].source}"


def _drawn(runs: Sequence[Past]) -> str:
    which = "" if all(past.is_same_version for past in runs) else " of other versions"
    return f"{len(runs)} past run" + ("" if len(runs) == 1 else "s") + which


def as_values(found: Estimate) -> dict[str, Any]:
    """Return an estimate as JSON values."""
    return {
        "seconds": list(found.seconds) if found.seconds else None,
        "secondsFrom": found.seconds_source,
        "usd": [round(value, 4) for value in found.usd] if found.usd else None,
        "usdFrom": found.usd_source,
    }
