"""Shows what the runs of the stack `local` have written on this machine.

pulumi stack output --json | python tools/results.py
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from omics_provider.base.settings import DEFAULT_LOCAL_STATE
from omics_provider.emulator.world.folder import Folder, beside


def shown(outputs: Mapping[str, Any], objects: Folder) -> str:
    """Give one table of all samples, and the names of the files. Empty: there is none."""
    rows, files = [], []
    for each in outputs.values():
        written = [objects.path(uri) for uri in _uris(each)]
        files += [path for path in written if path.is_file()]
        for table in (path for path in written if path.is_file() and path.suffix == ".tsv"):
            lines = table.read_text("utf-8").splitlines()
            rows += [line.split("\t") for line in lines[bool(rows) :]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, *map(str, files)])


def _uris(outputs: Any) -> list[str]:
    """List the files among a run's outputs, tables first."""
    values = outputs.values() if isinstance(outputs, Mapping) else ()
    found = [str(value) for value in values if str(value).startswith("s3://")]
    return sorted(found, key=lambda uri: not uri.endswith(".tsv"))


if __name__ == "__main__":
    exported = json.load(sys.stdin)
    told = shown(exported.get("outputs", {}), Folder(beside(DEFAULT_LOCAL_STATE)))
    if told:
        print(f"Results of the runs:\n{told}")
