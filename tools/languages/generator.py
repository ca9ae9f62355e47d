"""What `make languages` builds with Go: the program sdkgen, and the hosts of TypeScript and Go.

sdkgen checks schemas and writes SDKs with Pulumi's own code; its source is in
tools/engine/cli/cmd/sdkgen. A host runs programs of its language for the engine;
tools/engine/languages pins a module of Pulumi's that still holds both. Each is built only when
asked for, once a machine, into the cache beside the engines.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import go_build
from common import digest, locked, say
from places import Project, cache_root

SOURCE = "cmd/sdkgen"
HOSTS = (
    f"{go_build.SDK}/nodejs/cmd/pulumi-language-nodejs",
    f"{go_build.SDK}/go/pulumi-language-go",
)


def generator(project: Project, environ: Mapping[str, str]) -> Path:
    """Give the program sdkgen, built now if this machine has none of these sources and pins."""
    module = project.pins / "cli"
    source = (module / SOURCE / "main.go").read_bytes()
    made_from = digest([source, go_build.pins(project).encode()])
    place = cache_root(environ).parent / "sdkgen" / made_from[:16]
    return _built(project, place, module, (f"./{SOURCE}",), environ) / "sdkgen"


def hosts(project: Project, environ: Mapping[str, str]) -> Path:
    """Give the folder of the two hosts, built now if this machine has none of these pins."""
    module = project.pins / "languages"
    pins = [(module / name).read_bytes() for name in ("go.mod", "go.sum")]
    made_from = digest(pins + [flag.encode() for flag in go_build.FLAGS])
    place = cache_root(environ).parent / "hosts" / made_from[:16]
    return _built(project, place, module, HOSTS, environ)


def _built(
    project: Project,
    place: Path,
    module: Path,
    packages: tuple[str, ...],
    environ: Mapping[str, str],
) -> Path:
    """Give the folder of the built packages, which is whole or not there."""
    with locked(place.with_name(f"{place.name}.lock")):
        if not place.exists():
            _build(project, place, module, packages, environ)
    return place


def _build(
    project: Project,
    place: Path,
    module: Path,
    packages: tuple[str, ...],
    environ: Mapping[str, str],
) -> None:
    """Build into a temporary folder and move that in, so that no half of it is ever found."""
    env = go_build.ready(project, environ)
    names = " and ".join(package.rpartition("/")[2] for package in packages)
    say(f"languages: building {names} with Go, a minute or two if the engine was not built here")
    with tempfile.TemporaryDirectory(prefix=f".{place.name}.", dir=place.parent) as folder:
        work = Path(folder) / "work"
        work.mkdir()
        for package in packages:
            go_build.compile_into(work, module, package, env)
        work.rename(place)
