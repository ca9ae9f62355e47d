"""What an `omics://` URI leads to: a file of a reference or of a read set."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.resources import Resource

from . import files, tiers
from .kept import READ_SET, REFERENCE, Inside

SCHEME: Final = "omics://"
INVALID: Final = "INVALID_URI_INPUT"
NOT_FOUND: Final = "INPUT_URI_NOT_FOUND"
INACTIVE: Final = "INACTIVE_OMICS_STORAGE_RESOURCE"

_URI: Final = re.compile(
    r"omics://(?P<account>[0-9]{12})\.storage\.(?P<region>[a-z0-9-]+)\.amazonaws\.com"
    r"/(?P<store>[0-9]{10,36})/(?P<kind>reference|readSet)/(?P<id>[0-9]{10,36})(/(?P<file>\w+))?"
)
# The files that each kind may have; the first is the one of a URI that names none.
_FILES: Final = {"reference": ("source", "index"), "readSet": ("source1", "source2", "index")}


@dataclass(frozen=True)
class Lead:
    """Where a URI leads: a file and its digest, if it has one; or why it leads nowhere.

    `problem` is a failureReason of runs.
    """

    problem: str | None
    file: dict[str, Any] = field(default_factory=dict)
    digest: str | None = None

    @property
    def s3_uri(self) -> str | None:
        """Where the file lies in S3, in doors that have it."""
        return self.file.get("uri")


def lead(context: Context, uri: str) -> Lead:
    """Say where an `omics://` URI leads the caller."""
    found = _URI.fullmatch(uri)
    if found is None:
        return Lead(INVALID)
    names = _FILES[found["kind"]]
    name = found["file"] or names[0]
    if name not in names:
        return Lead(INVALID)
    # Stores are not shared, and a run reads those of its own region.
    if (found["account"], found["region"]) != context.here():
        return Lead(NOT_FOUND)
    kind = REFERENCE if found["kind"] == REFERENCE.word else READ_SET
    resource = Inside(context, kind, found["store"]).get(found["id"])
    if resource is None or name not in resource.doc["files"]:
        return Lead(NOT_FOUND)
    if kind is READ_SET and tiers.status(resource, context.now) != tiers.ACTIVE:
        return Lead(INACTIVE)
    return Lead(None, resource.doc["files"][name], _digest(resource, name))


def use(context: Context, uri: str) -> None:
    """Note that a read set is used now, so that it is not archived."""
    found = _URI.fullmatch(uri)
    if found is None or found["kind"] != READ_SET.word or lead(context, uri).problem is not None:
        return
    sets = Inside(context, READ_SET, found["store"])
    read_set = sets.find(found["id"])
    sets.change(read_set, tiers.used(read_set, context.now))


def content(context: Context, uri: str) -> bytes | None:
    """Give the bytes that a URI leads to, or None where it leads nowhere."""
    found = lead(context, uri)
    return None if found.problem is not None else files.read(context, found.file)


def _digest(resource: Resource, name: str) -> str | None:
    """Give the ETag of a read set's file, or the md5 of a reference; an index has neither."""
    tags: dict[str, str] = resource.doc.get("etag") or {"source": resource.doc["md5"]}
    return tags.get(name)
