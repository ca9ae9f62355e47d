"""Who a run is, and which requests are one and the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from .fields import ATTEMPT, BY_WIRE
from .values import canonical

_FORMAT: Final = 1


def request_id(urn: str, inputs: Mapping[str, Any]) -> str:
    """Return StartRun's requestId, 64 characters: the same for the same start of the same resource.

    `urn` names the project, the stack and the resource; the empty text stands for a caller outside
    a stack. `inputs` are the checked inputs; among them the attempt tells this start from an
    earlier one with equal inputs (a replacement, or the first run after a destroy).
    """
    starting = {wire: inputs[wire] for wire in BY_WIRE if wire in inputs and wire != "onDelete"}
    text = canonical([_FORMAT, urn, inputs.get(ATTEMPT, ""), starting])
    return hashlib.sha256(text.encode()).hexdigest()


def attempt(random_seed: bytes) -> str:
    """Return a short name for a new start, made from the engine's random seed of the resource."""
    return hashlib.sha256(random_seed).hexdigest()[:16]


def account_of(arn: str) -> str:
    """Return the account id in a run's ARN, empty where the text is no full ARN."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 else ""


def region_of(arn: str) -> str:
    """Return the Region in a run's ARN, empty where the text is no full ARN."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 5 else ""
