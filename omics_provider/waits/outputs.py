"""The outputs of an ended run, as its workflow engine wrote them down."""

from __future__ import annotations

import json
from typing import Any, Final

from omics_provider.base import errors
from omics_provider.base.identity import bucket_and_key
from omics_provider.base.settings import Settings
from omics_provider.service.clients import aws
from omics_provider.service.failures import translated

#: Below the run's runOutputUri (developer guide, page workflows-run-outputs).
_FILE: Final = "logs/outputs.json"
_OPERATION: Final = "GetObject"
#: S3's codes for an object that is not there. Without s3:ListBucket it answers AccessDenied.
_MISSING: Final = frozenset({"NoSuchKey", "NoSuchBucket", "404"})
_DENIED: Final = frozenset({"AccessDenied", "403"})


def read(settings: Settings, run_output_uri: str) -> dict[str, Any]:
    """Return the workflow's outputs by name.

    The values are those of the file, whole numbers of any size, null and nested values included.

    Raises the errors of `omics_provider.base.errors`: NotFound where there is no such file, as
    after a Nextflow workflow, ServiceError for what is not JSON, and what else S3 answers.
    """
    bucket, folder = bucket_and_key(run_output_uri)
    key = f"{folder.strip('/')}/{_FILE}".lstrip("/")
    uri = f"s3://{bucket}/{key}"
    try:
        with translated(_OPERATION):
            answer = aws(settings, "s3").get_object(Bucket=bucket, Key=key)
            text = answer["Body"].read()
    except errors.ServiceError as error:
        raise _plainer(error, uri) from error
    try:
        found = json.loads(text)
    except ValueError as error:
        raise errors.ServiceError(_OPERATION, f"{uri} is not JSON") from error
    return found if isinstance(found, dict) else {"": found}


def _plainer(error: errors.ServiceError, uri: str) -> errors.ServiceError:
    if error.code in _MISSING:
        return errors.NotFound(
            _OPERATION,
            f"there is no {uri}",
            code=error.code,
            advice="WDL and CWL workflows write it, Nextflow workflows do not: their results are "
            "below the run's output URI.",
        )
    if error.code in _DENIED:
        return errors.Denied(
            _OPERATION,
            f"{uri}: {error.detail}",
            code=error.code,
            advice="Allow the caller s3:GetObject on it, and s3:ListBucket on the bucket: without "
            "it, S3 gives the same answer for a missing file and for a forbidden one.",
        )
    return error
