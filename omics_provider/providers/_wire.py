"""Properties as Pulumi's host gives and takes them, against those that core works on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pulumi.output import Unknown

from omics_provider.base.values import UNKNOWN, whole

PROVIDER: Final = "__provider"


def received(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties from the host with whole numbers, core's unknown, and no `__provider`."""
    return {key: _in(value) for key, value in properties.items() if key != PROVIDER}


def sent(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return core's properties for the host."""
    return {key: _out(value) for key, value in properties.items()}


def unknown() -> Any:
    """Return Pulumi's mark of a value that a preview does not know yet."""
    return Unknown()  # type: ignore[no-untyped-call]  # Pulumi leaves its constructor untyped


def _in(value: Any) -> Any:
    return whole(_replace(value, lambda v: UNKNOWN if isinstance(v, Unknown) else v))


def _out(value: Any) -> Any:
    return _replace(value, lambda v: unknown() if v is UNKNOWN else v)


def _replace(value: Any, leaf: Any) -> Any:
    if isinstance(value, dict):
        return {key: _replace(item, leaf) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace(item, leaf) for item in value]
    return leaf(value)
