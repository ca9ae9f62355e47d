"""Docs of the tables as descriptions in Markdown, with the names that this door has.

The tables are written for programs in Python, whose names have underscores.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from omics_provider.base.table import Table
from omics_provider.batches.rules import batch_table
from omics_provider.native import tables
from omics_provider.runs.rules import run_table

from .configuration import CONFIG


def _names(found: Iterable[Table]) -> Mapping[str, str]:
    rows: list[tables.Row] = []
    for table in found:
        rows += [*table.fields, *table.facts]
    return {row.name: row.wire for row in rows}


#: The names in Python whose API name is another one, and that name.
NAMES: Final[Mapping[str, str]] = {
    name: wire
    for name, wire in _names(
        (
            batch_table.TABLE,
            run_table.COHORT,
            *tables.declared(),
            Table("configuration", CONFIG),
        )
    ).items()
    if name != wire
}
#: Classes of Python, and what they are here.
_CLASSES: Final = re.compile(r"\bOmics(RunBatch|RunGroup|RunCache|Run|Workflow)\b")
_NAME: Final = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b")
_CONSTANT: Final = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_SCRIPT: Final = re.compile(r"(`[^`]*`)")


def description(text: str, choices: Iterable[str] = ()) -> str:
    """Return a doc as Markdown; `choices` are values that it may name."""
    values = [each for each in choices if each.isupper()]
    parts = _SCRIPT.split(_CLASSES.sub(r"\1", text))
    for index, part in enumerate(parts):
        parts[index] = _plain(part, values) if index % 2 == 0 else _code(part)
    return "".join(parts)


def _code(part: str) -> str:
    return f"`{_NAME.sub(lambda found: NAMES.get(found[0], found[0]), part[1:-1])}`"


def _plain(part: str, values: list[str]) -> str:
    part = _NAME.sub(_named, part)
    part = _CONSTANT.sub(r"`\g<0>`", part)
    for value in values:
        if "_" not in value:
            part = re.sub(rf"(?<![\w`]){value}(?![\w`])", f"`{value}`", part)
    return re.sub(r"\bNone\b", "unset", re.sub(r"\bTrue\b", "true", part))


def _named(found: re.Match[str]) -> str:
    return f"`{NAMES[found[0]]}`" if found[0] in NAMES else found[0]
