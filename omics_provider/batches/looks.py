"""Looks at recorded batches: what has become of them since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import ending
from .calls import Batches
from .rules import lifecycle

Batch = dict[str, Any]


def seen(batches: Batches, kept: Sequence[Mapping[str, Any]]) -> list[Batch]:
    """Return the batches brought up to date: one GetBatch for each that is not over."""
    return [_seen(batches, dict(each)) for each in kept]


def failures(batches: Batches, recorded: Mapping[str, Any], now: Sequence[Batch]) -> list[Batch]:
    """Return the kinds of failed submissions; asked for where their number has changed."""
    return list(_failures(batches, recorded, now))


def _seen(batches: Batches, kept: Batch) -> Batch:
    if lifecycle.is_over(kept):
        return kept
    live = ending.find(batches, kept)
    return lifecycle.gone(kept) if live is None else lifecycle.refreshed(kept, live)


def _failures(
    batches: Batches, recorded: Mapping[str, Any], now: Sequence[Batch]
) -> Iterator[Batch]:
    failed = [each for each in now if each.get("submissions", {}).get("failed")]
    before = recorded.get("submissions", {}).get("failed", 0)
    if before == sum(each["submissions"]["failed"] for each in failed):
        yield from recorded.get("submissionFailures", ())
        return
    entries: list[Batch] = []
    for each in failed:
        if not each.get("recordGone"):
            entries += batches.failed_entries(str(each["id"]))
    yield from lifecycle.failures(entries)
