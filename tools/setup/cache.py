"""The cache of engines: each is whole or not there, whatever kills the set-up.

An engine is made in a temporary folder beside its place, under a lock, and
moved in by a rename. Its list of files, written last, tells a damaged one.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from common import CannotWorkError, file_digest, locked
from versions import Version, ask

FILES = (
    "pulumi",
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-language-yaml",
    "pulumi-resource-pulumi-python",
)
"""What an engine is made of that runs programs in Python and YAML, and dynamic providers."""

LIST = "engine.json"
"""The file in an engine's folder that says what it was made from, and its files."""


@dataclass(frozen=True)
class Entry:
    """One engine of the cache: where it belongs, and a digest of what it must be made from."""

    place: Path
    pins: str

    @property
    def bin(self) -> Path:
        """The folder to put on PATH."""
        return self.place / "bin"

    def damage(self, *, deep: bool) -> str | None:
        """Say what is wrong with the engine, or None. Looks at sizes, at every byte if `deep`."""
        try:
            listed = json.loads((self.place / LIST).read_text())
            pins, files = listed["pins"], listed["files"]
        except FileNotFoundError:
            return "not there"
        except (ValueError, KeyError, TypeError):
            return f"its {LIST} can't be read"
        if pins != self.pins:
            return "made from other pins"
        wrong = [name for name in FILES if not _is_listed(self.bin / name, files.get(name), deep)]
        return f"missing or damaged: {', '.join(wrong)}" if wrong else None

    def ensure(self, version: Version, build: Callable[[Path], None]) -> None:
        """Make the engine with `build`, unless another set-up did so a moment ago.

        `build` fills the folder `bin` of the folder that it is given.
        """
        with self.lock():
            if self.damage(deep=True) is None:
                return
            self._clear_leftovers()
            try:
                work = self._temporary()
                build(work)
                _try_out(work / "bin", version)
                self._move_in(work)
            finally:
                self._clear_leftovers()

    def lock(self) -> AbstractContextManager[None]:
        """Hold this engine between processes."""
        return locked(self.place.with_name(f"{self.place.name}.lock"))

    def _move_in(self, work: Path) -> None:
        files = {name: _facts(work / "bin" / name) for name in FILES}
        (work / LIST).write_text(json.dumps({"pins": self.pins, "files": files}, indent=1))
        if self.place.exists():
            self.place.rename(self._temporary() / "damaged")
        work.rename(self.place)

    def _temporary(self) -> Path:
        return Path(tempfile.mkdtemp(prefix=f".{self.place.name}.", dir=self.place.parent))

    def _clear_leftovers(self) -> None:
        for left in self.place.parent.glob(f".{self.place.name}.*"):
            shutil.rmtree(left, ignore_errors=True)


def _try_out(folder: Path, version: Version) -> None:
    lacking = [name for name in FILES if not os.access(folder / name, os.X_OK)]
    if lacking:
        raise CannotWorkError(f"it gave no {', '.join(lacking)}")
    if ask(folder / "pulumi") != version:
        raise CannotWorkError(f"what it gave is not pulumi {version}")


def _facts(path: Path) -> dict[str, int | str]:
    return {"size": path.stat().st_size, "sha256": file_digest(path)}


def _is_listed(path: Path, facts: Mapping[str, int | str] | None, deep: bool) -> bool:
    if facts is None or not path.is_file() or path.stat().st_size != facts["size"]:
        return False
    return not deep or file_digest(path) == facts["sha256"]
