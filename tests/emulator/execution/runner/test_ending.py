import os
import secrets
import signal
import time

import pytest

from .jobs import at_work, make, needs_containers, until

pytestmark = needs_containers

SLEEPS = """
version 1.0
workflow sleeps { scatter (n in range(3)) { call nap { input: n = n } } }
task nap {
  input { Int n }
  command <<< sh -c 'sleep 600 & sleep 600; echo MARK' MARK >>>
  runtime { docker: "x" }
}
"""


@pytest.fixture
def mark():
    return f"mark-{secrets.token_hex(8)}"


@pytest.fixture
def sleeping(tmp_path, mark):
    job = make(tmp_path / "job", SLEEPS.replace("MARK", mark), cpus=2)
    child = job.started()
    until(lambda: [e["status"] for e in job.events].count("RUNNING") == 2, "two tasks")
    until(lambda: at_work(mark), "the tasks' processes")
    yield job, child
    child.kill()


def test_sigterm_ends_it_within_seconds(sleeping, mark):
    job, child = sleeping
    began = time.monotonic()
    child.process.terminate()
    child.rest()
    assert time.monotonic() - began < 10
    assert child.process.returncode == 0
    assert job.result["status"] == "CANCELLED"
    assert {event["status"] for event in job.ended().values()} == {"CANCELLED"}
    assert at_work(mark) == []


def test_a_runner_that_is_killed_leaves_no_process(sleeping, mark):
    _, child = sleeping
    os.kill(child.process.pid, signal.SIGKILL)
    child.kill()
    until(lambda: not at_work(mark), "the end of the tasks")


def test_sigterm_before_the_first_task(tmp_path):
    job = make(tmp_path / "job", SLEEPS)
    child = job.started()
    until(lambda: (job.folder / "logs").is_dir(), "the start")
    child.process.terminate()
    child.rest()
    assert child.process.returncode == 0
    assert job.result["status"] == "CANCELLED"
