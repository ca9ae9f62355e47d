"""The README and the pages for beginners, followed to the letter in an empty folder.

The environment is the reader's: an index of packages, a Python, an engine. All else comes from the
text.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.children import Child

from .installed import runs_of, surroundings

ROOT = Path(__file__).parents[3]


class Page(NamedTuple):
    """What a reader does who follows a page: a file to write, or a command to type, in order."""

    name: str
    #: The part that needs no account.
    first: str
    last: str

    def steps(self) -> Iterator[tuple[str, str]]:
        """Give (name of a file, its text), and ("", command)."""
        text = (ROOT / self.name).read_text("utf-8")
        part = text[text.index(self.first) : text.index(self.last)]
        for mark, language, block in re.findall(
            r"^(?:<!-- (.*?) -->\n)?```(\w+)\n(.*?)^```$", part, re.MULTILINE | re.DOTALL
        ):
            if mark == "program" or mark.startswith("file: "):
                yield mark.rpartition("/")[2].removeprefix("file: "), block
            elif language == "sh":
                yield from (("", line) for line in block.splitlines())
            elif language == "console":
                yield from (("", line) for line in re.findall(r"^\$ (.*)$", block, re.MULTILINE))


PAGES = (
    Page("README.md", "## Install", "Where HealthOmics is comes from"),
    Page("docs/start.md", "## Set up", "## The same in AWS"),
    Page("docs/yaml.md", "## Install", "## The same in AWS"),
)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_can_be_followed_as_it_stands(
    page: Page, index: dict[str, str], tmp_path: Path
) -> None:
    project = tmp_path / "empty"
    project.mkdir()
    base = Path(sys._base_executable).resolve().parent  # type: ignore[attr-defined]
    env = {
        name: value
        for name, value in {**surroundings(base, tmp_path), **index}.items()
        if not name.startswith("PULUMI_") or name in ("PULUMI_HOME", "PULUMI_SKIP_UPDATE_CHECK")
    }
    shell = Child("sh", stdin=subprocess.PIPE, cwd=project, env=env)
    shell.tell("exec 2>&1")
    written = []
    for file, text in page.steps():
        if file:
            (project / ("__main__.py" if file == "program" else file)).write_text(text)
        else:
            written += typed(shell, text)
    shell.process.stdin.close()  # type: ignore[union-attr]
    shell.rest()

    assert "Traceback" not in "".join(written)
    assert [line.split()[0] for line in written if line.startswith("    result")]
    runs = runs_of(project)
    destroyed = any(re.fullmatch(r"    - \d+ deleted", line) for line in written)
    assert [run["status"] for run in runs] == ([] if destroyed else ["COMPLETED"])


def typed(shell: Child, command: str) -> list[str]:
    """Type a command; return what it wrote, and hold it to its exit code."""
    shell.tell(command)
    shell.tell('echo "ended: $?"')
    lines = []
    while not (line := shell.line(f"the end of `{command}`", 120)).startswith("ended: "):
        lines.append(line)
    assert line == "ended: 0", "\n".join([f"$ {command}", *lines, line])
    return lines
