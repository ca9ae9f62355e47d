"""The input files of a run: which ones its parameters name, and whether they are there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from omics_provider.emulator.workflows import types
from omics_provider.emulator.workflows.record import Workflow
from omics_provider.emulator.world.context import Context

from .failures import Failure

_SCHEMES: Final = ("s3://", "omics://")
_WELL_FORMED: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]*/.+|omics://.+", re.DOTALL)


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
    """Give the resourceDigests of a run: the ETag of each input that is an object in S3."""
    around, found = context.surroundings, {}
    for each in inputs:
        if around is not None and each.uri.startswith("s3://"):
            tag = around.etag(context.account, each.uri)
            if tag is not None:
                found[each.uri] = f"etag:{tag}"
    return found


def failure(context: Context, inputs: Sequence[Input]) -> Failure | None:
    """Give how a run fails for its inputs: for the first that is no URI, or is not there."""
    for each in inputs:
        if not _WELL_FORMED.fullmatch(each.uri):
            return Failure("INVALID_URI_INPUT", {"uri": each.uri})
        if each.uri.startswith("s3://") and not _is_there(context, each):
            return Failure("INPUT_URI_NOT_FOUND", {"uri": each.uri})
    return None


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
