"""What is told of a run that has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .status import RunStatus

_TOLD: Final = (
    ("id", "id"),
    ("status", "status"),
    ("run_output_uri", "runOutputUri"),
    ("start_time", "startTime"),
    ("stop_time", "stopTime"),
    ("status_message", "statusMessage"),
    ("failure_reason", "failureReason"),
)


def of_ended(live: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a run from GetRun's answer, by the names that programs use."""
    return {name: live.get(wire) for name, wire in _TOLD}


def of_gone(run_id: str) -> dict[str, Any]:
    """Return the facts of a run whose record the service no longer has."""
    return {**dict.fromkeys(name for name, _ in _TOLD), "id": run_id, "status": RunStatus.DELETED}


def sentence(key: str, run: Mapping[str, Any]) -> str:
    """Return one line on a run that did not complete."""
    reason = ": ".join(str(run[k]) for k in ("failure_reason", "status_message") if run.get(k))
    gone = "its record is gone, so how it ended is not known" if run["status"] == "DELETED" else ""
    return f"Run {key} ({run['id']}) ended {run['status']}: {reason or gone or 'no reason given'}."
