"""The Pulumi project that a command is run in, and what its files say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml  # type: ignore[import-untyped]  # comes with pulumi

from omics_provider.base.errors import SettingsError
from omics_provider.service import local_state

#: The native provider as the engine looks for it.
PLUGIN: Final = "pulumi-resource-omics"


@dataclass(frozen=True, slots=True)
class Project:
    """The Pulumi project around a folder; without one, the folder itself.

    A file of a project may be half written or of another age, so the type of each of its values is
    looked at before it is believed.
    """

    folder: Path
    settings: Mapping[str, Any]
    #: How the names of its files end: those of stacks end as that of the project.
    suffix: str = ".yaml"

    @property
    def file(self) -> Path:
        """Its Pulumi.yaml, which may have another suffix."""
        return self.folder / f"Pulumi{self.suffix}"

    @property
    def name(self) -> str:
        """Its name, empty without a project."""
        return self._text("name")

    @property
    def program(self) -> Path:
        """The folder of the program."""
        return self.folder / (self._text("main") or ".")

    @property
    def backend(self) -> str:
        """The URL of the backend that it names, empty for none."""
        return text(mapping(self.settings.get("backend")).get("url"))

    @property
    def runtime(self) -> str:
        """The language of its program, as the engine names it; python without a project."""
        given = self.settings.get("runtime")
        return text(given) or text(mapping(given).get("name")) or "python"

    @property
    def plugin(self) -> Path | None:
        """Where it says that the provider omics is, if it does."""
        for each in mapping(self.settings.get("plugins")).get("providers") or ():
            if text(mapping(each).get("name")) == "omics" and text(each.get("path")):
                return self.folder / text(each["path"]) / PLUGIN
        return None

    @property
    def options(self) -> Mapping[str, Any]:
        """The options of the runtime."""
        return mapping(mapping(self.settings.get("runtime")).get("options"))

    def stack_file(self, stack: str) -> Path:
        """Return where the file of a stack is, if it has one."""
        return self._stack_folder / f"Pulumi.{stack.rpartition('/')[2]}{self.suffix}"

    def stack_files(self, stack: str | None) -> list[Path]:
        """Return the file of the stack, or of all stacks."""
        if stack is None:
            return sorted(self._stack_folder.glob(f"Pulumi.*{self.suffix}"))
        file = self.stack_file(stack)
        return [file] if file.is_file() else []

    def config(self, stack: str) -> dict[str, str]:
        """Return the stack's configuration without its secrets, the project's defaults among it."""
        return {k: value for k, value in self.values(stack).items() if isinstance(value, str)}

    def values(self, stack: str, file: Path | None = None) -> dict[str, Any]:
        """Return the same with its secrets, which are no texts; from `file` in place of its own.

        A stack that only has defaults needs no file.
        """
        own = dict(self._defaults())
        for each in [file] if file else self.stack_files(stack):
            own |= self._full(mapping(read_yaml(each).get("config")))
        return {key: _as_text(value) for key, value in own.items()}

    @property
    def _stack_folder(self) -> Path:
        # `config` was the name of `stackConfigDir` before it became that of the defaults.
        return self.folder / (self._text("stackConfigDir") or self._text("config") or ".")

    def _defaults(self) -> Iterator[tuple[str, Any]]:
        """Yield what counts for each stack that does not say otherwise, as the engine reads it."""
        for key, declared in self._full(mapping(self.settings.get("config"))).items():
            typed = mapping(declared)
            yield key, typed.get("default", typed.get("value")) if typed else declared

    def _full(self, config: Mapping[Any, Any]) -> dict[str, Any]:
        """Return configuration by full keys: one without a namespace is the project's own."""
        names = {key: str(key) for key in config}
        return {n if ":" in n else f"{self.name}:{n}": config[key] for key, n in names.items()}

    def _text(self, key: str) -> str:
        return text(self.settings.get(key))


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a value that is a mapping; an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str:
    """Return a value that is a text; an empty one for what is none."""
    return value if isinstance(value, str) else ""


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def find_project(start: Path) -> Project:
    """Find the Pulumi project that a folder is in.

    Raises SettingsError for a Pulumi.yaml that is none.
    """
    folder = local_state.project_folder(start)
    files = (folder / name for name in local_state.PROJECT_FILES)
    file = next((each for each in files if each.is_file()), None)
    return Project(folder, read_yaml(file), file.suffix) if file else Project(folder, {})


def read_yaml(file: Path) -> dict[str, Any]:
    """Return what a file of the project says; empty where that is no mapping.

    Raises SettingsError for a file that is no YAML.
    """
    try:
        found = yaml.safe_load(file.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(
            "Configuration",
            f"{file} is not YAML",
            advice="Correct the file: `pulumi config` fails, too.",
        ) from error
    return found if isinstance(found, dict) else {}
