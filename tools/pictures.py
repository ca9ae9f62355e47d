"""Draws the pictures of the README, light and dark, from what pages show of real runs.

    python tools/pictures.py          writes docs/static/*.svg
    python tools/pictures.py --check  says which picture is not as it would be drawn now

The terminal is what docs/yaml.md shows: tools/capture.py wrote it. The comment is a golden file of
the report on a preview, which docs/preview.md shows as well.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT: Final = Path(__file__).parents[1]
STATIC: Final = ROOT / "docs" / "static"
SESSION: Final = ROOT / "docs" / "yaml.md"
REPORT: Final = ROOT / "tests" / "unit" / "commands" / "golden" / "preview" / "cohort.md"

#: Each colour has a contrast of 4.5 or more with the background: a test computes it.
LIGHT: Final = {
    "back": "#ffffff", "frame": "#d0d7de", "text": "#1f2328", "dim": "#59636e",
    "add": "#116329", "change": "#7d4e00", "remove": "#a40e26", "code": "#0a3069",
}  # fmt: skip
DARK: Final = {
    "back": "#0d1117", "frame": "#3d444d", "text": "#e6edf3", "dim": "#9198a1",
    "add": "#56d364", "change": "#e3b341", "remove": "#ff9492", "code": "#a5d6ff",
}  # fmt: skip
MONO: Final = "ui-monospace, 'SFMono-Regular', Menlo, Consolas, 'DejaVu Sans Mono', monospace"
SANS: Final = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"
_WIDTH, _MARGIN, _LINE = 880, 20, 20
#: Widths of a character, of 14 pixels in MONO and in SANS. Code is drawn at its length.
_MONO_WIDE, _SANS_WIDE = 8.4, 7.4


@dataclass
class Picture:
    """Lines of SVG, from the top."""

    title: str
    description: str
    colours: dict[str, str]
    parts: list[str] = field(default_factory=list)
    y: float = _MARGIN

    def text(self, x: float, words: str, colour: str, *, bold: bool = False, mono: bool) -> None:
        """Write words at x, in the line that is drawn now."""
        wide = len(words) * (_MONO_WIDE if mono else _SANS_WIDE)
        length = f' textLength="{wide:.1f}"' if mono else ""
        weight = ' font-weight="600"' if bold else ""
        family = MONO if mono else SANS
        self.parts.append(
            f'<text x="{x:.1f}" y="{self.y:.1f}" fill="{self.colours[colour]}"{weight}{length}'
            f' font-family="{family}" xml:space="preserve">{escape(words)}</text>'
        )

    def rule(self) -> None:
        """Draw a line from side to side."""
        self.parts.append(
            f'<path d="M{_MARGIN} {self.y - 14:.1f}H{_WIDTH - _MARGIN}"'
            f' stroke="{self.colours["frame"]}"/>'
        )

    def svg(self) -> str:
        """Return the whole picture."""
        high = self.y + _MARGIN
        box = f'width="{_WIDTH - 1}" height="{high - 1:.0f}" rx="8"'
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {high:.0f}"'
            f' width="{_WIDTH}" role="img" aria-labelledby="t d" font-size="14">'
            f'\n<title id="t">{escape(self.title)}</title>\n<desc id="d">'
            f'{escape(self.description)}</desc>\n<rect x=".5" y=".5" {box}'
            f' fill="{self.colours["back"]}" stroke="{self.colours["frame"]}"/>'
        )
        return "\n".join([head, *self.parts, "</svg>\n"])


# A terminal --------------------------------------------------------------------------------------


def session(page: str) -> Iterator[str]:
    """Give the lines of a preview and an update that a page shows, without the update's outputs."""
    blocks = re.findall(r"^<!-- run: yaml -->\n```console\n(.*?)^```$", page, re.MULTILINE | re.S)
    preview = next(block for block in blocks if "$ pulumi preview\n" in block)
    yield from preview[preview.index("$ pulumi preview") :].rstrip().splitlines()
    yield ""
    update = next(block for block in blocks if block.startswith("$ pulumi up"))
    yield from (
        re.sub(r"^Outputs:\n.*?^    \}\n\n", "", update, flags=re.M | re.S).rstrip().splitlines()
    )


def terminal(colours: dict[str, str]) -> Picture:
    """Draw a preview and an update of two samples."""
    picture = Picture(
        "A preview and an update in a terminal",
        "pulumi preview shows two runs to create, one for each row of the sample sheet. pulumi up"
        " starts both, waits for their end, and says: 4 created.",
        colours,
    )
    for line in session(SESSION.read_text("utf-8")):
        picture.y += _LINE
        if line:
            is_asked = line.startswith("$ ")
            picture.text(_MARGIN, line, _colour(line), bold=is_asked, mono=True)
    return picture


def _colour(line: str) -> str:
    if re.match(r" +\+ ", line):
        return "add"
    return "text" if line.startswith("$ ") or line.endswith(":") else "dim"


# A comment on a pull request ---------------------------------------------------------------------


def comment(colours: dict[str, str]) -> Picture:
    """Draw the report on a preview, as a code host shows its Markdown."""
    picture = Picture(
        "The report on a preview, as a comment on a pull request",
        "The headline counts runs that start, are replaced and are removed, with their cost and"
        " time. A table has a row for each run: what happens, cost, time and why.",
        colours,
    )
    told = REPORT.read_text("utf-8").partition("\n#### ")[0]
    tokens = MarkdownIt("commonmark").enable("table").parse(told)
    row: list[Token] = []
    kind = ""
    for token in tokens:
        if token.type in ("heading_open", "bullet_list_open", "thead_open", "tbody_open"):
            kind = token.type.removesuffix("_open")
            picture.y += 0 if kind == "tbody" else _LINE / 2
        elif token.type == "inline" and kind in ("heading", "bullet_list"):
            _paragraph(picture, token, kind)
        elif token.type == "inline":
            row.append(token)
        elif token.type == "tr_close":
            _row(picture, row, bold=kind == "thead")
            row = []
    return picture


#: Pieces that stand together without a blank, each with its colour.
Word = list[tuple[str, str]]


def _words(token: Token) -> Iterator[Word]:
    """Give the words of a text: a comma belongs to the code before it."""
    word: Word = []
    for child in token.children or []:
        colour = "code" if child.type == "code_inline" else "text"
        for piece in re.findall(r"\s+|\S+", child.content):
            if not piece.isspace():
                word.append((piece, colour))
            elif word:
                yield word
                word = []
    if word:
        yield word


def _lines(words: Iterable[Word], characters: int) -> Iterator[list[Word]]:
    line: list[Word] = []
    for word in words:
        if line and sum(_length(each) + 1 for each in line) + _length(word) > characters:
            yield line
            line = []
        line.append(word)
    if line:
        yield line


def _length(word: Word) -> int:
    return sum(len(piece) for piece, _ in word)


def _draw(picture: Picture, x: float, line: list[Word], *, bold: bool = False) -> None:
    words = [
        "".join(
            f'<tspan fill="{picture.colours[colour]}">{escape(piece)}</tspan>'
            for piece, colour in word
        )
        for word in line
    ]
    weight = ' font-weight="600"' if bold else ""
    place = f'x="{x:.1f}" y="{picture.y:.1f}"'
    picture.parts.append(f'<text {place}{weight} font-family="{SANS}">{" ".join(words)}</text>')


def _paragraph(picture: Picture, token: Token, kind: str) -> None:
    mark = [[("•", "dim")]] if kind == "bullet_list" else []
    for line in _lines([*mark, *_words(token)], int((_WIDTH - 2 * _MARGIN) / _SANS_WIDE)):
        picture.y += _LINE
        _draw(picture, _MARGIN, line, bold=kind == "heading")


#: Where the columns of the table begin.
_COLUMNS: Final = (_MARGIN, 175, 390, 555, 630)


def _row(picture: Picture, row: list[Token], *, bold: bool) -> None:
    ends = (*_COLUMNS[1:], _WIDTH - _MARGIN)
    cells = [
        list(_lines(_words(token), int((end - begin - 12) / _SANS_WIDE)))
        for token, begin, end in zip(row, _COLUMNS, ends, strict=True)
    ]
    top = picture.y
    for at in range(max(len(cell) for cell in cells)):
        picture.y = top + (at + 1) * _LINE
        for cell, x in zip(cells, _COLUMNS, strict=True):
            if at < len(cell):
                _draw(picture, x, cell[at], bold=bold)
    picture.y += _LINE
    picture.rule()
    picture.y -= _LINE / 2


def pictures() -> dict[Path, str]:
    """Return the text of each picture."""
    return {
        STATIC / f"{draw.__name__}-{name}.svg": draw(colours).svg()
        for draw in (terminal, comment)
        for name, colours in (("light", LIGHT), ("dark", DARK))
    }


def main(arguments: list[str]) -> int:
    """Write the pictures, or say which are old."""
    old = [p for p, text in pictures().items() if not p.exists() or p.read_text("utf-8") != text]
    if "--check" in arguments:
        sys.stdout.write("".join(f"{path.name} is old: python tools/pictures.py\n" for path in old))
        return 1 if old else 0
    for path, text in pictures().items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
