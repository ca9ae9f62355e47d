"""What a declaration says, checked as a whole, and the StartRun call it asks for.

Everything here can be known without the service. A value that a preview does not know yet is never
complained about. What a reason shows of a value is said in `base/checks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from omics_provider.base import checks, keys, shapes
from omics_provider.base.checks import Inputs, Problem, Rule, given, parsed_object
from omics_provider.base.table import Kind, Table
from omics_provider.base.values import canonical, contains_unknown, misfits

from . import run_table


def problems(inputs: Inputs, table: Table = run_table.TABLE) -> list[Problem]:
    """Return everything that is wrong with the declared `inputs`, in the table's order.

    `table` is a run's as the program knows it.
    """
    return checks.problems(table, inputs, _RULES)


def start_arguments(inputs: Inputs, request_id: str) -> dict[str, Any]:
    """Return StartRun's arguments for checked, fully known `inputs`."""
    arguments = {
        field.wire: inputs[field.wire]
        for field in run_table.FIELDS
        if field.sent and field.wire in inputs
    }
    named = {"name": inputs[keys.NAME]} if keys.NAME in inputs else {}
    return {**named, **arguments, "requestId": request_id}


def name_sent(old: Inputs, inputs: Inputs, resource: str) -> dict[str, str]:
    """Return the hidden input with the name that a run has in the console where none is declared.

    It is drawn for a start, and kept while the run lives: a run that has none gets none.
    """
    if old:
        return {keys.NAME: old[keys.NAME]} if keys.NAME in old else {}
    name = resource[: run_table.BY_WIRE["name"].high]
    if {"name", "adoptRunId"} & inputs.keys() or any(shapes.text(run_table.BY_WIRE["name"], name)):
        return {}
    return {keys.NAME: name}


def declared(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs among a run's recorded properties."""
    return {wire: properties[wire] for wire in run_table.BY_WIRE if wire in properties}


def keep_spelling(old: Inputs, new: dict[str, Any]) -> dict[str, Any]:
    """Return `new` with the old text wherever a JSON text changed in spelling only."""
    kept = dict(new)
    for field in run_table.FIELDS:
        if field.kind is Kind.JSON_TEXT and _same_json(old.get(field.wire), new.get(field.wire)):
            kept[field.wire] = old[field.wire]
    return kept


def _same_json(old: Any, new: Any) -> bool:
    left, right = parsed_object(old), parsed_object(new)
    return left is not None and right is not None and canonical(left) == canonical(right)


# Values together -----------------------------------------------------------------------------


def _adoption_starts_nothing(table: Table, inputs: Inputs) -> Iterator[Problem]:
    for wire in ("rerun", "rerunOn", "retry"):
        if len(given(inputs, "adoptRunId", wire)) == 2:
            name, adopted = table.named(wire), table.named("adoptRunId")
            why = f"{name} starts a new run, and {adopted} starts none: give one of them"
            yield Problem(wire, why)


def _ready2run_storage(_: Table, inputs: Inputs) -> Iterator[Problem]:
    if inputs.get("workflowType") == "READY2RUN":
        for wire in given(inputs, "storageType", "storageCapacity"):
            yield Problem(wire, "Ready2Run workflows have their own storage: leave it out")


def _dynamic_storage(table: Table, inputs: Inputs) -> Iterator[Problem]:
    if inputs.get("storageType") == "DYNAMIC" and given(inputs, "storageCapacity"):
        yield Problem(
            "storageCapacity",
            "DYNAMIC storage ignores a capacity: leave it out, or set "
            f"{table.named('storageType')} to STATIC",
        )


def _cache(table: Table, inputs: Inputs) -> Iterator[Problem]:
    # A duplicate inherits the cache of the run it copies.
    if given(inputs, "cacheBehavior") and not {"cacheId", "runId"} & inputs.keys():
        yield Problem(
            "cacheBehavior", f"{table.named('cacheBehavior')} needs {table.named('cacheId')}"
        )


def _network(table: Table, inputs: Inputs) -> Iterator[Problem]:
    # A duplicate inherits the configuration of the run it copies.
    if inputs.get("networkingMode") == "VPC" and not {"configurationName", "runId"} & inputs.keys():
        yield Problem("networkingMode", f"VPC networking needs {table.named('configurationName')}")


def _shared_workflow(table: Table, inputs: Inputs) -> Iterator[Problem]:
    # Developer guide, rerun-a-run: runs of shared workflows can't be duplicated.
    if len(given(inputs, "workflowOwnerId", "runId")) == 2:
        yield Problem(
            "runId",
            f"runs of shared workflows can't be duplicated: use {table.named('workflowId')}",
        )


def _parameters_size(_: Table, inputs: Inputs) -> Iterator[Problem]:
    parameters = inputs.get("parameters")
    if not isinstance(parameters, Mapping) or contains_unknown(parameters):
        return
    if any(misfits(parameters, "parameters")):
        return
    size = len(canonical(parameters).encode())
    if size > run_table.MAX_PARAMETERS_BYTES:
        yield Problem(
            "parameters",
            f"must be at most {run_table.MAX_PARAMETERS_BYTES:,} bytes of JSON, are {size:,}: "
            "put long lists into a file in S3 and give its URI",
        )


_RULES: Final[tuple[Rule, ...]] = (
    checks.role_only,
    checks.one_source("workflowId", "runId", "adoptRunId"),
    _adoption_starts_nothing,
    _ready2run_storage,
    _dynamic_storage,
    _cache,
    _network,
    _shared_workflow,
    _parameters_size,
)
