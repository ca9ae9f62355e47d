"""Data flows one way: the linter says so, and can say no."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LINTER = Path(sys.executable).with_name("lint-imports")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages and the contracts, to be broken by a test, which mends them again."""
    folder = tmp_path_factory.mktemp("layers")
    for package in ("omics_provider", "stacks"):
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


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


BETWEEN = "Data flows one way between slices"
INSIDE = "Data flows one way inside a slice"
PURE = "Rules are pure"
SHEETS = "The sheets are an island"
BOTO3 = "Only service talks to boto3"
PULUMI = "Only the doors know Pulumi"
HOST = "One module reaches into Pulumi's host"
CIRCLE = "No circle among siblings"
ISLAND = "The emulator is an island"
DOOR = "One door to the emulator"
BREACHES = [
    ("base/values.py", "import boto3", PURE),
    ("base/identity.py", "import os", PURE),
    ("runs/rules/lifecycle.py", "import time", PURE),
    ("commands/drift/rules/judge.py", "import subprocess", PURE),
    ("runs/rules/declaration.py", "from omics_provider.runs import calls", INSIDE),
    ("runs/calls.py", "import omics_provider.runs.handler", INSIDE),
    ("service/polling.py", "import omics_provider.providers.run", BETWEEN),
    ("engine/state.py", "import omics_provider.runs.calls", BETWEEN),
    ("runs/lookup.py", "import omics_provider.batches.calls", BETWEEN),
    ("providers/run.py", "from omics_provider.resources import run", BETWEEN),
    ("resources/wait.py", "import stacks.local", BETWEEN),
    ("sheets/cells.py", "import omics_provider.base.values", SHEETS),
    ("providers/_wire.py", "import botocore.session", BOTO3),
    ("resources/run.py", "import boto3", BOTO3),
    ("runs/handler.py", "import pulumi", PULUMI),
    ("service/polling.py", "import pulumi", PULUMI),
    ("providers/run.py", "import omics_provider.providers._host", HOST),
    ("runs/starts.py", "import omics_provider.runs.interrupted", CIRCLE),
    ("emulator/world/store.py", "import omics_provider.emulator.service", CIRCLE),
    ("emulator/world/clock.py", "from omics_provider.base import status", ISLAND),
    ("emulator/world/store.py", "import pulumi", ISLAND),
    ("runs/calls.py", "import omics_provider.emulator.world.store", DOOR),
    ("resources/wait.py", "import moto", DOOR),
]


@pytest.mark.parametrize(("path", "line", "contract"), BREACHES)
def test_a_forbidden_import_is_found(copy: Path, path: str, line: str, contract: str) -> None:
    module = copy / "omics_provider" / path
    whole = module.read_text("utf-8")
    module.write_text(f"{whole}\n{line}\n", "utf-8")
    try:
        code, report = lint(copy)
    finally:
        module.write_text(whole, "utf-8")
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
