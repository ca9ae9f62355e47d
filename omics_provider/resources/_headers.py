"""Which columns are parameters where the program does not say: those that the workflow has."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping
from functools import partial
from typing import Any, Final

import pulumi
from pulumi import Output

from omics_provider.base.settings import Settings
from omics_provider.preflight.rules.judge import Found, Kind, Look, Unseen

#: Arguments of OmicsRun that say which workflow is run.
_WORKFLOW: Final = (
    "workflow_id", "workflow_type", "workflow_owner_id", "workflow_version_name",
)  # fmt: skip


class Headers:
    """The parameters of the workflows that a program runs, each looked up once."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Output[frozenset[str] | None]] = {}

    def parameters(
        self, place: Settings, arguments: Mapping[str, Any], cells: Mapping[str, Any]
    ) -> Output[dict[str, Any]]:
        """Return the cells whose column is a parameter of the workflow that `arguments` name.

        The workflow is looked up at `place`. All cells where it has no parameter template, or the
        arguments name none.
        """
        named = [arguments.get(name) for name in _WORKFLOW]
        by_name = (each if isinstance(each, str | None) else id(each) for each in named)
        key = (place, *by_name)
        if key not in self._known:
            self._known[key] = Output.all(*named).apply(partial(_looked_up, place))
        return self._known[key].apply(
            lambda names: {
                column: cell for column, cell in cells.items() if names is None or column in names
            }
        )


async def _looked_up(place: Settings, named: list[str | None]) -> frozenset[str] | None:
    workflow, kind, owner, version = named
    if not workflow:
        return None
    key = (workflow, kind or "PRIVATE", owner or "")
    look = Look(Kind.VERSION, (*key, version)) if version else Look(Kind.WORKFLOW, key)

    def seen() -> Any:
        # boto3 takes a quarter of a second, which programs that name their columns do not pay.
        from omics_provider.preflight.calls import look_up

        return look_up(place, [look])[look]

    answer = await asyncio.to_thread(seen)
    if isinstance(answer, Unseen):
        raise pulumi.RunError(
            f"Which columns of the sample sheet are parameters of workflow {workflow} can't be "
            f"looked up: {answer.why}.\nName them in the program: parameters=[…]."
        )
    template = answer.facts.get("parameterTemplate") if isinstance(answer, Found) else None
    return frozenset(template) if template else None
