"""What differs between recorded and declared inputs, path by path, as a preview shows it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from omics_provider.base.values import equal

_Kind: Final = provider_pb2.PropertyDiff
_ABSENT: Final = object()


def detailed(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    replaces: Collection[str],
    moves: Collection[str] = (),
) -> dict[str, provider_pb2.PropertyDiff]:
    """Return each path whose value differs.

    A property of `replaces` asks for a new resource. One that no input shows stands for itself,
    such as the status of a failed run. `moves` are outputs that change in place.
    """
    found = {}
    for name in {**old, **new}:
        if name.startswith("__"):
            continue
        for path, kind in _differing(old.get(name, _ABSENT), new.get(name, _ABSENT), name):
            found[path] = _entry(kind, is_replace=name in replaces, is_input=True)
    shown = properties(found)
    for name in replaces:
        if name not in shown:
            found[name] = _entry(_Kind.UPDATE, is_replace=True, is_input=False)
    for name in moves:
        found.setdefault(name, _entry(_Kind.UPDATE, is_replace=False, is_input=False))
    return found


def properties(paths: Iterable[str]) -> set[str]:
    """Return the properties that paths lead into: all that a preview's summary line can name."""
    return {re.split(r"[.\[]", path, maxsplit=1)[0] for path in paths}


def _entry(kind: int, *, is_replace: bool, is_input: bool) -> provider_pb2.PropertyDiff:
    # Each kind's replacement is the number after it.
    return provider_pb2.PropertyDiff(kind=kind + is_replace, inputDiff=is_input)  # type: ignore[arg-type]


def _differing(old: Any, new: Any, path: str) -> Iterator[tuple[str, int]]:
    if old is _ABSENT or new is _ABSENT:
        yield path, _Kind.ADD if old is _ABSENT else _Kind.DELETE
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in {**old, **new}:
            yield from _differing(
                old.get(name, _ABSENT), new.get(name, _ABSENT), _below(path, name)
            )
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from _differing(_at(old, index), _at(new, index), f"{path}[{index}]")
    elif not equal(old, new):
        yield path, _Kind.UPDATE


def _at(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else _ABSENT


def _below(path: str, name: str) -> str:
    if re.fullmatch(r"[A-Za-z_$][\w$]*", name):
        return f"{path}.{name}"
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'{path}["{quoted}"]'
