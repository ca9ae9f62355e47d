"""Where the files of executed runs are on this machine, and how they get to S3 and back."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omics_provider.emulator.world import folder
from omics_provider.emulator.world.surroundings import Surroundings

#: The time of inputs that were fetched: a call cache takes no newer file for the one it knows.
_LONG_AGO: Final = 946_684_800
_GIB: Final = 2**30


@dataclass(frozen=True)
class Fetched:
    """An input on this machine, with the ETag of its object."""

    path: Path
    etag: str


class Depot:
    """The folder of one state file: work folders, fetched inputs, call caches."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._lock = threading.Lock()

    def work(self, run_uuid: str) -> Path:
        """Give the work folder of a run."""
        return self._base / "work" / run_uuid

    def cache(self, uuid: str) -> Path:
        """Give the folder of a run cache."""
        path = self._base / "caches" / uuid
        path.mkdir(parents=True, exist_ok=True)
        return path

    def cache_of_run(self, uuid: str, folder: Path) -> Path:
        """Give a copy of a run cache for one run, whose entries are not the cache's yet."""
        copy = folder / "cache"
        shutil.copytree(self.cache(uuid), copy, copy_function=os.link)
        return copy

    def keep_cached(self, uuid: str, folder: Path) -> None:
        """Let the run cache have the entries that a run added to its copy."""
        cache, copy = self.cache(uuid), folder / "cache"
        for entry in copy.glob("*/*"):
            kept = cache / entry.relative_to(copy)
            if entry.is_dir() and not kept.exists():
                kept.parent.mkdir(exist_ok=True)
                entry.rename(kept)

    def gib(self) -> float:
        """Give how much is in the folders. Objects and logs beside a state file do not count."""
        return sum(map(gib_in, self._parts()))

    def forget_inputs(self) -> None:
        """Remove the inputs that were fetched: the next run fetches them again."""
        shutil.rmtree(self._base / "inputs", ignore_errors=True)

    def forget_caches(self, kept: set[str]) -> None:
        """Remove the folders of run caches that are gone."""
        for path in (self._base / "caches").glob("*"):
            if path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)

    def keep_input(self, uri: str, body: bytes, etag: str) -> Path:
        """Keep an object's content, at the same place each time.

        Objects of one folder stay beside one another. One that has changed since it was fetched
        gets a place of its own: a run may read the earlier one.
        """
        place = Path(*folder.place(uri))
        path = self._base / "inputs" / "first" / place
        mark = self._base / "inputs" / "etags" / hashlib.sha256(uri.encode()).hexdigest()
        with self._lock:
            if path.exists() and mark.read_text("utf-8") != etag:
                path = self._base / "inputs" / etag / place
            else:
                mark.parent.mkdir(parents=True, exist_ok=True)
                mark.write_text(etag, "utf-8")
            if not path.exists():
                with folder.replaced(path) as new:
                    new.write_bytes(body)
                    os.utime(new, (_LONG_AGO, _LONG_AGO))
        return path

    def holds(self, path: Path) -> bool:
        """Say whether a file is one of these folders'."""
        return any(path.is_relative_to(each.resolve()) for each in self._parts())

    def _parts(self) -> Iterator[Path]:
        for name in ("work", "inputs", "caches"):
            yield self._base / name


class Objects:
    """S3 as a run's files see it: folders that stand for buckets, then S3 itself."""

    def __init__(
        self,
        depot: Depot,
        surroundings: Surroundings,
        here: tuple[str, str],
        buckets: Mapping[str, str],
    ) -> None:
        self._depot = depot
        self._surroundings = surroundings
        self._here = here
        self._buckets = folder.Buckets(buckets)

    def fetch(self, uri: str) -> Fetched | None:
        """Bring an object to this machine, None where there is no such object."""
        path = self._buckets.path(uri)
        if path is None and isinstance(self._surroundings, folder.Folder):
            path = self._surroundings.path(uri)
        if path is not None:
            return Fetched(path, folder.etag(path)) if path.is_file() else None
        found = self._surroundings.read_object(*self._here, uri)
        if found is None:
            return None
        etag = found[1].strip('"')
        return Fetched(self._depot.keep_input(uri, found[0], etag), etag)

    def has_bucket(self, uri: str) -> bool:
        """Say whether an object could be written there."""
        mapped = self._buckets.path(uri) is not None
        return mapped or self._surroundings.has_bucket(*self._here, uri)

    def put(self, uri: str, path: Path) -> None:
        """Write a file as an object: to the folder that stands for its bucket, and to S3."""
        mapped = self._buckets.path(uri)
        if mapped is not None:
            with folder.replaced(mapped) as new:
                shutil.copyfile(path, new)
        elif isinstance(self._surroundings, folder.Folder):
            folder.linked(path, self._surroundings.path(uri))
            return
        if not isinstance(self._surroundings, folder.Folder):
            self._surroundings.write_object(*self._here, uri, path.read_bytes())


def gib_in(path: Path) -> float:
    """Give how much the files of a folder take up."""
    total = 0
    for place, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_blocks * 512
            except FileNotFoundError:
                continue
    return total / _GIB
