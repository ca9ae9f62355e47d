"""Data flows one way: the linter says so, and can say no."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages and the contracts, to be broken."""
    for package in ("omics_provider", "stacks"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [str(LINTER), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_layers_hold() -> None:
    code, report = lint(ROOT)
    assert code == 0, report
    assert " 0 broken" in report


BREACHES = [
    ("base/values.py", "import boto3", "Core is pure"),
    ("base/identity.py", "import os", "Core is pure"),
    ("runs/rules/declaration.py", "from omics_provider.aws import clients", "Data flows one way"),
    ("service/polling.py", "import omics_provider.providers.run", "Data flows one way"),
    ("providers/run.py", "from omics_provider.resources import run", "Data flows one way"),
    ("providers/run.py", "from omics_provider.report import data", "Data flows one way"),
    ("providers/_host.py", "import omics_provider.commands.report.page", "Data flows one way"),
    ("resources/wait.py", "from omics_provider.report import data", "Data flows one way"),
    ("commands/report/data.py", "from omics_provider.resources import wait", "Data flows one way"),
    ("waits/attempts.py", "from omics_provider.providers import retrying", "Data flows one way"),
    ("providers/_wire.py", "import botocore.session", "Only aws talks to boto3"),
    ("resources/run.py", "import boto3", "Only aws talks to boto3"),
    (
        "emulator/world/life.py",
        "from omics_provider.core import status",
        "The emulator is an island",
    ),
    ("emulator/world/store.py", "import pulumi", "The emulator is an island"),
    ("runs/calls.py", "import omics_provider.emulator.world.store", "One door to the emulator"),
    ("resources/wait.py", "import moto", "One door to the emulator"),
]


@pytest.mark.parametrize(("path", "line", "contract"), BREACHES)
def test_a_forbidden_import_is_found(copy: Path, path: str, line: str, contract: str) -> None:
    module = copy / "omics_provider" / path
    module.write_text(f"{module.read_text('utf-8')}\n{line}\n", "utf-8")
    code, report = lint(copy)
    assert code != 0
    assert f"{contract} BROKEN" in report, report


def test_every_contract_is_tried() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8")
    contracts = {
        line.split('"')[1]
        for block in pyproject.split("[[tool.importlinter.contracts]]")[1:]
        for line in block.splitlines()
        if line.startswith("name = ")
    }
    assert contracts == {contract for _, _, contract in BREACHES}
