"""The outputs of an ended run, as its workflow engine wrote them down."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import urlsplit

from omics_provider.core.errors import ServiceError
from omics_provider.core.settings import Settings

from .clients import neighbour
from .failures import translated

#: Below the run's runOutputUri (developer guide, page workflows-run-outputs).
_FILE: Final = "logs/outputs.json"
_OPERATION: Final = "GetObject"


def read(settings: Settings, run_output_uri: str) -> dict[str, Any] | None:
    """Return the workflow's outputs by name; None at the emulator in process, which has no S3.

    Raises the errors of `omics_provider.core.errors` where the file can't be read.
    """
    if settings.is_local:
        return None
    place = urlsplit(run_output_uri)
    key = f"{place.path.strip('/')}/{_FILE}".lstrip("/")
    with translated(_OPERATION):
        answer = neighbour(settings, "s3").get_object(Bucket=place.netloc, Key=key)
        text = answer["Body"].read()
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ServiceError(_OPERATION, f"s3://{place.netloc}/{key} is not JSON") from error
    return found if isinstance(found, dict) else {"": found}
