"""Types of a WDL's inputs, kept as JSON, and values in JSON held to them.

The rules and the words are those of miniwdl, which is the service's engine for WDL by all signs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

Kept = dict[str, Any]

_LONGEST: Final = 160
_FILES: Final = frozenset({"File", "Directory"})
#: Kinds without parts, with the JSON values that they are made of.
_PLAIN: Final[Mapping[str, tuple[type, ...]]] = {
    "Boolean": (bool,),
    "Int": (int,),
    "Float": (float, int),
    "String": (str,),
    "File": (str,),
    "Directory": (str,),
}


def kept(wdl_type: Any) -> Kept:
    """Give a type of miniwdl as JSON: its kind, its name, and its parts."""
    found = {
        "kind": type(wdl_type).__name__,
        "name": str(wdl_type).removesuffix("?"),
        "optional": bool(wdl_type.optional),
    }
    if found["kind"] == "Array":
        return {**found, "items": kept(wdl_type.item_type)}
    if found["kind"] == "Map":
        return {**found, "items": kept(wdl_type.item_type[1])}
    if found["kind"] == "Pair":
        sides = {"left": kept(wdl_type.left_type), "right": kept(wdl_type.right_type)}
        return {**found, "members": sides}
    if found["kind"] == "StructInstance":
        members = wdl_type.members or {}
        return {**found, "members": {name: kept(member) for name, member in members.items()}}
    return found


def problem(wanted: Kept, value: Any) -> str | None:
    """Say why a JSON value is none of a type, if it is not."""
    kind = wanted["kind"]
    if value is None and wanted["optional"]:
        return None
    if kind in _PLAIN:
        fits = isinstance(value, _PLAIN[kind])
        return None if fits else _unfit(wanted, value)
    if kind == "Array":
        found = value if isinstance(value, list) else None
        return _unfit(wanted, value) if found is None else _first(wanted["items"], found)
    if kind == "Map":
        found = list(value.values()) if isinstance(value, dict) else None
        return _unfit(wanted, value) if found is None else _first(wanted["items"], found)
    if kind in ("Pair", "StructInstance"):
        return _problem_of_members(wanted, value)
    return None


def _problem_of_members(wanted: Kept, value: Any) -> str | None:
    """Hold a JSON object to a struct or a pair. Members that a struct lacks are let through."""
    members = wanted["members"]
    is_pair = wanted["kind"] == "Pair"
    if not isinstance(value, dict) or (is_pair and set(value) != set(members)):
        return _unfit(wanted, value)
    missing = [
        name for name, member in members.items() if name not in value and not member["optional"]
    ]
    if missing:
        names = ", ".join(f"'{name}'" for name in missing)
        return f"initializer for struct '{wanted['name']}' omits required field(s): {names}"
    told = (problem(members[name], value[name]) for name in members if name in value)
    return next((each for each in told if each), None)


def _first(wanted: Kept, values: list[Any]) -> str | None:
    return next((told for value in values if (told := problem(wanted, value))), None)


def _unfit(wanted: Kept, value: Any) -> str:
    text = json.dumps(value)
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return f"couldn't construct {wanted['name']}{'?' * wanted['optional']} from {shown}"


def files(wanted: Kept, value: Any) -> Iterator[tuple[str, str]]:
    """Give each file and folder in a value of a type: its kind, and its URI."""
    if wanted["kind"] in _FILES and isinstance(value, str):
        yield wanted["kind"], value
    elif "items" in wanted and isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from files(wanted["items"], item)
    elif "members" in wanted and isinstance(value, dict):
        for name, member in wanted["members"].items():
            yield from files(member, value.get(name))
