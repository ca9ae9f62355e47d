"""Where the time of one process goes: `python bench/costs.py`, a minute, processor time only.

The least of several rounds, each in a process of its own, so that a busy machine changes little.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

_ROUNDS = 5
_PLACE = "Settings(endpoint='http://127.0.0.1:9', region='us-east-1')"
_CALLS = 200
_ANSWER = (
    '{"id": "1234567", "uuid": "u", "status": "COMPLETED", "arn": "a",'
    ' "creationTime": "2026-01-01T00:00:00Z", "startTime": "2026-01-01T00:00:01.5Z",'
    ' "stopTime": "2026-01-01T12:30:01Z", "tags": {"a": "b"}}'
)
#: What comes before, and what is measured; the time is that of `repeat` times.
_PARTS: Mapping[str, tuple[str, str, int]] = {
    "importing pulumi.dynamic": ("", "import pulumi.dynamic", 1),
    "the plugin's half of this package beside it": (
        "import pulumi.dynamic", "import omics_provider.providers.run", 1,
    ),
    "the program's half beside both": (
        "import pulumi.dynamic, omics_provider.providers.run",
        "from omics_provider import OmicsRun", 1,
    ),
    "the native server": ("", "import omics_provider.native.server", 1),
    "importing boto3": ("import omics_provider.providers.run", "import boto3", 1),
    "a client": (
        "import boto3; from omics_provider.service import clients\n"
        "from omics_provider.base.settings import Settings",
        f"clients.omics({_PLACE})", 1,
    ),
    "GetRun, without network": (
        "from botocore.awsrequest import AWSResponse\n"
        "from omics_provider.base.settings import Settings\n"
        "from omics_provider.runs.calls import Runs\n"
        "from omics_provider.service import clients\n"
        "class Raw:\n"
        f"    def stream(self, **_): yield b'{_ANSWER}'\n"
        f"place = {_PLACE}\n"
        "kind = {'Content-Type': 'application/json'}\n"
        "clients.omics(place).meta.events.register_first('before-send.omics',\n"
        "    lambda request, **_: AWSResponse(request.url, 200, kind, Raw()))\n"
        "Runs(place).get('1234567')",
        f"for _ in range({_CALLS}): Runs(place).get('1234567')", _CALLS,
    ),
}  # fmt: skip


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="omics-costs-") as folder:
        environment = {
            **{name: each for name, each in os.environ.items() if "DONTWRITE" not in name},
            "PYTHONPYCACHEPREFIX": folder,
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_CONFIG_FILE": str(Path(folder, "nowhere")),
        }
        for name, (before, measured, times) in _PARTS.items():
            script = (
                f"{before}\nfrom time import process_time as now\nbegan = now()\n"
                f"{measured}\nprint((now() - began) / {times})"
            )
            rounds = [_run([sys.executable, "-c", script], environment) for _ in range(_ROUNDS + 1)]
            # The first writes the bytecode.
            print(f"{min(map(float, rounds[1:])) * 1000:8.1f} ms  {name}")
    least = min(_seconds(["pulumi", "version"]) for _ in range(_ROUNDS))
    print(f"{least * 1000:8.1f} ms  any command of the CLI: `pulumi version`")


def _run(command: list[str], environment: Mapping[str, str]) -> str:
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=120
    ).stdout


def _seconds(command: list[str]) -> float:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, _, used = os.wait4(process.pid, 0)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
