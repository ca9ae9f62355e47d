"""The resources of the native provider: a type token, its handler, and what a door adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from omics_provider.base.status import ACTIVE
from omics_provider.base.values import UNKNOWN
from omics_provider.batches.handler import BatchHandler
from omics_provider.engine.handler import Handler
from omics_provider.runs.handler import RunHandler
from omics_provider.shared.handler import CacheHandler, GroupHandler
from omics_provider.workflows.handler import WorkflowHandler

Properties = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of resource.

    `steady` are the outputs that an update in place leaves as they are; None for all of them.
    """

    handler: Handler
    steady: frozenset[str] | None = None

    def foreseen(self, inputs: Properties) -> Properties:
        """Return what a preview knows of a resource that is to be made."""
        facts = {fact.wire: UNKNOWN for fact in self.handler.table.facts}
        return {**facts, **inputs}

    def foreseen_change(self, recorded: Properties, inputs: Properties) -> Properties:
        """Return what a preview knows of a resource that is to be changed in place."""
        if self.steady is None:
            return {**recorded, **inputs}
        facts = {fact.wire for fact in self.handler.table.facts} - self.steady
        return {**recorded, **dict.fromkeys(facts, UNKNOWN), **inputs}


def is_active(properties: Mapping[str, Any]) -> bool:
    """Tell whether a resource goes on by itself, so that its record grows old."""
    return properties.get("status") in ACTIVE


KINDS: Final[Mapping[str, Kind]] = {
    "omics:index:Run": Kind(RunHandler()),
    "omics:index:RunBatch": Kind(BatchHandler(), frozenset({"arn", "uuid"})),
    "omics:index:RunGroup": Kind(GroupHandler()),
    "omics:index:RunCache": Kind(CacheHandler()),
    "omics:index:Workflow": Kind(WorkflowHandler(), frozenset({"arn", "uuid"})),
}
