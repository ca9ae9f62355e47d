"""What type checkers say of a program: nothing where it is right, each line where it is wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = Path(__file__).parent / "programs"
#: Seconds for one checker on one program.
LIMIT = 240
ROOT = Path(__file__).parents[3]
# The command for a file, and what it prints of an error in a line of it.
MYPY = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary"]
PYRIGHT = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson"]


def mypy(program: Path) -> dict[int, str]:
    text = printed([*MYPY, str(program)])
    found = re.findall(rf"{program.name}:(\d+): error: (.*)", text)
    assert bool(found) is ("error:" in text), text
    return {int(line): message for line, message in found}


def pyright(program: Path) -> dict[int, str]:
    answer: dict[str, Any] = json.loads(printed([*PYRIGHT, str(program)]))
    assert answer["summary"]["filesAnalyzed"] == 1
    errors = [each for each in answer["generalDiagnostics"] if each["severity"] == "error"]
    return {each["range"]["start"]["line"] + 1: each["message"] for each in errors}


def printed(command: list[str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=LIMIT
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_a_program_that_is_right(checker: Any) -> None:
    assert checker(PROGRAMS / "right.py") == {}


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_each_wrong_line_is_reported(checker: Any) -> None:
    program = PROGRAMS / "wrong.py"
    lines = enumerate(program.read_text("utf-8").splitlines(), start=1)
    wrong = {number: line for number, line in lines if re.search(r"# wrong\b", line)}
    found = checker(program)
    assert {line: wrong[line] for line in wrong.keys() - found.keys()} == {}
    assert {line: found[line] for line in found.keys() - wrong.keys()} == {}
