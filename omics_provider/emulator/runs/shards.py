"""Scatters: how many tasks a call becomes, and how they are named.

What a scatter goes over was read from the definition (`workflows.scatters`). Here it is worked out
under the parameters of a run. What only the run itself would know counts as `UNKNOWN` elements. The
names are those of miniwdl: the call, then for each scatter around it the index, with zeros before
it, and what tells the element from the others.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, Final

#: Elements of an array that is made while the run is at work.
UNKNOWN: Final = 2
#: The most tasks of one call, and the most elements of an output.
MOST: Final = 1000
_LONGEST_TAG: Final = 16
_DELIMITERS: Final = re.compile(r"[^0-9a-zA-Z_]+")

Source = Mapping[str, Any] | None


def names(call: str, scatters: Sequence[Source], parameters: Mapping[str, Any]) -> list[str]:
    """Give the names of the tasks of a call; `scatters` are those around it, outermost first."""
    found: list[tuple[str, tuple[Any, ...]]] = [(call, ())]
    for source in scatters:
        wider = []
        for name, around in found:
            items = elements(source, parameters, around)
            for suffix, item in zip(_suffixes(items), items, strict=True):
                wider.append((f"{name}-{suffix}", (*around, item)))
        found = wider[:MOST]
    return [name for name, _ in found]


def elements(
    source: Source, parameters: Mapping[str, Any], around: Sequence[Any] = ()
) -> list[Any]:
    """Give the elements that a scatter goes over; None for one that is not known.

    `around` holds the elements at which the scatters around it are, outermost first.
    """
    found = _value(source, parameters, around)
    if isinstance(found, Mapping):
        found = [{"left": key, "right": value} for key, value in found.items()]
    return found[:MOST] if isinstance(found, list) else [None] * UNKNOWN


def index(number: int, length: int) -> str:
    """Give the index of an element as text, with zeros before it, so that all sort by number."""
    digits = math.ceil(math.log10(length)) if length > 1 else 1
    return str(number).zfill(digits)


def _value(source: Source, parameters: Mapping[str, Any], around: Sequence[Any]) -> Any:
    """Give what an expression comes to, None where that is not known."""
    match source:
        case {"value": value}:
            return value
        case {"element": depth}:
            return around[depth]
        case {"input": name, "default": default}:
            given = parameters.get(name)
            return _value(default, parameters, around) if given is None else given
        case {"member": name, "of": inner}:
            found = _value(inner, parameters, around)
            return found.get(name) if isinstance(found, Mapping) else None
        case {"gather": inner}:
            return [None] * len(elements(inner, parameters, around))
        case {"length": inner}:
            found = _value(inner, parameters, around)
            return len(found) if isinstance(found, list) else None
        case {"range": inner}:
            found = _value(inner, parameters, around)
            return list(range(min(found, MOST))) if isinstance(found, int) else None
    return None


def _suffixes(items: Sequence[Any]) -> list[str]:
    numbers = [index(number, len(items)) for number in range(len(items))]
    return [
        f"{number}-{tag}" if tag else number
        for number, tag in zip(numbers, _tags(items), strict=True)
    ]


def _tags(items: Sequence[Any]) -> list[str]:
    """Give what tells each element from the others: its text without what all have in common.

    Of a longer text it is the first 16 characters, or the last ones where those tell more. An
    integer that is its own index has none; none has one where they would not tell all apart.
    """
    split = [_words(item, number) for number, item in enumerate(items)]
    split = [words[_common(split) :] for words in split]
    backwards = [words[::-1] for words in split]
    split = [words[_common(backwards) :][::-1] for words in backwards]
    texts = ["".join(words) for words in split]
    for tags in (
        [text[:_LONGEST_TAG] for text in texts],
        [text[-_LONGEST_TAG:] for text in texts],
    ):
        told = [tag for tag in tags if tag]
        if len(told) == len(set(told)):
            return tags
    return [""] * len(items)


def _words(item: Any, number: int) -> list[str]:
    is_index = isinstance(item, int) and not isinstance(item, bool) and item == number
    return [] if item is None or is_index else _DELIMITERS.split(json.dumps(item))


def _common(lists: Sequence[Sequence[str]]) -> int:
    """Give how many words all lists begin with."""
    return sum(1 for _ in takewhile(lambda words: len(set(words)) == 1, zip(*lists, strict=False)))
