"""Checks the prose of pages and messages against the rules of CONTRIBUTING.md's style.

    python tools/prose [FILE...]    checks the pages and the messages, or these pages alone
    python tools/prose --messages   checks the messages alone

No linter that is kept well can be had where only package indexes are reached. Vale's packages on
PyPI and npm download a program when they are installed or run. Its Go module needs a C compiler,
and its newest version needs a module that the proxy does not serve.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from messages import words
from pages import passages
from rules import Finding, Limits, findings

ROOT = Path(__file__).parents[2]
MESSAGES = "--messages"
WRITTEN = (
    "docs/**/*.md",
    "omics_provider/native/schema/pages/*.md",
    "stacks/**/*.md",
    "templates/*/*.md",
    "tools/new_project/*.md",
)
#: Written by programs, and the projects that tests run.
LEFT_OUT = ("docs/reference", "docs/files", "docs/examples")
LIMITS = Limits(25, 40)
#: Its sentences are often the service's own, and its help is a table: only the phrases count.
EMULATOR, PHRASES_ALONE = "omics_provider/emulator/", Limits(1_000, 1_000)


def pages() -> list[Path]:
    """Return the pages that are checked."""
    written = [path for each in WRITTEN for path in ROOT.glob(each)]
    left_out = tuple(str(ROOT / each) for each in LEFT_OUT)
    found = [path for path in written if not str(path).startswith(left_out)]
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted(found)]


def of_pages(paths: list[Path]) -> Iterator[str]:
    """Give what is wrong with pages, with file and line."""
    for path in paths:
        for passage in passages(path.read_text("utf-8")):
            for finding in findings(passage.text, LIMITS, is_cell=passage.is_cell):
                yield told(f"{path}:{passage.line}", finding)


def of_messages() -> Iterator[str]:
    """Give what is wrong with messages of the package, with module and line."""
    for place, text in words():
        limits = PHRASES_ALONE if place.startswith(EMULATOR) else LIMITS
        for finding in findings(text, limits, is_cell=False):
            yield told(place, finding)


def told(place: str, finding: Finding) -> str:
    """Return a line about what is wrong."""
    return f"{place}: {finding.what}: {finding.text}"


def main(arguments: list[str]) -> int:
    """Print what is wrong; give the exit code."""
    paths = [Path(each).resolve() for each in arguments if each != MESSAGES]
    found = [] if MESSAGES in arguments else list(of_pages(paths or pages()))
    found += [] if paths else of_messages()
    for line in found:
        print(line)
    if found:
        print(f"prose: {len(found)} to rewrite. The rules, with examples: CONTRIBUTING.md, Style.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
