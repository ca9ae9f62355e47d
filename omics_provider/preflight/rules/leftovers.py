"""Values that a template of inputs has, and that nobody has filled in.

`womtool inputs` and `miniwdl input-template` write a type in the place of each value, documents and
mails write a name in angle brackets. A run would take them for texts, and fail when it is paid for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_TYPE: Final = r"(?:String|File|Directory|Int|Float|Boolean|Object|(?:Array|Map|Pair)\[.+\]\+?)\??"
#: The whole value: a type alone, or with a remark.
_OF_A_TEMPLATE: Final = re.compile(
    rf"{_TYPE}(?:\s*\((?:optional|default)\b.*\))?|(?:{_TYPE}\s*)?<REQUIRED>", re.DOTALL
)
#: A name in angle brackets in a path or a file's name.
_TO_FILL_IN: Final = re.compile(r"<[a-z][A-Za-z0-9_ -]*>")
_PATH: Final = re.compile(r"[a-z0-9]+://\S|.*>[\w.-]*\.[A-Za-z0-9]+$|.*/<", re.DOTALL)
#: Characters of a value that are shown.
_SHOWN: Final = 40


def leftovers(value: Any, path: str = "parameters") -> Iterator[str]:
    """Yield what to say of each leftover among parameters: where it is, and which."""
    if isinstance(value, str):
        found = _left(value)
        if found:
            yield (
                f"{path} has {found[:_SHOWN]!r}, which is from a template of inputs: give a "
                f"value, or leave an optional parameter out"
            )
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from leftovers(item, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from leftovers(item, f"{path}[{index}]")


def _left(text: str) -> str | None:
    if _OF_A_TEMPLATE.fullmatch(text.strip()):
        return text.strip()
    found = _TO_FILL_IN.search(text)
    return found[0] if found and _PATH.match(text) else None
