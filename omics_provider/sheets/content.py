"""What holds a sheet: a file, or plain values."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .sheet import Source


class Unreadable(Exception):
    """What was given holds no sheet, or can't be read; the text says why."""


def content(samples: Any) -> tuple[Source, str]:
    """Return what holds the samples, and what problems call it. Raises Unreadable."""
    if isinstance(samples, str | os.PathLike):
        return _read(Path(samples)), Path(samples).name
    if isinstance(samples, bytes | Mapping):
        return samples, "samples"
    if isinstance(samples, Iterable):
        return list(samples), "samples"
    raise Unreadable(
        f"samples is a {type(samples).__name__}: give the path of a CSV, TSV or JSON file, or "
        "mappings from column to cell, in a list or by sample id."
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(
            f"the sample sheet {path} can't be read: {error.strerror}. "
            f"Paths are relative to {Path.cwd()}."
        ) from None
