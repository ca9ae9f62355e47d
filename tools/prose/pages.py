"""The prose of a Markdown page: paragraphs, items, cells and headings, without code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

#: What stands in a sentence for a span of code, which counts as one word.
CODE = "`code`"
#: An example of how not to write, in CONTRIBUTING.md.
_BEFORE = "Before: "
_DIRECTIVE = re.compile(r"^```\{.*?^```$", re.MULTILINE | re.DOTALL)


class Passage(NamedTuple):
    """A paragraph, an item of a list, a heading, or a cell of a table."""

    line: int
    text: str
    is_cell: bool


def passages(page: str) -> Iterator[Passage]:
    """Give the prose of a page, with its lines."""
    page = _DIRECTIVE.sub(lambda found: "\n" * found[0].count("\n"), page)
    line, is_cell = 1, False
    for token in MarkdownIt("commonmark").enable("table").parse(page):
        if token.map:
            line = token.map[0] + 1
        if token.type in ("td_open", "th_open", "td_close", "th_close"):
            is_cell = token.type.endswith("open")
        elif token.type == "inline":
            text = _plain(token)
            if not text.startswith(_BEFORE):
                yield Passage(line, text, is_cell)


def _plain(token: Token) -> str:
    """Return a text without its marks, and code as one word."""
    parts = []
    for child in token.children or []:
        if child.type == "code_inline":
            parts.append(CODE)
        elif child.type == "text":
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
    return "".join(parts)
