"""The Pulumi project that a command is run in, and what its files say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # comes with pulumi

from omics_provider.base.errors import SettingsError
from omics_provider.service import local_state


@dataclass(frozen=True, slots=True)
class Project:
    """The Pulumi project around a folder; without one, the folder itself."""

    folder: Path
    settings: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name, empty without a project."""
        return str(self.settings.get("name") or "")

    @property
    def program(self) -> Path:
        """The folder of the program."""
        return self.folder / str(self.settings.get("main") or ".")

    @property
    def options(self) -> Mapping[str, Any]:
        """The options of the runtime."""
        runtime = self.settings.get("runtime")
        options = runtime.get("options") if isinstance(runtime, dict) else None
        return options if isinstance(options, dict) else {}

    def stack_files(self, stack: str | None) -> list[Path]:
        """Return the file of the stack, or of all stacks."""
        where = self.settings.get("stackConfigDir") or self.settings.get("config") or "."
        name = f"Pulumi.{stack.rpartition('/')[2]}.yaml" if stack else "Pulumi.*.yaml"
        return sorted((self.folder / str(where)).glob(name))

    def config(self, stack: str) -> dict[str, str]:
        """Return the stack's configuration without its secrets.

        Raises SettingsError where the stack has no file.
        """
        files = self.stack_files(stack)
        if not files:
            raise SettingsError(
                "Configuration",
                f"there is no Pulumi.{stack.rpartition('/')[2]}.yaml for {self.folder}",
                advice="Run it in the folder of the stack's Pulumi.yaml, or leave --stack out.",
            )
        found = read_yaml(files[0]).get("config") or {}
        return {
            str(key): str(value).lower() if isinstance(value, bool) else str(value)
            for key, value in found.items()
            if isinstance(value, str | int | float)
        }


def find_project(start: Path) -> Project:
    """Find the Pulumi project that a folder is in.

    Raises SettingsError for a Pulumi.yaml that is none.
    """
    folder = local_state.project_folder(start)
    files = (folder / name for name in local_state.PROJECT_FILES)
    file = next((each for each in files if each.is_file()), None)
    return Project(folder, read_yaml(file) if file else {})


def read_yaml(file: Path) -> dict[str, Any]:
    """Return what a file of the project says; empty where that is no mapping.

    Raises SettingsError for a file that is no YAML.
    """
    try:
        found = yaml.safe_load(file.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(
            "Configuration", f"{file} is no YAML", advice="Correct it; `pulumi config` fails too."
        ) from error
    return found if isinstance(found, dict) else {}
