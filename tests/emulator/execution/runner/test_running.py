import pytest

from omics_provider.emulator.execution.runner.containers.images import Image
from omics_provider.emulator.execution.runner.containers.running import Running, Wanted
from omics_provider.emulator.execution.runner.containers.tools import Tool

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
        Image("x", None, "lab:1"), [], "/", ("/bin/sh",), 1, 2**30, tmp_path / "log", "job"
    )
    return Running(Tool("podman", str(fake)), wanted)


def test_a_container_that_is_told_to_stop_has_an_end_of_its_own(running, tmp_path):
    looks = []
    ended = running.wait(lambda: (tmp_path / "pid").exists(), lambda: looks.append(1))
    assert ended.exit_code == 137
