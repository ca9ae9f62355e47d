"""The calls on run groups and run caches: plain values in and out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from omics_provider.base import errors
from omics_provider.base.status import LIFE
from omics_provider.service.calls import Place


class Lasting(Place):
    """The calls on one kind of resource that stays until it is deleted, at one place.

    `noun` is the kind as the names of its operations have it.
    """

    noun: ClassVar[str]

    def create(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Make one; botocore repeats the call with the same requestId."""
        return self._answer(f"Create{self.noun}", "id", "arn", **arguments)

    def find(self, id_: str) -> dict[str, Any] | None:
        """Return one by its id, None where there is none."""
        return undeleted(self._found(f"Get{self.noun}", "id", "arn", id=id_))

    def list(self) -> Iterator[dict[str, Any]]:
        """Give all of them, without their tags, page by page."""
        return self._items(f"List{self.noun}s")

    def update(self, id_: str, changes: Mapping[str, Any]) -> None:
        """Change one; what is not given stays."""
        self._answer(f"Update{self.noun}", id=id_, **changes)

    def delete(self, id_: str) -> None:
        """Delete one. Raises Conflict where something still needs it."""
        self._answer(f"Delete{self.noun}", id=id_)


def undeleted(live: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what a look found, None for what is only on record: the service keeps that a while."""
    return None if live is None or live.get("status") == "DELETED" else live


class Groups(Lasting):
    """Run groups at one place; one with active runs can't be deleted."""

    noun = "RunGroup"
    advice: ClassVar[Mapping[type[errors.OmicsError], str]] = {
        errors.NotFound: "Check the id, the account and the Region: `aws omics list-run-groups`.",
        errors.QuotaExceeded: "An account has at most 1,000 run groups in a Region: delete old "
        "ones.",
        errors.Conflict: "Look at the group with `aws omics get-run-group`, and try again.",
    }

    def active_runs(self, id_: str) -> dict[str, str]:
        """Return the states of the group's active runs, by id."""
        # In the order of a run's life, so that one that moves on meanwhile is not missed.
        found = (
            run for status in LIFE for run in self._items("ListRuns", runGroupId=id_, status=status)
        )
        return {run["id"]: run["status"] for run in found}


class Caches(Lasting):
    """Run caches at one place; what is cached stays in S3 when its cache is deleted."""

    noun = "RunCache"
    advice: ClassVar[Mapping[type[errors.OmicsError], str]] = {
        errors.NotFound: "Check the id, the account and the Region: `aws omics list-run-caches`.",
        errors.QuotaExceeded: "An account has at most 1,000 run caches in a Region: delete old "
        "ones.",
        # Developer guide, workflow-cache-delete.
        errors.Conflict: "HealthOmics deletes a cache when no active run uses it. "
        "Wait for those runs, or cancel them, then run the same command again.",
    }

    def find(self, id_: str) -> dict[str, Any] | None:
        """Return one by its id; the location has its name in requests."""
        live = super().find(id_)
        return None if live is None else {**live, "cacheS3Location": live.get("cacheS3Uri")}
