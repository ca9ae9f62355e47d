"""The CLI among this process's ancestors, and what follows from its death."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from omics_provider.engine import process

CHILD = """
import sys, time
from omics_provider.base.errors import OmicsError
from omics_provider.engine import process
process.require_alive()
print(process.command()[-1], flush=True)
sys.stdin.readline()
try:
    process.require_alive()
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
    with subprocess.Popen(
        [pulumi, "-c", CLI, "up"],
        env={
            **os.environ,
            "PYTHON": sys.executable,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "CHILD": CHILD,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as engine:
        assert engine.stdin is not None
        assert engine.stdout is not None
        assert engine.stdout.readline() == "up\n"
        engine.kill()
        engine.wait(timeout=60)
        time.sleep(0.1)
        engine.stdin.write("\n")
        engine.stdin.flush()
        assert (
            "the update that asked for it has ended; nothing was done" in engine.stdout.readline()
        )


def test_without_an_engine_nothing_is_known_and_nothing_forbidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process._engine.cache_clear()
    monkeypatch.setattr(process.psutil.Process, "parents", lambda _: [])
    assert process.command() == ()
    process.require_alive()
    process._engine.cache_clear()
