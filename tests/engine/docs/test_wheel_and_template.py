"""The package as users have it: a wheel in an environment of its own, a project elsewhere.

No network: the environment gets the wheel, and links to what the wheel's requirements name, as far
as they go, in the environment of these tests. What is not required is not there.
"""

from __future__ import annotations

import filecmp
import json
import re
import sys
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from .installed import ran, surroundings

ROOT = Path(__file__).parents[3]
TEMPLATE = ROOT / "templates" / "omics-runs"
RUN = "pulumi-python:dynamic/omics:Run"
STATE = Path(".omics") / "local.db"
#: Not required, so not there: the emulator's server, pages, WDL, the AWS plugin.
EXTRAS = ("moto", "jinja2", "WDL", "pulumi_aws")


# The wheel ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_wheel_has_all_files_of_the_package_and_nothing_else(wheel: Path) -> None:
    package = ROOT / "omics_provider"
    caches = ("__pycache__", ".mypy_cache", ".ruff_cache")
    there = {
        str(path.relative_to(ROOT))
        for path in package.rglob("*")
        if path.is_file() and not set(path.parts) & set(caches)
    }
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    described = {name for name in names if name.startswith("omics_provider-")}
    assert names - described == there
    assert {re.sub(r"^.*dist-info/", "", name) for name in described} == {
        "METADATA", "entry_points.txt", "RECORD", "WHEEL", "licenses/LICENSE",
    }  # fmt: skip
    data = {name for name in there if not name.endswith(".py")}
    assert {Path(name).name for name in data} >= {"py.typed", "ready2run.json", "page.html.j2"}


class Trial:
    """A folder with a project in it, its own environment, and a folder elsewhere to call from."""

    def __init__(self, folder: Path, venv: Path) -> None:
        self.project, self.elsewhere = folder / "project", folder / "elsewhere"
        self.elsewhere.mkdir()
        self.venv = self.project / "venv"
        self.env = surroundings(self.venv / "bin", folder)
        self._made = venv

    def install(self) -> None:
        """Have the environment in the project's folder."""
        self.venv.symlink_to(self._made)

    def pulumi(self, *arguments: str | Path) -> str:
        """Run a command on the project, from another folder."""
        where = ("--non-interactive", "--color", "never", "-C", self.project)
        return ran("pulumi", *where, *arguments, cwd=self.elsewhere, env=self.env).stdout

    def updated(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Preview, update, preview again; return the stack's outputs and its runs."""
        steps = json.loads(self.pulumi("preview", "--json"))["changeSummary"]
        assert set(steps) == {"create"}, steps
        self.pulumi("up", "--yes", "--skip-preview")
        self.pulumi("preview", "--expect-no-changes")
        state = json.loads(self.pulumi("stack", "export"))["deployment"]["resources"]
        (stack,) = (each for each in state if each["type"] == "pulumi:pulumi:Stack")
        return stack["outputs"], [each for each in state if each["type"] == RUN]

    def states(self) -> list[Path]:
        """Return every file of an emulator below the trial, from the project on."""
        found = self.project.parent.rglob(STATE.name)
        return [path.relative_to(self.project) for path in found]


@pytest.fixture
def trial(tmp_path: Path, venv: Path) -> Trial:
    return Trial(tmp_path, venv)


@pytest.mark.slow
def test_the_commands_work_without_any_extra(trial: Trial) -> None:
    trial.project.mkdir()
    trial.install()

    def python(*arguments: str, code: int = 0) -> str:
        done = ran(
            trial.venv / "bin" / "python", *arguments, cwd=trial.elsewhere, env=trial.env, code=code
        )
        return done.stdout + done.stderr

    found = python(
        "-c",
        "import importlib.util as u, omics_provider as o; print(o.__file__)\n"
        "print(*o.__all__, *(getattr(o, n) for n in o.__all__), sep='\\n')\n"
        f"assert not any(u.find_spec(n) for n in {EXTRAS})",
    ).splitlines()
    assert Path(found[0]).is_relative_to(trial.venv)
    assert "OmicsRun" in found
    assert "0 wrong, 0 warnings" in python("-m", "omics_provider", "doctor", "--endpoint", "local")
    report = python("-m", "omics_provider", "report", "--runs", "1", "-o", "-", code=1)
    assert 'pip install "omics-provider[report]"' in report
    served = python("-m", "omics_provider.emulator", "--port", "0", "--state", "x.db", code=1)
    assert 'pip install "omics-provider[emulator]"' in served


# The template ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_template_makes_a_project_that_runs(trial: Trial) -> None:
    new = ("new", TEMPLATE, "--yes", "--generate-only", "--name", "my-trio")
    ran("pulumi", *new, "--dir", trial.project, cwd=trial.elsewhere, env=trial.env)
    left = sorted(path.name for path in trial.project.iterdir())
    assert left == sorted(path.name for path in TEMPLATE.iterdir() if path.name != "venv")
    trial.install()
    # What the project asks for is what was installed.
    asked = Requirement((trial.project / "requirements.txt").read_text().strip())
    assert asked.name == "omics-provider"
    assert asked.specifier.contains(metadata.version("omics-provider"))

    stack = trial.project / "Pulumi.dev.yaml"
    assert 'omics:localRunSeconds: "5"' in stack.read_text()
    stack.write_text(stack.read_text().replace('Seconds: "5"', 'Seconds: "0"'))
    trial.pulumi("stack", "init", "dev")

    outputs, runs = trial.updated()

    samples = {"HG002", "HG003", "HG004"}
    assert set(outputs["results"]) == samples
    assert {run["inputs"]["name"] for run in runs} == samples
    assert trial.states() == [STATE]


@pytest.mark.slow
def test_the_template_s_readme_tells_every_key_and_command() -> None:
    readme = (TEMPLATE / "README.md").read_text("utf-8")
    keys = set(re.findall(r"config\.\w+\(\"(\w+)\"\)", (TEMPLATE / "__main__.py").read_text()))
    assert {f"cohort:{key}" for key in keys} - set(re.findall(r"`([\w:]+)`", readme)) == set()
    for stack in ("dev", "production"):
        text = (TEMPLATE / f"Pulumi.{stack}.yaml").read_text("utf-8")
        used = set(re.findall(r"^  cohort:(\w+):", text, re.MULTILINE))
        assert used <= keys
        # The engine puts a line's end behind ${PROJECT} in YAML.
        assert "$" not in text


# A project of stacks/ ----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_project_made_of_stacks_runs_elsewhere(trial: Trial) -> None:
    new = (sys.executable, ROOT / "tools" / "new", trial.project, "--name", "lab-runs")
    ran(*new, "--stack", "night", "--like", "production", cwd=trial.elsewhere)
    trial.install()
    (asked,) = (trial.project / "requirements.txt").read_text().splitlines()
    assert Requirement(asked).specifier.contains(metadata.version("omics-provider"))
    settings = (trial.project / "stacks" / "Pulumi.night.yaml").read_text()
    assert "  lab-runs:program: production\n" in settings
    assert "omics-runs:" not in settings

    local = trial.project / "stacks" / "Pulumi.local.yaml"
    local.write_text(local.read_text().replace('Seconds: "5"', 'Seconds: "0"'))
    trial.pulumi("stack", "init", "local")

    outputs, runs = trial.updated()

    assert {run["status"] for run in outputs["runs"].values()} == {"COMPLETED"}
    assert sorted(run["inputs"]["name"] for run in runs) == ["HG002", "HG003", "HG004"]
    assert trial.states() == [STATE]


def test_a_project_made_of_stacks_brings_the_pipelines(tmp_path: Path) -> None:
    ran(sys.executable, ROOT / "tools" / "new", "lab-runs", cwd=tmp_path)

    made = tmp_path / "lab-runs"
    names = [
        str(each.relative_to(TEMPLATE))
        for each in (TEMPLATE / "pipelines").rglob("*")
        if each.is_file()
    ]
    assert "pipelines/github/omics-up.yml" in names
    assert filecmp.cmpfiles(TEMPLATE, made, names, shallow=False)[0] == names
    runtime = yaml.safe_load((made / "Pulumi.yaml").read_text("utf-8"))["runtime"]
    assert runtime["options"]["virtualenv"] == "venv"
    assert {"/venv/", "/report.md"} <= set((made / ".gitignore").read_text("utf-8").splitlines())


@pytest.mark.parametrize(
    ("folder", "arguments", "why"),
    [
        ("full", [], "is there already, and not empty: nothing was written"),
        ("Lab_Runs", [], "'Lab_Runs' can't name a project"),
        ("lab", ["--stack", "Night"], "'Night' can't name a stack"),
        (str(ROOT / "lab"), [], "is in this repository"),
        ("", [], "name a folder outside of this repository"),
    ],
)
def test_a_project_is_made_of_nothing_else(
    tmp_path: Path, folder: str, arguments: list[str], why: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "theirs").write_text("theirs")
    before = sorted(tmp_path.rglob("*"))
    new = (sys.executable, ROOT / "tools" / "new", folder, *arguments)
    assert why in " ".join(ran(*new, cwd=tmp_path, code=2).stderr.split())
    assert sorted(tmp_path.rglob("*")) == before
    assert not (ROOT / "lab").exists()
