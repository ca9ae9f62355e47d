"""Who a run is, and which requests are one and the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from .fields import ATTEMPT, BY_WIRE, STACK
from .values import canonical

_FORMAT: Final = 1

#: Prefix of the tags that this package sets on each run that it starts.
MARK: Final = "omics-provider:"
#: The start that made the run: StartRun's requestId. It proves whose run it is.
START_MARK: Final = MARK + "start"
#: The stack that declares the run, organization/project/stack.
STACK_MARK: Final = MARK + "stack"


def request_id(urn: str, inputs: Mapping[str, Any]) -> str:
    """Return StartRun's requestId, 64 characters: the same for the same start of the same resource.

    `urn` names the resource. The attempt among the checked inputs tells this start from an earlier
    one with equal inputs (a replacement, or the first run after a destroy). It is drawn anew
    whenever the inputs change, so they need not be hashed: they may hold secrets. A caller outside
    the engine has no attempt; there the inputs make the difference.
    """
    if ATTEMPT in inputs:
        return start_token(str(inputs.get(STACK, "")), urn, str(inputs[ATTEMPT]))
    starting = {wire: inputs[wire] for wire in BY_WIRE if wire in inputs and wire != "onDelete"}
    return _digest(canonical([_FORMAT, urn, starting]))


def start_token(stack: str, urn: str, attempt: str) -> str:
    """Return the requestId of one attempt to start the run of resource `urn`."""
    return _digest(canonical([_FORMAT, stack, urn, attempt]))


def marks(inputs: Mapping[str, Any], token: str) -> dict[str, str]:
    """Return the tags by which a started run is known again."""
    stack = {STACK_MARK: str(inputs[STACK])} if inputs.get(STACK) else {}
    return {**stack, START_MARK: token}


def attempt(random_seed: bytes) -> str:
    """Return a short name for a new start, made from the engine's random seed of the resource."""
    return hashlib.sha256(random_seed).hexdigest()[:16]


def region_of(arn: str) -> str:
    """Return the Region in a run's ARN, empty where the text is no full ARN."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 5 else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
