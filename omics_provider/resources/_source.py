"""Where a program's samples come from: a file beside the program, bytes, or Python values."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pulumi

from omics_provider.sheets.sheet import Source

#: A path of a CSV, TSV or JSON file, the bytes of one, or Python values: mappings from column to
#: cell in a sequence, or by sample id.
Samples = (
    str | os.PathLike[str] | bytes | Iterable[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]]
)


def content(samples: Samples) -> tuple[Source, str]:
    """Return what holds the samples, and what problems call it.

    Raises:
        pulumi.RunError: the file can't be read, or `samples` is nothing that holds samples.

    """
    if isinstance(samples, pulumi.Output):
        raise pulumi.RunError(
            "samples is an Output. Each sample names a resource, so the samples have to be known "
            "when the program runs: give a file, or Python values."
        )
    if isinstance(samples, str | os.PathLike):
        return _read(Path(samples)), Path(samples).name
    if isinstance(samples, bytes | Mapping):
        return samples, "samples"
    if isinstance(samples, Iterable):
        return list(samples), "samples"
    raise pulumi.RunError(
        f"samples is a {type(samples).__name__}: give the path of a CSV, TSV or JSON file, or "
        "mappings from column to cell, in a list or by sample id."
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise pulumi.RunError(
            f"the sample sheet {path} can't be read: {error.strerror}. "
            f"Paths are relative to {Path.cwd()}."
        ) from None
