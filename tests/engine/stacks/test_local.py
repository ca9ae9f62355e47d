"""The main job: the stack `local` through the real engine, with runs that are executed."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi

from omics_provider.emulator.world.folder import Folder
from tests.emulator.execution.runner.jobs import needs_containers
from tests.engine.harness import COMMAND_SECONDS, clean_environment, end_plugins

ROOT = Path(__file__).parents[3]
READS = ROOT / "stacks" / "samples" / "made-reads"
OBJECTS = Path(".omics", "local.db.files")
SVG = "{http://www.w3.org/2000/svg}"


class Project:
    """A project of stacks/, in a folder of its own."""

    def __init__(self, home: Path) -> None:
        made = [sys.executable, ROOT / "tools" / "new", home, "--name", "omics-runs"]
        subprocess.run(made, check=True, capture_output=True, timeout=COMMAND_SECONDS)
        project = yaml.safe_load((home / "Pulumi.yaml").read_text("utf-8"))
        # The environment of these tests, whatever the project's own is.
        (home / "Pulumi.yaml").write_text(json.dumps({**project, "runtime": "python"}))
        (home / "backend").mkdir()
        self.home = home
        self.objects = Folder(home / OBJECTS)
        self.environment = clean_environment(home)
        self.pulumi("stack", "init", "local")

    def ran(self, *command: Any, given: str = "") -> str:
        """Run a command in the project, and return what it wrote."""
        done = subprocess.run(
            command,
            cwd=self.home,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def pulumi(self, *arguments: str) -> str:
        """Run a command of Pulumi."""
        return self.ran("pulumi", "--non-interactive", "--color", "never", *arguments)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    yield Project(tmp_path / "project")
    end_plugins(tmp_path)


def expected(sample: str, mate: int) -> list[str]:
    """Measure a file of reads, by other means than the workflow."""
    lines = (
        gzip.decompress((READS / f"{sample}_R{mate}.fastq.gz").read_bytes()).decode().split("\n")
    )
    bases, codes = "".join(lines[1::4]), "".join(lines[3::4])
    qualities = [ord(code) - 33 for code in codes]
    figures = (
        100 * sum(base in "GC" for base in bases) / len(bases),
        sum(qualities) / len(bases),
        100 * sum(quality >= 30 for quality in qualities) / len(bases),
    )
    counts = (mate, len(lines) // 4, len(bases))
    return [sample, sample, *map(str, counts), *(f"{figure:.1f}" for figure in figures)]


@needs_containers
def test_the_main_job_gives_a_table_and_plots(project: Project) -> None:
    project.pulumi("up", "--yes", "--skip-preview")
    exported = project.pulumi("stack", "output", "--json")
    outputs = json.loads(exported)["outputs"]
    assert {name: found["ReadQc.reads"] for name, found in outputs.items()} == {
        "HG002": 600,
        "HG003": 400,
        "HG004": 300,
    }
    for name, found in outputs.items():
        table = project.objects.path(found["ReadQc.table"]).read_text().splitlines()
        rows = [expected(name, mate) for mate in (1, 2)]
        assert [line.split("\t") for line in table[1:]] == rows
        plot = ET.parse(project.objects.path(found["ReadQc.plot"])).getroot()
        points = [str(line.get("points")).split() for line in plot.iter(f"{SVG}polyline")]
        assert [len(line) for line in points] == [75] * len(rows)

    told = project.ran(sys.executable, ROOT / "tools" / "results.py", given=exported)
    shown = [line.split() for line in told.splitlines()]
    assert shown[2:8] == [expected(name, mate) for name in outputs for mate in (1, 2)]
    files = [Path(line) for line in told.splitlines()[8:]]
    assert sorted({path.suffix for path in files}) == [".svg", ".tsv"]
    assert len([path for path in files if (project.home / path).is_file()]) == 6

    project.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert (project.home / files[0]).is_file()
