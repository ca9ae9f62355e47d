"""What the emulator knows of a share. All accounts see the same one."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from omics_provider.emulator.world.context import Context

KIND: Final = "share"
PENDING: Final = "PENDING"
ACTIVATING: Final = "ACTIVATING"
ACTIVE: Final = "ACTIVE"
DELETING: Final = "DELETING"
WORKFLOW_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:omics:(?P<region>[^:]+):(?P<account>[0-9]{12}):workflow/(?P<id>[0-9]+)"
)


@dataclass(frozen=True)
class Share:
    """A share of a workflow: `owner` offers it, and `subscriber` accepts it.

    `accepted` and `deleted` are the times of those calls, each None before.
    """

    pk: int
    id: str
    owner: str
    subscriber: str
    workflow: str
    arn: str
    created: float
    name: str | None = None
    accepted: float | None = None
    deleted: float | None = None

    def status(self, context: Context) -> str | None:
        """Give the status at the context's time; None once it is gone."""
        seconds = context.settings.creationSeconds
        if self.deleted is not None:
            return DELETING if context.now < self.deleted + seconds else None
        if self.accepted is None:
            return PENDING
        return ACTIVATING if context.now < self.accepted + seconds else ACTIVE

    def is_of(self, account: str) -> bool:
        """Say whether an account has to do with it."""
        return account in (self.owner, self.subscriber)


def shares(context: Context, share_id: str | None = None) -> Iterator[Share]:
    """Give the shares in the caller's region that are not gone, oldest first, or one by its id."""
    one, values = ("", ()) if share_id is None else (" AND id = ?", (share_id,))
    rows = context.connection.execute(
        "SELECT pk, account, id, name, created, doc FROM resources"  # noqa: S608  # the condition is a constant
        f" WHERE region = ? AND kind = ?{one} ORDER BY pk",
        (context.region, KIND, *values),
    )
    yield from (each for each in map(_from_row, rows) if each.status(context) is not None)


def of_workflow(context: Context, owner: str, workflow: str) -> Iterator[Share]:
    """Give the shares of an account's workflow that are not gone."""
    rows = context.connection.execute(
        "SELECT pk, account, id, name, created, doc FROM resources"
        " WHERE account = ? AND region = ? AND kind = ? ORDER BY pk",
        (owner, context.region, KIND),
    )
    for share in map(_from_row, rows):
        if share.workflow == workflow and share.status(context) is not None:
            yield share


def change(context: Context, share: Share, changes: Mapping[str, Any]) -> None:
    """Keep other facts of one."""
    doc = {"subscriber": share.subscriber, "workflow": share.workflow, "arn": share.arn}
    times = {"accepted": share.accepted, "deleted": share.deleted}
    context.connection.execute(
        "UPDATE resources SET doc = ? WHERE pk = ?",
        (json.dumps({**doc, **times, **changes}), share.pk),
    )


def _from_row(row: sqlite3.Row) -> Share:
    return Share(
        row["pk"], row["id"], row["account"], name=row["name"], created=row["created"],
        **json.loads(row["doc"]),
    )  # fmt: skip
