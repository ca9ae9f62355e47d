"""The screen of a terminal, as far as `pulumi` moves about in it."""

from __future__ import annotations

import re
from typing import Final

_SEQUENCE: Final = re.compile(
    r"\x1b\[(?P<count>\d*)(?P<end>[@-~])|\x1b\[[?\d;]*[@-~]|\x1b\].*?\x1b\\|\r|\n"
)


class Screen:
    """The lines of a terminal, as far as `pulumi` moves about in them."""

    def __init__(self) -> None:
        self.lines = [""]
        self._row = self._column = 0

    def feed(self, text: str) -> None:
        """Take what a program wrote."""
        at = 0
        for found in _SEQUENCE.finditer(text):
            self._write(text[at : found.start()])
            at = found.end()
            self._obey(found)
        self._write(text[at:])

    def _write(self, text: str) -> None:
        line = self.lines[self._row].ljust(self._column)
        self.lines[self._row] = line[: self._column] + text + line[self._column + len(text) :]
        self._column += len(text)

    def _obey(self, found: re.Match[str]) -> None:
        if found[0] == "\r":
            self._column = 0
        elif found[0] == "\n":
            self._row += 1
            if self._row == len(self.lines):
                self.lines.append("")
        elif found["end"] == "A":
            self._row = max(0, self._row - int(found["count"] or 1))
        elif found["end"] == "K":
            self.lines[self._row] = self.lines[self._row][: self._column]

    def shown(self) -> str:
        """Return the text, without blanks at the ends of lines and of the text."""
        return "\n".join(line.rstrip() for line in self.lines).strip("\n")
