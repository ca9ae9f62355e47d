"""A campaign against one state file: many callers, some of them and the server killed at random.

    python -m tests.emulator.campaign --processes 8 --calls 20000 --seed 1

Half of the callers use the endpoint in their own process, half the server. Each writes what was
answered to it into a journal of its own. Afterwards the journals are held against the state: no
acknowledged run is lost, no run makes a move that the life cycle forbids, and there is one run
for each request id.
"""

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from omics_provider.emulator import control
from omics_provider.emulator.doors.local import attach
from tests import children

ROOT = Path(__file__).parents[2]
RANKS = {"PENDING": 0, "STARTING": 1, "RUNNING": 2, "STOPPING": 3}
ENDED = {"COMPLETED": 4, "FAILED": 5, "CANCELLED": 6}
RUN = {"roleArn": "arn:aws:iam::123456789012:role/x", "outputUri": "s3://bucket/out"}


@dataclass
class Report:
    """What a campaign saw."""

    calls: int
    seconds: float
    kills: dict[str, int]
    tokens: int
    acknowledged: int
    deleted: int
    observations: int
    problems: list[str] = field(default_factory=list)


class Worker:
    """One caller: starts, looks at, cancels and deletes runs, and writes down the answers."""

    def __init__(self, state, url, workflow, tokens, seed, journal):
        self.tokens = int(tokens)
        self.random = random.Random(seed)
        self.workflow = workflow
        self.journal = open(journal, "a", buffering=1)  # noqa: SIM115
        self.client = boto3.client(
            "omics",
            region_name="us-east-1",
            endpoint_url=url or None,
            aws_access_key_id="x",
            aws_secret_access_key="y",
            config=Config(
                inject_host_prefix=False, retries={"total_max_attempts": 1}, read_timeout=10
            ),
        )
        if not url:
            attach(self.client, state)
        self.runs = {}

    def work(self):
        while True:
            try:
                self.random.choice([self.start, self.look, self.look, self.cancel, self.delete])()
            except (HTTPClientError, BotoConnectionError):
                time.sleep(0.05)  # the server is down, or was killed in the middle of the call

    def start(self):
        token = f"token-{self.random.randrange(self.tokens)}"
        ends = {"emulator:fails": "SERVICE_ERROR"} if int(token[6:]) % 5 == 0 else {}
        answer = self.client.start_run(workflowId=self.workflow, requestId=token, tags=ends, **RUN)
        if "id" not in answer:
            self.note("surprise", code="an answer without an id", message=str(answer))
            return
        self.note("start", token=token, id=answer["id"], uuid=answer["uuid"])
        self.runs[answer["id"]] = answer["uuid"]

    def look(self):
        for run_id in self.some():
            began = time.time()
            try:
                run = self.client.get_run(id=run_id)
            except ClientError as error:
                self.expect(error, "ResourceNotFoundException")
                self.runs.pop(run_id, None)
            else:
                self.note(
                    "look", uuid=run["uuid"], status=run["status"], began=began, ended=time.time()
                )

    def cancel(self):
        for run_id in self.some():
            try:
                self.client.cancel_run(id=run_id)
            except ClientError as error:
                self.expect(error, "ConflictException", "ResourceNotFoundException")

    def delete(self):
        for run_id in self.some():
            try:
                self.client.delete_run(id=run_id)
            except ClientError as error:
                self.expect(error, "ConflictException", "ResourceNotFoundException")

    def some(self):
        return self.random.sample(sorted(self.runs), min(1, len(self.runs)))

    def expect(self, error, *codes):
        code = error.response["Error"]["Code"]
        if code not in codes:
            self.note("surprise", code=code, message=str(error))

    def note(self, kind, **facts):
        self.journal.write(json.dumps({"kind": kind, **facts}) + "\n")


class Campaign:
    """The callers, the server, and the hand that kills them."""

    def __init__(self, folder, processes, seed, tokens):
        self.tokens = str(tokens)
        self.folder = Path(folder)
        self.state = str(self.folder / "state.db")
        self.random = random.Random(seed)
        self.processes = processes
        self.kills = {"caller": 0, "server": 0}
        self.server, self.url = self.serve(0)
        self.port = int(self.url.rsplit(":", 1)[1])
        self.workflow = self.made_workflow()
        self.started = 0
        self.workers = [self.worker(number) for number in range(processes)]

    def serve(self, port):
        words = ("-m", "omics_provider.emulator", "--state", self.state, "--port", str(port))
        server = children.python(*words)
        return server, server.line(f"the server's URL at port {port}")

    def made_workflow(self):
        control.change_settings(self.state, {"speed": 20, "runSeconds": 10})
        client = boto3.client("omics", region_name="us-east-1")
        attach(client, self.state)
        return client.create_workflow(definitionUri="s3://bucket/w.zip")["id"]

    def worker(self, number):
        self.started += 1
        journal = self.folder / f"journal-{number}-{self.started}"
        url = self.url if number % 2 else ""
        words = [
            self.state,
            url,
            self.workflow,
            self.tokens,
            f"{number}-{self.started}",
            str(journal),
        ]
        command = (sys.executable, "-m", "tests.emulator.campaign", "--worker")
        return subprocess.Popen([*command, *words], cwd=ROOT)

    def fight(self, calls):
        began = time.monotonic()
        while self.count() < calls:
            time.sleep(self.random.uniform(0.2, 1.0))
            if self.random.random() < 0.3:
                self.kill_server()
            else:
                self.kill_worker(self.random.randrange(self.processes))
        seconds = time.monotonic() - began
        for worker in self.workers:
            worker.kill()
            worker.wait(60)
        self.server.kill()
        return seconds

    def kill_worker(self, number):
        self.workers[number].send_signal(signal.SIGKILL)
        self.workers[number].wait(60)
        self.kills["caller"] += 1
        self.workers[number] = self.worker(number)

    def kill_server(self):
        self.server.kill()
        self.kills["server"] += 1
        self.server, _ = self.serve(self.port)

    def count(self):
        with sqlite3.connect(self.state, timeout=30) as connection:
            return connection.execute("SELECT count(*) FROM calls").fetchone()[0]

    def notes(self):
        for journal in self.folder.glob("journal-*"):
            for line in journal.read_text().splitlines():
                if line.endswith("}"):  # a killed caller may leave half a line
                    yield json.loads(line)

    def judged(self, seconds):
        kinds = defaultdict(list)
        for note in self.notes():
            kinds[note["kind"]].append(note)
        connection = sqlite3.connect(self.state)
        held = {row[0] for row in connection.execute("SELECT uuid FROM runs")}
        tokens = {
            token: json.loads(answer)["uuid"]
            for token, answer in connection.execute(
                "SELECT token, answer FROM tokens WHERE operation = 'StartRun'"
            )
        }
        counted = dict(
            connection.execute(
                "SELECT operation || status, count(*) FROM calls GROUP BY operation, status"
            ).fetchall()
        )
        failures = connection.execute("SELECT count(*) FROM calls WHERE status >= 500").fetchone()[
            0
        ]
        connection.close()
        deleted = counted.get("DeleteRun202", 0)
        problems = [f"surprise: {note}" for note in kinds["surprise"]]
        if failures:
            problems.append(f"{failures} calls ended in an internal error")
        if len(set(tokens.values())) != len(tokens):
            problems.append("two request ids have one run")
        if len(held) + deleted != len(tokens):
            problems.append(f"{len(held)} runs and {deleted} deleted for {len(tokens)} request ids")
        problems += self.lost(kinds["start"], tokens)
        problems += forbidden_moves(kinds["look"])
        return Report(
            sum(counted.values()),
            seconds,
            self.kills,
            len(tokens),
            len(kinds["start"]),
            deleted,
            len(kinds["look"]),
            problems,
        )

    def lost(self, starts, tokens):
        for note in starts:
            if tokens.get(note["token"]) != note["uuid"]:
                yield f"acknowledged and lost, or started twice: {note}"


def forbidden_moves(looks):
    """Looks at one run that, one after the other, see it go back or change its end."""
    by_run = defaultdict(list)
    for note in looks:
        by_run[note["uuid"]].append(note)
    for seen in by_run.values():
        seen.sort(key=lambda note: note["ended"])
        furthest = None
        for note in seen:
            if furthest is not None and note["began"] > furthest["ended"]:
                before, after = furthest["status"], note["status"]
                if before in ENDED and after != before:
                    yield f"{before} became {after}: {note}"
                elif {**RANKS, **ENDED}[after] < {**RANKS, **ENDED}[before]:
                    yield f"{before} went back to {after}: {note}"
            if (
                furthest is None
                or {**RANKS, **ENDED}[note["status"]] >= {**RANKS, **ENDED}[furthest["status"]]
            ):
                furthest = note


def run(folder, processes, calls, seed):
    """Fight one campaign, and judge it."""
    campaign = Campaign(folder, processes, seed, tokens=calls // 10)
    return campaign.judged(campaign.fight(calls))


def main(arguments):
    if arguments[:1] == ["--worker"]:
        Worker(*arguments[1:]).work()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        report = run(folder, options.processes, options.calls, options.seed)
    print(report)  # noqa: T201
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
