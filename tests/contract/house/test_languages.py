"""tools/languages builds the generator of SDKs once, whole or not at all. Go is a script here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
GO = """#!/bin/sh
case $1 in
env) printf 'go1.26.8\\nlinux\\namd64\\n' ;;
build)
    echo "$PWD $*" >> "{log}"
    while [ "$1" != -o ]; do shift; done
    echo half > "$2/sdkgen"
    exit {code} ;;
esac
"""


def build(home: Path, code: int | None) -> subprocess.CompletedProcess[str]:
    """Ask for the generator with a Go that ends its build with `code`; None is no Go at all."""
    (home / "bin").mkdir(exist_ok=True)
    if code is not None:
        (home / "bin" / "go").write_text(GO.format(log=home / "log", code=code))
        (home / "bin" / "go").chmod(0o755)
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "languages", "build-generator"],
        env={"HOME": str(home), "PATH": os.pathsep.join([str(home / "bin"), "/bin"])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_generator_is_built_once_from_its_own_sources(tmp_path: Path) -> None:
    first, second = build(tmp_path, 0), build(tmp_path, 0)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert first.stdout == second.stdout
    program = Path(first.stdout.strip())
    assert program.is_file()
    assert program.is_relative_to(tmp_path / ".cache" / "omics-provider" / "sdkgen")
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert line.startswith(f"{ROOT / 'tools' / 'engine' / 'cli'} build ")
    assert line.endswith(" ./cmd/sdkgen")


@pytest.mark.parametrize(
    ("code", "said"), [(1, "go ended with 1"), (None, "no generator: no go on PATH")]
)
def test_a_build_that_fails_says_why_and_leaves_no_half_of_a_program(
    tmp_path: Path, code: int | None, said: str
) -> None:
    failed = build(tmp_path, code)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert said in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not list((tmp_path / ".cache").rglob("sdkgen/*/sdkgen"))
