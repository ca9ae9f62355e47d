"""The call cache: outputs of tasks, kept for runs to come.

An entry is found by a task's name, its source, which names the image, and its inputs, files by
their content. It is a folder with copies of the output files, so it outlives the run that made it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

import WDL
from WDL._util import StructuredLogMessage as Told
from WDL.runtime import config
from WDL.runtime.cache import CallCache, CallCacheAddPaths

from .desk import Desk

_SHORT: Final = 32


class TaskCache(CallCache):
    """miniwdl's cache, with entries of tasks alone. Without a folder it keeps nothing."""

    def __init__(self, cfg: config.Loader, logger: logging.Logger, desk: Desk) -> None:
        super().__init__(cfg, logger)
        self._desk = desk
        self._folder = desk.job.cache

    def get(
        self,
        key: str,
        inputs: WDL.Env.Bindings[WDL.Value.Base],
        output_types: WDL.Env.Bindings[WDL.Type.Base],
    ) -> WDL.Env.Bindings[WDL.Value.Base] | None:
        """Find the outputs of the task that this thread is at."""
        task = self._desk.task
        if task is None or self._folder is None:
            return None
        entry = self._entry(self._folder, key, inputs)
        try:
            kept = json.loads((entry / "entry.json").read_text())
        except FileNotFoundError:
            return None
        found = WDL.values_from_json(kept["outputs"], output_types)
        task.cached = True
        task.cpus, task.memory_gib, task.image = kept["cpus"], kept["memoryGiB"], kept["image"]
        self._logger.info(Told("call cache hit", entry=str(entry)))
        return WDL.Value.rewrite_env_paths(found, lambda file: str(entry / file.value))

    def put(
        self,
        key: str,
        outputs: WDL.Env.Bindings[WDL.Value.Base],
        run_dir: str | None = None,  # noqa: ARG002  # the base has it
        *,
        inputs: WDL.Env.Bindings[WDL.Value.Base],
        add_paths: CallCacheAddPaths,
    ) -> None:
        """Keep the outputs of the task that this thread is at."""
        self._entry_add_paths[key] = add_paths.copy()
        task = self._desk.task
        if task is None or self._folder is None:
            return
        entry = self._entry(self._folder, key, inputs)
        entry.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=entry.parent, prefix=".new-") as made:
            new = Path(made) / "entry"
            new.mkdir()
            copies = WDL.Value.rewrite_env_paths(outputs, lambda file: _copied(file, new))
            said = {
                "outputs": WDL.values_to_json(copies),
                "cpus": task.cpus,
                "memoryGiB": task.memory_gib,
                "image": task.image,
            }
            (new / "entry.json").write_text(json.dumps(said, indent=2))
            try:
                os.rename(new, entry)
            except OSError:  # another run has kept the same meanwhile
                if not entry.is_dir():
                    raise

    def _entry(self, folder: Path, key: str, inputs: WDL.Env.Bindings[WDL.Value.Base]) -> Path:
        name, digest, _ = key.split("/")
        known = WDL.values_to_json(WDL.Value.rewrite_env_paths(inputs, _identity))
        text = json.dumps([digest, known], sort_keys=True)
        return folder / name / hashlib.sha256(text.encode()).hexdigest()[:_SHORT]


def _identity(file: Any) -> str:
    """Give the name and the digest of a file, or of all files of a folder."""
    path = Path(file.value)
    if path.is_file():
        return f"{path.name} {_digest(path)}"
    parts = sorted(part for part in path.rglob("*") if part.is_file())
    listed = [f"{part.relative_to(path)} {_digest(part)}" for part in parts]
    return f"{path.name}/ {hashlib.sha256(json.dumps(listed).encode()).hexdigest()}"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copied(file: Any, entry: Path) -> str:
    """Copy an output into an entry; give its path there."""
    source = Path(file.value)
    number = sum(1 for _ in entry.iterdir())
    copy = Path(str(number)) / source.name
    (entry / str(number)).mkdir()
    if source.is_dir():
        shutil.copytree(source, entry / copy)
    else:
        shutil.copyfile(source, entry / copy)
    return str(copy)
