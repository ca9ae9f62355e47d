"""Twenty runs at once, executed under a group's limit of four, with what they take."""

from __future__ import annotations

import io
import json
import sys
import time
import zipfile
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from omics_provider.emulator import control
from omics_provider.emulator.execution.depot import gib_in
from tests.engine.emulator.test_executed import WDL
from tests.engine.harness import ROLE
from tests.served import serving

RUNS: Final = 20
MOST: Final = 4
LIMIT: Final = 900.0
ACTIVE: Final = ("STARTING", "RUNNING", "STOPPING")
ENDED: Final = ("COMPLETED", "FAILED", "CANCELLED")


def zipped(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("main.wdl", text)
    return file.getvalue()


def taken(process: psutil.Process, files: Path) -> tuple[float, float]:
    """Give the MiB of memory of a process and its children, and of the files below a folder."""
    memory = 0
    for each in (process, *process.children(recursive=True)):
        try:
            memory += each.memory_info().rss
        except psutil.Error:
            continue
    return memory / 2**20, gib_in(files) * 2**10


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_twenty_runs_at_once_hold_a_groups_limit(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    with serving(state, "--execute", "--images", json.dumps({"*": "/"})) as served:
        control.change_settings(state, {"executeRuns": 8})
        s3, omics = served.client("s3"), served.omics
        s3.create_bucket(Bucket="reads")
        for name in "abc":
            s3.put_object(Bucket="reads", Key=f"{name}.txt", Body=b"line\n" * 1000)
        workflow = omics.create_workflow(name="count", engine="WDL", definitionZip=zipped(WDL))
        group = omics.create_run_group(maxRuns=MOST)["id"]
        begun = time.monotonic()
        for _ in range(RUNS):
            omics.start_run(
                workflowId=workflow["id"],
                roleArn=ROLE,
                outputUri="s3://reads/out",
                runGroupId=group,
                parameters={"files": [f"s3://reads/{name}.txt" for name in "abc"]},
            )
        most: dict[str, float] = {"runs": 0, "memory": 0, "disk": 0}
        process = psutil.Process(served.child.process.pid)
        while True:
            statuses = [run["status"] for run in omics.list_runs()["items"]]
            memory, disk = taken(process, Path(f"{state}.files"))
            now: dict[str, Any] = {
                "runs": sum(status in ACTIVE for status in statuses),
                "memory": memory,
                "disk": disk,
            }
            most = {name: max(most[name], now[name]) for name in most}
            if all(status in ENDED for status in statuses):
                break
            assert time.monotonic() - begun < LIMIT, statuses
            time.sleep(0.2)
        seconds = time.monotonic() - begun
        figures = f"{seconds:.0f} s, at most {most}"
        assert statuses == ["COMPLETED"] * RUNS, figures
        assert most["runs"] == MOST, figures
        assert most["memory"] < 2000, figures
        assert most["disk"] < 20, figures
        sys.stderr.write(figures)
        assert not list(Path(f"{state}.files", "work").glob("*"))
