"""The calls on run groups: plain values in, plain values or core errors out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from omics_provider.base import errors
from omics_provider.service.calls import Place, called, whole

_PAGE: Final = 100
_ADVICE: Final[Mapping[type[errors.OmicsError], str]] = {
    errors.NotFound: "Check the id, the account and the Region: `aws omics list-run-groups`.",
    errors.QuotaExceeded: "An account has at most 1,000 run groups in a Region: delete old ones.",
    errors.Conflict: "Look at the group with `aws omics get-run-group`, and try again.",
}


class Groups(Place):
    """Run groups at one place."""

    def create(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """CreateRunGroup; botocore repeats it with the same requestId."""
        with called("CreateRunGroup", _ADVICE):
            answer = self._client.create_run_group(**arguments)
            return whole("CreateRunGroup", answer, "id", "arn")

    def find(self, id_: str) -> dict[str, Any] | None:
        """GetRunGroup, None where there is no such group."""
        try:
            with called("GetRunGroup", _ADVICE):
                return whole("GetRunGroup", self._client.get_run_group(id=id_), "id", "arn")
        except errors.NotFound:
            return None

    def list(self) -> Iterator[dict[str, Any]]:
        """ListRunGroups, page by page."""
        pages = self._client.get_paginator("list_run_groups").paginate(
            PaginationConfig={"PageSize": _PAGE}
        )
        with called("ListRunGroups", _ADVICE):
            for page in pages:
                yield from whole("ListRunGroups", page, "items")["items"]

    def update(self, id_: str, changes: Mapping[str, Any]) -> None:
        """UpdateRunGroup: what is not given stays."""
        with called("UpdateRunGroup", _ADVICE):
            self._client.update_run_group(id=id_, **changes)

    def delete(self, id_: str) -> None:
        """DeleteRunGroup: refused while runs of the group are active."""
        with called("DeleteRunGroup", _ADVICE):
            self._client.delete_run_group(id=id_)

    def active_runs(self, id_: str) -> dict[str, str]:
        """Return the states of the group's active runs, by id."""
        found: dict[str, str] = {}
        # In the order of a run's life, so that one that moves on meanwhile is not missed.
        for status in ("PENDING", "STARTING", "RUNNING", "STOPPING"):
            pages = self._client.get_paginator("list_runs").paginate(
                runGroupId=id_, status=status, PaginationConfig={"PageSize": _PAGE}
            )
            with called("ListRuns", _ADVICE):
                for page in pages:
                    items = whole("ListRuns", page, "items")["items"]
                    found |= {run["id"]: run["status"] for run in items}
        return found
