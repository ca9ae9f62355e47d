"""Who a run is, and which requests are one and the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from omics_provider.base.keys import ATTEMPT, STACK

from .table import MAX_TAGS, Table
from .values import canonical

_FORMAT: Final = 1
_RETRY: Final = "-retry-"

#: Prefix of the tags that this package sets on each run that it starts.
MARK: Final = "omics-provider:"
#: The resource that the run was started for, and StartRun's requestId, as `Mark` reads them. It
#: proves whose run it is.
START_MARK: Final = MARK + "start"
#: The stack that declares the run, organization/project/stack.
STACK_MARK: Final = MARK + "stack"
#: Characters of a stack's name that the mark has: no tag may be longer.
MAX_STACK_MARK: Final = 256


def request_id(urn: str, inputs: Mapping[str, Any], table: Table) -> str:
    """Return StartRun's requestId, 64 characters: the same for the same start of the same resource.

    `urn` names the resource. The attempt among the checked inputs tells this start from an earlier
    one with equal inputs (a replacement, or the first run after a destroy). It is drawn anew
    whenever the inputs change, so they need not be hashed: they may hold secrets. A caller outside
    the engine has no attempt; there the inputs make the difference.
    """
    if ATTEMPT in inputs:
        return start_token(str(inputs.get(STACK, "")), urn, str(inputs[ATTEMPT]))
    wires = table.by_wire.keys() - {"onDelete"}
    starting = {wire: inputs[wire] for wire in wires if wire in inputs}
    return _digest(canonical([_FORMAT, urn, starting]))


def start_token(stack: str, urn: str, attempt: str) -> str:
    """Return the requestId of one attempt to start the run of resource `urn`."""
    return _digest(canonical([_FORMAT, stack, urn, attempt]))


def retry_token(uuid: str, number: int) -> str:
    """Return the requestId of attempt `number`, which a wait starts in place of the failed run.

    `uuid` is of the run that the state records when the wait begins: each wait over it, and the
    next update, know the requestIds of all attempts after it without being told.
    """
    return f"{_retries_of(uuid)}{number}"


def retry_number(token: str, uuid: str) -> int | None:
    """Return which attempt after the recorded run of `uuid` a requestId stands for; None: none."""
    _, found, number = token.partition(_retries_of(uuid))
    return int(number) if found and number.isdecimal() else None


def is_retry(token: str) -> bool:
    """Tell whether a wait has started the run of this requestId, in place of a failed one."""
    return _RETRY in token


def _retries_of(uuid: str) -> str:
    return f"{_digest(canonical([_FORMAT, uuid]))[:40]}{_RETRY}"


class Mark(NamedTuple):
    """Which resource, and which start of it, made a run."""

    resource: str
    token: str

    @staticmethod
    def of(stack: str, urn: str, token: str) -> Mark:
        """Return the mark of the start with this requestId of resource `urn` in `stack`."""
        return Mark(_digest(canonical([_FORMAT, stack, urn]))[:32], token)

    @staticmethod
    def on(live: Mapping[str, Any]) -> Mark | None:
        """Return the mark that a run carries, from GetRun's answer."""
        resource, _, token = str((live.get("tags") or {}).get(START_MARK, "")).partition(".")
        return Mark(resource, token) if token else None

    @staticmethod
    def stack_on(live: Mapping[str, Any]) -> str:
        """Return the stack that a run was started for, from GetRun's answer; empty for none."""
        return str((live.get("tags") or {}).get(STACK_MARK, ""))

    @staticmethod
    def token_on(live: Mapping[str, Any], stack: str, urn: str) -> str:
        """Return the requestId that made it for resource `urn` of `stack`; empty for another's."""
        mark = Mark.on(live)
        is_own = mark is not None and mark.resource == Mark.of(stack, urn, "").resource
        return mark.token if mark and is_own else ""

    def tags(self, stack: str) -> dict[str, str]:
        """Return the tags that put the mark on a run."""
        named = {STACK_MARK: stack[:MAX_STACK_MARK]} if stack else {}
        return {**named, START_MARK: f"{self.resource}.{self.token}"}


def with_marks(marks: Mapping[str, str], declared: Mapping[str, str]) -> dict[str, str]:
    """Return the declared tags and the marks, as far as there is room for those; the last stay."""
    return dict(list({**marks, **declared}.items())[-MAX_TAGS:])


def attempt(random_seed: bytes) -> str:
    """Return a short name for a new start, made from the engine's random seed of the resource."""
    return hashlib.sha256(random_seed).hexdigest()[:16]


def region_of(arn: str) -> str:
    """Return the Region in a run's ARN, empty where the text is no full ARN."""
    return _arn_part(arn, 3)


def bucket_and_key(uri: str) -> tuple[str, str]:
    """Return bucket and key of an S3 URI. A key may have any character, `#` and `?` too."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def account_of(arn: str) -> str:
    """Return the account id in a run's ARN, empty where the text is no full ARN."""
    return _arn_part(arn, 4)


def partition_of(arn: str) -> str:
    """Return the partition in an ARN, empty where the text is no full ARN."""
    return _arn_part(arn, 1)


def partition_of_region(region: str) -> str:
    """Return the partition that a Region is of."""
    others = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("us-iso-", "aws-iso"))
    return next((name for start, name in others if region.startswith(start)), "aws")


def _arn_part(arn: str, index: int) -> str:
    parts = arn.split(":")
    return parts[index] if len(parts) > 5 else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
