"""The input rules of botocore's model: required, pattern, length, range, enum.

One generic validator for every operation. All problems of a request come back at once, in
the wording that AWS services use for rules that are generated from a model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from .exceptions import ValidationException

if TYPE_CHECKING:
    from botocore.model import ListShape, MapShape, Shape
    from botocore.model import StructureShape as Structure


def validate(shape: Shape, params: Mapping[str, Any]) -> None:
    """Refuse parameters that break a rule of the model."""
    problems = list(_structure(shape, params, ""))
    if problems:
        word = "error" if len(problems) == 1 else "errors"
        raise ValidationException(
            f"{len(problems)} validation {word} detected: " + "; ".join(problems)
        )


def _structure(shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    structure = cast("Structure", shape)
    for name in structure.required_members:
        if value.get(name) is None:
            yield (
                f"Value null at '{path}{name}' failed to satisfy constraint:"
                " Member must not be null"
            )
    for name, item in value.items():
        yield from _problems(structure.members[name], item, f"{path}{name}")


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        if not getattr(shape, "is_document_type", False):
            yield from _structure(shape, value, f"{path}.")
    elif kind == "list":
        yield from _bounds(shape, value, path)
        for index, item in enumerate(value, 1):
            yield from _problems(cast("ListShape", shape).member, item, f"{path}.{index}.member")
    elif kind == "map":
        yield from _bounds(shape, value, path)
        for key, item in value.items():
            yield from _problems(cast("MapShape", shape).key, key, f"{path}.{key}.key")
            yield from _problems(cast("MapShape", shape).value, item, f"{path}.{key}.member")
    elif kind == "string":
        yield from _string(shape, value, path)
    elif kind in ("integer", "long"):
        yield from _bounds(shape, value, path)


def _string(shape: Shape, value: str, path: str) -> Iterator[str]:
    enum = shape.metadata.get("enum")
    if enum is not None:
        if value not in enum:
            yield _constraint(
                value, path, f"Member must satisfy enum value set: [{', '.join(enum)}]"
            )
        return
    yield from _bounds(shape, value, path)
    pattern = shape.metadata.get("pattern")
    if pattern is not None and not matches(pattern, value):
        yield _constraint(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _bounds(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Hold a number's value, or the length of anything else, to the shape's limits."""
    what, amount = ("value", value) if isinstance(value, int) else ("length", len(value))
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and amount < least:
        yield _constraint(value, path, f"Member must have {what} greater than or equal to {least}")
    if most is not None and amount > most:
        yield _constraint(value, path, f"Member must have {what} less than or equal to {most}")


def _constraint(value: Any, path: str, rule: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {rule}"


def matches(pattern: str, value: str) -> bool:
    """Whether the whole value has the model's pattern."""
    regex, categories, characters = _compiled(pattern)
    if regex.fullmatch(value) is None:
        return False
    if not categories:
        return True
    return all(
        unicodedata.category(character)[0] in categories or character in characters
        for character in value
    )


# A character class that names Unicode categories, as [\p{L}||\p{N}]: Python's `re` has none.
_UNICODE_CLASS = re.compile(r"\[((?:\\p\{[A-Z]\}|\|\||\\[tnr])+)\]")
_ESCAPES = {r"\t": "\t", r"\n": "\n", r"\r": "\r", "||": "|"}


@cache
def _compiled(pattern: str) -> tuple[re.Pattern[str], frozenset[str], frozenset[str]]:
    """Give the pattern with a Unicode class loosened to any character, and what that class allows.

    The second part holds categories, the third single characters; both are empty for a
    pattern without such a class. The omics model has at most one in a pattern, and what stands
    beside it is letters, so a check of every character against it is exact.
    """
    found = _UNICODE_CLASS.search(pattern)
    if found is None:
        return re.compile(pattern), frozenset(), frozenset()
    parts = re.findall(r"\\p\{([A-Z])\}|(\|\||\\[tnr])", found.group(1))
    categories = frozenset(category for category, _ in parts if category)
    characters = frozenset(_ESCAPES[escape] for _, escape in parts if escape)
    return re.compile(_UNICODE_CLASS.sub(r"[\\s\\S]", pattern)), categories, characters
