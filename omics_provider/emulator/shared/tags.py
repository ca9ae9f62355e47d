"""Tags of anything that has an ARN."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import Any, Final

from omics_provider.emulator.protocol.exceptions import (
    AccessDeniedException,
    ResourceNotFoundException,
    ValidationException,
)
from omics_provider.emulator.workflows.record import catalogue, versions
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.resources import check_tags

_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:omics:(?P<region>[^:]*):(?P<account>[0-9]{12}|):(?P<kind>\w+)/(?P<id>.+)"
)
# What lies in something else, by its owner's kind and the word between the two ids.
_INNER: Final = {
    ("workflow", "version"): "workflowVersion",
    ("referenceStore", "reference"): "reference",
    ("sequenceStore", "readSet"): "readSet",
}


class Tags:
    """The operations on tags."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list_tags_for_resource(self) -> dict[str, Any]:
        """ListTagsForResource. READY2RUN workflows are there for everybody, without tags."""
        if self._is_ready2run():
            return {"tags": {}}
        _, row = self._found()
        return {"tags": json.loads(row["tags"])}

    def tag_resource(self) -> None:
        """TagResource: adds tags and overwrites those with the same keys."""
        table, row = self._found()
        tags = {**json.loads(row["tags"]), **self._context.params["tags"]}
        check_tags(tags)
        self._keep(table, row, tags)

    def untag_resource(self) -> None:
        """UntagResource: keys that are not there do no harm."""
        table, row = self._found()
        keys = set(self._context.params["tagKeys"])
        tags = json.loads(row["tags"])
        self._keep(table, row, {key: tags[key] for key in tags if key not in keys})

    def _is_ready2run(self) -> bool:
        """Whether the ARN is that of a READY2RUN workflow or of a version of one."""
        arn = self._context.params["resourceArn"]
        if "::workflow/" not in arn:
            return False
        offered = (
            each
            for workflow in catalogue().values()
            for each in (workflow, *versions(workflow).values())
        )
        return any(each.arn(self._context) == arn for each in offered)

    def _found(self) -> tuple[str, sqlite3.Row]:
        arn = self._context.params["resourceArn"]
        found = _ARN.fullmatch(arn)
        if found is None:
            raise ValidationException(f"{arn!r} is not the ARN of a HealthOmics resource.")
        if self._is_ready2run():
            raise AccessDeniedException(f"{arn} is not yours to tag.")
        parts = found.groupdict()
        table = "runs" if parts["kind"] == "run" else "resources"
        word = "".join(parts["id"].split("/")[1:2])
        parts["kind"] = _INNER.get((parts["kind"], word), parts["kind"])
        kind = "" if table == "runs" else " AND kind = :kind"
        row = self._context.connection.execute(
            f"SELECT pk, tags FROM {table}"  # noqa: S608  # the table is a constant
            f" WHERE account = :account AND region = :region AND id = :id{kind}",
            parts,
        ).fetchone()
        if row is None or (parts["account"], parts["region"]) != self._context.here():
            raise ResourceNotFoundException(f"Resource {arn} not found")
        return table, row

    def _keep(self, table: str, row: sqlite3.Row, tags: dict[str, str]) -> None:
        self._context.connection.execute(
            f"UPDATE {table} SET tags = ? WHERE pk = ?",  # noqa: S608  # the table is a constant
            (json.dumps(tags), row["pk"]),
        )
