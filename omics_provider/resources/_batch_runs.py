"""The runs of a batch resource by sample: asked of the service by the program, when it wants."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi import Output

from omics_provider.base import errors
from omics_provider.base.settings import Settings

from . import _place as places

if TYPE_CHECKING:
    from omics_provider.batches.calls import Batches

    from .run_batch import OmicsRunBatch

#: Samples that are asked for one by one; for more, the pages of all runs are read.
_ONE_BY_ONE: Final = 20


def run_ids(resource: OmicsRunBatch, samples: Sequence[str] | None) -> Output[dict[str, str]]:
    """Return the run ids by sample id, as an Output; see OmicsRunBatch.run_ids."""
    place = places.of(resource)

    async def ask(batches: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        try:
            return await asyncio.to_thread(_asked, place, batches, samples)
        except errors.OmicsError as error:
            raise pulumi.RunError(error.about(f"run batch {resource._name}")) from None

    return resource.batches.apply(ask)


def _asked(
    place: Settings, batches: Sequence[Mapping[str, Any]], samples: Sequence[str] | None
) -> dict[str, str]:
    # boto3 takes a quarter of a second, which a program that asks for nothing need not pay.
    from omics_provider.batches.calls import Batches

    found: dict[str, str] = {}
    service = Batches(place)
    # Oldest first: where a sample has run again, the later run takes its place.
    for each in batches:
        for entry in _entries(service, str(each["id"]), samples):
            if entry.get("runId") and (samples is None or entry["runSettingId"] in samples):
                found[entry["runSettingId"]] = entry["runId"]
    return found


def _entries(
    service: Batches, batch_id: str, samples: Sequence[str] | None
) -> Iterator[dict[str, Any]]:
    try:
        if samples is None or len(samples) > _ONE_BY_ONE:
            yield from service.entries(batch_id)
        else:
            for sample in samples:
                yield from service.entries(batch_id, runSettingId=sample)
    except errors.NotFound:
        # The batch's record is gone, and with it what its runs were for.
        return
