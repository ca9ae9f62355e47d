"""Where the files of stores lie: in S3, in a bucket of the service's own for each store."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from omics_provider.emulator.protocol.exceptions import (
    RangeNotSatisfiableException,
    ResourceNotFoundException,
)
from omics_provider.emulator.world.context import Context

from . import content

_NOT_THERE: Final = "The source file does not exist, or the role can't access it."
_LONGEST_BUCKET: Final = 63
_RANGE: Final = re.compile(r"([0-9]{0,18})-([0-9]{0,18})")


def place(context: Context, store: str, path: str) -> str:
    """Give the S3 URI of something in a store, by the path that it has in ARNs.

    The bucket is called as the service calls the alias of a store's access point.
    """
    start = f"{context.account}-{store[:7]}-"
    secret = hashlib.sha256(f"{context.region} {start} {store}".encode()).hexdigest()
    end = "-s3alias"
    bucket = f"{start}{secret[: _LONGEST_BUCKET - len(start) - len(end)]}{end}"
    return f"s3://{bucket}/{context.account}/{path}"


def fetched(context: Context, uri: str, file_type: str) -> bytes:
    """Give the file that an import reads, or refuse it with BadContentError.

    In a door that has no S3 it is made up.
    """
    if not context.has_s3:
        return content.made_up(file_type, uri)
    found = context.read_object(uri)
    if found is None:
        raise content.BadContentError(_NOT_THERE)
    return found[0]


def keep(context: Context, uri: str, file_type: str, source: str, body: bytes) -> dict[str, Any]:
    """Keep a file and give what its owner remembers of it."""
    context.keep_object(uri, body)
    return {
        **content.information(len(body)),
        "uri": uri,
        "seed": None if context.has_s3 else source,
        "type": file_type,
    }


def read(context: Context, file: dict[str, Any]) -> bytes:
    """Give the bytes of a file that was kept."""
    if file["seed"] is not None:
        body = content.made_up(file["type"].removesuffix("-index"), file["seed"])
        return content.index_of(body) if file["type"].endswith("-index") else body
    found = context.read_object(file["uri"])
    if found is None:
        raise ResourceNotFoundException(
            f"The emulator has lost the content of {file['uri']}: what its S3 holds does not"
            " outlive the server or the mock. Import it again."
        )
    return found[0]


def shown(file: dict[str, Any], s3_access: bool) -> dict[str, Any]:
    """Give what the metadata tell of a file."""
    told = {name: file[name] for name in ("totalParts", "partSize", "contentLength")}
    return {**told, "s3Access": {"s3Uri": file["uri"]}} if s3_access else told


def within(body: bytes, wanted: str | None) -> bytes:
    """Give the range of bytes that a call wants of a body; all of it without one.

    It is written as in HTTP, and without the unit: the model allows digits and signs alone.
    """
    if wanted is None:
        return body
    found = _RANGE.fullmatch(wanted)
    first, last = found.groups() if found is not None else ("", "")
    if first:
        ranged = body[int(first) : int(last) + 1 if last else None]
    else:
        ranged = body[-int(last) :] if last and int(last) else b""
    if not ranged:
        raise RangeNotSatisfiableException(f"The file has no range {wanted}")
    return ranged


def part(context: Context, file: dict[str, Any]) -> bytes:
    """Give the part of a file that the call asks for by its number."""
    number = context.params["partNumber"]
    found = content.part(read(context, file), number)
    if found is None:
        raise RangeNotSatisfiableException(
            f"The file has {file['totalParts']} parts, and no part {number}"
        )
    return found
