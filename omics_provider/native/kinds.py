"""The resources of the native provider: a type token, its handler, and what a door adds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from omics_provider.base.table import Table
from omics_provider.base.values import UNKNOWN
from omics_provider.batches.handler import BatchHandler
from omics_provider.batches.rules import batch_table, lifecycle
from omics_provider.engine.handler import Handler
from omics_provider.engine.urn import BATCH, CACHE, GROUP, RUN, WORKFLOW, native
from omics_provider.shared.handler import CacheHandler, GroupHandler
from omics_provider.workflows.handler import WorkflowHandler

from . import declarations, tables, waiting
from .declarations import Declaration
from .values import Bag
from .waiting import WaitingRuns

Properties = dict[str, Any]


def _all_but_identity(
    table: Table,
) -> Callable[[Mapping[str, Any], Mapping[str, Any]], frozenset[str]]:
    moving = frozenset(fact.wire for fact in table.facts) - {"arn", "uuid"}
    return lambda _recorded, _inputs: moving


def _never(_recorded: Mapping[str, Any]) -> bool:
    return False


def _nothing(_recorded: Mapping[str, Any], _inputs: Mapping[str, Any]) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True)
class Kind:
    """One kind of resource.

    `moving` gives the outputs that an update in place, from recorded to declared, brings up to
    date. `is_active` tells whether what is recorded goes on by itself, so that the record grows
    old: the engine then reads it before the next preview and update. `declared` makes the handler's
    inputs of what the program gives, for the resource of a URN.
    """

    handler: Handler
    moving: Callable[[Mapping[str, Any], Mapping[str, Any]], frozenset[str]] = _nothing
    is_active: Callable[[Mapping[str, Any]], bool] = _never
    declared: Callable[[str, Bag], Declaration] = declarations.as_given

    def foreseen(self, inputs: Properties) -> Properties:
        """Return what a preview knows of a resource that is to be made."""
        facts = {fact.wire: UNKNOWN for fact in self.handler.table.facts}
        return {**facts, **inputs}

    def foreseen_change(self, recorded: Properties, inputs: Properties) -> Properties:
        """Return what a preview knows of a resource that is to be changed in place."""
        moving = dict.fromkeys(self.moving(recorded, inputs), UNKNOWN)
        return {**recorded, **moving, **inputs}


def _table(kind: str) -> Table:
    """Return a resource's table as programs in any language know it."""
    return tables.RESOURCES[native(kind)].recorded.in_api_names()


KINDS: Final[Mapping[str, Kind]] = {
    native(RUN): Kind(WaitingRuns(_table(RUN)), waiting.moving, waiting.is_active),
    native(BATCH): Kind(
        BatchHandler(_table(BATCH)),
        _all_but_identity(batch_table.TABLE),
        lifecycle.is_at_work,
        declarations.batch,
    ),
    native(GROUP): Kind(GroupHandler(_table(GROUP))),
    native(CACHE): Kind(CacheHandler(_table(CACHE))),
    native(WORKFLOW): Kind(
        WorkflowHandler(_table(WORKFLOW)),
        _all_but_identity(WorkflowHandler.table),
        declared=declarations.workflow,
    ),
}
