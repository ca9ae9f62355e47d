"""The CLI among this process's ancestors, and what follows from its death."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from omics_provider.base.errors import OmicsError
from omics_provider.engine import process
from tests import children

CHILD = """
import sys, time
from omics_provider.base.errors import OmicsError
from omics_provider.engine.process import find_engine
engine = find_engine()
engine.require_alive()
print(engine.command[-1], flush=True)
sys.stdin.readline()
try:
    engine.require_alive()
except OmicsError as error:
    print(error, flush=True)
"""
# A plugin is not the CLI's own child: a shell script lies between.
CLI = """
import subprocess
subprocess.run(["/bin/sh", "-c", '"$PYTHON" -c "$CHILD"; true'])
"""


@pytest.fixture
def pulumi(tmp_path: Path) -> Path:
    """A program of the engine's name."""
    found = tmp_path / "pulumi"
    found.write_text(f'#!/bin/bash\nexec -a {found} {sys.executable} "$@"\n')
    found.chmod(0o755)
    return found


def test_a_plugin_whose_engine_was_killed_starts_nothing(pulumi: Path) -> None:
    engine = children.Child(
        *(pulumi, "-c", CLI, "up"),
        env={
            **os.environ,
            "PYTHON": sys.executable,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "CHILD": CHILD,
        },
        stdin=subprocess.PIPE,
    )
    assert engine.line("the update's last word") == "up"
    engine.kill()
    engine.tell("")
    told = engine.line("the refusal of the plugin")
    assert "the update that needed this has ended. Nothing was done" in told
    engine.stop()


def test_without_an_engine_nothing_is_known_and_nothing_forbidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process.psutil.Process, "parents", lambda _: [])
    found = process.find_engine()
    assert found.command == ()
    found.require_alive()


class Process:
    """A CLI that has gone to /project."""

    def __init__(self, **environment: str) -> None:
        self._environment = environment

    def cwd(self) -> str:
        return "/project"

    def environ(self) -> dict[str, str]:
        return self._environment


class Hidden(Process):
    def cwd(self) -> str:
        raise process.psutil.AccessDenied


def engine(of: Process) -> process.Engine:
    return process.Engine(("/bin/pulumi", "up"), of)  # type: ignore[arg-type]


def test_another_command_works_where_the_engine_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///set-by-the-stacks-environment")
    given = {"PULUMI_BACKEND_URL": "file://.", "PULUMI_HOME": "own"}
    options = {"PULUMI_OPTION_CWD": "project", "PULUMI_OPTION_FILE": "out.json"}

    place = engine(Process(**given, **options)).place()

    assert place == process.Place("/bin/pulumi", "/project", given)
    # macOS hides the environment of a signed program.
    monkeypatch.setenv("PULUMI_OPTION_CWD", "project")
    inherited = engine(Process()).place().environment
    assert inherited["PULUMI_BACKEND_URL"] == "file:///set-by-the-stacks-environment"
    assert "PULUMI_OPTION_CWD" not in inherited


@pytest.mark.parametrize("found", [engine(Hidden()), process.Engine()])
@pytest.mark.parametrize("backend", ["", "file://.", "file://state", "nonsense"])
def test_where_the_place_is_not_known_nothing_is_asked(
    found: process.Engine, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", backend)
    with pytest.raises(OmicsError) as caught:
        found.place()
    assert "Nothing was started. Set PULUMI_BACKEND_URL to the absolute URL" in str(caught.value)


@pytest.mark.parametrize("backend", ["file:///state", "file://~", "s3://bucket", "https://pulumi"])
def test_an_absolute_backend_is_the_same_from_everywhere(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", backend)
    place = engine(Hidden()).place()
    assert (place.program, place.folder) == ("/bin/pulumi", str(Path.cwd()))


def test_a_program_that_is_a_function_belongs_to_the_command_that_its_process_started(
    pulumi: Path,
) -> None:
    other = children.Child(pulumi, "-c", WAITING, "up", "--client=127.0.0.1:1", "--stack", "test")
    own = children.Child(pulumi, "-c", WAITING, "up", "--client=127.0.0.1:2", "--stack=a/b/dev")
    try:
        assert other.line("the start") == own.line("the start") == "started"
        found = process.find_engine_of_program("organization/trial/dev")
        assert found.command[-1] == "--stack=a/b/dev"
        assert process.find_engine_of_program("organization/trial/prod").process != found.process
    finally:
        other.stop()
        own.stop()


WAITING = "print('started', flush=True); import time; time.sleep(60)"
