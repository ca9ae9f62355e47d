"""Other people's clients, unmodified, against the emulator's server: `make clients`.

They are in an environment of their own, which tools/clients/install makes.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.children import kill_with_children
from tests.served import REGION, Served, serving

BUILD = Path(__file__).resolve().parents[2] / "build" / "clients"
ROLE = "arn:aws:iam::123456789012:role/omics"
#: Seconds that one call of a client may take: some load pandas and bokeh first.
LIMIT = 240.0

COUNT = """\
version 1.0
workflow count_lines {
    input {
        File reads
        Int least = 1
    }
    call count { input: reads = reads }
    output { Int lines = count.lines }
}
task count {
    input { File reads }
    command { wc -l < "~{reads}" }
    output { Int lines = read_int(stdout()) }
    runtime {
        cpu: 2
        memory: "4 GiB"
    }
}
"""


def zipped(text: str) -> bytes:
    """Give the archive of a workflow's definition."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("main.wdl", text)
    return content.getvalue()


@dataclass
class World:
    """A server with a bucket and a role, and the programs that call it."""

    served: Served
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """All that a client is told: where the emulator is, and whose calls they are."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "AWS_ENDPOINT_URL": self.served.url,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": str(self.folder / "none"),
            "AWS_PAGER": "",
        }

    def call(self, *words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the clients' environments; give how it ended."""
        child = subprocess.Popen(
            words,
            cwd=self.folder,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            output, errors = child.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            kill_with_children(child)
            raise
        return subprocess.CompletedProcess(words, child.returncode, output, errors)

    def good(self, *words: str | Path, **variables: str) -> str:
        """Run a program that has to succeed; give its output."""
        done = self.call(*words, **variables)
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def python(self, name: str) -> Path:
        """Give a program of the Python environment."""
        return BUILD / "python" / "bin" / name

    def advance(self, seconds: float) -> None:
        """Let emulated time pass at once."""
        body = json.dumps({"seconds": seconds}).encode()
        urllib.request.urlopen(f"{self.served.url}/_omics/advance", body, timeout=60).close()

    def workflow(self) -> str:
        """Make a workflow of COUNT, which is ACTIVE; give its id."""
        omics = self.served.omics
        made = omics.create_workflow(name="count", definitionZip=zipped(COUNT))["id"]
        omics.get_waiter("workflow_active").wait(id=made, WaiterConfig={"Delay": 1})
        return str(made)

    def run(self, **more: Any) -> str:
        """Have a run that has COMPLETED; give its id."""
        omics = self.served.omics
        started = omics.start_run(
            **{
                "workflowId": self.workflow(),
                "roleArn": ROLE,
                "name": "first",
                "outputUri": "s3://bucket/out",
                "parameters": {"reads": "s3://bucket/reads.txt"},
                **more,
            }
        )["id"]
        self.advance(100_000)
        assert omics.get_run(id=started)["status"] == "COMPLETED"
        return str(started)


@pytest.fixture(scope="session", autouse=True)
def _installed() -> None:
    if not (BUILD / "python" / "requirements.lock").is_file():
        pytest.skip("the clients are not installed: run `make clients`")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a server with a bucket, an input in it, and a role."""
    with serving(tmp_path / "omics.db") as served:
        served.client("s3").create_bucket(Bucket="bucket")
        served.client("s3").put_object(Bucket="bucket", Key="reads.txt", Body=b"a\nb\n")
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"Service": "omics.amazonaws.com"},
                }
            ],
        }
        served.client("iam").create_role(
            RoleName="omics", AssumeRolePolicyDocument=json.dumps(trust)
        )
        yield World(served, tmp_path)
