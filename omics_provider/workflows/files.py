"""A workflow definition's files, read from a local folder or file.

Both the program and the plugin read them: the program to name the version, the plugin to send it.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from .rules import definition


class Unreadable(Exception):
    """The files can't be had; the text says why, as an end of "definition: "."""


def read(place: Path) -> dict[str, bytes]:
    """Return path within the definition to content, of a folder's files or of one file.

    What is hidden is left out, see workflows/rules/definition.py. Raises Unreadable.
    """
    try:
        if place.is_dir():
            return _folder(place)
        if place.suffix not in definition.SUFFIXES:
            raise Unreadable(_no_definition(place))
        return {place.name: place.read_bytes()}
    except OSError as error:
        raise Unreadable(f"{error.filename or place}: {error.strerror}") from error


def _no_definition(place: Path) -> str:
    if not place.exists():
        return f"there is no folder or file {place}"
    return f"{place} is not a folder, nor a {', '.join(definition.SUFFIXES)} file"


def _folder(folder: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    size = 0
    for path in _files(folder):
        size += path.stat().st_size
        if size > definition.MAX_READ_BYTES:
            raise Unreadable(
                f"{folder} has more than {definition.MAX_READ_BYTES:,} bytes: give a folder with "
                f"nothing but the definition"
            )
        files[path.relative_to(folder).as_posix()] = path.read_bytes()
    return files


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if definition.is_left_out(path.name):
            continue
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode) and path.is_symlink():
            raise Unreadable(f"{path} is a link to a folder: put the files themselves there")
        if stat.S_ISDIR(mode):
            yield from _files(path)
        elif stat.S_ISREG(mode):
            yield path
        else:
            raise Unreadable(f"{path} is neither a file nor a folder")
