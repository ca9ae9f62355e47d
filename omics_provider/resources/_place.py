"""Where a resource's runs are, for what the program itself asks the service."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi import ResourceOptions

from omics_provider.base import errors, settings
from omics_provider.base.settings import Settings

from .provider import PACKAGE, Provider, config_value


def of_stack() -> Settings:
    """Return the stack's own place. Raises RunError for values that can't be meant."""
    try:
        return settings.from_config(config_value)
    except errors.SettingsError as error:
        raise pulumi.RunError(str(error)) from None


def of(resource: pulumi.CustomResource) -> Settings:
    """Return a declared resource's place: its Provider's, given or inherited, else the stack's.

    Raises RunError as of_stack does, and for a provider that is no `omics_provider.Provider`.
    """
    # Pulumi resolves options, parents and transformations when the resource is declared.
    return _of(resource._provider, resource._name)


def of_child(
    name: str, options: ResourceOptions | None, parent: ResourceOptions | None
) -> Settings:
    """Return the place that the resource `name` will have, from its options and its parent's.

    Raises RunError as of does.
    """
    provider = _given(options) or _given(parent)
    if provider is None and parent is not None and parent.parent is not None:
        provider = parent.parent.get_provider(f"{PACKAGE}:dynamic/omics:Run")
    return _of(provider, name)


def _of(provider: pulumi.ProviderResource | None, name: str) -> Settings:
    if provider is None:
        return of_stack()
    if isinstance(provider, Provider):
        return provider.settings
    raise pulumi.RunError(
        f"{name} has a provider that the program can't read the place of. "
        "Make it with omics_provider.Provider."
    )


def _given(options: ResourceOptions | None) -> pulumi.ProviderResource | None:
    if options is None:
        return None
    listed = options.providers or ()
    several = listed.values() if isinstance(listed, Mapping) else listed
    fitting = (p for p in (options.provider, *several) if p is not None and p.package == PACKAGE)
    return next(fitting, None)
