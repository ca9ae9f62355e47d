"""What an ended run left in CloudWatch Logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from omics_provider.base.settings import LOG_GROUP, Settings

from .clients import aws
from .failures import translated

#: A manifest has an entry for the run and one for each task; a page holds 10,000 events or 1 MiB.
_PAGES: Final = 100


def manifest(settings: Settings, run_id: str, uuid: str) -> Iterator[dict[str, Any]]:
    """Give the entries of an ended run's manifest, the run's own and its tasks', page by page.

    None where there are none, as with logLevel OFF. Raises NotFound where there is no manifest, and
    what else can go wrong.
    """
    token: dict[str, str] = {}
    for _ in range(_PAGES):
        with translated("GetLogEvents"):
            page = aws(settings, "logs").get_log_events(
                logGroupName=LOG_GROUP,
                logStreamName=f"manifest/run/{run_id}/{uuid}",
                startFromHead=True,
                **token,
            )
        for event in page.get("events", ()):
            yield from _entry(event["message"])
        # The end is reached when the token stays as it was (GetLogEvents, API reference).
        if page.get("nextForwardToken") in (None, token.get("nextToken")):
            return
        token = {"nextToken": page["nextForwardToken"]}


def _entry(message: str) -> Iterator[dict[str, Any]]:
    try:
        entry = json.loads(message)
    except ValueError:
        return
    if isinstance(entry, dict):
        yield entry
