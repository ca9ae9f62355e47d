"""The input files of a run: which ones its parameters name, and whether they are there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from omics_provider.emulator.stores import uris
from omics_provider.emulator.workflows import types
from omics_provider.emulator.workflows.record import Workflow
from omics_provider.emulator.world.context import Context

from .failures import Failure

_SCHEMES: Final = ("s3://", uris.SCHEME)
_S3: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]*/.+", re.DOTALL)


@dataclass(frozen=True)
class Input:
    """One input, as it is when the run starts. `is_exact` says that it is one object.

    `lead` is where the URI of a store leads. `etag` is that of the object, if it has one.
    """

    uri: str
    is_exact: bool
    lead: uris.Lead | None
    etag: str | None


def named(context: Context, workflow: Workflow, parameters: Mapping[str, Any]) -> list[Input]:
    """Give the inputs that a run's parameters name.

    Where the types are known they are its files and folders, else all texts that are URIs of S3 or
    of a HealthOmics store.
    """
    if workflow.inputs:
        found = [
            (uri, kind == "File")
            for name, value in parameters.items()
            if name in workflow.inputs
            for kind, uri in types.files(workflow.inputs[name], value)
        ]
    else:
        found = [(uri, False) for uri in _texts(parameters) if uri.startswith(_SCHEMES)]
    return [_looked_up(context, uri, is_exact) for uri, is_exact in dict.fromkeys(found)]


def _looked_up(context: Context, uri: str, is_exact: bool) -> Input:
    if uri.startswith(uris.SCHEME):
        lead = uris.lead(context, uri)
        return Input(uri, is_exact, lead, lead.digest)
    around = context.surroundings
    if around is None or not uri.startswith("s3://"):
        return Input(uri, is_exact, None, None)
    return Input(uri, is_exact, None, around.etag(context.account, uri))


def digests(inputs: Sequence[Input]) -> dict[str, str]:
    """Give the resourceDigests of a run: the ETag of each input that has one."""
    return {each.uri: f"etag:{each.etag}" for each in inputs if each.etag is not None}


def stored(inputs: Sequence[Input]) -> dict[str, str]:
    """Give where in S3 those inputs lie that are files of stores."""
    leads = {each.uri: each.lead.s3_uri for each in inputs if each.lead is not None}
    return {uri: place for uri, place in leads.items() if place is not None}


def use(context: Context, inputs: Sequence[Input]) -> None:
    """Note that a run uses read sets, so that they are not archived."""
    for each in inputs:
        if each.lead is not None:
            uris.use(context, each.uri)


def failure(context: Context, inputs: Sequence[Input]) -> Failure | None:
    """Give how a run fails for its inputs: for the first that is no URI, or is not there."""
    for each in inputs:
        problem = _problem(context, each)
        if problem is not None:
            return Failure(problem, {"uri": each.uri})
    return None


def _problem(context: Context, wanted: Input) -> str | None:
    """Give the failureReason of a run with this input, if it fails for it."""
    if wanted.lead is not None:
        return wanted.lead.problem
    if not _S3.fullmatch(wanted.uri):
        return uris.INVALID
    return None if _is_there(context, wanted) else uris.NOT_FOUND


def _is_there(context: Context, wanted: Input) -> bool:
    around = context.surroundings
    if around is None or wanted.etag is not None:
        return True
    return not wanted.is_exact and around.has_folder(context.account, wanted.uri)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
