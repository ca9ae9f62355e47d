"""The values in a `pulumi preview --json`: found by path, and shown without secrets.

Pulumi writes a secret as the text `[secret]`, and what is not known yet as one of a few fixed
texts, at any depth.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Final

from omics_provider.batches.rules import batch_table
from omics_provider.engine.state import SIGNATURE
from omics_provider.runs.rules import run_table

#: How the engine writes a secret in a preview (pulumi: sdk/go/common/resource).
_SECRET: Final = "[secret]"  # noqa: S105  # the mark of one
#: pulumi: sdk/go/common/resource/plugin/rpc.go
_UNKNOWN: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


class Special(Enum):
    """What stands for a value that is not shown."""

    NONE = "not set"
    SECRET = "a secret"  # noqa: S105  # the word for one
    UNKNOWN = "known during the update"


#: Names of the arguments by those of the API, of runs and of batches.
ARGUMENTS: Final = {
    field.wire: field.name
    for table in (batch_table.TABLE, run_table.TABLE)
    for field in table.fields
}
#: A path is names and indexes: parameters.reads[0]["a.b"], quotes escaped (pulumi: PropertyPath).
_PART: Final = re.compile(r'\.?([^.\["]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]')

Path = tuple[str | int, ...]


def path_of(text: str) -> Path:
    """Return the parts of a property path; what can't be taken apart is one part."""
    parts: list[str | int] = []
    end = 0
    for found in _PART.finditer(text):
        if found.start() != end:
            return (text,)
        end = found.end()
        name, index, quoted = found.groups()
        if index is not None:
            parts.append(int(index))
        else:
            parts.append(name if name is not None else re.sub(r"\\(.)", r"\1", quoted))
    return tuple(parts) if parts and end == len(text) else (text,)


def name_of(path: Path) -> str:
    """Return a path as a program writes it: the argument's name, then names and indexes."""
    first = str(path[0])
    words = ARGUMENTS.get(first, first)
    for part in path[1:]:
        if isinstance(part, int):
            words += f"[{part}]"
        elif re.fullmatch(r"[\w-]+", part):
            words += f".{part}"
        else:
            words += f"[{json.dumps(part, ensure_ascii=False)}]"
    return words


def value_at(value: Any, path: Path) -> Any:
    """Return what stands at a path: a JSON value, or why there is none to show."""
    for part in path:
        if special(value):
            break
        if not _holds(value, part):
            return Special.NONE
        value = value[part]
    return special(value) or value


def _holds(value: Any, part: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, Mapping) and part in value


def special(value: Any) -> Special | None:
    """Return what the engine wrote in place of a value, None for a plain one."""
    if value == _SECRET or (isinstance(value, Mapping) and SIGNATURE in value):
        return Special.SECRET
    if isinstance(value, str) and value in _UNKNOWN:
        return Special.UNKNOWN
    return None


def text_of(value: Any) -> str:
    """Return a value as JSON text; secrets and unknown values in it by name."""
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True)


def _plain(value: Any) -> Any:
    found = value if isinstance(value, Special) else special(value)
    if found:
        return f"({found.value})"
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def differences(before: Any, after: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the paths at which two values differ, for a preview without details."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            yield from differences(
                before.get(key, Special.NONE), after.get(key, Special.NONE), (*path, key)
            )
    elif before != after:
        yield path
