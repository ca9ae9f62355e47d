"""The calls on run caches: plain values in, plain values or core errors out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from omics_provider.base import errors
from omics_provider.service.calls import Place, called, whole

_PAGE: Final = 100
_ADVICE: Final[Mapping[type[errors.OmicsError], str]] = {
    errors.NotFound: "Check the id, the account and the Region: `aws omics list-run-caches`.",
    errors.QuotaExceeded: "An account has at most 1,000 run caches in a Region: delete old ones.",
    # Developer guide, workflow-cache-delete.
    errors.Conflict: "A cache goes when no active run uses it: wait for those runs, or cancel "
    "them, then run the same command again.",
}


class Caches(Place):
    """Run caches at one place."""

    def create(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """CreateRunCache; botocore repeats it with the same requestId."""
        with called("CreateRunCache", _ADVICE):
            answer = self._client.create_run_cache(**arguments)
            return whole("CreateRunCache", answer, "id", "arn")

    def find(self, id_: str) -> dict[str, Any] | None:
        """GetRunCache, None where there is no such cache; the location by its name in requests."""
        try:
            with called("GetRunCache", _ADVICE):
                live = whole("GetRunCache", self._client.get_run_cache(id=id_), "id", "arn")
        except errors.NotFound:
            return None
        if live.get("status") == "DELETED":
            return None
        return {**live, "cacheS3Location": live.get("cacheS3Uri")}

    def list(self) -> Iterator[dict[str, Any]]:
        """ListRunCaches, page by page."""
        pages = self._client.get_paginator("list_run_caches").paginate(
            PaginationConfig={"PageSize": _PAGE}
        )
        with called("ListRunCaches", _ADVICE):
            for page in pages:
                yield from whole("ListRunCaches", page, "items")["items"]

    def update(self, id_: str, changes: Mapping[str, Any]) -> None:
        """UpdateRunCache: what is not given stays."""
        with called("UpdateRunCache", _ADVICE):
            self._client.update_run_cache(id=id_, **changes)

    def delete(self, id_: str) -> None:
        """DeleteRunCache: the cached data stays in S3, and is found no more."""
        with called("DeleteRunCache", _ADVICE):
            self._client.delete_run_cache(id=id_)
