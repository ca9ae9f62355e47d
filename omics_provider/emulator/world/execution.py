"""What a door says of the execution of runs: where task images are, and folders for buckets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

#: What a path begins with, whether or not there is a folder.
_PATHS: Final = ("/", ".", "~")

Source = str | Path | Mapping[str, Any] | None


class BadMapError(ValueError):
    """A map of images or buckets that can't be understood."""


@dataclass(frozen=True)
class Execution:
    """Runs are executed, with these maps.

    - `images`: image names as tasks have them, or `*`, each with a folder that holds a root file
      system, or the name of a local image.
    - `buckets`: names of buckets, each with the folder that stands for it.
    - `at_home`: the process that takes a run has the run's S3, so it is to carry it out.
    """

    images: dict[str, str] = field(default_factory=dict)
    buckets: dict[str, str] = field(default_factory=dict)
    at_home: bool = True

    @staticmethod
    def of(images: Source, buckets: Source, folder: Path, *, at_home: bool = True) -> Execution:
        """Read the maps: a mapping, its JSON, or the path of a JSON file.

        Folders in a file are relative to that of the file, others to `folder`. Raises BadMapError
        for what is no such map.
        """
        mapped, place = _map(images, folder, "images")
        made = {name: _image(place, each) for name, each in mapped.items()}
        mapped, place = _map(buckets, folder, "buckets")
        folders = {name: _bucket(place, each) for name, each in mapped.items()}
        return Execution(made, folders, at_home)

    @property
    def text(self) -> str:
        """Give it as JSON."""
        return json.dumps(asdict(self))

    @staticmethod
    def parse(text: str) -> Execution:
        """Give what `text` was made from."""
        return Execution(**json.loads(text))


def _map(source: Source, folder: Path, what: str) -> tuple[dict[str, str], Path]:
    """Give a map of texts, and the folder to which its paths are relative."""
    if source is None or isinstance(source, Mapping):
        return _texts(source or {}, f"The map of {what}"), folder
    text, name = str(source), f"The map of {what}"
    if not text.lstrip().startswith("{"):
        path = folder / Path(text).expanduser()
        name, folder = f"{path}, the map of {what},", path.parent
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadMapError(
                f"{name} can't be read: {error}. Give a JSON file, or the JSON itself."
            ) from error
    try:
        return _texts(json.loads(text), name), folder
    except json.JSONDecodeError as error:
        raise BadMapError(f"{name} is not JSON: {error}.") from error


def _texts(found: Any, name: str) -> dict[str, str]:
    if not isinstance(found, Mapping) or not all(isinstance(each, str) for each in found.values()):
        raise BadMapError(f'{name} is not a JSON object of texts, such as {{"*": "rootfs"}}.')
    return {str(key): each for key, each in found.items()}


def _image(folder: Path, text: str) -> str:
    """Give the absolute path of a folder, else the name of a local image."""
    path = folder / Path(text).expanduser()
    return str(path.resolve()) if text.startswith(_PATHS) or path.is_dir() else text


def _bucket(folder: Path, text: str) -> str:
    path = folder / Path(text).expanduser()
    if not path.is_dir():
        raise BadMapError(f"There is no folder {path} to replace a bucket.")
    return str(path.resolve())
