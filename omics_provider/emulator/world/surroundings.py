"""What stands around the service: S3, CloudWatch Logs, EventBridge, where a door has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Surroundings(Protocol):
    """The other services of one emulated cloud. URIs are of S3; times are seconds since 1970."""

    has_s3: bool

    def has_bucket(self, account: str, region: str, uri: str) -> bool:
        """Say whether the bucket of a URI is there, in that region."""

    def read_object(self, account: str, region: str, uri: str) -> tuple[bytes, str] | None:
        """Give an object's content and ETag, or None where there is no such object."""

    def write_object(self, account: str, region: str, uri: str, body: bytes) -> None:
        """Write an object, if its bucket is there."""

    def write_log(
        self, account: str, region: str, stream: str, lines: Sequence[tuple[float, str]]
    ) -> None:
        """Add lines to a stream of HealthOmics' log group, which is made where there is none."""

    def send_event(
        self, account: str, region: str, kind: str, time: float, detail: Mapping[str, Any]
    ) -> None:
        """Send an event of `aws.omics` to the default event bus."""


class NoSurroundings:
    """Nothing around: the endpoint `local` has omics alone."""

    has_s3 = False

    def has_bucket(self, account: str, region: str, uri: str) -> bool:
        """Say no."""
        del account, region, uri
        return False

    def read_object(self, account: str, region: str, uri: str) -> tuple[bytes, str] | None:
        """Give nothing."""
        del account, region, uri
        return None

    def write_object(self, account: str, region: str, uri: str, body: bytes) -> None:
        """Write nothing."""

    def write_log(
        self, account: str, region: str, stream: str, lines: Sequence[tuple[float, str]]
    ) -> None:
        """Write nothing."""

    def send_event(
        self, account: str, region: str, kind: str, time: float, detail: Mapping[str, Any]
    ) -> None:
        """Send nothing."""
