"""What docs/how-to.md tells to do after a kill, and its service: the page's own commands are run.

The page's other sections show what was written; tests/engine/docs/test_worked_examples.py compares
that.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.engine.harness import until
from tests.worked_examples import ROOT, capture

PAGE = ROOT / "docs" / "how-to.md"
SECONDS = 150.0


def commands(name: str) -> list[str]:
    """Return the commands that the page gives for an example, in order."""
    marked = rf"^<!-- commands: {name} -->\n```console\n(.*?)^```$"
    (block,) = re.findall(marked, PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]


def done(command: str, stage: Any) -> str:
    """Run a command to its end, which has to be a good one; return what it wrote."""
    ended = subprocess.run(
        shlex.split(command),
        cwd=stage.home, env=stage.environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    assert ended.returncode == 0, f"{command}\n{ended.stdout}{ended.stderr}"
    return ended.stdout


def starts(stage: Any) -> list[dict[str, Any]]:
    """Return every StartRun that the emulator's server has seen."""
    url = f"{stage.environment['AWS_ENDPOINT_URL']}/_omics/calls?operation=StartRun"
    with urlopen(url) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


# After a killed update ---------------------------------------------------------------------------


@pytest.mark.slow
def test_after_a_killed_update_the_pages_commands_take_the_run_up(tmp_path: Path) -> None:
    with capture.Stage.of("killed", tmp_path) as stage:
        done("pulumi stack init local", stage)
        done("pulumi config set omics:region us-east-1", stage)
        kill_an_update(stage)
        told = {command: done(command, stage) for command in commands("killed")}

        assert len(starts(stage)) == 1
        assert "2 unchanged" in told["pulumi preview --expect-no-changes"]
        (recorded,) = runs(stage)
        assert recorded["outputs"]["status"] == "COMPLETED"
        assert "pending operations" not in done("pulumi preview", stage)


def kill_an_update(stage: Any) -> None:
    """Start an update and kill all of it as soon as the service has started its run."""
    update = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview"],
        cwd=stage.home, env=stage.environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        until(lambda: starts(stage), bool, SECONDS)
    finally:
        os.killpg(update.pid, signal.SIGKILL)
        update.wait(60)


def runs(stage: Any) -> list[dict[str, Any]]:
    """Return the recorded runs of the stack."""
    state = json.loads(done("pulumi stack export", stage))
    return [
        each
        for each in state["deployment"]["resources"]
        if each["type"] == "pulumi-python:dynamic/omics:Run"
    ]


# The service -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_service_starts_a_cohort_once_and_tells_how_it_stands(tmp_path: Path) -> None:
    with capture.Stage.of("service", tmp_path) as stage, serving(stage) as (port, ask):
        url = f"http://127.0.0.1:{port}/cohorts/trio"
        assert answered(url)[0] == 404

        first = json.loads(done(ask, stage))
        assert first["state"] == "done"
        assert sorted(first["results"]) == ["HG002", "HG003"]

        # The same again starts nothing; a row more, one run.
        assert json.loads(done(ask, stage)) == first
        sheet = stage.home / "samples.csv"
        sheet.write_text(f"{sheet.read_text()}HG004,s3://amzn-s3-demo-bucket/cram/HG004.cram\n")
        more = json.loads(done(ask, stage))
        assert {name: more["results"][name] for name in first["results"]} == first["results"]
        assert sorted(more["results"]) == ["HG002", "HG003", "HG004"]


@pytest.mark.slow
def test_the_service_refuses_what_it_can_not_do(tmp_path: Path) -> None:
    with capture.Stage.of("service", tmp_path) as stage, serving(stage) as (port, _):
        url = f"http://127.0.0.1:{port}/cohorts/trio"
        assert answered(f"http://127.0.0.1:{port}/cohorts/../etc", b"x")[0] == 400

        # A sheet that is wrong, and another one while the first is looked at.
        sheet = b"sample,cram\nHG002,\nHG002,s3://amzn-s3-demo-bucket/cram/HG002.cram\n"
        assert answered(url, sheet) == (202, {"state": "updating"})
        assert answered(url, sheet)[0] == 409
        told = until(lambda: answered(url)[1], lambda told: told["state"] != "updating", SECONDS)
        assert told["state"] == "failed"
        assert "Cohort trio can't be made" in told["message"]
        assert not (stage.home / "cohort" / ".omics").exists()


@contextmanager
def serving(stage: Any) -> Iterator[tuple[int, str]]:
    """Run the page's service at a free port; give the port, and the page's client for it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve, ask = (command.replace("8080", str(port)) for command in commands("service"))
    process = subprocess.Popen(
        shlex.split(serve.removesuffix(" &")), cwd=stage.home, env=stage.environment
    )
    try:
        until(lambda: is_open(port), bool)
        yield port, ask
    finally:
        process.terminate()
        process.wait(60)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answered(url: str, body: bytes | None = None) -> tuple[int, dict[str, Any]]:
    request = Request(url, data=body, method="GET" if body is None else "PUT")
    try:
        with urlopen(request, timeout=SECONDS) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)
