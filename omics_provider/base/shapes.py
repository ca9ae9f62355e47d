"""What the service's model says of a value: limits, patterns, choices, members, at any depth.

The shapes of nested values are written from botocore's model by tools/shapes.py, so that a preview
knows them without botocore.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, Protocol

from .values import CANNOT_CROSS, UNKNOWN

#: Longest part of a value that a message shows.
_SHOWN: Final = 60


class TextRule(Protocol):
    """The rules of a text. Without a pattern and choices it is one printable line."""

    @property
    def low(self) -> int | None:
        """Fewest characters."""

    @property
    def high(self) -> int | None:
        """Most characters."""

    @property
    def pattern(self) -> str | None:
        """What the whole text matches."""

    @property
    def enum(self) -> tuple[str, ...]:
        """All values there are, where it is a choice."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A value of the model. `low` and `high` are a text's characters, or a list's or map's entries.

    `key` is what the names of a map are, `item` its values, or those of a list.
    """

    kind: Literal["text", "boolean", "list", "map", "structure"]
    low: int | None = None
    high: int | None = None
    pattern: str | None = None
    enum: tuple[str, ...] = ()
    #: Any text will do, lines of it too.
    free: bool = False
    members: Mapping[str, Shape] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    key: Shape | None = None
    item: Shape | None = None


class Misfit(NamedTuple):
    """A part of a value that breaks a rule: where, what is there, and the rule."""

    path: str
    value: Any
    rule: str


def misfits(shape: Shape, value: Any, path: str) -> Iterator[Misfit]:
    """Yield each part of `value` that is not as the model has it. What is unknown yet fits."""
    if value is UNKNOWN:
        return
    if isinstance(value, Mapping) and set(value) == {CANNOT_CROSS}:
        yield Misfit(path, None, str(value[CANNOT_CROSS]))
    elif not isinstance(value, _PYTHON[shape.kind]):
        yield Misfit(path, value, _TYPES[shape.kind] + _digits(shape, value))
    elif shape.kind == "text" and not shape.free:
        yield from (Misfit(path, value, rule) for rule in text(shape, value))
    elif shape.kind == "structure":
        yield from _structure(shape, value, path)
    elif shape.kind in ("list", "map"):
        yield from _entries(shape, value, path)


_PYTHON: Final[Mapping[str, Any]] = {
    "text": str,
    "boolean": bool,
    "list": (list, tuple),
    "map": Mapping,
    "structure": Mapping,
}
_TYPES: Final = {
    "text": "must be a string",
    "boolean": "must be true or false",
    "list": "must be a list",
    "map": "must be names and values",
    "structure": "must be names and values",
}


def _digits(shape: Shape, value: Any) -> str:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return ": put it in quotes" if shape.kind == "text" and is_number else ""


def _structure(shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[Misfit]:
    for name in shape.required:
        if name not in value:
            yield Misfit(f"{path}.{name}", None, "is required")
    for name, item in value.items():
        if name in shape.members:
            yield from misfits(shape.members[name], item, f"{path}.{name}")
        else:
            near = difflib.get_close_matches(name, shape.members, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it takes {', '.join(shape.members)}"
            yield Misfit(f"{path}.{name}", None, f"there is no such name here: {hint}")


def _entries(shape: Shape, value: Any, path: str) -> Iterator[Misfit]:
    low, high = shape.low or 0, shape.high
    if len(value) < low or (high is not None and len(value) > high):
        most = "more" if high is None else f"{high:,}"
        yield Misfit(path, None, f"must have {low:,} to {most} entries, has {len(value):,}")
    if isinstance(value, Mapping):
        for name, item in value.items():
            if shape.key:
                of_name = misfits(shape.key, name, path)
                yield from (Misfit(path, each.value, f"a name {each.rule}") for each in of_name)
            if shape.item:
                yield from misfits(shape.item, item, f"{path}.{name}")
        return
    for index, item in enumerate(value):
        if shape.item:
            yield from misfits(shape.item, item, f"{path}[{index}]")


# A text --------------------------------------------------------------------------------------


def text(rule: TextRule, value: str) -> Iterator[str]:
    """Yield what is wrong with a text."""
    if rule.enum:
        yield from _choice(rule.enum, value)
        return
    yield from length(rule, value)
    if not value and rule.low:
        # Its length says so.
        return
    if rule.pattern is not None:
        if re.fullmatch(rule.pattern, value) is None:
            yield f"must match {rule.pattern}"
    else:
        yield from printable(value)


def _choice(choices: tuple[str, ...], value: str) -> Iterator[str]:
    if value not in choices:
        near = difflib.get_close_matches(value.upper(), [each.upper() for each in choices], n=1)
        meant = next((each for each in choices if near and each.upper() == near[0]), None)
        hint = f": did you mean {meant}?" if meant else ""
        yield f"must be one of {', '.join(choices)}{hint}"


def length(rule: TextRule, value: str) -> Iterator[str]:
    """Yield what is wrong with the number of a text's characters."""
    low, high = rule.low or 0, rule.high
    if len(value) < low or (high is not None and len(value) > high):
        most = "" if low == high else f"{low} to "
        limits = f"{low} or more" if high is None else f"{most}{high}"
        yield f"must have {limits} characters, has {len(value)}"


def printable(value: str, allowed: str = "") -> Iterator[str]:
    """Yield that a text has characters that nobody sees, and where the first one is."""
    for place, character in enumerate(value, 1):
        if unicodedata.category(character).startswith("C") and character not in allowed:
            yield (
                "must not have control or invisible characters, has "
                f"U+{ord(character):04X} as character {place}"
            )
            return


def shown(value: Any) -> str:
    """Return a text, number or boolean as a message shows it; nothing for any other value."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if not isinstance(value, str):
        return ""
    cut = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
    return '"' + "".join(map(_visible, cut)) + '"'


def _visible(character: str) -> str:
    is_plain = character == " " or unicodedata.category(character)[0] not in "CZ"
    return character if is_plain else f"\\u{ord(character):04x}"
