"""What the service knows of the runs that a preview ends, and of past runs like those it starts.

Reads alone. What can't be read is said once; the report is made all the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from omics_provider.base.errors import OmicsError
from omics_provider.base.identity import account_of, region_of
from omics_provider.base.settings import Settings
from omics_provider.base.status import ACTIVE, LIFE, RunStatus, status_of
from omics_provider.commands.report.data import moment
from omics_provider.explain.gather import Gaps
from omics_provider.runs.calls import Runs

from .data import Facts
from .estimate import workflow_of
from .history import past_runs
from .live import PriceLook
from .prices import Prices, is_given
from .rules.endings import Seen, may_have_moved
from .rules.plan import OldRun, Plan

#: Runs that are asked for one by one; more are found in the lists of active runs.
_ONE_BY_ONE: Final = 20
_LISTED: Final = 2000
_THREADS: Final = 8


def looked_up(
    settings: Settings, plan: Plan, price_list: Mapping[str, Any], now: datetime
) -> Facts:
    """Look up what the report on a preview needs; nothing where it starts and ends nothing."""
    # How a batch's runs are is not looked up: a batch has no one state of its runs.
    ended = [run for run in plan.runs if run.old and not run.is_batch]
    olds = _worth_a_look([run.old for run in ended if run.old])
    starts = [run for run in plan.runs if run.starts]
    if not olds and not starts:
        return Facts(settings.region, past={})
    gaps, runs = Gaps(), Runs(settings)
    try:
        region = runs.region
    except OmicsError as error:
        return Facts(settings.region, gaps=(str(error).replace("\n", " "),))
    here = [old for old in olds if region_of(old.arn) in ("", region)]
    for other in sorted({region_of(old.arn) for old in olds} - {"", region}):
        gaps.note(f"region {other}", f"runs in {other}: the report looks at {region}.")
    workflows = {workflow for run in starts if (workflow := workflow_of(run))}
    # AWS's prices come while the rest is looked up.
    is_asked = workflows and not settings.is_local and not is_given(price_list, region)
    look = PriceLook(settings, region, price_list) if is_asked else None
    seen = _seen(runs, _of_this_account(runs, here, gaps), now, gaps)
    prices = look.over(gaps) if look else price_list
    past = past_runs(settings, workflows, Prices(prices, region), now, gaps)
    return Facts(region, seen, past, gaps.told, prices)


def _worth_a_look(olds: list[OldRun]) -> list[OldRun]:
    """Leave out what can't have changed; where runs are many, also whether a record is there."""
    there = [old for old in olds if not old.gone]
    moved = [old for old in there if may_have_moved(old)]
    return there if len(there) <= _ONE_BY_ONE else moved


def _of_this_account(runs: Runs, olds: list[OldRun], gaps: Gaps) -> list[OldRun]:
    """Leave out the runs of other accounts, where there are such: their ids are others' here."""
    accounts = {account_of(old.arn) for old in olds} - {""}
    if len(accounts) < 2:
        return olds
    told = gaps.attempt("GetCallerIdentity", "runs that end", runs.account)
    if not told:
        return olds if told == "" else []
    for other in sorted(accounts - {told}):
        gaps.note(f"account {other}", f"runs in account {other}: the report looks at {told}.")
    return [old for old in olds if account_of(old.arn) in ("", told)]


def _seen(runs: Runs, olds: list[OldRun], now: datetime, gaps: Gaps) -> dict[str, Seen]:
    if len(olds) > _ONE_BY_ONE:
        active = gaps.attempt("ListRuns", "active runs", lambda: _active(runs))
        found = {} if active is None else {old.id: _in_list(old, active, now) for old in olds}
        return {run_id: seen for run_id, seen in found.items() if seen}

    def one(old: OldRun) -> Seen | None:
        answer = gaps.attempt("GetRun", "runs that end", lambda: [runs.find(old.id)])
        return _found(old, answer[0], now) if answer else None

    with ThreadPoolExecutor(_THREADS) as pool:
        answers = list(zip(olds, pool.map(one, olds), strict=True))
    return {old.id: seen for old, seen in answers if seen}


def _found(old: OldRun, live: Mapping[str, Any] | None, now: datetime) -> Seen:
    # Ids of deleted runs are used again: the uuid decides.
    if live is None or live["uuid"] != old.uuid:
        return Seen(None, "its record is gone")
    return _as_seen(live, now)


@dataclass(frozen=True, slots=True)
class _Active:
    """The active runs of the account, by id; not `whole` where there are too many to list."""

    by_id: Mapping[str, Mapping[str, Any]]
    whole: bool


def _active(runs: Runs) -> _Active:
    found: dict[str, Mapping[str, Any]] = {}
    whole = True
    for status in LIFE:
        items = list(itertools.islice(runs.list(status=status), _LISTED))
        whole = whole and len(items) < _LISTED
        found |= {item["id"]: item for item in items}
    return _Active(found, whole)


def _in_list(old: OldRun, active: _Active, now: datetime) -> Seen | None:
    item = active.by_id.get(old.id)
    if item is None and not active.whole:
        return None
    if item is None or (old.created and item.get("creationTime") != old.created):
        # How it ended makes no difference to what becomes of it.
        return Seen(RunStatus.COMPLETED, "ended")
    return _as_seen(item, now)


def _as_seen(live: Mapping[str, Any], now: datetime) -> Seen:
    status, started = status_of(live["status"]), moment(live.get("startTime"))
    # The service's clock may be ahead of this machine's.
    hours = max(0, int((now - started).total_seconds() // 3600)) if started else None
    return Seen(status, str(status), hours if status in ACTIVE else None)
