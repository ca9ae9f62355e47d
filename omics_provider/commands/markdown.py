"""A report as Markdown for a pull request, and as text for a terminal.

Text from outside stands in code spans and fences alone, longer than any run of backticks in it: no
name or message can become a table cell, a tag, a link or a mention.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from .words import Code, Line, Part, Row, Words

#: A comment on a pull request has at most 65,536 characters at GitHub.
LIMIT: Final = 60_000
_NOTE: Final = 200


class Style(NamedTuple):
    """How parts of a report are written."""

    title: Callable[[str], str]
    lead: Callable[[Line], str]
    problem: Callable[[Part], str]
    head: Callable[[Sequence[str]], str]
    row: Callable[[Row], str]
    heading: Callable[[str], str]
    part: Callable[[Part], str]
    note: Callable[[str], str]


def markdown(words: Words, limit: int = LIMIT) -> str:
    """Return the report as Markdown of at most `limit` characters."""
    return _written(words, _MARKDOWN, limit)


def text(words: Words, limit: int = LIMIT) -> str:
    """Return the report as plain text of at most `limit` characters."""
    return _written(words, _TEXT, limit)


def _written(words: Words, style: Style, limit: int) -> str:
    """Write the parts in order; what would go over the limit is left out, and counted."""
    pages = _Pages(limit - _NOTE)
    pages.add("", [style.title(words.headline)], "")
    pages.add("", [style.problem(part) for part in words.problems], "problems")
    pages.add("", [style.lead(line) for line in words.lead], "lines on groups")
    pages.add(
        style.head(words.columns), [style.row(row) for row in words.rows], "rows of the table"
    )
    heading = style.heading("Warnings and notes")
    pages.add(heading, [style.part(part) for part in words.rest], "notes")
    heading = style.heading("Run by run")
    pages.add(heading, [style.part(part) for part in words.details], "of the runs in detail")
    if pages.left_out:
        told = ", ".join(f"{count:,} {what}" for what, count in pages.left_out.items())
        note = f"Cut to {limit:,} characters. Left out: {told}. --format json has all."
        pages.blocks.append(style.note(note))
    return "\n".join(pages.blocks).rstrip("\n") + "\n"


class _Pages:
    """Blocks of text up to a number of characters."""

    def __init__(self, room: int) -> None:
        self.blocks: list[str] = []
        self.left_out: dict[str, int] = {}
        self._room = room

    def add(self, head: str, parts: Sequence[str], what: str) -> None:
        """Add parts below a head, as far as there is room, and a blank line after them."""
        if not parts:
            return
        self._room -= len(head) + 2
        taken: list[str] = []
        for part in parts:
            if len(part) + 1 > self._room:
                break
            self._room -= len(part) + 1
            taken.append(part)
        if taken:
            self.blocks += [*([head] if head else []), *taken, ""]
        if len(taken) < len(parts):
            self.left_out[what] = len(parts) - len(taken)


# Markdown ------------------------------------------------------------------------------------


def _line(line: Iterable[str], *, in_table: bool = False) -> str:
    return "".join(_span(part, in_table) if isinstance(part, Code) else part for part in line)


def _span(code: Code, in_table: bool) -> str:
    if not code:
        return "` `"
    fence = "`" * (_longest_run(code) + 1)
    pad = " " if code[0] in "` " or code[-1] in "` " else ""
    span = f"{fence}{pad}{code}{pad}{fence}"
    # A table is cut into cells before spans are seen; there alone `\|` stands for a bar in a span.
    return span.replace("|", r"\|") if in_table else span


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _markdown_row(row: Row) -> str:
    return f"| {' | '.join(_line(cell, in_table=True) for cell in row.cells)} |"


def _markdown_head(columns: Sequence[str]) -> str:
    return f"| {' | '.join(columns)} |\n| {' | '.join('---' for _ in columns)} |"


def _markdown_part(part: Part) -> str:
    lines = [f"- **{_line(part.title)}**", *(f"  - {_line(line)}" for line in part.lines)]
    lines += [f"  {line}" if line else "" for line in _fenced(part.message)]
    return "\n".join(lines)


def _markdown_problem(part: Part) -> str:
    # Another sign than the list below has, so that the two stay apart.
    lines = [f"**{_line(part.title)}**", "", *(f"* {_line(line)}" for line in part.lines)]
    return "\n".join([*lines, *_fenced(part.message)])


def _fenced(message: Sequence[Code]) -> tuple[str, ...]:
    if not message:
        return ()
    fence = "`" * max(3, max(map(_longest_run, message)) + 1)
    return ("", f"{fence}text", *message, fence, "")


_MARKDOWN: Final = Style(
    title=lambda headline: f"### {headline}",
    lead=lambda line: f"- {_line(line)}",
    problem=_markdown_problem,
    head=_markdown_head,
    row=_markdown_row,
    heading=lambda words: f"#### {words}\n",
    part=_markdown_part,
    note=lambda words: f"*{words}*",
)


# Text ----------------------------------------------------------------------------------------


def _text_row(row: Row) -> str:
    return "  " + "\n      ".join("".join(line) for line in row.lines)


def _text_part(part: Part) -> str:
    lines = [f"  {''.join(part.title)}", *(f"      {''.join(line)}" for line in part.lines)]
    return "\n".join([*lines, *(f"      | {line}" for line in part.message)])


_TEXT: Final = Style(
    title=lambda headline: headline,
    lead=lambda line: f"  {''.join(line)}",
    problem=_text_part,
    head=lambda columns: f"{columns[0]}s:",
    row=_text_row,
    heading=lambda words: f"{words}:",
    part=_text_part,
    note=lambda words: words,
)
