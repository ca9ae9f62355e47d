"""What a door makes of a declared definition: the name of its version, and what is wrong with it.

A version's name follows from its content, so that a preview knows it. The files are read where the
program is declared, and again where they are sent.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from omics_provider.base.values import UNKNOWN, contains_unknown

from . import files
from .rules import definition, workflow_table
from .rules.workflow_table import FIXED

#: What tells one version from another.
LOOKED_AT: Final = ("definition", "versionName", *FIXED)
#: What is made of a definition and of all that is fixed with a version.
MADE: Final = (
    "versionName",
    workflow_table.DIGEST,
    workflow_table.AS_WRITTEN,
    workflow_table.DEFINITION_PROBLEMS,
)


def relative(place: str | os.PathLike[str]) -> str:
    """Return a definition's place as it is written down: the same on every machine."""
    return Path(os.path.relpath(place)).as_posix()


def made(given: Mapping[str, Any], problems: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
    """Return what is made of the declared values: see MADE; UNKNOWN where a preview lacks one.

    `given` are JSON values by the API's names. `problems` are those that a door has found itself,
    each with its property.
    """
    looked_at = {wire: given[wire] for wire in LOOKED_AT if given.get(wire) is not None}
    if contains_unknown(looked_at):
        return dict.fromkeys(MADE, UNKNOWN)
    told = [list(each) for each in problems]
    fixed = {wire: looked_at[wire] for wire in FIXED if wire in looked_at}
    digest = as_written = None
    place = looked_at.get("definition")
    if isinstance(place, str) and place:
        digest, as_written, wrong = _looked_at(place, looked_at)
        told += [["definition", reason] for reason in wrong]
    identity = workflow_table.identity({**fixed, workflow_table.DIGEST: digest})
    return {
        "versionName": looked_at.get("versionName", definition.version_name(identity)),
        workflow_table.DIGEST: digest if "versionName" in looked_at else None,
        workflow_table.AS_WRITTEN: as_written if as_written != digest else None,
        workflow_table.DEFINITION_PROBLEMS: told or None,
    }


def _looked_at(place: str, given: Mapping[str, Any]) -> tuple[str | None, str | None, list[str]]:
    """Return a local definition's digest, that with its own line ends, and what is wrong with it.

    Line ends of texts do not count in the first.
    """
    try:
        found = files.read(Path(place))
    except files.Unreadable as error:
        return None, None, [str(error)]
    engine, main = (given.get(wire) for wire in ("engine", "main"))
    texts = [value if isinstance(value, str) else None for value in (engine, main)]
    wrong = definition.problems(found, *texts)
    digest = definition.digest(definition.with_unix_ends(found))
    return digest, definition.digest(found), [f"{Path(place)} {reason}" for reason in wrong]
