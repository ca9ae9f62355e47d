"""The JavaScript SDK, version 3, starts a run, waits for it and reads it."""

import json
import shutil
from pathlib import Path

import pytest

from tests.clients.conftest import BUILD, ROLE

PROGRAM = Path(__file__).with_name("job.mjs")


@pytest.fixture
def job(world):
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on PATH: the JavaScript SDK is not tried")

    def call(prefix):
        words = (BUILD / "node", world.workflow(), ROLE, prefix)
        return world.call(node, PROGRAM, *words)

    return call


def test_it_does_a_job_without_the_host_prefix(world, job):
    done = job("off")
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen.pop("requestId")
    assert world.served.omics.get_run(id=seen.pop("id"))["name"] == "from-js"
    assert seen == {
        "waiter": "SUCCESS",
        "status": "COMPLETED",
        "isDate": True,
        "tasks": ["count"],
        "error": "ResourceNotFoundException",
        "isTyped": True,
    }


def test_it_does_not_follow_the_shared_setting(job):
    """The environment of each call has AWS_DISABLE_HOST_PREFIX_INJECTION."""
    done = job("on")
    assert done.returncode == 1
    assert "workflows-127.0.0.1" in done.stderr
