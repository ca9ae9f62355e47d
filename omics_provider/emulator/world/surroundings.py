"""Moto's s3, logs and events as the surroundings of the service.

It goes to moto's backends directly: they live in the same process as this door, and what the
service writes is not a call that a client made.
"""

from __future__ import annotations

import copy
import json
import sys
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from . import policies
from .folder import parts

LOG_GROUP: Final = "/aws/omics/WorkflowLog"
#: Where the service itself keeps what it exports, and what lies in stores.
_SERVICE_ACCOUNT: Final = "000000000000"
_EXPORTS: Final = "healthomics-exports"
#: `Rule.send_to_targets` of moto 5.2.
_DELIVERED_BY_MOTO: Final = frozenset({"logs", "sqs", "events"})


class Surroundings(Protocol):
    """The services beside HealthOmics, as far as it uses them."""

    def has_bucket(self, account: str, region: str, uri: str) -> bool:
        """Say whether the bucket of a URI is there, in that region."""

    def read_object(self, account: str, region: str, uri: str) -> tuple[bytes, str] | None:
        """Give an object's content and ETag, or None where there is no such object."""

    def write_object(self, account: str, region: str, uri: str, body: bytes) -> None:
        """Write an object, if its bucket is there."""

    def write_log(
        self, account: str, region: str, stream: str, lines: Sequence[tuple[float, str]]
    ) -> None:
        """Add lines to a stream of HealthOmics' log group."""

    def send_event(
        self, account: str, region: str, kind: str, time: float, detail: Mapping[str, Any]
    ) -> None:
        """Send an event of `aws.omics` to the default event bus."""


def is_loaded() -> bool:
    """Say whether moto is loaded. Before, nobody can have made a bucket or look at a log."""
    return "moto.backends" in sys.modules


class MotoSurroundings:
    """Moto's services, each in the caller's account and region."""

    def has_bucket(self, account: str, region: str, uri: str) -> bool:
        """Say whether the bucket of a URI is there, in that region."""
        bucket = self._s3(account).buckets.get(parts(uri)[0])
        return bucket is not None and bucket.region_name == region

    def read_object(self, account: str, region: str, uri: str) -> tuple[bytes, str] | None:
        """Give an object's content and ETag, or None where there is none in that region."""
        bucket, (_, key) = self._bucket(account, uri), parts(uri)
        if bucket is None or bucket.region_name != region:
            return None
        found = bucket.keys.get(key)
        # The mark of a deleted object has no ETag.
        return (found.value, found.etag) if hasattr(found, "etag") else None

    def bucket_region(self, account: str, uri: str) -> str | None:
        """Give the Region of the bucket of a URI, or None where there is no such bucket."""
        bucket = self._bucket(account, uri)
        return None if bucket is None else str(bucket.region_name)

    def etag(self, account: str, uri: str) -> str | None:
        """Give the ETag of an object, or None where there is no such object."""
        bucket, (_, key) = self._bucket(account, uri), parts(uri)
        found = None if bucket is None else bucket.keys.get(key)
        tag = getattr(found, "etag", None)  # the mark of a deleted object has none
        return None if tag is None else str(tag).strip('"')

    def has_folder(self, account: str, uri: str) -> bool:
        """Say whether there is an object below a URI."""
        bucket, (_, key) = self._bucket(account, uri), parts(uri)
        folder = f"{key.rstrip('/')}/" if key else ""
        return bucket is not None and any(name.startswith(folder) for name in bucket.keys)

    def ecr_policy(self, account: str, region: str, repository: str) -> str | None:
        """Give the policy of a private repository; None where there is none, or no repository."""
        if not is_loaded():
            return None
        found = _backend("ecr")[account][region].repositories.get(repository)
        return None if found is None else found.policy

    def trusts(self, account: str, region: str, role_arn: str) -> bool:
        """Say whether a role is there, and its trust policy lets HealthOmics assume it."""
        if not is_loaded():
            return False
        roles = _backend("iam")[account]["aws"].roles.values()
        found = next((role for role in roles if role.arn == role_arn), None)
        return found is not None and policies.lets(
            found.assume_role_policy_document, "sts:AssumeRole", account, region
        )

    def write_object(self, account: str, region: str, uri: str, body: bytes) -> None:
        """Write an object, if its bucket is there."""
        bucket, key = parts(uri)
        if self.has_bucket(account, region, uri):
            self._s3(account).put_object(bucket, key, body)

    def keep_object(self, region: str, uri: str, body: bytes) -> None:
        """Keep an object in a bucket of the service's own, which nobody's list of buckets shows.

        The bucket is made where there is none. S3 gives its objects to anybody who asks.
        """
        bucket, key = parts(uri)
        owner = self._s3(_SERVICE_ACCOUNT)
        if bucket not in owner.buckets:
            owner.create_bucket(bucket, region)
        owner.put_object(bucket, key, body, disable_notification=True)

    def publish(self, name: str, body: bytes) -> str:
        """Write an object that needs no credentials to be read, and give its path in S3, signed.

        Its bucket belongs to the service, so that it is in no caller's list.
        """
        self.keep_object("us-east-1", f"s3://{_EXPORTS}/{name}", body)
        return f"/{_EXPORTS}/{name}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=emulator"

    def write_log(
        self, account: str, region: str, stream: str, lines: Sequence[tuple[float, str]]
    ) -> None:
        """Add lines to a stream of HealthOmics' log group, which is made where there is none."""
        logs = _backend("logs")[account][region]
        if LOG_GROUP not in logs.groups:
            logs.create_log_group(LOG_GROUP, {})
        group = logs.groups[LOG_GROUP]
        if stream not in group.streams:
            group.create_log_stream(stream)
        # The group takes any time; the operation refuses what lies far from now.
        group.put_log_events(
            stream,
            [{"timestamp": int(time * 1000), "message": message} for time, message in lines],
        )

    def send_event(
        self, account: str, region: str, kind: str, time: float, detail: Mapping[str, Any]
    ) -> None:
        """Send an event of `aws.omics` to the default event bus."""
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": kind,
            "source": "aws.omics",
            "account": account,
            "time": datetime.fromtimestamp(time, UTC).timestamp(),
            "region": region,
            "resources": [detail["arn"]],
            "detail": dict(detail),
            "ingestion-time": time,
        }
        bus = _backend("events")[account][region].describe_event_bus("default")
        for rule in list(bus.rules.values()):
            for target in list(rule.targets):
                _deliver(rule, target, event)

    def _bucket(self, account: str, uri: str) -> Any:
        """Find a bucket of the account, or of another: their names are everybody's."""
        if not is_loaded():
            return None
        name, _ = parts(uri)
        backends = _backend("s3")
        _, owner = backends.bucket_accounts.get(name, ("aws", account))
        return backends[owner]["aws"].buckets.get(name)

    def _s3(self, account: str) -> Any:
        return _backend("s3")[account]["aws"]


def _deliver(rule: Any, target: Mapping[str, Any], event: dict[str, Any]) -> None:
    """Deliver an event to one target of a rule that matches it.

    Moto delivers to logs, queues, buses and archives, and stops at the first target that is
    something else. Topics are served here; behind the rest, such as functions, nothing stands.
    """
    *_, service, region, account, _ = str(target["Arn"]).split(":", 5)
    # When moto took it in is for moto's archives alone.
    sent = {name: value for name, value in event.items() if name != "ingestion-time"}
    if service == "sns":
        if rule.event_pattern.matches_event(event):
            written = {**sent, "time": f"{datetime.fromtimestamp(event['time'], UTC):%FT%TZ}"}
            _backend("sns")[account][region].publish(json.dumps(written), target["Arn"])
    elif service in _DELIVERED_BY_MOTO:
        alone = copy.copy(rule)
        alone.targets = [target]
        if "InputTransformer" in target:
            alone.send_to_targets(copy.deepcopy(event))
        else:
            # Moto's own template leaves the account out.
            alone.send_to_targets(copy.deepcopy(sent), transform_input=False)


def _backend(name: str) -> Any:
    from moto.backends import get_backend

    return get_backend(name)  # type: ignore[call-overload]  # the name is no literal
