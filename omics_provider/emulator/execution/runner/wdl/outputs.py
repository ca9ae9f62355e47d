"""Outputs of a workflow, as its folder holds them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

import WDL

from omics_provider.emulator.execution.runner.job import Job
from omics_provider.emulator.world.folder import replaced

# By this file miniwdl marks each folder among the outputs, for readers that know no types.
_MARK: Final = ".WDL_Directory"


def kept(
    job: Job, workflow: WDL.Tree.Workflow, outputs: WDL.Env.Bindings[WDL.Value.Base]
) -> dict[str, Any]:
    """Give the outputs as the service lists them, paths below the job's folder, and list them."""
    for mark in (job.folder / "out").rglob(_MARK):
        mark.unlink()
        for link in filter(Path.is_symlink, mark.parent.iterdir()):
            _spread(link)
    said: dict[str, Any] = _below(WDL.values_to_json(outputs, workflow.name), f"{job.folder}/")
    with replaced(job.logs / "outputs.json") as new:
        new.write_text(json.dumps(said, indent=2))
    return said


def _spread(link: Path) -> None:
    """Put a folder with a link for each file in the place of a link to a folder."""
    source = link.resolve()
    link.unlink()
    for at, _, names in os.walk(source):
        place = link / Path(at).relative_to(source)
        place.mkdir()
        for name in names:
            (place / name).symlink_to(Path(at, name).resolve())


def _below(value: Any, folder: str) -> Any:
    if isinstance(value, str):
        return value.removeprefix(folder)
    if isinstance(value, list):
        return [_below(each, folder) for each in value]
    if isinstance(value, dict):
        return {name: _below(each, folder) for name, each in value.items()}
    return value
