"""A program's samples, as its classes take them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

from omics_provider.sheets import content as contents
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
            "samples is an Output. Each sample names a resource, so the program has to know the "
            "samples: give a file, or Python values."
        )
    try:
        return contents.content(samples)
    except contents.Unreadable as error:
        raise pulumi.RunError(str(error)) from None
