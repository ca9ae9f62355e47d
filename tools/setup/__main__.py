"""Set up the project: virtual environment and Pulumi engine. Run by tools/bootstrap.

The stamp in the virtual environment says what the last finished set-up was
made from. It is written last; while it holds, there is nothing to do.
"""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import go_build
import python_env
from cache import Entry
from common import SetupError, digest, locked, say, write_whole
from engine import Engine, find_engine, ways
from places import Project, cache_root, search_path


def main() -> int:
    """Set up the clone that this file is in; give the exit code."""
    project = Project(Path(__file__).resolve().parents[2])
    try:
        if not _is_done(project):
            with locked(project.setup_lock):
                if not _is_done(project):
                    _set_up(project)
    except (SetupError, OSError) as error:
        say(f"failed: {error}")
        return 1
    return 0


def _set_up(project: Project) -> None:
    """Make the virtual environment and find the engine, side by side.

    Python waits mostly for the network, and the engine's build needs the
    cores. If Python fails, that is told at once; an engine that is being
    built is finished all the same, and the next set-up finds it.
    """
    python = python_facts(project)
    with ThreadPoolExecutor(1) as beside:
        made = beside.submit(_ensure_python, project, python)
        try:
            engine = find_engine(ways(project, os.environ, made.result))
        finally:
            made.result()
    _link(project, engine)
    new = {"python": python, "engine": engine_facts(project, os.environ, engine.entry)}
    write_whole(project.stamp, json.dumps(new, indent=1))
    say(f"done: {project.venv}, {engine.program}")


def _ensure_python(project: Project, facts: dict[str, str]) -> None:
    old = _read_stamp(project)
    if old.get("python") == facts:
        return
    project.stamp.unlink(missing_ok=True)
    fresh = not project.python.exists() or old.get("python", {}).get("at") != facts["at"]
    try:
        python_env.ensure(project, fresh=fresh)
    except (SetupError, OSError):
        say("python: failed. The reason comes when the engine is done")
        raise


def python_facts(project: Project) -> dict[str, str]:
    """Give what decides the virtual environment: where it is, and what is declared and locked."""
    declared = [project.lock_file.read_bytes(), (project.root / "pyproject.toml").read_bytes()]
    return {"at": str(project.root), "lock": digest(declared)}


def engine_facts(
    project: Project, environ: Mapping[str, str], entry: Entry | None
) -> dict[str, Any]:
    """Give what decides the engine: its pin, what PATH has, and the cached one that is used."""
    program = shutil.which("pulumi", path=search_path(environ, cache_root(environ)))
    seen = Path(program).stat() if program else None
    return {
        "pinned": go_build.pins(project),
        "on_path": [program, seen.st_size, seen.st_mtime_ns] if seen else None,
        "cached": [str(entry.place), entry.pins] if entry else None,
    }


def _is_done(project: Project) -> bool:
    stamp = _read_stamp(project)
    cached = stamp.get("engine", {}).get("cached")
    entry = Entry(Path(cached[0]), cached[1]) if cached else None
    return (
        project.python.exists()
        and stamp
        == {
            "python": python_facts(project),
            "engine": engine_facts(project, os.environ, entry),
        }
        and (entry is None or entry.damage(deep=False) is None)
    )


def _read_stamp(project: Project) -> dict[str, Any]:
    try:
        stamp = json.loads(project.stamp.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _link(project: Project, engine: Engine) -> None:
    """Point .venv/engine at the cached engine; remove it if the engine is on PATH without us."""
    project.engine_link.unlink(missing_ok=True)
    if engine.entry is not None:
        project.engine_link.symlink_to(engine.entry.bin)


if __name__ == "__main__":
    sys.exit(main())
