"""The resources of the native provider: a type token, its handler, and what a door adds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from omics_provider.base.status import ACTIVE
from omics_provider.base.table import Table
from omics_provider.base.values import UNKNOWN
from omics_provider.batches.handler import BatchHandler
from omics_provider.engine.handler import Handler
from omics_provider.runs.handler import RunHandler
from omics_provider.shared.handler import CacheHandler, GroupHandler
from omics_provider.workflows.handler import WorkflowHandler

from . import declarations, tables
from .declarations import Declaration
from .values import Bag

Properties = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of resource.

    `steady` are the outputs that an update in place leaves as they are; None for all of them.
    `declared` makes the handler's inputs of what the program gives, for the resource of a URN.
    """

    handler: Handler
    steady: frozenset[str] | None = None
    declared: Callable[[str, Bag], Declaration] = declarations.as_given

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


_STEADY: Final = frozenset({"arn", "uuid"})


def _table(token: str) -> Table:
    return tables.RESOURCES[token].recorded.in_api_names()


KINDS: Final[Mapping[str, Kind]] = {
    "omics:index:Run": Kind(RunHandler(_table("omics:index:Run"))),
    "omics:index:RunBatch": Kind(
        BatchHandler(_table("omics:index:RunBatch")), _STEADY, declarations.batch
    ),
    "omics:index:RunGroup": Kind(GroupHandler(_table("omics:index:RunGroup"))),
    "omics:index:RunCache": Kind(CacheHandler(_table("omics:index:RunCache"))),
    "omics:index:Workflow": Kind(
        WorkflowHandler(_table("omics:index:Workflow")), _STEADY, declarations.workflow
    ),
}
