"""The entries of a batch, as they come, and what is wrong with them as a whole.

The service finds that after its answer: the batch then FAILS with one of these texts, and no run
starts. What is wrong with one entry alone is found when that run is to start.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from omics_provider.emulator.protocol.exceptions import ValidationException
from omics_provider.emulator.world import faults
from omics_provider.emulator.world.context import Context

_MOST: Final = 100_000
VALIDATION: Final = "VALIDATION_EXCEPTION"
_FAULT: Final = "INTERNAL_SERVER_EXCEPTION"


@dataclass(frozen=True)
class Failure:
    """Why a batch FAILS: the reason that its event has, and the text."""

    code: str
    text: str


@dataclass(frozen=True)
class Entries:
    """The entries of a batch.

    `total` is None where they can't be counted; `etag` is that of the S3 object they come from.
    With a `failure` there are no `settings`, as none of them is to start.
    """

    settings: list[dict[str, Any]]
    total: int | None
    etag: str | None = None
    failure: Failure | None = None


def read(context: Context, chosen: Mapping[str, Any]) -> Entries:
    """Read the entries that a batch names; a file that can't be had is refused at once."""
    if "inlineSettings" in chosen:
        return _checked(context, chosen["inlineSettings"], None)
    found = context.read_object(chosen["s3UriSettings"])
    if found is None:
        raise ValidationException(f"S3 access denied for {chosen['s3UriSettings']}")
    content, etag = found
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    return _checked(context, document, etag)


def changed(etag: str, now: str | None) -> Failure:
    """Give the failure of a batch whose file is not what it was."""
    is_now = "was null" if now is None else f"was: {now}"
    return Failure(
        VALIDATION,
        f"Expected s3UriConfigs etag: {etag} but {is_now}."
        " s3UriConfigs have changed since calling StartRunBatch",
    )


def _checked(context: Context, document: Any, etag: str | None) -> Entries:
    if not _is_list_of_objects(document):
        text = "Invalid JSON format in run configurations"
        return Entries([], None, etag, Failure(VALIDATION, text))
    failure = _failure(document)
    if failure is None and faults.of_step(context.connection, "StartRunBatch"):
        text = "There was a transient error in the service. Retry the batch."
        failure = Failure(_FAULT, text)
    return Entries([] if failure else document, len(document), etag, failure)


def _is_list_of_objects(document: Any) -> bool:
    return (
        isinstance(document, list)
        and bool(document)
        and all(isinstance(entry, dict) for entry in document)
    )


def _failure(entries: list[dict[str, Any]]) -> Failure | None:
    many = len(entries)
    if many > _MOST:
        return Failure(VALIDATION, f"Batch has {many} runs but {_MOST} runs is the max.")
    ids = {entry.get("runSettingId") for entry in entries if _has_id(entry)}
    if len(ids) < many:
        text = f"Expected {many} unique runSettingIds but there were {len(ids)}"
        return Failure(VALIDATION, text)
    return None


def _has_id(entry: Mapping[str, Any]) -> bool:
    named = entry.get("runSettingId")
    return isinstance(named, str) and named != ""
