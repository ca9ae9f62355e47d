"""The CLI is asked for the stack's state as the engine itself was started, wherever that was.

Each update starts its own run and no other, and leaves no stray folder of a backend.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi

from omics_provider.emulator import control
from tests.engine.harness import (
    COMMAND_SECONDS,
    PROJECT,
    clean_environment,
    declaration,
    end_plugins,
    until,
)

#: Declares as many runs as the file `count` beside it says.
RUNS = f"""\
from pathlib import Path

from omics_provider import OmicsRun

for number in range(int(Path(__file__).with_name("count").read_text())):
    OmicsRun(f"S{{number}}", **{declaration()!r})
"""
#: A program of the Automation API; without a folder, its project is in a temporary one.
AUTOMATION = f"""\
import json
import sys

from pulumi import automation

folder, settings, updates = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])


def program():
    from omics_provider import OmicsRun

    OmicsRun("NA12878", **{declaration()!r})


if folder:
    stack = automation.create_or_select_stack(stack_name="dev", work_dir=folder)
else:
    project = automation.ProjectSettings(
        name={PROJECT!r}, runtime="python", backend=automation.ProjectBackend(url="file://.")
    )
    options = automation.LocalWorkspaceOptions(project_settings=project)
    stack = automation.create_or_select_stack(
        stack_name="dev", project_name={PROJECT!r}, program=program, opts=options
    )
for name, value in settings.items():
    stack.set_config(name, automation.ConfigValue(value))
for _ in range(updates):
    print(sorted(stack.up().summary.resource_changes.items()))
"""


class Trial:
    """A folder with one project, whose backend and emulator are its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.state = home / "omics.db"
        (home / "work").mkdir(parents=True)
        self.environment = clean_environment(home)
        del self.environment["PULUMI_BACKEND_URL"]
        self.settings = {
            "omics:endpoint": "local",
            "omics:region": "us-east-1",
            "omics:localState": str(self.state),
            "omics:preflight": "off",
        }
        control.change_settings(self.state, {"parameterCheck": "off"})

    def project(self, name: str = "Pulumi.yaml", backend: str = "file://.") -> Path:
        """Write a project whose program is below it, and no other; give its folder."""
        folder = self.home / "work"
        told: dict[str, object] = {"name": PROJECT, "runtime": "python", "main": "src"}
        if backend:
            told["backend"] = {"url": backend}
        for other in folder.glob("Pulumi.[yj]*"):
            other.unlink()
        # JSON is YAML, too.
        (folder / name).write_text(json.dumps(told))
        # The stack's file ends as the project's does.
        for settings in folder.glob("Pulumi.dev.*"):
            kept = yaml.safe_load(settings.read_text())
            settings.unlink()
            settings.with_suffix(Path(name).suffix).write_text(json.dumps(kept))
        (folder / "src").mkdir(exist_ok=True)
        (folder / "src" / "__main__.py").write_text(RUNS)
        self.count(1)
        return folder

    def count(self, runs: int) -> None:
        """Declare so many runs."""
        (self.home / "work" / "src" / "count").write_text(str(runs))

    def begin(self, *command: str, folder: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=self.environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, *command: str, folder: Path, expect: int = 0) -> str:
        process = self.begin(*command, folder=folder)
        told, _ = process.communicate(timeout=COMMAND_SECONDS)
        assert process.returncode == expect, told
        return told

    def init(self, *options: str, folder: Path) -> None:
        """Make the stack with its settings."""
        self.run("pulumi", *options, "stack", "init", "dev", folder=folder)
        pairs = [word for each in self.settings.items() for word in ("--plaintext", "=".join(each))]
        self.run("pulumi", *options, "config", "set-all", *pairs, folder=folder)

    def up(self, *options: str, folder: Path) -> str:
        return self.run(
            *("pulumi", *options, "up", "--yes", "--skip-preview", "--stack", "dev"), folder=folder
        )

    def automation(self, folder: str, updates: int) -> list[str]:
        """Update with the Automation API, from a folder of its own; give what was changed."""
        temporary, elsewhere = self.home / "temporary", self.home / "elsewhere"
        for each in (temporary, elsewhere):
            each.mkdir()
        self.environment["TMPDIR"] = str(temporary)
        given = (folder, json.dumps(self.settings), str(updates))
        told = self.run(sys.executable, "-c", AUTOMATION, *given, folder=elsewhere)
        return told.splitlines()

    def starts(self) -> int:
        return sum(call["operation"] == "StartRun" for call in control.calls(self.state))

    def backends(self) -> list[str]:
        """Give the folders that hold a backend, from `home`."""
        found = (each.parent for each in self.home.rglob(".pulumi"))
        return sorted(str(each.relative_to(self.home)) for each in found)


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    yield Trial(tmp_path / "trial")
    end_plugins(tmp_path)


def test_one_stack_is_found_each_way_that_leads_to_it(trial: Trial) -> None:
    """One stack, reached another way each time: each update has to see what it recorded before."""
    folder = trial.project("Pulumi.yml")
    trial.init(folder=folder)
    trial.up("-C", "work", folder=trial.home)
    assert_started(trial, 1, "a backend of Pulumi.yml, in the folder that -C names")

    trial.project(backend="")
    trial.count(2)
    around = {"PULUMI_BACKEND_URL": "file://.", "PULUMI_OPTION_CWD": "work"}
    trial.environment.update(around)
    trial.up("--non-interactive", folder=trial.home)
    assert_started(trial, 2, "a folder and a relative backend of the environment")

    for name in around:
        del trial.environment[name]
    trial.project("Pulumi.json", backend="")
    trial.environment["PULUMI_HOME"] = "own-home"
    trial.run("pulumi", "login", "file://.", folder=folder)
    trial.count(3)
    trial.up(folder=folder)
    assert_started(trial, 3, "Pulumi.json, and a backend that a relative PULUMI_HOME knows")
    assert [path.parent.name for path in trial.home.rglob("own-home")] == ["work"]

    trial.environment["PULUMI_HOME"] = str(folder / "own-home")
    trial.project()
    trial.count(4)
    told = trial.automation(str(folder), updates=1)
    assert told == ["[('create', 1), ('same', 4)]"]
    assert_started(trial, 4, "the Automation API")


def assert_started(trial: Trial, runs: int, way: str) -> None:
    """So many runs were started so far, and the one backend is in the folder `work`."""
    assert trial.starts() == runs, way
    assert trial.backends() == ["work"], way


def test_an_update_from_a_folder_below_the_project(trial: Trial) -> None:
    below = trial.project() / "below" / "further"
    below.mkdir(parents=True)
    trial.init(folder=below)

    trial.up(folder=below)

    assert trial.starts() == 1
    assert trial.backends() == ["work/below/further"]


def test_a_program_that_is_a_function_of_the_automation_api(trial: Trial) -> None:
    assert trial.automation("", updates=2) == ["[('create', 2)]", "[('same', 2)]"]

    assert trial.starts() == 1
    (backend,) = trial.backends()
    assert Path(backend).parts[0] == "temporary"


def test_a_killed_create_in_a_project_with_main_is_taken_by_the_next_update(trial: Trial) -> None:
    folder = trial.project()
    control.change_settings(trial.state, {"requestId": "forget"})
    control.plan_faults(trial.state, [{"operation": "StartRun", "fault": "slow", "count": 1}])
    trial.init(folder=folder)
    process = trial.begin("pulumi", "up", "--yes", "--skip-preview", folder=folder)
    until(trial.starts, lambda calls: calls > 0, 60)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    control.plan_faults(trial.state, [])
    trial.run("pulumi", "cancel", "--yes", folder=folder)

    trial.up(folder=folder)

    assert trial.starts() == 1
    assert trial.backends() == ["work"]
