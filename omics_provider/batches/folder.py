"""The folder of a batch resource on this machine: rows and indexes, each under its digest.

The program writes the rows before it declares the resource; the plugin reads them. So 100,000 rows
never cross Pulumi's wire, and nothing of them is in the state.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Final

from omics_provider.base import errors

from .rules import rows as batch_rows

#: Below the project's folder, beside the emulator's file.
_ROOT: Final = Path(".omics") / "batches"
#: Files of a kind that are kept: those of the last changes.
_KEPT: Final = 6
_ROWS, _INDEX = ".rows.json", ".index.json"


def folder_of(stack: str, name: str) -> Path:
    """Return the folder of the resource `name` of `stack`, relative to the project where it is."""
    return _ROOT / _plain(stack) / _plain(name)


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", text)[:100].lstrip(".") or "_"


class Folder:
    """Files under their own digests."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep_rows(self, sha256: str, content: bytes) -> None:
        """Write the rows, unless they are there."""
        self._keep(sha256 + _ROWS, content)

    def rows(self, sha256: str) -> bytes:
        """Return the rows that the program has written.

        Raises OmicsError where the file is not there, or is not what the digest says.
        """
        path = self._path / (sha256 + _ROWS)
        content = _read(path)
        if content is None or batch_rows.digest(content) != sha256:
            state = "is not there" if content is None else "has other bytes than the program wrote"
            raise errors.OmicsError(
                "Reading the samples",
                f"{path} {state}",
                advice="The program writes this file. Run the command again, with the program. "
                "Nothing was started.",
            )
        return content

    def keep_index(self, sha256: str, content: bytes) -> None:
        """Write an index."""
        self._keep(sha256 + _INDEX, content)

    def index(self, sha256: str) -> bytes | None:
        """Return an index, None where it is not here, or is not what its name says."""
        content = _read(self._path / (sha256 + _INDEX))
        return content if content and batch_rows.digest(content) == sha256 else None

    def _keep(self, name: str, content: bytes) -> None:
        path = self._path / name
        self._path.mkdir(parents=True, exist_ok=True)
        if _read(path) == content:
            os.utime(path)
        else:
            _write(path, content)
        self._forget_old(path.name.partition(".")[2])

    def _forget_old(self, kind: str) -> None:
        files = sorted(self._path.glob(f"*.{kind}"), key=_age)
        for path in files[_KEPT:]:
            path.unlink(missing_ok=True)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _write(path: Path, content: bytes) -> None:
    """Write all or nothing: two programs may write the same file at once."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
