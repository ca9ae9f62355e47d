"""Python values on their way into Pulumi's wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi import Output

from omics_provider.base.values import CANNOT_CROSS, cannot_cross


def crossing(value: Any) -> Any:
    """Return an argument with a marker for each part that Pulumi would drop or change.

    The provider's check reports the markers together with every other problem of the declaration.
    Outputs are looked into when they are known; awaitables are left as they are. None is an
    argument not given.
    """
    if isinstance(value, Output):
        return value.apply(crossing)
    return None if value is None else _marked(value)


def _marked(value: Any) -> Any:
    if isinstance(value, Output):
        return value.apply(_marked)
    if isinstance(value, Mapping):
        return {key: _marked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(item) for item in value]
    if hasattr(value, "__await__"):
        return value
    reason = cannot_cross(value)
    return value if reason is None else {CANNOT_CROSS: reason}
