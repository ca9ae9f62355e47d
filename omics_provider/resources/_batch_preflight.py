"""Preflight of a batch: its samples in groups that are judged by one of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pulumi import ResourceOptions

from omics_provider.base.settings import Mode
from omics_provider.batches.rules.rows import Sample
from omics_provider.preflight.rules import judge

from ._preflight import FILES, Start, gathering, start

if TYPE_CHECKING:
    from .run_batch import OmicsRunBatch


def declared(
    batch: OmicsRunBatch,
    shared: Mapping[str, Any],
    samples: Sequence[Sample],
    mode: Mode | None,
    opts: ResourceOptions | None,
) -> None:
    """Have the batch's samples looked at before they start, as `preflight.declared` has a run.

    `shared` are the settings of all of them. Raises what that raises.
    """
    found = gathering(batch, mode)
    if found is None:
        return
    gathered, chosen = found
    gathered.declared += 1

    async def seen(batches: Any) -> Any:
        starts: list[Start] = []
        # A resource that stays knows its batches; one that is made or changed does not yet.
        if not isinstance(batches, list):
            starts = list(_starts(await start(batch, chosen, shared, opts), samples))
        await gathered.add(starts)

    batch.batches.apply(seen, run_with_unknowns=True)


def _starts(whole: Start, samples: Sequence[Sample]) -> Iterator[Start]:
    """Give a start for the samples that have parameters of the same names and the same bucket."""
    groups: dict[tuple[frozenset[str], str | None], list[Sample]] = {}
    for sample in samples:
        bucket = judge.bucket_of(sample.own.get("outputUri"))
        groups.setdefault((frozenset(_parameters(sample)), bucket), []).append(sample)
    for group in groups.values():
        such_as = f", such as {group[0].id}" if len(groups) > 1 else ""
        yield replace(_judged_by(whole, group), name=f"{whole.name}{such_as}", count=len(group))


def _judged_by(whole: Start, group: Sequence[Sample]) -> Start:
    own, shared = _parameters(group[0]), whole.inputs.get("parameters", {})
    inputs = {**whole.inputs}
    if "outputUri" in group[0].own:
        inputs["outputUri"] = group[0].own["outputUri"]
    left: Mapping[str, Any] = {}
    if isinstance(shared, Mapping):
        # Where the program does not know them all yet, none is missed.
        inputs["parameters"] = {**shared, **own}
        left = {name: value for name, value in shared.items() if name not in own}
    return replace(whole, inputs=inputs, named=_files(left, group))


def _files(shared: Mapping[str, Any], group: Sequence[Sample]) -> dict[str, str]:
    """Return the input files of some samples from all parts of the group."""
    found = judge.files({"parameters": shared})
    places = judge.sample(range(len(group)), FILES)
    for sample in (group[place] for place in places):
        for uri, path in judge.files({"parameters": _parameters(sample)}).items():
            found.setdefault(uri, f"{path} of {sample.id}")
    return found


def _parameters(sample: Sample) -> Mapping[str, Any]:
    """Return the sample's own parameters, without those that None takes away."""
    own = sample.own.get("parameters") or {}
    return {name: value for name, value in own.items() if value is not None}
