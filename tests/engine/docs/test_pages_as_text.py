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
    """What a reader does who follows a page: files to write, commands to type, in order."""

    id: str
    name: str
    #: The headings of the parts that need no account.
    parts: tuple[str, ...]
    #: Where the project is, below the folder that the reader begins in.
    folder: str = "."

    def steps(self) -> Iterator[tuple[str, str]]:
        """Give (name of a file, its text), and ("", command)."""
        for mark, language, block in re.findall(
            r"^(?:<!-- (.*?) -->\n)?```(\w+)\n(.*?)^```$", self.text(), re.MULTILINE | re.DOTALL
        ):
            if mark == "program" or mark.startswith("file: "):
                yield mark.rpartition("/")[2].removeprefix("file: "), block
            elif language == "sh":
                yield from (("", line) for line in block.splitlines())
            elif language == "console":
                yield from (("", line) for line in re.findall(r"^\$ (.*)$", block, re.MULTILINE))

    def text(self) -> str:
        """Return the parts, each from its heading to the next one."""
        whole = (ROOT / self.name).read_text("utf-8").replace("/path/to/clone", str(ROOT))
        found = [
            re.split(rf"^#+ {re.escape(part)}$", whole, flags=re.MULTILINE) for part in self.parts
        ]
        assert [len(each) for each in found] == [2] * len(self.parts), "no such heading"
        return "".join(re.split(r"^##+ ", each[1], flags=re.MULTILINE)[0] for each in found)


PAGES = (
    Page("README-python", "README.md", ("Install", "In Python", "The two commands")),
    Page("README-yaml", "README.md", ("Install", "In YAML", "The two commands")),
    Page("start", "docs/start.md", ("Set up", "A program", "The first run, on this machine")),
    Page(
        "yaml",
        "docs/yaml.md",
        ("Install", "A project", "The first runs, on this machine", "What changes do", "The end"),
    ),
    Page(
        "sheet",
        "docs/sheet.md",
        ("Install, once", "Make a project", "Run the samples on your machine"),
        "my-samples",
    ),
)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.id)
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
    assert [line for line in written if re.match(r"    (result|runs)", line)]
    runs = runs_of(project / page.folder)
    destroyed = any(re.fullmatch(r"    - \d+ deleted", line) for line in written)
    assert {run["status"] for run in runs} == (set() if destroyed else {"COMPLETED"})


def typed(shell: Child, command: str) -> list[str]:
    """Type a command; return what it wrote, and hold it to its exit code."""
    shell.tell(command)
    shell.tell('echo "ended: $?"')
    lines = []
    while not (line := shell.line(f"the end of `{command}`", 120)).startswith("ended: "):
        lines.append(line)
    assert line == "ended: 0", "\n".join([f"$ {command}", *lines, line])
    return lines
