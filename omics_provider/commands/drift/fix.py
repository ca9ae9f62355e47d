"""Mends the drift that can be mended safely: it starts, cancels and deletes nothing.

Two things are done. Declared tags are put back on runs that are surely the recorded ones, looked at
once more just before. And the engine brings the drifted runs up to date in the state, and no other
resource, as `pulumi refresh` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from omics_provider.base import errors
from omics_provider.base.diff import TagChange
from omics_provider.base.settings import Settings
from omics_provider.engine import cli
from omics_provider.runs.calls import Runs

from .data import DriftReport, Seen, findings
from .rules.judge import Finding, Found
from .rules.record import StackRecord


def fixed(
    report: DriftReport,
    seen: Seen,
    settings: Settings,
    stack: str | None,
    parse: Callable[[Mapping[str, Any]], StackRecord],
) -> DriftReport:
    """Mend what can be mended, and return the report after that; it says what could not be.

    `parse` reads a state as it was read for the report.
    """
    problems: list[str] = []
    now = _with_tags_put_back(settings, report.findings, seen.runs, problems)
    targets = _targets(report.findings)
    if targets:
        try:
            cli.refresh(stack, targets)
        except errors.OmicsError as error:
            problems.append(str(error))
    left = findings(parse(cli.state(stack)), replace(seen, runs=now))
    open_ = {(each.urn, each.kind, each.id) for each in left}
    done = [
        each
        for each in report.findings
        if each.is_recordable and (each.urn, each.kind, each.id) not in open_
    ]
    return replace(report, fixed=frozenset(done), problems=tuple(problems))


def _targets(found: Iterable[Finding]) -> list[str]:
    """Return the resources whose state does not say what is."""
    wanted = [
        each.urn
        for each in found
        if each.is_recordable
        and each.urn
        # Where no tag was added, putting the declared ones back leaves nothing to record.
        and not (each.tags and not each.tags.added)
    ]
    return list(dict.fromkeys(wanted))


def _with_tags_put_back(
    settings: Settings,
    found: Iterable[Finding],
    runs: Mapping[str, Found],
    problems: list[str],
) -> dict[str, Found]:
    now, gateway = dict(runs), Runs(settings)
    for each in found:
        if each.tags is None or not each.tags.to_put_back or each.urn is None:
            continue
        put = each.tags.to_put_back
        try:
            live = gateway.find(each.id)
            # Ids are used again: the uuid decides, and nothing else is touched.
            if live is None or live["uuid"] != each.uuid:
                continue
            gateway.retag(live["arn"], TagChange(put, ()))
        except errors.ServiceError as error:
            problems.append(error.about(f"run {each.id}"))
            continue
        now[each.urn] = replace(
            now[each.urn], run={**live, "tags": {**(live.get("tags") or {}), **put}}
        )
    return now
