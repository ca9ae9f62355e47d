"""What other AWS services know: the caller's account, and what a run left in CloudWatch Logs."""

from __future__ import annotations

import functools
import json
from typing import Any, Final

from omics_provider.core.settings import Settings

from .clients import neighbour
from .failures import translated

#: Developer guide, page monitoring-cloudwatch-logs.
_LOG_GROUP: Final = "/aws/omics/WorkflowLog"


@functools.cache
def account(settings: Settings) -> str:
    """Return the account of the caller, from STS; it needs no permission."""
    with translated("GetCallerIdentity"):
        return str(neighbour(settings, "sts").get_caller_identity()["Account"])


def manifest(settings: Settings, run_id: str, uuid: str) -> dict[str, Any] | None:
    """Return the run's own entry in its manifest: status, times, failureReason and more.

    None where the manifest has none, as with logLevel OFF. Raises NotFound where there is no
    manifest, and what else can go wrong.
    """
    with translated("GetLogEvents"):
        answer = neighbour(settings, "logs").get_log_events(
            logGroupName=_LOG_GROUP,
            logStreamName=f"manifest/run/{run_id}/{uuid}",
            startFromHead=True,
        )
    entries = (_parsed(event["message"]) for event in answer["events"])
    return next((entry for entry in entries if entry.get("uuid") == uuid), None)


def _parsed(message: str) -> dict[str, Any]:
    try:
        entry = json.loads(message)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
