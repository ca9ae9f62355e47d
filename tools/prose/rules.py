"""What is wrong with a piece of prose: long sentences, long cells, odd phrases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

#: Ends of sentences. A colon ends one as well: what comes after is a sentence or a list.
_END = re.compile(r"(?<=[.!?:])[)\"]*\s+")
_WORD = re.compile(r"[\w`]")
PHRASES = Path(__file__).with_name("phrases.txt")


class Limits(NamedTuple):
    """The most words of a sentence, and of a cell of a table."""

    sentence: int
    cell: int


class Finding(NamedTuple):
    """What is wrong, and with which text."""

    what: str
    text: str


def findings(text: str, limits: Limits, *, is_cell: bool) -> Iterator[Finding]:
    """Give what is wrong with a paragraph, a cell or a message."""
    if is_cell and (words := count(text)) > limits.cell:
        yield Finding(f"a cell of {words} words, at most {limits.cell}", text)
    for sentence in _END.split(text):
        if (words := count(sentence)) > limits.sentence:
            yield Finding(f"a sentence of {words} words, at most {limits.sentence}", sentence)
    for phrase, better in phrases():
        for found in phrase.finditer(text):
            around = text[max(0, found.start() - 30) : found.end() + 30]
            yield Finding(f"'{found[0]}', better {better}", f"…{around}…")


def count(text: str) -> int:
    """Return the number of words; a span of code is one."""
    return sum(1 for each in text.split() if _WORD.search(each))


@cache
def phrases() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the odd phrases of phrases.txt, each with what to write."""
    lines = PHRASES.read_text("utf-8").splitlines()
    rows = [line.split(" = ") for line in lines if line and not line.startswith("#")]
    return tuple((re.compile(rf"\b(?:{phrase})\b", re.I), better) for phrase, better in rows)
