"""A campaign: many stacks on one account start their runs at once, and share its quota.

    python bench/fleet.py --stacks 50 --starts 10 --quota 1

Each stack is a process that starts runs as its plugin does: four threads, the package's own pace
and repeats, botocore. There is no engine above it: fifty need more than a machine of two cores
has. One emulator's server holds the quota, without a burst. Judged are that no start is lost and
none is made twice, the throughput, and how much longer the slowest stack takes than the mean.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from omics_provider.base.settings import Settings
from omics_provider.emulator import control
from omics_provider.runs.calls import Runs

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.children import Child, python  # found by the path above
from tests.served import ACCOUNT, REGION, serving

#: Threads of a plugin.
THREADS: Final = 4
#: What is asked for: a share of the quota, and how much longer than the mean the slowest takes.
LEAST_THROUGHPUT, MOST_TIMES_THE_MEAN = 0.95, 1.3
START_SECONDS: Final = 300.0
RUN: Final = {
    "workflowId": "9500764",
    "workflowType": "READY2RUN",
    "outputUri": "s3://results",
    "roleArn": "arn:aws:iam::123456789012:role/omics",
    "retentionMode": "RETAIN",
}


def measure(stacks: int, starts: int, quota: float, burst: float) -> dict[str, Any]:
    """Let the stacks start their runs, and judge what the account saw."""
    with tempfile.TemporaryDirectory(prefix="omics-fleet-") as folder, ExitStack() as ending:
        server = ending.enter_context(serving(Path(folder) / "fleet.db"))
        control.change_settings(
            server.state,
            {"startRunPerSecond": quota, "burst": burst, "parameterCheck": "off", "speed": 0},
        )
        environment = {**os.environ, **server.keys_of(ACCOUNT)}
        workers = [_worker(ending, server.url, n, starts, environment) for n in range(stacks)]
        for worker in workers:
            worker.line("a stack that is ready", START_SECONDS)
        began = time.time()
        for worker in workers:
            worker.tell("go")
        limit = 3 * stacks * starts / quota + START_SECONDS
        told = [json.loads(worker.line("a stack's figures", limit)) for worker in workers]
        calls = [c for c in control.calls(server.state) if c["operation"] == "StartRun"]
        return _judged(told, calls, began, starts, quota)


def _worker(
    ending: ExitStack, url: str, number: int, starts: int, environment: dict[str, str]
) -> Child:
    words = ("--work", url, str(number), str(starts))
    worker = python(__file__, *words, env=environment, stdin=subprocess.PIPE)
    ending.callback(worker.stop)
    return worker


def _judged(
    told: list[dict[str, Any]],
    calls: list[dict[str, Any]],
    began: float,
    starts: int,
    quota: float,
) -> dict[str, Any]:
    answers = Counter(call["status"] for call in calls)
    ended = [each["ended"] - began for each in told]
    seconds = max(ended)
    runs = [uuid for each in told for uuid in each["runs"]]
    throughput = (len(runs) - 1) / seconds / quota
    times = seconds / statistics.mean(ended)
    wanted = len(told) * starts
    problems = [problem for each in told for problem in each["problems"]]
    if len(set(runs)) != wanted:
        problems.append(f"{wanted} starts were asked for, and {len(set(runs))} runs answered")
    if answers[201] != wanted:
        problems.append(f"{wanted} starts were asked for, and the account made {answers[201]}")
    if throughput < LEAST_THROUGHPUT:
        problems.append(f"only {throughput:.0%} of the quota were used")
    if times > MOST_TIMES_THE_MEAN:
        problems.append(f"the slowest stack took {times:.2f} times the mean")
    return {
        "stacks": len(told),
        "starts": wanted,
        "quota": quota,
        "seconds": round(seconds, 1),
        "ofTheQuota": round(throughput, 3),
        "slowestToMean": round(times, 3),
        "firstEnd": round(min(ended), 1),
        "triesAStart": round(len(calls) / wanted, 1),
        "processorSecondsAStack": round(statistics.mean(each["processor"] for each in told), 2),
        "answers": dict(answers),
        "problems": problems,
    }


def _work(url: str, number: int, starts: int) -> None:
    """Start the runs of one stack, as its plugin does."""
    runs = Runs(Settings(region=REGION, endpoint=url))
    runs.find("0")  # the client is made, as by the look before a first start
    print("ready")
    sys.stdin.readline()
    began = time.process_time()
    found: list[str] = []
    problems: list[str] = []

    def start(each: int) -> None:
        try:
            answer = runs.start({**RUN, "requestId": f"stack-{number}-run-{each}"})
            found.append(answer["uuid"])
        except Exception as error:  # noqa: BLE001  # any error is a start that is lost
            problems.append(f"stack {number}: {error}")

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(start, range(starts)))
    figures = {
        "ended": time.time(),
        "runs": found,
        "problems": problems,
        "processor": time.process_time() - began,
    }
    print(json.dumps(figures))


def main(arguments: list[str]) -> int:
    """Measure and print; 1 where something does not hold."""
    if arguments[:1] == ["--work"]:
        _work(arguments[1], int(arguments[2]), int(arguments[3]))
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--stacks", type=int, default=50)
    parser.add_argument("--starts", type=int, default=10, help="runs of each stack")
    parser.add_argument("--quota", type=float, default=1.0, help="StartRun a second")
    parser.add_argument("--burst", type=float, default=1.0, help="starts at once, after a rest")
    chosen = parser.parse_args(arguments)
    figures = measure(chosen.stacks, chosen.starts, chosen.quota, chosen.burst)
    print(json.dumps(figures, indent=2))
    return 1 if figures["problems"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
