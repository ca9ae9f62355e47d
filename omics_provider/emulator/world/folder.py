"""Folders in the place of S3 and CloudWatch Logs: beside a state file, and for a user's buckets."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

#: Of larger files the ETag comes from size and time: reading them would take too long.
_MOST_HASHED: Final = 64 * 2**20
_S3: Final = "s3://"
_EMPTY: Final = "%"
_NEW: Final = ".new"


def beside(state: str) -> Path:
    """Give the folder of the files that belong to a state file."""
    return Path(f"{state}.files")


def parts(uri: str) -> tuple[str, str]:
    """Give bucket and key of an S3 URI, as they stand there."""
    bucket, _, key = uri.removeprefix(_S3).partition("/")
    return bucket, key


def place(uri: str) -> tuple[str, ...]:
    """Give the names of the folders and the file that an object is kept under."""
    bucket, key = parts(uri)
    return (_named(bucket), *map(_named, key.split("/")))


def etag(path: Path) -> str:
    """Give the ETag of a file: for small ones its MD5, as S3 does, without quotes."""
    found = path.stat()
    if found.st_size > _MOST_HASHED:
        text = f"{found.st_size}/{found.st_mtime_ns}"
        return f"{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}-1"
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def last_lines(path: Path, most: int) -> list[str]:
    """Give the lines at the end of a file that are not empty, of `most` bytes; there or not."""
    if not path.is_file():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - most))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return [line for line in lines if line.strip()]


class Buckets:
    """Folders of a user, each of which stands for a bucket."""

    def __init__(self, folders: Mapping[str, str]) -> None:
        self._folders = folders

    def root(self, bucket: str) -> Path | None:
        """Give the folder of a bucket."""
        folder = self._folders.get(bucket)
        return None if folder is None else Path(folder)

    def path(self, uri: str) -> Path | None:
        """Give the place of an object, None where no folder stands for its bucket.

        A key that would lead out of the folder leads nowhere.
        """
        bucket, key = parts(uri)
        root = self.root(bucket)
        if root is None:
            return None
        clean = key and not any(part in ("", ".", "..") for part in key.split("/"))
        return root / (key if clean else quote(key, safe="") or "_")


class Folder:
    """Objects and logs beside a state file. Every bucket is there."""

    def __init__(self, base: Path, buckets: Mapping[str, str] | None = None) -> None:
        self._base = base
        self.root = base / "s3"
        self._buckets = Buckets(buckets or {})

    def path(self, uri: str) -> Path:
        """Give the place of an object's file, there or not."""
        mapped = self._buckets.path(uri)
        if mapped is not None:
            return mapped
        return Path(self.root, *place(uri))

    def keys(self, bucket: str, prefix: str) -> Iterator[tuple[str, Path]]:
        """Give the objects that were written to a bucket, by key, in order."""
        mapped = self._buckets.root(bucket)
        root = self.root / _named(bucket) if mapped is None else mapped
        found = (
            path
            for path in root.rglob("*")
            if path.is_file() and not path.name.endswith(f"%{_NEW}")
        )
        named = {
            "/".join(map(_unnamed if mapped is None else str, path.relative_to(root).parts)): path
            for path in found
        }
        for key in sorted(named):
            if key.startswith(prefix):
                yield key, named[key]

    def has_bucket(self, _account: str, _region: str, _uri: str) -> bool:
        """Every bucket is there."""
        return True

    def read_object(self, _account: str, _region: str, uri: str) -> tuple[bytes, str] | None:
        """Give an object's content and ETag, or None where there is no such object."""
        path = self.path(uri)
        return (path.read_bytes(), f'"{etag(path)}"') if path.is_file() else None

    def write_object(self, _account: str, _region: str, uri: str, body: bytes) -> None:
        """Write an object."""
        with replaced(self.path(uri)) as path:
            path.write_bytes(body)

    def write_log(
        self, _account: str, _region: str, stream: str, lines: Sequence[tuple[float, str]]
    ) -> None:
        """Add lines to a log stream."""
        path = self._log(stream)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            for time, message in lines:
                entry = {"timestamp": int(time * 1000), "message": message}
                file.write(json.dumps(entry) + "\n")

    def read_log(self, stream: str) -> list[dict[str, Any]] | None:
        """Give the lines of a log stream, as GetLogEvents does; None where there is no stream."""
        path = self._log(stream)
        if not path.is_file():
            return None
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]

    def send_event(
        self, account: str, region: str, kind: str, time: float, detail: Mapping[str, Any]
    ) -> None:
        """Nobody listens to events here."""

    def _log(self, stream: str) -> Path:
        return self._base / "logs" / f"{quote(stream, safe='')}.jsonl"


def _named(part: str) -> str:
    """Give a part of a key as the name of a file or folder, which it always can be."""
    if part.strip("."):
        return quote(part, safe=" !$&'()+,;=@[]")
    return part.replace(".", "%2E") or _EMPTY


def _unnamed(name: str) -> str:
    return "" if name == _EMPTY else unquote(name)


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give a place for new content; at the end it takes the place of the file at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{uuid.uuid4().hex}%{_NEW}")
    try:
        yield new
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def linked(source: Path, target: Path) -> None:
    """Put a file at a place without a copy where that can be, else as a copy."""
    with replaced(target) as new:
        try:
            os.link(source, new)
        except OSError:
            shutil.copyfile(source, new)
