"""What a stack's configuration says beside a provider's own namespace.

The engine gives a provider the keys of its own namespace alone, and an explicit one what the
program gives it. `aws:region` has to hold all the same: a run in another Region costs money there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from omics_provider.base.errors import OmicsError, SettingsError
from omics_provider.base.settings import OF_PROVIDERS

from .backend import has_organization
from .own_stack import OwnStack
from .project import find_project
from .urn import is_default

_OF_AWS: Final = ("aws:region", "aws:profile")


def completed(
    given: Mapping[str, Any], urn: str, stack: Callable[[], str], own_stack: OwnStack
) -> dict[str, Any]:
    """Return a provider's inputs with what the stack's configuration says of what is left out.

    `stack` names the stack, organization/project/stack. Raises OmicsError where the configuration
    can't be read, or keeps a secret that is needed.
    """
    missing = [key for key in OF_PROVIDERS if given.get(key) is None]
    if not missing:
        return dict(given)
    config = _config(own_stack, stack(), is_given="region" not in missing)
    # A default provider was given its own namespace by the engine.
    own = [] if is_default(urn) else [f"omics:{key}" for key in missing]
    found: dict[str, Any] = {}
    for full in (*own, *_OF_AWS):
        key = _key(full)
        if full in config and key in missing and key not in found:
            found[key] = _plain(full, config[full])
    return {**given, **found}


def _config(own_stack: OwnStack, stack: str, *, is_given: bool) -> Mapping[str, Any]:
    """Return the stack's configuration by full keys; a value that is no text is a secret.

    A folder or a bucket keeps none: it is all in the stack's file. A service may keep it itself, or
    environments that add to it, so the CLI is asked, unless the Region is given.
    """
    try:
        folder = Path(own_stack.engine.place().folder)
    except OmicsError:
        # There is no CLI to ask for the state either, without which nothing is started.
        return {}
    file = own_stack.engine.option("config-file")
    if not is_given and has_organization(stack):
        return own_stack.config(stack, file)
    return find_project(folder).values(stack, folder / file if file else None)


def _plain(key: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise SettingsError(
        "Configuration",
        f"{key} is a secret, and Pulumi gives this provider only the secrets of the namespace "
        f"omics",
        advice=f"Set omics:{_key(key)} instead, which may be a secret.",
    )


def _key(full: str) -> str:
    return full.partition(":")[2]
