"""What groups, caches, configurations, workflows, versions and batches have in common."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from omics_provider.emulator.protocol import pages
from omics_provider.emulator.protocol.exceptions import (
    ResourceNotFoundException,
    ServiceQuotaExceededException,
    ValidationException,
)

from .context import Context

_MOST_TAGS: Final = 50


@dataclass(frozen=True)
class Resource:
    """A stored thing: what every kind has, and its own facts in `doc`."""

    pk: int
    id: str
    uuid: str
    name: str | None
    created: float
    doc: dict[str, Any]
    tags: dict[str, str]


class Resources:
    """The things of one kind in the caller's account and region.

    `kind` is the word that stands in ARNs, `label` the one that stands in messages.
    """

    def __init__(self, context: Context, kind: str, label: str) -> None:
        self._context = context
        self._kind = kind
        self._label = label

    def add(
        self,
        resource_id: str,
        name: str | None,
        doc: Mapping[str, Any],
        tags: Mapping[str, str],
        uuid: str | None = None,
    ) -> Resource:
        """Keep a new one, under a new uuid where none is given."""
        check_tags(tags)
        context = self._context
        context.connection.execute(
            "INSERT INTO resources (account, region, kind, id, uuid, name, created, doc, tags)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *context.here(), self._kind, resource_id, uuid or context.new_uuid(), name,
                context.now, json.dumps(doc), json.dumps(tags),
            ),
        )  # fmt: skip
        return self.find(resource_id)

    def find(self, resource_id: str) -> Resource:
        """Find one by its id, or refuse with ResourceNotFoundException."""
        found = self.get(resource_id)
        if found is None:
            raise ResourceNotFoundException(f"{self._label} {resource_id} not found")
        return found

    def get(self, resource_id: str) -> Resource | None:
        """Find one by its id, if it is there."""
        row = self._context.connection.execute(
            "SELECT * FROM resources WHERE account = ? AND region = ? AND kind = ? AND id = ?",
            (*self._context.here(), self._kind, resource_id),
        ).fetchone()
        return None if row is None else _from_row(row)

    def change(self, resource: Resource, name: str | None, doc: Mapping[str, Any]) -> None:
        """Keep other facts of one."""
        self._context.connection.execute(
            "UPDATE resources SET name = ?, doc = ? WHERE pk = ?",
            (name, json.dumps(doc), resource.pk),
        )

    def remove(self, resource: Resource) -> None:
        """Forget one; its id may be given again."""
        self._context.connection.execute("DELETE FROM resources WHERE pk = ?", (resource.pk,))

    def all(self) -> list[Resource]:
        """Give all of them, oldest first."""
        rows = self._context.connection.execute(
            "SELECT * FROM resources WHERE account = ? AND region = ? AND kind = ? ORDER BY pk",
            (*self._context.here(), self._kind),
        )
        return [_from_row(row) for row in rows]

    def inside(self, owner: str) -> list[Resource]:
        """Give those whose id is the id of their owner, a slash and more; oldest first."""
        rows = self._context.connection.execute(
            "SELECT * FROM resources WHERE account = ? AND region = ? AND kind = ?"
            " AND id > ? AND id < ? ORDER BY pk",
            # A 0 is the character after a slash.
            (*self._context.here(), self._kind, f"{owner}/", f"{owner}0"),
        )
        return [_from_row(row) for row in rows]

    def arn(self, resource: Resource) -> str:
        """Give the ARN of one."""
        return self._context.arn(f"{self._kind}/{resource.id}")

    def page(
        self,
        item: Callable[[Resource], dict[str, Any]],
        *,
        size_member: str = "maxResults",
        name: str | None = None,
        keep: Callable[[Resource], bool] = lambda _: True,
    ) -> dict[str, Any]:
        """Give a page of them as a List operation answers it, oldest first."""
        params = self._context.params
        wanted = (
            (each.pk, each)
            for each in self.all()
            if (name is None or each.name == name) and keep(each)
        )
        shown, token = pages.of_numbered(wanted, params, size_member)
        return {"items": [item(each) for each in shown], "nextToken": token}

    def hold_quota(self, most: int) -> None:
        """Refuse a further one where there are `most`, if the setting `quotas` is on."""
        if self._context.settings.quotas and len(self.all()) >= most:
            raise ServiceQuotaExceededException(
                f"There are {most} of {self._label} already, which is the most there can be."
            )


def check_tags(tags: Mapping[str, str]) -> None:
    """Hold tags to the rules that botocore's model does not have."""
    if len(tags) > _MOST_TAGS:
        raise ValidationException(f"A resource has at most {_MOST_TAGS} tags")
    if any(key.lower().startswith("aws:") for key in tags):
        raise ValidationException("Tag keys that start with aws: are reserved")


def _from_row(row: sqlite3.Row) -> Resource:
    return Resource(
        row["pk"], row["id"], row["uuid"], row["name"], row["created"], json.loads(row["doc"]),
        json.loads(row["tags"]),
    )  # fmt: skip
