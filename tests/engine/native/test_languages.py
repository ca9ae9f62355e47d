"""`make languages` as users run it: SDKs, and programs with them through the real engine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def told() -> dict[str, str]:
    """What is said of each step, by the step's name."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "languages"],
        stdout=subprocess.PIPE,
        text=True,
        timeout=3000,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return dict(line.split(": ", 1) for line in done.stdout.splitlines())


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("language", "did"),
    [
        (
            "typescript",
            "template omics-runs-typescript: up: 5 created, 3 started; preview: no changes; up with"
            " a changed tag: 3 updated, 2 unchanged, none started; destroy: 5 deleted: no error",
        ),
        (
            "go",
            "example of the page Run: up: 2 created, 1 started; preview: no changes; up with"
            " a changed tag: 1 updated, 1 unchanged, none started; destroy: 2 deleted: no error",
        ),
    ],
)
def test_a_program_with_the_sdk_goes_through_the_engine(
    told: dict[str, str], language: str, did: str
) -> None:
    said = told[f"{language} program"]
    if said.startswith("skipped: "):
        pytest.skip(said)
    assert said.startswith(did)
