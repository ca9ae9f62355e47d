"""Where the set-up reads and writes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from versions import Version, required

PULUMI_MODULE = "github.com/pulumi/pulumi/pkg/v3"


@dataclass(frozen=True)
class Project:
    """One clone of the project."""

    root: Path

    @property
    def venv(self) -> Path:
        """The virtual environment."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The virtual environment's interpreter."""
        return self.venv / "bin" / "python"

    @property
    def lock_file(self) -> Path:
        """Every Python dependency, pinned and hashed."""
        return self.root / "requirements.lock"

    @property
    def engine_link(self) -> Path:
        """The folder that tools/env puts on PATH: a link to the cached engine, if that is used."""
        return self.venv / "engine"

    @property
    def stamp(self) -> Path:
        """What the last finished set-up was made from. Gone with the virtual environment."""
        return self.venv / "setup.json"

    @property
    def setup_lock(self) -> Path:
        """The lock between set-ups of this clone."""
        return self.root / ".cache" / "setup.lock"

    @property
    def pins(self) -> Path:
        """The folder of the go.mod files that pin the engine."""
        return self.root / "tools" / "engine"

    @property
    def pulumi_version(self) -> Version:
        """The pinned Pulumi, tested with this project; an older one is not used."""
        return required((self.pins / "cli" / "go.mod").read_text(), PULUMI_MODULE)

    @property
    def go_version(self) -> Version:
        """The oldest Go that builds the pinned Pulumi."""
        return required((self.pins / "cli" / "go.mod").read_text(), "go")


def cache_root(environ: Mapping[str, str]) -> Path:
    """Give the folder for engines, shared by all clones of one user on one machine.

    The XDG rule: a relative XDG_CACHE_HOME is ignored.
    """
    base = Path(environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        base = Path(environ.get("HOME") or Path.home()) / ".cache"
    return base / "omics-provider" / "engine"


def search_path(environ: Mapping[str, str], cache: Path) -> str:
    """Give PATH without the folders of our own cached engines, which `. tools/env` put there."""
    own = os.path.realpath(cache)
    entries = environ.get("PATH", os.defpath).split(os.pathsep)
    foreign = [e for e in entries if e and os.path.commonpath([own, os.path.realpath(e)]) != own]
    return os.pathsep.join(foreign)
