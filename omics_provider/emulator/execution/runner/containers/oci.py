"""Containers by podman or docker: the command that starts one on an image that is here already."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from omics_provider.emulator.execution.runner.outcome import CANNOT_START_CONTAINER, Failure

from .images import Image

#: Exit codes by which podman and docker tell that they could not start the container. The task's
#: own may be the last two: then the tool has written nothing.
CANNOT_START: Final = (125, 126, 127)
_LIMIT: Final = 30.0
_STARTED: Final = "containers"


def invocation(
    tool: str,
    image: Image,
    name: str,
    mounts: Iterable[tuple[str, str, bool]],
    directory: str,
    command: Sequence[str],
    cpus: int,
    memory: int,
) -> list[str]:
    """Give the command line. `mounts` are places inside, paths outside, and whether to write."""
    started = [tool, "run", "--rm", "--name", name, "--network", "none", "--workdir", directory]
    started += ["--cpus", str(cpus), "--memory", str(memory), "--entrypoint", command[0]]
    if Path(tool).name == "docker" and os.geteuid() != 0:
        started += ["--user", f"{os.geteuid()}:{os.getegid()}"]
    for inside, outside, writable in mounts:
        if ":" in inside + outside:
            raise Failure(
                CANNOT_START_CONTAINER,
                f"{Path(tool).name} can't take a file with a colon in its path: {outside}.",
            )
        started += ["--volume", f"{outside}:{inside}{'' if writable else ':ro'}"]
    return [*started, *_base(tool, image), *command[1:]]


def _base(tool: str, image: Image) -> list[str]:
    if image.folder is None:
        return ["--pull", "never", str(image.local)]
    if Path(tool).name == "docker":
        raise Failure(
            CANNOT_START_CONTAINER,
            f"docker can't start a container on a folder ({image.folder}). Make an image of it:"
            f" tar -C {shlex.quote(str(image.folder))} -c . | docker import - NAME, and map"
            f" {image.name} to NAME.",
        )
    return ["--read-only", "--rootfs", str(image.folder)]


def main_process(tool: str, name: str) -> int | None:
    """Give the first process of a container that runs, where this machine can see it."""
    asked = [tool, "inspect", "--format", "{{.State.Pid}}", name]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=_LIMIT, check=False)  # noqa: S603
    said = done.stdout.strip()
    return int(said) if done.returncode == 0 and said.isdigit() and said != "0" else None


def remove(tool: str, name: str) -> None:
    """End a container at once, if it is there. `rm` alone would ask its processes first."""
    for verb in (["kill"], ["rm", "--force"]):
        subprocess.run([tool, *verb, name], capture_output=True, timeout=_LIMIT, check=False)  # noqa: S603


def note(job: Path, tool: str, name: str) -> None:
    """Write into the job's folder that a container is started, for when the job is killed."""
    with (job / _STARTED).open("a") as file:
        file.write(f"{name} {tool}\n")


def remove_left(job: Path) -> None:
    """End the containers of a job that was killed. bubblewrap leaves none."""
    if (job / _STARTED).is_file():
        for line in (job / _STARTED).read_text().splitlines():
            name, tool = line.split(" ", 1)
            remove(tool, name)
