"""The CLI is asked for the stack's state as the engine itself was started, wherever that was.

Each case starts one run, starts none at the second `up`, and leaves no stray folder of a backend.
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

from omics_provider.emulator import control
from tests.engine.harness import (
    COMMAND_SECONDS,
    PROJECT,
    clean_environment,
    declaration,
    end_plugins,
    until,
)

RUN = f"""\
from omics_provider import OmicsRun

OmicsRun("NA12878", **{declaration()!r})
"""
#: A program of the Automation API; without a folder, its project is in a temporary one.
AUTOMATION = f"""\
import json
import sys

from pulumi import automation

folder, settings = sys.argv[1], json.loads(sys.argv[2])


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
for _ in range(2):
    print(stack.up().summary.resource_changes)
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

    def project(
        self, name: str = "Pulumi.yaml", main: str = "", backend: str = "", program: str = RUN
    ) -> Path:
        """Write a project; give its folder."""
        folder = self.home / "work"
        told: dict[str, object] = {"name": PROJECT, "runtime": "python"}
        if main:
            told["main"] = main
        if backend:
            told["backend"] = {"url": backend}
        # JSON is YAML, too.
        (folder / name).write_text(json.dumps(told))
        (folder / main).mkdir(exist_ok=True)
        (folder / main / "__main__.py").write_text(program)
        return folder

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

    def up(self, *options: str, folder: Path, expect: int = 0) -> str:
        return self.run(
            *("pulumi", *options, "up", "--yes", "--skip-preview", "--stack", "dev"),
            folder=folder,
            expect=expect,
        )

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


def ups_start_one_run(trial: Trial, *options: str, folder: Path) -> None:
    """Init, and update twice."""
    trial.init(*options, folder=folder)
    trial.up(*options, folder=folder)
    assert trial.starts() == 1
    trial.up(*options, "--non-interactive", folder=folder)
    assert trial.starts() == 1


@pytest.mark.parametrize("name", ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"])
def test_a_backend_of_the_project_file_and_a_program_below_it(trial: Trial, name: str) -> None:
    folder = trial.project(name, main="src", backend="file://.")

    ups_start_one_run(trial, folder=folder)

    assert trial.backends() == ["work"]


def test_a_relative_backend_of_the_environment(trial: Trial) -> None:
    folder = trial.project(main="src")
    trial.environment["PULUMI_BACKEND_URL"] = "file://."

    ups_start_one_run(trial, folder=folder)

    assert trial.backends() == ["work"]


def test_an_update_from_a_folder_below_the_project(trial: Trial) -> None:
    below = trial.project(backend="file://.") / "below" / "further"
    below.mkdir(parents=True)

    ups_start_one_run(trial, folder=below)

    assert trial.backends() == ["work/below/further"]


@pytest.mark.parametrize("option", ["-C", "--cwd", "environment"])
def test_a_folder_that_the_command_line_names(trial: Trial, option: str) -> None:
    trial.project(main="src", backend="file://.")
    options: tuple[str, ...] = (option, "work")
    if option == "environment":
        trial.environment["PULUMI_OPTION_CWD"] = "work"
        options = ()

    ups_start_one_run(trial, *options, folder=trial.home)

    assert trial.backends() == ["work"]


def test_a_backend_that_a_relative_home_of_pulumi_knows(trial: Trial) -> None:
    folder = trial.project(main="src")
    trial.environment["PULUMI_HOME"] = "own-home"
    trial.run("pulumi", "login", "file://.", folder=folder)

    ups_start_one_run(trial, folder=folder)

    assert trial.backends() == ["work"]
    assert [path.parent.name for path in trial.home.rglob("own-home")] == ["work"]


@pytest.mark.parametrize("kind", ["inline", "local"])
def test_a_program_of_the_automation_api(trial: Trial, kind: str) -> None:
    temporary = trial.home / "temporary"
    temporary.mkdir()
    trial.environment["TMPDIR"] = str(temporary)
    folder = trial.project(main="src", backend="file://.") if kind == "local" else None
    elsewhere = trial.home / "elsewhere"
    elsewhere.mkdir()

    given = (str(folder or ""), json.dumps(trial.settings))

    told = trial.run(sys.executable, "-c", AUTOMATION, *given, folder=elsewhere)

    assert told.splitlines() == ["{'create': 2}", "{'same': 2}"]
    assert trial.starts() == 1
    (backend,) = trial.backends()
    assert Path(backend).parts[0] == ("work" if folder else "temporary")


def test_a_killed_create_in_a_project_with_main_is_taken_by_the_next_update(trial: Trial) -> None:
    folder = trial.project(main="src", backend="file://.")
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
    trial.up("--non-interactive", folder=folder)
    assert trial.starts() == 1
