"""Where the emulator's file of the endpoint `local` is: the same for a program and its plugin.

Both are started in the folder of the program, which `main:` may put below the project's. Commands
are started anywhere in the project.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from omics_provider.base.settings import Settings

#: The names that the engine knows (pulumi/sdk: workspace.ProjectFile and its extensions).
PROJECT_FILES: Final = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")


def file(settings: Settings) -> Path:
    """Return the emulator's file; a relative one is below the project's folder."""
    return project_folder(Path.cwd()) / settings.local_state


def project_folder(start: Path) -> Path:
    """Return the nearest folder, from `start` upwards, that has a Pulumi.yaml; else `start`."""
    folders = (start, *start.parents)
    return next((each for each in folders if _is_project(each)), start)


def _is_project(folder: Path) -> bool:
    return any((folder / name).is_file() for name in PROJECT_FILES)
