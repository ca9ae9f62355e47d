"""The package as users have it: a wheel, and environments without anything of these tests.

No network: an environment gets links to what the wheel's requirements name, as far as they go, in
the environment of these tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import boto3
from packaging.requirements import Requirement

from omics_provider.emulator.doors.local import attach


def ran(
    *command: str | Path, cwd: Path, env: dict[str, str] | None = None, code: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, and hold it to its exit code."""
    done = subprocess.run(
        [str(each) for each in command],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    said = done.stdout + done.stderr
    assert done.returncode == code, f"{command}: exit code {done.returncode}\n{said}"
    assert "Traceback" not in said
    return done


def uv(*arguments: str | Path, cwd: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    ran(Path(sys.executable).with_name("uv"), "--offline", *arguments, cwd=cwd, env=clean)


def required(wheel: Path) -> set[str]:
    """Return the names of all that a wheel requires, extras left out."""
    (ours,) = metadata.distributions(path=[str(wheel)])
    found: set[str] = set()
    waiting = names(ours.requires)
    while waiting:
        if (each := waiting.pop()) not in found:
            found.add(each)
            waiting |= names(metadata.requires(each))
    return found


def names(requirements: list[str] | None) -> set[str]:
    wanted = [Requirement(line) for line in requirements or []]
    return {w.name for w in wanted if not w.marker or w.marker.evaluate({"extra": ""})}


def link(name: str, packages: Path) -> None:
    """Have a distribution of the tests' own environment in another folder of packages."""
    distribution = metadata.distribution(name)
    for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
        place = Path(str(distribution.locate_file(top)))
        if top.endswith(".dist-info"):
            # uv does not see a link to one.
            shutil.copytree(place, packages / top)
        elif not (packages / top).exists():
            (packages / top).symlink_to(place)


def surroundings(programs: Path, folder: Path) -> dict[str, str]:
    """Return an environment with a folder of programs and the engine, and nothing of ours."""
    (folder / "backend").mkdir(exist_ok=True)
    others = [each for each in os.environ["PATH"].split(os.pathsep) if ".venv/bin" not in each]
    return {
        "AWS_CONFIG_FILE": str(folder / "nowhere"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "nowhere"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(folder),
        "PATH": os.pathsep.join([str(programs), *others]),
        "PULUMI_BACKEND_URL": f"file://{folder / 'backend'}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": "wheel",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(folder / "pulumi-home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def runs_of(project: Path) -> list[dict[str, Any]]:
    """Return the runs that the emulator of a project has."""
    client = boto3.client("omics", region_name="us-east-1")
    attach(client, project / ".omics" / "local.db")
    return list(client.list_runs()["items"])
