"""A wheel of the package, and what it is installed from and into."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .installed import link, required, uv

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built of a source archive, as a package index would have both."""
    out = tmp_path_factory.mktemp("dist")
    uv("build", "--no-build-isolation", "--python", sys.executable, "--out-dir", out, ROOT, cwd=out)
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def venv(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, what it requires, and pip, which the engine asks."""
    venv = tmp_path_factory.mktemp("environment") / "venv"
    uv("venv", "--no-project", "--python", sys.executable, venv, cwd=wheel.parent)
    python = venv / "bin" / "python"
    uv("pip", "install", "--no-deps", "--python", python, wheel, cwd=wheel.parent)
    (packages,) = venv.glob("lib/python3*/site-packages")
    for name in {*required(wheel), "pip"}:
        link(name, packages)
    uv("pip", "check", "--python", python, cwd=wheel.parent)
    return venv


@pytest.fixture(scope="session")
def index(wheel: Path) -> dict[str, str]:
    """What stands for a package index: the wheel, and what it requires as if it were installed."""
    packages = wheel.with_name("required")
    packages.mkdir()
    for name in required(wheel):
        link(name, packages)
    return {
        "PIP_FIND_LINKS": str(wheel.parent),
        "PIP_NO_INDEX": "1",
        "PYTHONPATH": str(packages),
    }
