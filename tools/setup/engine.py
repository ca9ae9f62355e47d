"""The Pulumi engine: the ways to one, tried in order, each with a line that says why.

1. a `pulumi` on PATH that is new enough and can run programs in Python and YAML;
2. Pulumi's own installer, at the pinned version;
3. a build of the pinned version with Go, from the Go module proxy.

What 2 and 3 make is cached per version and kind, for every clone on the
machine, and found there before either is tried again.
"""

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import go_build
from cache import FILES, Entry
from common import CannotWorkError, SetupError, digest, run, say
from places import Project, cache_root, search_path
from versions import Version, ask

INSTALLER = "https://get.pulumi.com/install.sh"
PROBE_LIMIT = 12.0
"""Seconds for a first byte of the installer, a slow name look-up included."""
INSTALL_LIMIT = 600.0


@dataclass(frozen=True)
class Engine:
    """An engine that works.

    `program` is the pulumi itself; `entry` is its place in the cache, None
    for one that is on PATH without us.
    """

    program: Path
    entry: Entry | None


@dataclass(frozen=True)
class Found:
    """A `pulumi` on PATH: where, what it says it is, and which helpers it lacks."""

    program: Path
    version: Version | None
    lacks: tuple[str, ...]


Way = tuple[str, Callable[[], Engine]]


def find_engine(ways: Sequence[Way]) -> Engine:
    """Give the first engine that a way leads to; say why for each way that leads nowhere."""
    tried = []
    for name, way in ways:
        try:
            return way()
        except CannotWorkError as reason:
            tried.append(f"{name}: {reason}")
            say(f"engine: not from {name}: {reason}")
    raise SetupError(
        "no Pulumi engine. Tried:\n  - "
        + "\n  - ".join(tried)
        + "\nInstall Pulumi (https://www.pulumi.com/docs/install/) or Go (https://go.dev/dl/), "
        "new enough by the lines above, and run this again."
    )


def ways(project: Project, environ: Mapping[str, str], python: Callable[[], None]) -> list[Way]:
    """Give the ways to an engine, in their order. What is cached comes before what takes time.

    `python` returns when the virtual environment is made, and raises if it can't be.
    """
    version, root = project.pulumi_version, cache_root(environ)
    official, built = cached(project, environ)
    return [
        ("PATH", lambda: from_path(version, search_path(environ, root))),
        ("the cache", lambda: from_cache((official, built))),
        ("Pulumi's installer", lambda: from_installer(project, official, python)),
        ("a build with Go", lambda: from_go(project, built, environ)),
    ]


def cached(project: Project, environ: Mapping[str, str]) -> tuple[Entry, Entry]:
    """Give the cache's entries for the pinned engine: the installer's, and the one that Go builds.

    A build's place tells its pins, so that clones with other pins leave each other's in peace.
    """
    version, root, pins = project.pulumi_version, cache_root(environ), go_build.pins(project)
    official = Entry(root / f"{version}-official", digest([str(version).encode()]))
    return official, Entry(root / f"{version}-go-{pins[:8]}", pins)


def from_path(oldest: Version, path: str) -> Engine:
    """Use the `pulumi` on `path` if it is `oldest` or newer, and whole."""
    program = shutil.which("pulumi", path=path)
    if program is None:
        raise CannotWorkError("no pulumi there")
    found = look_at(Path(program), path)
    reason = why_not(found, oldest)
    if reason:
        raise CannotWorkError(reason)
    say(f"engine: {program}, version {found.version}: it is on PATH and new enough")
    return Engine(found.program, None)


def look_at(program: Path, path: str) -> Found:
    """Ask a pulumi for its version, and look for its helpers on `path` and beside it."""
    beside = Path(os.path.realpath(program)).parent
    lacks = tuple(n for n in FILES if not (shutil.which(n, path=path) or (beside / n).is_file()))
    return Found(program, ask(program), lacks)


def why_not(found: Found, oldest: Version) -> str | None:
    """Give the reason why a pulumi won't do, or None."""
    if found.version is None:
        return f"{found.program} does not say its version"
    if found.version < oldest:
        return f"{found.program} is {found.version}, older than {oldest}"
    if found.version.major != oldest.major:
        return f"{found.program} is {found.version}, and this project knows only {oldest.major}.x"
    if found.lacks:
        return f"{found.program} can't run every program: it lacks {', '.join(found.lacks)}"
    return None


def from_cache(entries: Sequence[Entry]) -> Engine:
    """Use the first cached engine of which every byte is as it was made."""
    reasons = []
    for entry in entries:
        damage = entry.damage(deep=True)
        if damage is None:
            say(f"engine: {entry.place}: made earlier on this machine, and whole")
            return Engine(entry.bin / "pulumi", entry)
        reasons.append(f"{entry.place.name} {damage}")
    raise CannotWorkError("; ".join(reasons))


def from_installer(project: Project, entry: Entry, python: Callable[[], None]) -> Engine:
    """Have Pulumi's own installer put the pinned version into the cache; it needs `python`."""
    version = project.pulumi_version
    here = Path(__file__).parent
    beside_venv = Path(sys.executable).resolve()
    run([beside_venv, here / "probe.py", INSTALLER], limit=PROBE_LIMIT)
    say(f"engine: installing pulumi {version} with Pulumi's own installer, as its site answers")
    python()

    def build(folder: Path) -> None:
        run([project.python, here / "official.py", folder, str(version)], limit=INSTALL_LIMIT)

    entry.ensure(version, build)
    return Engine(entry.bin / "pulumi", entry)


def from_go(project: Project, entry: Entry, environ: Mapping[str, str]) -> Engine:
    """Build the pinned version with Go into the cache."""
    env = go_build.ready(project, environ)
    say(
        f"engine: building pulumi {project.pulumi_version} with Go, as no other way "
        "works here: once per machine, some 5 minutes on two cores"
    )
    entry.ensure(project.pulumi_version, lambda folder: go_build.build(project, folder, env))
    return Engine(entry.bin / "pulumi", entry)
