"""Runs that are executed, through the real engine: at `local`, and at the emulator's server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
import psutil
import pytest

from omics_provider.emulator.doors.local import attach_s3
from omics_provider.emulator.world.store import open_store
from tests.emulator.execution.runner.jobs import needs_containers
from tests.engine.harness import ROLE, Stack, until
from tests.engine.wait_program import outputs
from tests.served import ACCOUNT, REGION, serving

pytestmark = needs_containers

BUCKET: Final = "reads"
#: Seconds in which a run is executed on two busy cores.
LIMIT: Final = 240.0
IMAGE: Final = "111122223333.dkr.ecr.us-east-1.amazonaws.com/tools:1"
PROGRAM: Final = """\
import json
import pathlib

import pulumi
from omics_provider import OmicsRun, OmicsWorkflow

declared = json.loads(pathlib.Path("declared.json").read_text())
workflow = OmicsWorkflow("count", definition="count", name="count")


def run(name, **parameters):
    return OmicsRun(
        name,
        workflow_id=workflow.id,
        workflow_version_name=workflow.version_name,
        parameters=parameters,
        **declared["run"],
    )


if declared["chain"]:
    first = run("first", files=declared["files"]).wait(outputs=True)
    second = run("second", files=[first["outputs"].apply(lambda found: found["count.all"])])
    pulumi.export("all", second.wait(outputs=True)["outputs"])
else:
    for mode in ("exit 3", "sleep 600"):
        run(mode.split()[0], files=declared["files"], mode=mode)
"""
WDL: Final = f"""\
version 1.0
workflow count {{
  input {{
    Array[File] files
    String mode = "true"
  }}
  scatter (file in files) {{
    call lines {{ input: file = file, mode = mode }}
  }}
  call gather {{ input: parts = lines.numbered }}
  output {{
    File all = gather.all
  }}
}}
task lines {{
  input {{
    File file
    String mode
  }}
  command <<<
    set -e
    echo "no such sample: NA12878" >&2
    ~{{mode}}
    while read -r line; do echo "seen $line"; done < ~{{file}} > numbered.txt
  >>>
  output {{ File numbered = "numbered.txt" }}
  runtime {{ docker: "{IMAGE}" }}
}}
task gather {{
  input {{ Array[File] parts }}
  command <<< cat ~{{sep(" ", parts)}} > all.txt >>>
  output {{ File all = "all.txt" }}
  runtime {{ docker: "{IMAGE}" }}
}}
""".replace('sep(" ", parts)', "sep=' ' parts")


@dataclass
class Place:
    """A stack whose runs are executed, and the S3 that they see."""

    stack: Stack
    s3: Any
    omics: Any
    objects: Path | None = None

    def put(self, key: str, text: str) -> str:
        """Write an object, and give its URI."""
        if self.objects is None:
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())
        else:
            path = self.objects / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return f"s3://{BUCKET}/{key}"

    def text(self, uri: str) -> str:
        """Read an object."""
        key = uri.removeprefix(f"s3://{BUCKET}/")
        return str(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode())

    def declare(self, *, chain: bool) -> None:
        """Write the program, with its workflow and inputs."""
        folder = self.stack.home / "count"
        folder.mkdir(exist_ok=True)
        (folder / "main.wdl").write_text(WDL)
        self.stack.program(PROGRAM)
        declared = {
            "chain": chain,
            "files": [self.put(f"in/{name}.txt", f"{name}\n") for name in ("a", "b", "c")],
            "run": {"role_arn": ROLE, "output_uri": f"s3://{BUCKET}/out"},
        }
        (self.stack.home / "declared.json").write_text(json.dumps(declared))

    def run(self, name: str) -> dict[str, Any]:
        """GetRun of a recorded run."""
        return dict(self.omics.get_run(id=self.stack.recorded(name)["id"]))

    def reached(self, name: str, *statuses: str) -> dict[str, Any]:
        """Wait until a run has one of these states."""
        return until(lambda: self.run(name), lambda run: run["status"] in statuses, LIMIT)

    def worker(self, name: str) -> int:
        """Give the process that executes a run."""
        uuid = self.run(name)["uuid"]
        with open_store(self.stack.emulator_state).reading() as connection:
            row = connection.execute(
                "SELECT worker FROM executions WHERE run = ?", (uuid,)
            ).fetchone()
        return int(row["worker"].split()[0])


#: What the server does with a run that is executed, in `make test`: tests/emulator/execution.
SERVER_IN_SCALE: Final = pytest.mark.parametrize(
    "place", ["local", pytest.param("server", marks=pytest.mark.slow)], indirect=True
)


@pytest.fixture
def place(request: pytest.FixtureRequest, stack: Stack, tmp_path: Path) -> Iterator[Place]:
    images = tmp_path / "images.json"
    images.write_text(json.dumps({IMAGE: "/"}))
    with ExitStack() as opened:
        if request.param == "local":
            stack.configure(localExecute="true", localImages=str(images))
            s3 = boto3.client(
                "s3",
                region_name=REGION,
                config=boto3.session.Config(s3={"addressing_style": "path"}),
            )
            attach_s3(s3, stack.emulator_state)
            objects = Path(f"{stack.emulator_state}.files", "s3", BUCKET)
            yield Place(stack, s3, stack.service, objects)
            return
        state = tmp_path / "served.db"
        served = opened.enter_context(serving(state, "--execute", "--images", images))
        served.client("s3").create_bucket(Bucket=BUCKET)
        stack.emulator_state = state
        stack.configure(endpoint=served.url, region=REGION, localState=None)
        stack.environment.update(served.keys_of(ACCOUNT))
        yield Place(stack, served.client("s3"), served.omics)


def processes_of(worker: int) -> list[int]:
    """Give the processes of a worker's group."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == worker and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (ProcessLookupError, psutil.Error):
            continue
    return found


@SERVER_IN_SCALE
def test_a_chain_of_runs_is_executed(place: Place) -> None:
    place.declare(chain=True)
    place.stack.up(seconds=LIMIT)
    (uri,) = outputs(place.stack)["all"].values()
    assert place.text(uri) == "".join(f"seen seen {name}\n" for name in ("a", "b", "c"))
    tasks = place.omics.list_run_tasks(id=place.stack.recorded("first")["id"])["items"]
    assert sorted(task["name"] for task in tasks) == [
        "gather",
        "lines-0-a",
        "lines-1-b",
        "lines-2-c",
    ]
    again = place.stack.preview("--expect-no-changes")
    assert again.code == 0


@SERVER_IN_SCALE
def test_what_fails_is_explained_and_what_is_cancelled_is_gone(place: Place) -> None:
    place.declare(chain=False)
    place.stack.up()
    failed = place.reached("exit", "FAILED")
    assert failed["failureReason"] == "RUN_TASK_FAILED"
    explained = subprocess.run(
        [sys.executable, "-m", "omics_provider", "explain", "exit", "--stack", place.stack.name],
        cwd=place.stack.home,
        env=place.stack.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "no such sample: NA12878" in explained.stdout, explained.stdout + explained.stderr
    place.reached("sleep", "RUNNING")
    worker = place.worker("sleep")
    until(lambda: processes_of(worker), lambda found: len(found) > 1, LIMIT)
    place.omics.cancel_run(id=place.stack.recorded("sleep")["id"])
    until(lambda: place.run("sleep"), lambda run: run["status"] == "CANCELLED", 5.0)
    assert processes_of(worker) == []


# In `make test`, through each door of the emulator: tests/emulator/execution.
@pytest.mark.slow
@pytest.mark.parametrize("place", ["local", "server"], indirect=True)
def test_a_killed_worker_fails_its_run(place: Place) -> None:
    place.declare(chain=False)
    place.stack.up()
    place.reached("sleep", "RUNNING")
    worker = place.worker("sleep")
    os.kill(worker, signal.SIGKILL)
    ended = place.reached("sleep", "FAILED")
    assert ended["failureReason"] == "SERVICE_ERROR"
    until(lambda: processes_of(worker), lambda found: found == [])
