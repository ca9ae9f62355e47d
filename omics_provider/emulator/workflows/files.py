"""Files of workflows that can be exported: definitions and READMEs, kept under their own digests.

A file stays until the state is reset: runs of a workflow that is gone may still export it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
from collections.abc import Mapping
from typing import Final

from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.resources import Resources

#: Files are kept beside the things of the service, as a kind of their own.
KIND: Final = "file"
DEFINITION: Final = "DEFINITION"
README: Final = "README"
_SUFFIXES: Final = {DEFINITION: "zip", README: "md"}


class Files:
    """The files of one account and region."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._kept = Resources(context, KIND, "File")

    def keep(self, kind: str, content: bytes) -> str:
        """Keep a file, and give its name: the same for the same content."""
        name = f"{hashlib.sha256(content).hexdigest()[:32]}.{_SUFFIXES[kind]}"
        if self._kept.get(name) is None:
            self._kept.add(name, None, {"base64": base64.b64encode(content).decode()}, {})
        return name

    def url(self, name: str | None) -> str | None:
        """Give a URL from which anyone can fetch a file now; None where there is no such file."""
        found = (
            None if name is None else content(self._context.connection, *self._context.here(), name)
        )
        if found is None or name is None or self._context.publish is None:
            return None
        return self._context.publish(name, found)


def content(connection: sqlite3.Connection, account: str, region: str, name: str) -> bytes | None:
    """Give the content of a file that is kept, None where there is no such file."""
    row = connection.execute(
        "SELECT doc FROM resources WHERE account = ? AND region = ? AND kind = ? AND id = ?",
        (account, region, KIND, name),
    ).fetchone()
    return None if row is None else base64.b64decode(json.loads(row["doc"])["base64"])


def definition(context: Context, files: Mapping[str, str], given: str | None) -> str | None:
    """Give a definition as answers have it: a URL to fetch it from, for the export DEFINITION.

    Without that, or where it could not be read, it is the URI that was given for it.
    """
    return _exported(context, files, DEFINITION) or given


def readme(context: Context, files: Mapping[str, str]) -> str | None:
    """Give a README as answers have it: a URL to fetch it from, for the export README alone."""
    return _exported(context, files, README)


def _exported(context: Context, files: Mapping[str, str], kind: str) -> str | None:
    if kind not in context.params.get("export", ()):
        return None
    return Files(context).url(files.get(kind))
