"""Text from outside made harmless, and lists of names kept short."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

#: Messages that say no more than that it failed.
_NOTHING: Final = frozenset({"", "failed", "run failed", "task failed", "workflow failed"})
#: Characters of a line that are kept.
_LONGEST_LINE: Final = 500
# Colours and cursor movements of a terminal, as tools write them into their logs.
_ESCAPES: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])"
)
#: Files, and ids as the service gives them: they differ between failures that are alike.
_OWN: Final = re.compile(r"(?:s3|omics)://\S*[\w/]|(?<!\w)[0-9]{7,}(?!\w)")


def plain(text: str) -> str:
    """Return text from outside as one line without control characters, of bounded length."""
    line = "".join(c if c.isprintable() else " " for c in _ESCAPES.sub("", text)).strip()
    return line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"


def cause(code: str | None, message: str | None) -> str:
    """Return a failure's code and message as one text, of which either may be missing.

    A message that only repeats the code is left out, and a code that begins the message.
    """
    if not code or not message:
        return code or message or ""
    rest = message.replace(code, "").strip(" .:;,()").lower()
    if rest in _NOTHING:
        return code
    return message if message.startswith(code) else f"{code}: {message}"


def alike(message: str | None, *ids: str | None) -> str:
    """Return a failure's message with … for what differs between failures that are alike.

    These are URIs of files, ids that the service gives, and the `ids` of the run and its task.
    """
    own = "|".join(rf"(?<!\w){re.escape(each)}(?!\w)" for each in ids if each)
    text = _OWN.sub("…", message or "")
    return re.sub(own, "…", text) if own else text


def some(names: Sequence[str], most: int = 20) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def cut(before: str, after: str, most: int) -> tuple[str, str]:
    """Return two texts cut to `most` characters each, around the place where they part.

    Both are cut at the same place, so that what was cut may be cut again.
    """
    pairs = enumerate(zip(before, after, strict=False))
    same = next((i for i, pair in pairs if pair[0] != pair[1]), min(len(before), len(after)))
    room = max(len(before), len(after)) - most
    start = max(0, min(same - most // 3, room))
    return _window(before, start, most), _window(after, start, most)


def _window(text: str, start: int, most: int) -> str:
    piece = text[start : start + most]
    return f"{'…' if start else ''}{piece}{'…' if start + most < len(text) else ''}"
