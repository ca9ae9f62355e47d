"""The providers that a program gives its resources, as the stack's state records them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from omics_provider.base import settings

from .urn import DYNAMIC_PROVIDER, NATIVE_PROVIDER, is_default, urn_name


class OwnProvider(NamedTuple):
    """A provider by its name, and its configuration by full keys such as `omics:region`.

    A value that is no text is a secret.
    """

    name: str
    config: Mapping[str, Any]


def own_providers(resources: Iterable[Mapping[str, Any]]) -> dict[str, OwnProvider]:
    """Return the stack's own providers, by the reference that resources have to them.

    The engine's default providers are none of them: they follow the stack's configuration.
    """
    return dict(_found(resources))


def _found(resources: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, OwnProvider]]:
    for resource in resources:
        inputs: Mapping[str, Any] = resource.get("inputs") or {}
        kind = resource.get("type")
        if kind == DYNAMIC_PROVIDER and settings.PROVIDER in inputs:
            config = dict(inputs)
        elif kind == NATIVE_PROVIDER and not is_default(resource["urn"]):
            config = {f"omics:{key}": inputs[key] for key in settings.KEYS if key in inputs}
        else:
            continue
        name = urn_name(resource["urn"])
        found = OwnProvider(name, {**config, settings.PROVIDER: name})
        yield f"{resource['urn']}::{resource['id']}", found
