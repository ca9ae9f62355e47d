"""The calls on run groups and run caches: plain values in, plain values or core errors out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Final

from omics_provider.base import errors
from omics_provider.base.status import LIFE
from omics_provider.service.calls import Place, called, whole

_PAGE: Final = 100
_GROUP_ADVICE: Final[Mapping[type[errors.OmicsError], str]] = {
    errors.NotFound: "Check the id, the account and the Region: `aws omics list-run-groups`.",
    errors.QuotaExceeded: "An account has at most 1,000 run groups in a Region: delete old ones.",
    errors.Conflict: "Look at the group with `aws omics get-run-group`, and try again.",
}
_CACHE_ADVICE: Final[Mapping[type[errors.OmicsError], str]] = {
    errors.NotFound: "Check the id, the account and the Region: `aws omics list-run-caches`.",
    errors.QuotaExceeded: "An account has at most 1,000 run caches in a Region: delete old ones.",
    # Developer guide, workflow-cache-delete.
    errors.Conflict: "A cache goes when no active run uses it: wait for those runs, or cancel "
    "them, then run the same command again.",
}


class Lasting(Place, ABC):
    """The calls on one kind of resource that stays until it is deleted, at one place."""

    @abstractmethod
    def create(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Make one, once for each requestId."""

    @abstractmethod
    def find(self, id_: str) -> dict[str, Any] | None:
        """Return one by its id, None where there is none."""

    @abstractmethod
    def list(self) -> Iterator[dict[str, Any]]:
        """Give all of them, without their tags."""

    @abstractmethod
    def update(self, id_: str, changes: Mapping[str, Any]) -> None:
        """Change one; what is not given stays."""

    @abstractmethod
    def delete(self, id_: str) -> None:
        """Delete one."""


class Groups(Lasting):
    """Run groups at one place."""

    def create(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """CreateRunGroup; botocore repeats it with the same requestId."""
        with called("CreateRunGroup", _GROUP_ADVICE):
            answer = self._client.create_run_group(**arguments)
            return whole("CreateRunGroup", answer, "id", "arn")

    def find(self, id_: str) -> dict[str, Any] | None:
        """GetRunGroup, None where there is no such group."""
        try:
            with called("GetRunGroup", _GROUP_ADVICE):
                return whole("GetRunGroup", self._client.get_run_group(id=id_), "id", "arn")
        except errors.NotFound:
            return None

    def list(self) -> Iterator[dict[str, Any]]:
        """ListRunGroups, page by page."""
        pages = self._client.get_paginator("list_run_groups").paginate(
            PaginationConfig={"PageSize": _PAGE}
        )
        with called("ListRunGroups", _GROUP_ADVICE):
            for page in pages:
                yield from whole("ListRunGroups", page, "items")["items"]

    def update(self, id_: str, changes: Mapping[str, Any]) -> None:
        """UpdateRunGroup: what is not given stays."""
        with called("UpdateRunGroup", _GROUP_ADVICE):
            self._client.update_run_group(id=id_, **changes)

    def delete(self, id_: str) -> None:
        """DeleteRunGroup: refused while runs of the group are active."""
        with called("DeleteRunGroup", _GROUP_ADVICE):
            self._client.delete_run_group(id=id_)

    def active_runs(self, id_: str) -> dict[str, str]:
        """Return the states of the group's active runs, by id."""
        found: dict[str, str] = {}
        # In the order of a run's life, so that one that moves on meanwhile is not missed.
        for status in LIFE:
            pages = self._client.get_paginator("list_runs").paginate(
                runGroupId=id_,
                status=status,  # type: ignore[arg-type]  # one of LIFE, no literal
                PaginationConfig={"PageSize": _PAGE},
            )
            with called("ListRuns", _GROUP_ADVICE):
                for page in pages:
                    items = whole("ListRuns", page, "items")["items"]
                    found |= {run["id"]: run["status"] for run in items}
        return found


class Caches(Lasting):
    """Run caches at one place."""

    def create(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """CreateRunCache; botocore repeats it with the same requestId."""
        with called("CreateRunCache", _CACHE_ADVICE):
            answer = self._client.create_run_cache(**arguments)
            return whole("CreateRunCache", answer, "id", "arn")

    def find(self, id_: str) -> dict[str, Any] | None:
        """GetRunCache, None where there is no such cache; the location by its name in requests."""
        try:
            with called("GetRunCache", _CACHE_ADVICE):
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
        with called("ListRunCaches", _CACHE_ADVICE):
            for page in pages:
                yield from whole("ListRunCaches", page, "items")["items"]

    def update(self, id_: str, changes: Mapping[str, Any]) -> None:
        """UpdateRunCache: what is not given stays."""
        with called("UpdateRunCache", _CACHE_ADVICE):
            self._client.update_run_cache(id=id_, **changes)

    def delete(self, id_: str) -> None:
        """DeleteRunCache: the cached data stays in S3, and is found no more."""
        with called("DeleteRunCache", _CACHE_ADVICE):
            self._client.delete_run_cache(id=id_)
