"""A stack of the benchmark's project in a folder of its own, driven through `pulumi`."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memory import Watch

_PROJECT = Path(__file__).parent / "project"

#: Operation -> the command. None waits for the user, none shows a preview first.
COMMANDS: dict[str, tuple[str, ...]] = {
    "up": ("up", "--yes", "--skip-preview"),
    "preview": ("preview",),
    "refresh": ("refresh", "--yes", "--skip-preview"),
    # The same, when the state has the runs' ends.
    "preview, ended": ("preview",),
    "destroy": ("destroy", "--yes", "--skip-preview"),
}


#: From so many resources on, the engine's checkpoint after each step, which writes the whole state,
#: takes minutes and hides what is compared: there it is written once, on both sides.
_MANY = 500
_ONE_CHECKPOINT = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
#: Where the native provider is: the engine warns of one that it finds on PATH.
_PLUGIN = f"plugins:\n  providers:\n  - {{name: omics, path: {Path(sys.executable).parent}}}\n"


@dataclass(frozen=True)
class Measured:
    """One command: its time, that of the processors, and the memory at its peak, in MiB.

    `cpu` holds for a busy machine, too, where `seconds` does not.
    """

    seconds: float
    cpu: float
    memory: float
    memory_shared_once: float
    memory_by_role: Mapping[str, float]


class Stack:
    """`count` resources of `kind` ("native", "omics" or "bare") in the folder `home`."""

    def __init__(self, home: Path, kind: str, count: int) -> None:
        self.home = home
        shutil.copytree(_PROJECT, home, ignore=shutil.ignore_patterns("__pycache__"))
        with (home / "Pulumi.yaml").open("a") as file:
            file.write(_PLUGIN)
        (home / "backend").mkdir()
        self.environment = bench_environment(home, one_checkpoint=count > _MANY)
        self.pulumi("stack", "init", "bench")
        settings = {
            "omics:endpoint": "local",
            "omics:region": "us-east-1",
            "omics:localState": str(home / "omics.db"),
            "omics:localRunSeconds": "0",
            "bench:kind": kind,
            "bench:count": str(count),
        }
        path = home / "Pulumi.bench.yaml"
        lines = [f"  {name}: {json.dumps(value)}\n" for name, value in settings.items()]
        path.write_text(path.read_text() + "config:\n" + "".join(lines))

    def measure(self, operation: str) -> Measured:
        """Carry out `operation`, and measure it."""
        return self.pulumi(*COMMANDS[operation])

    def pulumi(self, *arguments: str) -> Measured:
        """Run a command; one that fails ends the benchmark with what it wrote."""
        command = ["pulumi", "--non-interactive", "--color=never", *arguments, "--stack=bench"]
        if arguments[:2] == ("stack", "init"):
            command = command[:-1]
        started, cpu = time.perf_counter(), _cpu_of_children()
        process = subprocess.Popen(
            command,
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        watch = Watch(process.pid)
        watch.start()
        output, _ = process.communicate()
        seconds = time.perf_counter() - started
        watch.stop()
        if process.returncode != 0:
            last = "\n".join(output.splitlines()[-20:])
            sys.exit(
                f"bench: {' '.join(command)} failed in {self.home} (exit code "
                f"{process.returncode}). Its last lines:\n{last}"
            )
        return Measured(
            seconds,
            _cpu_of_children() - cpu,
            watch.together,
            watch.shared_once,
            watch.by_role,
        )

    def state(self) -> str:
        """Give the state file as the backend keeps it."""
        return (self.home / "backend/.pulumi/stacks/omics-bench/bench.json").read_text()

    def resources(self) -> list[dict[str, Any]]:
        """Give what the state records of each run or bare resource."""
        latest = json.loads(self.state())["checkpoint"]["latest"]
        found: list[dict[str, Any]] = latest.get("resources") or []
        return [each for each in found if each["type"].endswith((":Run", ":Bare"))]


def _cpu_of_children() -> float:
    """Return the processor time of all that has ended: a command's own processes end before it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def bench_environment(home: Path, *, one_checkpoint: bool) -> dict[str, str]:
    """Give the caller's environment without its AWS and Pulumi settings.

    Python's bytecode is kept, as it is by default, but beside the stacks: what is measured is not
    whether a process before this one could write into the environment's folder.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PULUMI_", "MOTO_", "PYTHONDONTWRITE"))
    }
    return {
        **kept,
        "PYTHONPYCACHEPREFIX": str(home.parents[1] / "bytecode"),
        "AWS_CONFIG_FILE": str(home / "nowhere"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "nowhere"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "PULUMI_BACKEND_URL": f"file://{home / 'backend'}",
        "PULUMI_CONFIG_PASSPHRASE": "bench",
        "PULUMI_PYTHON_CMD": sys.executable,
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        **(_ONE_CHECKPOINT if one_checkpoint else {}),
    }
