import contextlib
import os
import signal

import pytest

from omics_provider.emulator.execution.runner.containers import oci
from omics_provider.emulator.execution.runner.containers.images import Image
from omics_provider.emulator.execution.runner.containers.running import Running, Wanted
from omics_provider.emulator.execution.runner.containers.tools import Tool

from .jobs import until

# A tool that ends what it started before it says so.
FAKE = """#!/bin/sh
case "$1" in
run) echo $$ > FOLDER/pid; exec sleep 600;;
kill)
  kill -9 "$(cat FOLDER/pid)"
  while ! grep -q '^State:.Z' "/proc/$(cat FOLDER/pid)/status"; do sleep 0.05; done;;
esac
"""


@pytest.fixture
def running(tmp_path):
    fake = tmp_path / "podman"
    fake.write_text(FAKE.replace("FOLDER", str(tmp_path)))
    fake.chmod(0o755)
    wanted = Wanted(
        Image("x", None, "lab:1"), [], "/", ("/bin/sh",), 1, 2**30, tmp_path / "log", tmp_path
    )
    yield Running(Tool("podman", str(fake)), wanted)
    with contextlib.suppress(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_a_container_that_is_told_to_stop_has_an_end_of_its_own(running, tmp_path):
    looks = []
    ended = running.wait(lambda: (tmp_path / "pid").exists(), lambda: looks.append(1))
    assert ended.exit_code == 137


def test_the_containers_of_a_killed_job_are_ended(running, tmp_path):
    until((tmp_path / "pid").exists, "the container")
    oci.remove_left(tmp_path)  # as somebody else does who finds the job's folder
    turns = []

    def stop():
        turns.append(1)
        assert len(turns) < 50, "the container goes on"
        return False

    assert running.wait(stop, lambda: None).exit_code == 137
