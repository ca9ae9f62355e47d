"""README.md: its examples run, its commands exist.

A block that begins with ```python is compiled. One below a line <!-- program --> is a whole
Pulumi program: it is run under mocks, with the configuration of the stack `local`, and its runs are
started in the emulator.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi

ROOT = Path(__file__).parents[3]
README = ROOT / "README.md"
RUNNER = Path(__file__).with_name("readme_program.py")
RUN = "pulumi-python:dynamic/omics:Run"
COMMANDS = {"up", "test", "check", "bench", "down"}


class Block(NamedTuple):
    """A fenced block of Markdown; `mark` is the comment on the line before it."""

    line: int
    language: str
    mark: str
    text: str


def blocks(markdown: str) -> list[Block]:
    """Return all fenced blocks."""
    found = re.finditer(
        r"(?:^<!-- (?P<mark>[a-z ]+) -->\n)?"
        r"^(?P<fence>`{3,})(?P<language>\w*)[^\n`]*\n(?P<text>.*?)^(?P=fence)\s*$",
        markdown,
        re.MULTILINE | re.DOTALL,
    )
    return [
        Block(
            markdown.count("\n", 0, m.start("text")) + 1,
            m["language"],
            m["mark"] or "",
            m["text"],
        )
        for m in found
    ]


TEXT = README.read_text("utf-8")
PYTHON = [block for block in blocks(TEXT) if block.language in ("python", "py")]
PROGRAMS = [block for block in PYTHON if block.mark == "program"]
SHELL = [block for block in blocks(TEXT) if block.language in ("sh", "bash", "shell", "console")]


def by_line(block: Block) -> str:
    return f"line {block.line}"


def made_by(source: str, folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """Run a program as the stack `local` does."""
    program = folder / "__main__.py"
    # Line numbers of a failure are those of the README.
    program.write_text(source, "utf-8")
    settings = yaml.safe_load((ROOT / "stacks" / "Pulumi.local.yaml").read_text("utf-8"))
    config = {key: str(value) for key, value in settings["config"].items()}
    return subprocess.run(
        [sys.executable, str(RUNNER), str(program), str(folder / name), json.dumps(config)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_readme_has_examples_and_a_program() -> None:
    assert PYTHON, "README.md has no block that begins with ```python"
    assert PROGRAMS, "README.md has no block of Python below a line <!-- program -->"


def test_every_example_compiles() -> None:
    for block in PYTHON:
        compile("\n" * (block.line - 1) + block.text, "README.md", "exec")


def test_every_program_starts_its_runs(tmp_path: Path) -> None:
    for block in PROGRAMS:
        done = made_by("\n" * (block.line - 1) + block.text, tmp_path, "state.db")
        assert done.returncode == 0, f"README.md, {by_line(block)}:\n{done.stderr}"
        made = json.loads(done.stdout.splitlines()[-1])["made"]
        assert RUN in {each["type"] for each in made}, f"{by_line(block)} starts no run"


def targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


def test_the_five_commands_are_there_and_explained() -> None:
    assert targets() >= COMMANDS
    missing = [name for name in sorted(COMMANDS) if f"make {name}" not in TEXT]
    assert missing == [], f"README.md does not explain: make {', make '.join(missing)}"


def test_every_command_of_the_readme_is_in_the_makefile() -> None:
    spans = [block.text for block in SHELL] + re.findall(r"`([^`\n]+)`", TEXT)
    named = {name for span in spans for name in re.findall(r"^\s*\$?\s*make ([a-z-]+)", span, re.M)}
    assert named <= targets(), f"no such target: {sorted(named - targets())}"


def test_every_module_that_the_readme_runs_exists() -> None:
    for module in re.findall(r"python3? -m (omics_provider[\w.]*)", TEXT):
        assert importlib.util.find_spec(f"{module}.__main__"), f"python -m {module} does not run"


def test_every_file_that_the_readme_links_exists() -> None:
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", TEXT)
    missing = [link for link in links if not (ROOT / link).exists()]
    assert missing == []


# The checks above can fail -----------------------------------------------------------------------

GOOD = """
import pulumi
from omics_provider import OmicsRun

run = OmicsRun(
    "trio",
    role_arn=pulumi.Config().require("roleArn"),
    output_uri="s3://results/trio",
    workflow_id="9500764",
    workflow_type="READY2RUN",
    {change}
)
pulumi.export("run", run.id)
"""


def result(source: str, folder: Path) -> tuple[int, dict[str, Any], str]:
    done = made_by(source, folder, "state.db")
    told = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
    return done.returncode, told, done.stderr


def test_a_good_program_starts_a_run(tmp_path: Path) -> None:
    source = GOOD.format(change=template_parameters())
    code, told, errors = result(source, tmp_path)
    assert code == 0, errors
    ((made),) = told["made"]
    assert (made["name"], made["type"]) == ("trio", RUN)
    assert told["exported"] == {"run": made["id"]}


def template_parameters() -> str:
    """Parameters that fit the template of the Ready2Run workflow in GOOD."""
    from omics_provider.emulator.workflows import record

    catalogue = json.loads(Path(record.__file__).with_name("ready2run.json").read_text("utf-8"))
    template = next(w["parameterTemplate"] for w in catalogue["workflows"] if w["id"] == "9500764")
    wanted = {name: "x" for name, rule in template.items() if not rule.get("optional")}
    return f"parameters={wanted!r},"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("priority=-1,", "priority"),
        ("workflw_id='1',", "did you mean workflow_id"),
        ("parameters={'no': 'such'},", "StartRun"),
        ("unclosed=(,", "SyntaxError"),
    ],
)
def test_a_bad_program_fails(tmp_path: Path, change: str, why: str) -> None:
    code, _, errors = result(GOOD.format(change=change), tmp_path)
    assert code != 0
    assert why in errors


def test_blocks_are_found_by_their_fences() -> None:
    markdown = (
        "x\n<!-- program -->\n```python\na = 1\n```\n```sh\nmake up\n```\n````python\n```\n````\n"
    )
    assert [tuple(block) for block in blocks(markdown)] == [
        (4, "python", "program", "a = 1\n"),
        (7, "sh", "", "make up\n"),
        (10, "python", "", "```\n"),
    ]
