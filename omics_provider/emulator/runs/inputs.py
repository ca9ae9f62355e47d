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
    """One input. `is_exact` says that it is one object; else a folder will do."""

    uri: str
    is_exact: bool


def named(workflow: Workflow, parameters: Mapping[str, Any]) -> list[Input]:
    """Give the inputs that a run's parameters name.

    Where the types are known they are its files and folders, else all texts that are URIs of S3 or
    of a HealthOmics store.
    """
    if workflow.inputs:
        found = [
            Input(uri, kind == "File")
            for name, value in parameters.items()
            if name in workflow.inputs
            for kind, uri in types.files(workflow.inputs[name], value)
        ]
    else:
        found = [Input(uri, False) for uri in _texts(parameters) if uri.startswith(_SCHEMES)]
    return list(dict.fromkeys(found))


def digests(context: Context, inputs: Sequence[Input]) -> dict[str, str]:
    """Give the resourceDigests of a run: the ETag of each input that has one."""
    tags = {each.uri: _etag(context, each.uri) for each in inputs}
    return {uri: f"etag:{tag}" for uri, tag in tags.items() if tag is not None}


def _etag(context: Context, uri: str) -> str | None:
    """Give the ETag of an object in S3, or of a file in a store."""
    if uri.startswith(uris.SCHEME):
        return uris.lead(context, uri).digest
    around = context.surroundings
    if around is None or not uri.startswith("s3://"):
        return None
    return around.etag(context.account, uri)


def stored(context: Context, inputs: Sequence[Input]) -> dict[str, str]:
    """Give where in S3 those inputs lie that are files of stores."""
    leads = {
        each.uri: uris.lead(context, each.uri).s3_uri
        for each in inputs
        if each.uri.startswith(uris.SCHEME)
    }
    return {uri: place for uri, place in leads.items() if place is not None}


def use(context: Context, inputs: Sequence[Input]) -> None:
    """Note that a run uses read sets, so that they are not archived."""
    for each in inputs:
        if each.uri.startswith(uris.SCHEME):
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
    if wanted.uri.startswith(uris.SCHEME):
        return uris.lead(context, wanted.uri).problem
    if not _S3.fullmatch(wanted.uri):
        return uris.INVALID
    return None if _is_there(context, wanted) else uris.NOT_FOUND


def _is_there(context: Context, wanted: Input) -> bool:
    around = context.surroundings
    if around is None or around.etag(context.account, wanted.uri) is not None:
        return True
    return not wanted.is_exact and around.has_folder(context.account, wanted.uri)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
