"""The files of batches in S3: settings and indexes, each under a name made of its content.

A file is never written over: HealthOmics fails a batch whose file changes (API reference,
BatchRunSettings).
"""

from __future__ import annotations

from typing import Any, Final

from omics_provider.base import errors
from omics_provider.base.identity import bucket_and_key
from omics_provider.base.settings import Settings
from omics_provider.service.clients import aws
from omics_provider.service.failures import translated

_MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})
#: Without the right to list a bucket, a missing object can't be told from a forbidden one.
_FORBIDDEN: Final = frozenset({"403", "AccessDenied", "Forbidden"})
_THERE: Final = frozenset({"412", "PreconditionFailed"})
#: Two equal writes at once: one of them wins, and both have the same content.
_MEANWHILE: Final = frozenset({"409", "ConditionalRequestConflict"})


class BatchFiles:
    """Files below settings_uri. Every method raises the errors of `omics_provider.base.errors`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def _s3(self) -> Any:
        return aws(self._settings, "s3")

    def keep(self, uri: str, content: bytes, *, look_first: bool) -> None:
        """Write a file unless it is there.

        `look_first` saves the transfer of a large file that is there, for the price of a call.
        """
        size = self._size(uri) if look_first else None
        if size is None:
            self._write(uri, content)
        elif size != len(content):
            raise errors.OmicsError(
                "HeadObject",
                f"{uri} has {size:,} bytes, but its name stands for {len(content):,}",
                advice="Somebody overwrote it. Remove it, then run `pulumi up` again.",
            )

    def load(self, uri: str) -> bytes:
        """Return a file's content."""
        bucket, key = bucket_and_key(uri)
        try:
            with translated("GetObject"):
                content: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
                return content
        except errors.ServiceError as error:
            raise _told(error, uri, "s3:GetObject") from error

    def _size(self, uri: str) -> int | None:
        bucket, key = bucket_and_key(uri)
        try:
            with translated("HeadObject"):
                return int(self._s3.head_object(Bucket=bucket, Key=key)["ContentLength"])
        except errors.ServiceError as error:
            if error.code in _MISSING | _FORBIDDEN:
                return None
            raise _told(error, uri, "s3:GetObject and s3:ListBucket") from error

    def _write(self, uri: str, content: bytes) -> None:
        bucket, key = bucket_and_key(uri)
        try:
            with translated("PutObject"):
                self._s3.put_object(Bucket=bucket, Key=key, Body=content, IfNoneMatch="*")
        except errors.ServiceError as error:
            if error.code not in _THERE | _MEANWHILE:
                raise _told(error, uri, "s3:PutObject") from error


def _told(error: errors.ServiceError, uri: str, right: str) -> errors.ServiceError:
    """Return an error of S3 with the file, and with what to do."""
    if error.code in _FORBIDDEN:
        advice = f"Allow the caller {right} on it, or name another place for the settings."
    else:
        advice = "Check the place of the settings: its bucket must exist, in the runs' Region."
    return type(error)(error.operation, f"{error.detail} ({uri})", advice=advice, code=error.code)
