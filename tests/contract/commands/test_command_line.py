"""`python -m omics_provider`: its help, and the page of docs that tells the same."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib import import_module, metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
#: What was captured has options of other commands, too.
CAPTURED = re.compile(r"^<!-- run: \S+ -->\n```console\n.*?^```$", re.MULTILINE | re.DOTALL)
PAGE = "".join(
    CAPTURED.sub("", (ROOT / "docs" / name).read_text("utf-8"))
    for name in ("explain-and-report.md", "preview.md", "drift.md", "doctor.md", "move.md")
)
COMMANDS = ("explain", "report", "preview", "drift", "doctor", "move")
#: Options of `pulumi preview` that the docs name.
PULUMI_S = {
    "--show-sames",
    "--show-replacement-steps",
    "--show-secrets",
    "--clear-pending-creates",
    "--import-pending-creates",
    "--file",
}
AWS_S = {"--resource-arn", "--tag-keys"}


def called(*arguments: str, columns: int = 100) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "omics_provider", *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": str(columns)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def options(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def test_the_help_names_every_command() -> None:
    done = called("--help")
    assert done.returncode == 0
    assert re.findall(r"^ {4}([a-z]+) ", done.stdout, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_that_the_docs_tell(command: str) -> None:
    done = called(command, "--help")
    assert done.returncode == 0
    assert done.stderr == ""
    assert f"python -m omics_provider {command}" in PAGE
    told = options(done.stdout) - {"--help"}
    # The command move asks the state alone.
    assert command == "move" or told >= {"--region", "--profile", "--endpoint"}
    assert told - options(PAGE) == set()


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_the_help_fits_a_terminal_of_80_columns(command: str) -> None:
    text = called(*([command] if command else []), "--help", columns=80).stdout
    assert max(map(len, text.splitlines())) <= 80


def test_the_package_installs_the_command_omics(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, name = project["scripts"]["omics"].partition(":")
    main = getattr(import_module(module), name)
    monkeypatch.setattr(sys, "argv", ["/usr/bin/omics", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"omics-provider {metadata.version('omics-provider')}\n"
    monkeypatch.setattr(sys, "argv", ["/usr/bin/omics", "report"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: omics report ")


def test_the_docs_tell_no_option_that_is_not_there() -> None:
    helps = [called("--help"), *(called(command, "--help") for command in COMMANDS)]
    there = options("".join(each.stdout for each in helps))
    assert options(PAGE) - there - PULUMI_S - AWS_S == set()


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("preview", "--format", "html"),
        ("preview", "--max-cost", "cheap"),
        ("preview", "a", "b"),
        ("drift", "dev"),
        ("drift", "--orphans", "-1"),
        ("reprot",),
        ("report",),
        ("report", "--runs", "1"),
        ("report", "-o", "x"),
        ("report", "--stack", "dev", "--runs", "1", "-o", "x"),
        ("explain", "1", "--token", "x"),
    ],
)
def test_what_is_not_understood_ends_with_2_and_the_usage(arguments: tuple[str, ...]) -> None:
    done = called(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: python -m omics_provider")
    assert done.stdout == ""


def test_help_needs_neither_boto3_nor_jinja() -> None:
    code = (
        "import sys; from omics_provider.__main__ import main\n"
        "try: main(['report', '--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'boto3', 'jinja2', 'pulumi'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    # `import omics_provider` gives the resources, which are Pulumi's.
    assert done.stdout.splitlines()[-1] in ("[]", "['pulumi']")
