"""A run's parameters as a workflow engine takes them: with paths in the place of S3 URIs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from omics_provider.emulator.workflows import wdl

from .runner.outcome import SERVICE_ERROR, WORKFLOW_FAILED, Failure

#: From the URI of an input to its path on this machine.
Fetch = Callable[[str], Path]


def located(definition: Path, main: str, parameters: Mapping[str, Any], fetch: Fetch) -> Any:
    """Give the parameters of a WDL with a path for each of its files. Raises Failure."""
    if not wdl.is_here():
        raise Failure(SERVICE_ERROR, wdl.NOT_HERE)
    import WDL

    try:
        workflow = wdl.load(definition / main, is_strict=False).workflow
    except wdl.Unreadable as error:
        raise Failure(WORKFLOW_FAILED, f"{main}: {error}") from error
    if workflow is None:
        raise Failure(WORKFLOW_FAILED, f"{main} has no workflow.")
    types = {each.name: each.value.type for each in workflow.available_inputs or ()}
    walk = _Walk(WDL.Type, fetch)
    given = {name.removeprefix(f"{workflow.name}.") for name in parameters}
    named = {
        each.name: files
        for each in workflow.available_inputs or ()
        if each.name not in given and (files := _named(each.value)) is not None
    }
    return {
        name: walk.value(value, types.get(name.removeprefix(f"{workflow.name}.")))
        for name, value in {**parameters, **named}.items()
    }


def _named(declaration: Any) -> Any:
    """Give the files in S3 that a definition names as an input's default, if it does."""
    files = getattr(declaration.type, "item_type", declaration.type)
    literal = getattr(declaration.expr, "literal", None)
    if str(files).rstrip("?") != "File" or literal is None:
        return None
    uris = literal.json
    each = uris if isinstance(uris, list) else [uris]
    return uris if each and all(str(uri).startswith("s3://") for uri in each) else None


class _Walk:
    """Goes through values by their types."""

    def __init__(self, types: Any, fetch: Fetch) -> None:
        self._types = types
        self._fetch = fetch

    def value(self, value: Any, kind: Any) -> Any:
        """Give a value with paths for its files."""
        types = self._types
        if isinstance(kind, types.File) and isinstance(value, str):
            return str(self._fetch(value))
        if isinstance(kind, types.Array) and isinstance(value, list):
            return [self.value(each, kind.item_type) for each in value]
        if isinstance(value, dict):
            members = self._members(value, kind)
            return {name: self.value(each, members.get(name)) for name, each in value.items()}
        return value

    def _members(self, value: Mapping[str, Any], kind: Any) -> dict[str, Any]:
        types = self._types
        if isinstance(kind, types.Map):
            return dict.fromkeys(value, kind.item_type[1])
        if isinstance(kind, types.Pair):
            return {"left": kind.left_type, "right": kind.right_type}
        return dict(getattr(kind, "members", None) or {})
