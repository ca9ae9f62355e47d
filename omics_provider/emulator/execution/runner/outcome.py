"""How a job ends: its status, with a failure's reason and text, and its outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from omics_provider.emulator.world.folder import replaced
from omics_provider.emulator.world.life import FAILED

CANNOT_START_CONTAINER: Final = "CANNOT_START_CONTAINER_ERROR"
ECR_PERMISSION: Final = "ECR_PERMISSION_ERROR"
INVALID_IMAGE: Final = "INVALID_ECR_IMAGE_URI"
INVALID_RESOURCE: Final = "INVALID_TASK_RESOURCE_VALUE"
SERVICE_ERROR: Final = "SERVICE_ERROR"
TASK_FAILED: Final = "RUN_TASK_FAILED"
WORKFLOW_FAILED: Final = "WORKFLOW_RUN_FAILED"


class Failure(Exception):
    """A run, a job or a task can't go on: `reason` is the service's code, `message` says why."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Stopped(BaseException):
    """The job was told to stop. No `except Exception` on the way may hold it up."""


@dataclass(frozen=True)
class Outcome:
    """The end of a job. Files among the outputs are paths below the job's folder."""

    status: str
    reason: str | None = None
    message: str | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write result.json, whole or not at all."""
        said = {
            "status": self.status,
            "failureReason": self.reason,
            "statusMessage": self.message,
            "outputs": self.outputs,
        }
        with replaced(folder / "result.json") as new:
            new.write_text(json.dumps(said, indent=2))


def failed(failure: Failure) -> Outcome:
    """Give the end of a job that a failure ends."""
    return Outcome(FAILED, failure.reason, failure.message)
