"""The program sdkgen, which checks schemas and writes SDKs with Pulumi's own code.

Its source is in tools/engine/cli/cmd/sdkgen. It takes Go and is built only when asked for, once a
machine, into the cache beside the engines.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import go_build
from common import digest, locked, say
from places import Project, cache_root

SOURCE = "cmd/sdkgen"


def generator(project: Project, environ: Mapping[str, str]) -> Path:
    """Give the program sdkgen, built now if this machine has none of these sources and pins."""
    module = project.pins / "cli"
    source = (module / SOURCE / "main.go").read_bytes()
    made_from = digest([source, go_build.pins(project).encode()])
    place = cache_root(environ).parent / "sdkgen" / made_from[:16]
    with locked(place.with_name(f"{place.name}.lock")):
        if not place.exists():
            _build(project, place, environ)
    return place / "sdkgen"


def _build(project: Project, place: Path, environ: Mapping[str, str]) -> None:
    """Build into a temporary folder and move that in, so that no half of it is ever found."""
    env = go_build.ready(project, environ)
    say(f"languages: building {SOURCE} with Go, a minute or two if the engine was not built here")
    with tempfile.TemporaryDirectory(prefix=f".{place.name}.", dir=place.parent) as folder:
        work = Path(folder) / "work"
        work.mkdir()
        go_build.compile_into(work, project.pins / "cli", f"./{SOURCE}", env)
        work.rename(place)
