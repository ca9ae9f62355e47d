"""A stack's state with its resources at the native door, and everything else as it was.

A resource keeps its id, its inputs, its requestId and its history, so nothing starts and nothing
ends. What changes is where the engine finds it: its type, its URN, and its provider.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from omics_provider.base import settings
from omics_provider.base.errors import OmicsError
from omics_provider.base.status import ACTIVE
from omics_provider.engine.state import is_leaving, is_placeholder
from omics_provider.engine.urn import (
    DYNAMIC,
    DYNAMIC_PROVIDER,
    NATIVE,
    NATIVE_PROVIDER,
    is_default,
    own_kind,
    urn_name,
)

Resource = dict[str, Any]

#: What only the door of Python's classes has in a state.
_PICKLE: Final = "__provider"
_TRIGGER: Final = "replacementTrigger"
#: Keys of the namespace omics that the native provider takes, beside those of aws.
_OF_AWS: Final = {"region": "aws:region", "profile": "aws:profile"}


def moved(
    export: Mapping[str, Any], config: Mapping[str, str], new_id: str
) -> tuple[Resource, int]:
    """Return what `pulumi stack import` is to take, and how many resources move.

    `export` is what `pulumi stack export` printed, `config` the stack's configuration by full keys,
    and `new_id` that of the native default provider where there is none yet. Raises OmicsError
    where an update has left something open: the new URNs would hide it.
    """
    deployment: Resource = dict(export.get("deployment") or {})
    before: list[Resource] = deployment.get("resources") or []
    moving = [each for each in before if _moves(each)]
    _require_settled(deployment, moving)
    own = dict(_providers(before, moving))
    default = _default(before, moving, config, new_id)
    after = [
        _provider(found) if each["urn"] in own else _resource(each, found, default)
        for each, found in zip(before, _everywhere(before, own), strict=True)
    ]
    if default is not None and default not in before:
        after.insert(0, default)
    _require_distinct(after)
    return {**export, "deployment": {**deployment, "resources": after}}, len(moving)


def _moves(resource: Mapping[str, Any]) -> bool:
    return str(resource.get("type")).startswith(DYNAMIC) and bool(own_kind(resource["type"]))


def _require_settled(deployment: Mapping[str, Any], moving: list[Resource]) -> None:
    unsettled = [urn_name(op["resource"]["urn"]) for op in deployment.get("pending_operations", ())]
    unsettled += [urn_name(each["urn"]) for each in moving if _is_open(each)]
    if unsettled:
        names = ", ".join(dict.fromkeys(unsettled))
        raise OmicsError(
            "Moving the stack",
            f"an update of {names} was interrupted, and only the old URN finds what it left",
            advice="Run `pulumi up` with the program as it is until it succeeds and `pulumi "
            "preview` shows no change, then run this command again. Nothing was written.",
        )


def _is_open(resource: Resource) -> bool:
    return is_leaving(resource) or is_placeholder(resource.get("outputs") or {})


def _providers(resources: list[Resource], moving: list[Resource]) -> Iterator[tuple[str, str]]:
    """Give the references to Providers of the program, before and after."""
    used = {each.get("provider") for each in moving}
    for each in resources:
        reference = f"{each['urn']}::{each.get('id')}"
        if reference in used and each["type"] == DYNAMIC_PROVIDER and not is_default(each["urn"]):
            for before in (reference, each["urn"]):
                yield before, _with_native_type(before)


def _has_default(resource: Resource) -> bool:
    """Tell whether a resource goes through a provider that the engine has made."""
    return is_default(str(resource.get("provider")).rpartition("::")[0])


def _default(
    resources: list[Resource], moving: list[Resource], config: Mapping[str, str], new_id: str
) -> Resource | None:
    """Return the engine's default provider of the native door; None where none is needed."""
    if not any(map(_has_default, moving)):
        return None
    for each in resources:
        if each["type"] == NATIVE_PROVIDER and is_default(each["urn"]):
            return each
    given = {key: config.get(f"omics:{key}") for key in settings.KEYS}
    given |= {key: given[key] or config.get(full) for key, full in _OF_AWS.items()}
    inputs = {key: value for key, value in given.items() if value}
    first = moving[0]["urn"].split("::")
    urn = "::".join([*first[:2], NATIVE_PROVIDER, "default"])
    return {
        "urn": urn, "custom": True, "id": new_id, "type": NATIVE_PROVIDER, "inputs": inputs,
        "outputs": inputs,
    }  # fmt: skip


def _resource(resource: Resource, found: Resource, default: Resource | None) -> Resource:
    """Return a resource as it is recorded after the move; `found` has the new URNs already."""
    if not _moves(resource):
        return found
    found["type"] = f"{NATIVE}{own_kind(resource['type'])}"
    if default is not None and _has_default(resource):
        found["provider"] = f"{default['urn']}::{default['id']}"
    for part in ("inputs", "outputs"):
        found[part] = {k: v for k, v in (found.get(part) or {}).items() if k != _PICKLE}
    if found["outputs"].get("status") in ACTIVE:
        # The engine reads it before the next preview, as it does with what this door has made.
        found["refreshBeforeUpdate"] = True
    return found


def _provider(resource: Resource) -> Resource:
    """Return a Provider of the program, with its new URN, as the native door records it."""
    found = {key: value for key, value in resource.items() if key != _TRIGGER}
    for part in ("inputs", "outputs"):
        given = resource.get(part) or {}
        names = {f"omics:{key}": key for key in settings.KEYS}
        found[part] = {names[key]: value for key, value in given.items() if key in names}
    return {**found, "type": NATIVE_PROVIDER}


def _everywhere(value: Any, references: Mapping[str, str]) -> Any:
    """Return a value with every URN in it as it is after the move."""
    if isinstance(value, dict):
        return {key: _everywhere(each, references) for key, each in value.items()}
    if isinstance(value, list):
        return [_everywhere(each, references) for each in value]
    if not isinstance(value, str) or not value.startswith("urn:pulumi:"):
        return value
    if value in references:
        return references[value]
    parts = value.split("::")
    if len(parts) > 2:
        parts[2] = "$".join(map(_native, parts[2].split("$")))
    return "::".join(parts)


def _native(token: str) -> str:
    is_ours = token.startswith(DYNAMIC) and own_kind(token)
    return f"{NATIVE}{own_kind(token)}" if is_ours else token


def _with_native_type(urn: str) -> str:
    return urn.replace(f"::{DYNAMIC_PROVIDER}::", f"::{NATIVE_PROVIDER}::", 1)


def _require_distinct(resources: list[Resource]) -> None:
    seen: set[str] = set()
    for each in resources:
        if each["urn"] in seen and not is_leaving(each):
            raise OmicsError(
                "Moving the stack",
                f"the stack has {urn_name(each['urn'])} at the native provider already",
                advice="Remove one of the two from the program, and run `pulumi up`. Nothing was "
                "written.",
            )
        seen.add(each["urn"])
