"""Images of tasks: where the map of images leads from the name that a task gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from omics_provider.emulator.execution.runner.outcome import (
    CANNOT_START_CONTAINER,
    ECR_PERMISSION,
    INVALID_IMAGE,
    Failure,
)
from omics_provider.emulator.runs.failures import MESSAGES
from omics_provider.emulator.workflows.images import ecr_image

ANY = "*"


@dataclass(frozen=True)
class Image:
    """What a container is made of: a folder with a root file system, or an image by its name."""

    name: str
    folder: Path | None
    local: str | None


def find(name: str | None, images: Mapping[str, str]) -> Image:
    """Find the image of a task, by its name or by `*`."""
    place = images.get(name or ANY, images.get(ANY))
    if place is None:
        raise _unknown(name)
    if not place.startswith(("/", ".", "~")):
        return Image(name or place, None, place)
    folder = Path(place).expanduser()
    if not folder.is_dir():
        raise Failure(
            CANNOT_START_CONTAINER,
            f"The map of images leads {name or ANY} to {place}, which is not a folder. Unpack a"
            " root file system there, or name a local image of podman or docker.",
        )
    return Image(name or place, folder.resolve(), None)


def _unknown(name: str | None) -> Failure:
    if name is None:
        return Failure(
            INVALID_IMAGE,
            "A task names no image (runtime `docker` or `container`), and the map of images has"
            f" no {ANY}.",
        )
    if ecr_image(name) is None:
        return Failure(
            INVALID_IMAGE,
            f"{MESSAGES[INVALID_IMAGE]} It is {name}, and the map of images has neither that nor"
            f" {ANY}.",
        )
    return Failure(
        ECR_PERMISSION,
        f"{MESSAGES[ECR_PERMISSION]} It is {name}, and the map of images has neither that nor"
        f" {ANY}: map one of them to a folder with a root file system, or to a local image.",
    )
