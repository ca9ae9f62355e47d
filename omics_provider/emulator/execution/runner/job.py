"""A job: one run to execute, as its folder says it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .outcome import SERVICE_ERROR, Failure

TOOLS: Final = ("auto", "bubblewrap", "podman", "docker")


@dataclass(frozen=True)
class Job:
    """What to execute, and what with.

    `inputs` has absolute paths where the workflow takes files. `images` leads from the name that a
    task gives its image, or `*`, to a folder with a root file system or to a local image.
    """

    folder: Path
    name: str
    engine: str
    main: str
    inputs: Mapping[str, Any]
    images: Mapping[str, str]
    tool: str = "auto"
    cache: Path | None = None
    cpus: int | None = None
    memory_gib: float | None = None

    @property
    def definition(self) -> Path:
        """The folder with the workflow's files."""
        return self.folder / "definition"

    @property
    def logs(self) -> Path:
        """The folder of the run's logs."""
        return self.folder / "logs"


def read(folder: Path) -> Job:
    """Read job.json of a folder."""
    path = folder / "job.json"
    try:
        said = json.loads(path.read_text())
        job = Job(
            folder=folder,
            name=said["name"],
            engine=said["engine"],
            main=said["main"],
            inputs=said.get("inputs") or {},
            images=said.get("images") or {},
            tool=said.get("tool") or "auto",
            cache=Path(said["cache"]) if said.get("cache") else None,
            cpus=said.get("cpus"),
            memory_gib=said.get("memoryGiB"),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise Failure(SERVICE_ERROR, f"{path} can't be read as a job: {reason}.") from error
    if job.tool not in TOOLS:
        raise Failure(
            SERVICE_ERROR, f"The container tool is one of {', '.join(TOOLS)}, not {job.tool!r}."
        )
    return job
