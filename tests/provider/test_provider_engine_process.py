"""The CLI among this process's ancestors, and what follows from its death."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
    assert "the update that asked for it has ended; nothing was done" in told
    engine.stop()


def test_without_an_engine_nothing_is_known_and_nothing_forbidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process.psutil.Process, "parents", lambda _: [])
    found = process.find_engine()
    assert found.command == ()
    found.require_alive()
