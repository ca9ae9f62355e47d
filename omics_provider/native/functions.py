"""The functions of the native provider: what there is, asked of the service and of S3."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from omics_provider.base import checks, errors
from omics_provider.base.checks import Inputs, Problem
from omics_provider.base.settings import Settings
from omics_provider.base.status import RunStatus
from omics_provider.base.table import Table
from omics_provider.base.values import UNKNOWN, contains_unknown
from omics_provider.engine.urn import native
from omics_provider.runs.calls import Runs
from omics_provider.runs.rules import lifecycle
from omics_provider.waits import outputs
from omics_provider.workflows.calls import Workflows

from . import tables, values
from .tables import Row

Properties = dict[str, Any]

#: Ids of workflows that an error names.
_NAMED: Final = 5


def answer(request: Any, settings: Settings) -> Any:
    """Answer a function, or say all that is wrong with its arguments. Raises OmicsError."""
    if request.tok not in tables.FUNCTIONS:
        raise errors.OmicsError(
            "Finding the function",
            f"there is no {request.tok}",
            advice=f"omics has {', '.join(tables.FUNCTIONS)}.",
        )
    function = tables.FUNCTIONS[request.tok]
    given = values.received(request.args)
    arguments = {wire: value for wire, value in given.properties.items() if value is not None}
    concealed = {checks.CONCEALED: given.concealed}
    table = function.given.in_api_names()
    found = checks.problems(table, {**arguments, **concealed}, _RULES.get(request.tok, ()))
    if found:
        return provider_pb2.InvokeResponse(
            failures=[provider_pb2.CheckFailure(**each._asdict()) for each in found]
        )
    if contains_unknown(arguments):
        told: Mapping[str, Any] = {row.wire: UNKNOWN for row in function.told}
    else:
        told = _of(function.told, _ANSWERS[request.tok](settings, arguments))
    # The member's name is a word of Python.
    member: Any = {"return": values.sent(told)}
    return provider_pb2.InvokeResponse(**member)


def _of(rows: Iterable[Row], found: Mapping[str, Any]) -> Properties:
    """Return what the rows name of an answer."""
    return {row.wire: found[row.wire] for row in rows if found.get(row.wire) is not None}


def _run(settings: Settings, given: Properties) -> Properties:
    """GetRun."""
    live = Runs(settings).get(given["id"])
    return {**lifecycle.adopted({}, live), "id": live["id"]}


def _runs(settings: Settings, given: Properties) -> Properties:
    """ListRuns, page by page."""
    rows = tables.TYPES["RunSummary"]
    return {"runs": [_of(rows, each) for each in Runs(settings).list(**given)]}


def _outputs(settings: Settings, given: Properties) -> Properties:
    """GetRun, then the file that its workflow engine wrote."""
    live = Runs(settings).get(given["id"])
    if live["status"] != RunStatus.COMPLETED:
        raise errors.RunError(
            "Reading the outputs",
            f"run {live['id']} is {live['status']}: a run has outputs when it is COMPLETED",
            advice="Wait for its end first, with waitForCompletion on the omics:Run.",
        )
    return {"id": live["id"], "outputs": outputs.read(settings, str(live["runOutputUri"]))}


def _workflow(settings: Settings, given: Properties) -> Properties:
    """GetWorkflow and ListWorkflowVersions, after ListWorkflows where a name is given."""
    service, kind = Workflows(settings), given.get("type", "PRIVATE")
    id_ = given.get("id") or _id_of(service, given["name"], kind)
    live = service.get(id_, kind)
    rows = tables.TYPES["WorkflowVersion"]
    return {"type": kind, **live, "versions": [_of(rows, v) for v in service.versions(id_, kind)]}


def _id_of(service: Workflows, name: str, kind: str) -> str:
    found = service.named(name, kind)
    if len(found) == 1:
        return str(found[0]["id"])
    if not found:
        raise errors.NotFound(
            "ListWorkflows",
            f"there is no {kind} workflow of the name {name}",
            advice="Check the name, the type, the account and the Region: "
            "`aws omics list-workflows`.",
        )
    ids = ", ".join(str(each["id"]) for each in found[:_NAMED])
    raise errors.Conflict(
        "ListWorkflows",
        f"{len(found)} {kind} workflows have the name {name}, for example {ids}",
        advice="Give the workflow's id.",
    )


def _id_or_name(_: Table, inputs: Inputs) -> Iterator[Problem]:
    if len({"id", "name"} & inputs.keys()) != 1:
        got = "got both" if "id" in inputs else "got none"
        yield Problem("", f"exactly one of id and name must be given; {got}")


_RULES: Final[Mapping[str, tuple[checks.Rule, ...]]] = {
    native("getWorkflow"): (_id_or_name,),
}
_ANSWERS: Final[Mapping[str, Callable[[Settings, Properties], Properties]]] = {
    native("getRun"): _run,
    native("getRuns"): _runs,
    native("getRunOutputs"): _outputs,
    native("getWorkflow"): _workflow,
}
