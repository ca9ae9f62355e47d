"""The templates for other languages: a project of each, and what holds for their files.

The program in TypeScript is compiled and run by `make languages`.
"""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from .installed import ran, runs_of, surroundings

TEMPLATES = Path(__file__).parents[3] / "templates"
OURS = ("omics-runs-yaml", "omics-runs-typescript")
SAMPLES = ["HG002", "HG003", "HG004"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_project_of_the_template_in_yaml_runs_its_sheet(tmp_path: Path, venv: Path) -> None:
    env = surroundings(tmp_path / "bin", tmp_path)
    script = venv / "bin" / "pulumi-resource-omics"
    version = metadata.version("omics-provider")
    install = ("pulumi", "plugin", "install", "resource", "omics", version, "--file", script)
    ran(*install, cwd=tmp_path, env=env)
    project = tmp_path / "project"
    new = ("pulumi", "new", TEMPLATES / "omics-runs-yaml", "--yes", "--generate-only")
    ran(*new, "--name", "my-trio", "--dir", project, cwd=tmp_path, env=env)

    def pulumi(*arguments: str) -> str:
        return ran("pulumi", "--non-interactive", *arguments, cwd=project, env=env).stdout

    pulumi("stack", "init", "dev")
    steps = json.loads(pulumi("preview", "--json"))
    assert steps["changeSummary"] == {"create": 5}
    said = pulumi("up", "--yes", "--skip-preview") + pulumi("preview", "--expect-no-changes")

    assert "warning" not in said
    runs = json.loads(pulumi("stack", "output", "runs", "--json"))
    assert {name: run["status"] for name, run in runs.items()} == dict.fromkeys(
        SAMPLES, "COMPLETED"
    )
    assert sorted(run["id"] for run in runs.values()) == sorted(r["id"] for r in runs_of(project))


@pytest.mark.parametrize("name", OURS)
def test_a_template_has_the_first_one_s_sheet_and_stacks(name: str) -> None:
    first, other = TEMPLATES / "omics-runs", TEMPLATES / name
    for file in ("samples.csv", ".gitattributes"):
        assert (other / file).read_text("utf-8") == (first / file).read_text("utf-8")
    for stack in ("dev", "production"):
        ours, theirs = (settings(each, stack) for each in (other, first))
        assert ours.items() <= theirs.items()
        # The engine puts a line's end behind ${PROJECT} in YAML.
        assert "$" not in (other / f"Pulumi.{stack}.yaml").read_text("utf-8")


def settings(template: Path, stack: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((template / f"Pulumi.{stack}.yaml").read_text("utf-8"))
    return found["config"]


@pytest.mark.parametrize("name", OURS)
def test_a_template_s_readme_tells_every_key_and_file(name: str) -> None:
    template = TEMPLATES / name
    told = set(re.findall(r"`([\w:./]+)`", (template / "README.md").read_text("utf-8")))
    keys = set(yaml.safe_load((template / "Pulumi.yaml").read_text("utf-8")).get("config", {}))
    program = template / "index.ts"
    if program.exists():
        found = re.findall(r"config\.\w+(?:<[\w.]+>)?\(\"(\w+)\"\)", program.read_text("utf-8"))
        keys |= {f"cohort:{key}" for key in found}
    assert len(keys) >= 3
    assert keys - told == set()
    hidden = {"README.md", "package.json", "tsconfig.json"}
    files = {path.name + "/" * path.is_dir() for path in template.iterdir()} - hidden
    assert {file for file in files if file[0] != "."} - told == set()
