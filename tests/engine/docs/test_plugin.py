"""The archive of `make plugin`, installed as docs/yaml.md says: on a machine that has nothing else.

No network: pip finds what stands for a package index (conftest.py).
"""

from __future__ import annotations

import json
import os
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from .installed import ran, surroundings

ROOT = Path(__file__).parents[3]
VERSION = metadata.version("omics-provider")
#: The program needs no package of ours: only the plugin has it.
PROGRAM = """\
import pulumi

pulumi.CustomResource("omics:index:Run", "NA12878", {
    "roleArn": "arn:aws:iam::123456789012:role/omics",
    "outputUri": "s3://results/runs",
    "workflowId": "9500764",
    "workflowType": "READY2RUN",
    "parameters": {"sample_name": "NA12878", "fastq_pairs": []},
})
"""
CONFIG = {"endpoint": "local", "region": "us-east-1", "localRunSeconds": "0"}


@pytest.fixture
def machine(tmp_path: Path, index: dict[str, str]) -> dict[str, str]:
    """An environment with the engine and a Python without the package's script on PATH."""
    for name in ("setuptools", "wheel"):
        stand_in(name, Path(index["PIP_FIND_LINKS"]))
    found = {**surroundings(tmp_path / "bin", tmp_path), **index}
    return {**found, "PULUMI_PYTHON_CMD": sys.executable, "PYTHONDONTWRITEBYTECODE": ""}


def stand_in(name: str, folder: Path) -> None:
    """Make an empty distribution: an engine's Python host asks for these beside a plugin's."""
    info = f"{name}-99.dist-info"
    with zipfile.ZipFile(folder / f"{name}-99-py3-none-any.whl", "w") as made:
        made.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 99\n")
        made.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        made.writestr(f"{info}/RECORD", "")


def project(folder: Path) -> Path:
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: trial\nruntime: python\n")
    (folder / "__main__.py").write_text(PROGRAM)
    config = "".join(f"  omics:{name}: {json.dumps(value)}\n" for name, value in CONFIG.items())
    (folder / "Pulumi.dev.yaml").write_text(f"config:\n{config}")
    return folder


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_archive_is_a_plugin_with_an_environment_of_its_own(
    machine: dict[str, str], tmp_path: Path
) -> None:
    made = ran(ROOT / "tools" / "plugin" / "make", tmp_path / "dist", cwd=tmp_path, env=on_path())
    install = made.stdout.split()
    assert install[:-1] == f"pulumi plugin install resource omics {VERSION} --file".split()
    here = project(tmp_path / "project")
    ran("pulumi", "stack", "init", "dev", cwd=here, env=machine)
    missing = ran("pulumi", "preview", "--stack", "dev", cwd=here, env=machine, code=1)
    assert "no resource plugin 'pulumi-resource-omics' found" in missing.stdout

    ran(*install, cwd=here, env=machine)

    up = ran("pulumi", "up", "--yes", "--stack", "dev", cwd=here, env=machine)
    assert "omics:index:Run NA12878 created" in up.stdout
    again = ran("pulumi", "preview", "--stack", "dev", "--expect-no-changes", cwd=here, env=machine)
    assert "warning" not in up.stdout + again.stdout
    ran("pulumi", "destroy", "--yes", "--stack", "dev", cwd=here, env=machine)


def on_path() -> dict[str, str]:
    """Return the environment of the repository's tools."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
