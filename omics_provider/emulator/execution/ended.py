"""Why a run does not go on."""

from __future__ import annotations


class Ended(Exception):
    """The run ends FAILED: `reason` is the service's failureReason, `message` says why."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Cancelled(Exception):
    """Somebody wants the run to stop."""


class Closing(Exception):
    """The process that carries out the run ends."""
