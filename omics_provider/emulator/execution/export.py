"""What a run leaves in S3: below runOutputUri, `out/`, `logs/outputs.json`, `logs/engine.log`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .depot import Objects
from .runner.outcome import Failure


def logs(objects: Objects, base: str, folder: Path) -> None:
    """Write the engine's log, where there is one."""
    _hold_bucket(objects, base)
    path = folder / "logs" / "engine.log"
    if path.is_file():
        objects.put(f"{base}/logs/engine.log", path)


def outputs(objects: Objects, base: str, folder: Path, is_ours: Callable[[Path], bool]) -> None:
    """Write the output files, and their list with the URIs that they have now.

    A task may make a link to any file, so only those that are the run's own are handed out.
    """
    for path in sorted((folder / "out").rglob("*")):
        if path.is_dir():
            continue
        file = path.resolve()
        name = path.relative_to(folder).as_posix()
        if not file.is_file() or not is_ours(file):
            raise Failure("EXPORT_FAILED", f"The output {name} is a link to no file of the run.")
        objects.put(f"{base}/{name}", file)
    found = folder / "logs" / "outputs.json"
    if found.is_file():
        listed = _with_uris(json.loads(found.read_bytes()), base, folder)
        written = folder / "outputs.json"
        written.write_text(json.dumps(listed, indent=2), "utf-8")
        objects.put(f"{base}/logs/outputs.json", written)


def _with_uris(value: Any, base: str, folder: Path) -> Any:
    if isinstance(value, dict):
        return {name: _with_uris(each, base, folder) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_uris(each, base, folder) for each in value]
    if isinstance(value, str) and value.startswith("out/") and (folder / value).exists():
        return f"{base}/{value}"
    return value


def _hold_bucket(objects: Objects, base: str) -> None:
    if not objects.has_bucket(base):
        raise Failure("EXPORT_FAILED", f"The bucket of {base} is not there.")
