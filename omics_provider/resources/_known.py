"""What a preview knows of a value: all, a part, or nothing, and which resources give it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pulumi
from pulumi import CustomResource, Output

from omics_provider.base.values import UNKNOWN
from omics_provider.providers._wire import received


async def known_of(value: Any) -> tuple[Any, bool]:
    """Return what a preview knows of an input, and whether a resource gives a part of it.

    Secrets are taken for unknown: nothing of them is looked up or shown. So is what comes from a
    resource that this update makes: it is not there yet.
    """
    if isinstance(value, Output):
        return await _of_output(value)
    if isinstance(value, Mapping):
        parts = {str(key): await known_of(item) for key, item in value.items()}
        return {key: part for key, (part, _) in parts.items()}, any(o for _, o in parts.values())
    if isinstance(value, list | tuple):
        items = [await known_of(item) for item in value]
        return [part for part, _ in items], any(o for _, o in items)
    return (UNKNOWN if hasattr(value, "__await__") else value), False


async def _of_output(output: Output[Any]) -> tuple[Any, bool]:
    found = await output.future(with_unknowns=True)
    if await output.is_secret():
        return UNKNOWN, False
    makers = await output.resources()
    known = received({"value": found})["value"]
    if not await output.is_known() and not isinstance(known, dict | list):
        known = UNKNOWN
    if await any_to_be_made(makers):
        known = _blotted(known)
    return known, bool(makers)


def _blotted(value: Any) -> Any:
    """Return names and shape of a value without what stands there."""
    if isinstance(value, Mapping):
        return {key: _blotted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_blotted(item) for item in value]
    return UNKNOWN


async def any_to_be_made(resources: Iterable[pulumi.Resource]) -> bool:
    """Tell whether this update makes one of the resources, or a part of one."""
    for resource in resources:
        if isinstance(resource, CustomResource) and not await resource.id.is_known():
            return True
        if await any_to_be_made(list(resource._childResources)):
            return True
    return False


async def resources_of(value: Any) -> list[pulumi.Resource]:
    """Return the resources that `depends_on` names, in whatever form."""
    if isinstance(value, Output):
        return [*await value.resources(), *await resources_of(await value.future())]
    if isinstance(value, pulumi.Resource):
        return [value]
    if isinstance(value, Sequence):
        return [each for item in value for each in await resources_of(item)]
    return []
