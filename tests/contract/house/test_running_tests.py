"""How tests are run: children under a limit, a log of each run, and how to repeat a failed test."""

from __future__ import annotations

import ast
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import children, journal

ROOT = Path(__file__).parents[3]
HELPER = ROOT / "tests" / "children.py"
SOURCES = [
    path
    for folder in ("tests", "bench")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path != HELPER
]

# Children ----------------------------------------------------------------------------------------


READS = ("read", "readline", "readlines")
RUNS = ("run", "check_output", "check_call")


def unlimited(source: str) -> Iterator[str]:
    """Give the reads and waits in `source` that could hang for ever on a child."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        called = node.func.attr
        if called not in (*READS, *RUNS, "communicate"):
            continue
        of = ast.unparse(node.func.value)
        limited = any(word.arg in ("timeout", None) for word in node.keywords)
        is_read = of.endswith(("stdout", "stderr")) and called in READS
        is_own = of == "sys.stdin" or of.startswith("done.")
        is_run = of == "subprocess" and called in RUNS
        if (is_read and not is_own) or ((is_run or called == "communicate") and not limited):
            yield f"line {node.lineno}: {of}.{called}"


def test_every_wait_for_a_child_has_a_limit_and_its_lines_are_read_by_the_helper_alone() -> None:
    # A benchmark is watched: there, a command may take what it takes.
    found = [
        f"{path.relative_to(ROOT)} {each}"
        for path in SOURCES
        for each in unlimited(path.read_text("utf-8"))
        if path.is_relative_to(ROOT / "tests") or ".read" in each
    ]
    assert found == [], "use tests/children.py, or a timeout"


@pytest.mark.parametrize(
    "line",
    [
        "url = process.stdout.readline().strip()",
        "text = self._process.stderr.read()",
        "text, _ = process.communicate()",
        "subprocess.run(command, check=True)",
    ],
)
def test_a_wait_without_a_limit_is_found(line: str) -> None:
    assert len(list(unlimited(line))) == 1


def test_waits_with_a_limit_are_passed() -> None:
    text = "subprocess.run(command, timeout=1)\nprocess.communicate(timeout=1)\nchild.line('x')"
    assert list(unlimited(text)) == []


def bare() -> dict[str, str]:
    """Give an environment that does not ask Python for unbuffered output."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


def test_a_line_comes_as_soon_as_it_is_written() -> None:
    child = children.python("-c", "print(8080); import time; time.sleep(600)", env=bare())
    assert child.line("the port") == "8080"
    child.stop()


def test_a_silent_child_fails_soon_and_tells_its_errors() -> None:
    code = "import sys, time; print('no free port', file=sys.stderr); time.sleep(600)"
    child = children.python("-c", code)
    with pytest.raises(AssertionError) as caught:
        child.line("the port", seconds=3)
    told = str(caught.value)
    assert told.startswith("the port did not come within 3 s; the child was still at work: ")
    assert told.endswith("Its error output:\nno free port\n")
    assert child.process.returncode is not None


def test_a_child_that_died_fails_at_once_and_tells_its_errors() -> None:
    child = children.python("-c", "print('first'); raise SystemExit('no free port')")
    assert child.line("its first word") == "first"
    with pytest.raises(AssertionError, match="the output ended before the port came") as caught:
        child.line("the port")
    assert str(caught.value).endswith("Its error output:\nno free port\n")


def test_a_child_that_does_not_end_is_killed() -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('up'); time.sleep(600)"
    )
    child = children.python("-c", code)
    child.line("its first word")
    with pytest.raises(AssertionError, match="its end did not come within 1 s"):
        child.stop(seconds=1)
    assert child.process.returncode == -9


# The log, and how to run again -------------------------------------------------------------------

TESTS = """
import pytest

@pytest.mark.parametrize("word", ["it's", "a b", "good"])
def test_word(word):
    assert word == "good"

@pytest.fixture
def broken():
    raise ValueError

def test_in_error(broken):
    pass
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of four tests, of which three go wrong."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text(TESTS)
    return tmp_path


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        # The plugin of hypothesis takes a second of each, and none of these tests needs it.
        [sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", *arguments],
        cwd=project,
        env={**bare(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_run_says_how_to_run_each_failed_test_again(project: Path, workers: str) -> None:
    done = run(project, "-p", "tests.journal", "-n", workers)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert "2 failed, 1 passed, 1 error in" in lines[-1]
    told = [line for line in lines if line.startswith(". tools/env && ")]
    assert len(told) == 3
    for line in told:
        pytest_, *names = shlex.split(line.removeprefix(". tools/env && "))
        assert pytest_ == "pytest"
        again = run(project, *names)
        assert again.returncode == 1
        assert "1 failed in" in again.stdout or "1 error in" in again.stdout


def test_the_log_has_the_whole_output(project: Path) -> None:
    done = run(project, "-p", "tests.journal")
    assert (project / journal.LOG).read_text("utf-8") == done.stdout


def test_pytest_itself_is_left_as_it_is(project: Path) -> None:
    plain, logged = run(project, "-k", "good"), run(project, "-k", "good", "-p", "tests.journal")
    assert (plain.returncode, logged.returncode) == (0, 0)
    assert plain.stdout.splitlines()[:-1] == logged.stdout.splitlines()[:-1]


# The slowest -------------------------------------------------------------------------------------


def slow(report: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "slow", report],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_thirty_slowest_are_listed_with_their_share(tmp_path: Path) -> None:
    report = tmp_path / "test.xml"
    cases = "".join(
        f'<testcase classname="tests.unit.test_x" name="test_{n}" time="{n}.0"/>'
        for n in range(1, 41)
    )
    report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    first, *listed, last = slow(report).stdout.splitlines()
    assert first == "The last make test: 40 tests, together 820 s."
    assert len(listed) == 30
    assert listed[0].split() == ["40.0", "s", "4.9%", "tests/unit/test_x.py::test_40"]
    assert last.split() == ["765.0", "s", "93.3%", "these", "30"]


def test_without_a_report_the_way_to_one_is_told(tmp_path: Path) -> None:
    done = slow(tmp_path / "test.xml")
    assert done.returncode == 1
    assert "Run make test first." in done.stderr


def test_make_test_keeps_what_make_slow_reads() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    assert "-p tests.journal --junitxml build/test.xml" in text
    assert 'ROOT / "build" / "test.xml"' in (ROOT / "tools" / "slow").read_text("utf-8")
