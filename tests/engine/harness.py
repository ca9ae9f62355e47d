"""Stacks in folders of their own, driven through the real `pulumi` command."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import boto3
import psutil

from omics_provider.emulator import control
from omics_provider.emulator.doors.local import attach

from .doors import DOORS, DYNAMIC, Door
from .interpreter import interpreter

if TYPE_CHECKING:
    from types_boto3_omics import OmicsClient

T = TypeVar("T")

PROJECT: Final = "trial"
STACK: Final = "dev"
TYPE: Final = DYNAMIC.type
ROLE: Final = "arn:aws:iam::123456789012:role/omics"
SECRET_KEY: Final = "4dabf18193072939515e22adb298388d"
"""Key that marks a secret in a state (pulumi/sdk: resource.SigKey)."""

COMMAND_SECONDS: Final = 150.0
"""More than any one command of this tier takes on two busy cores."""

#: Tags that direct the emulator: a run that stays active until it is cancelled (STOPPING then
#: takes 5% of its length), and one that has ended as soon as it is looked at.
ACTIVE: Final = {"emulator:freezes": "yes", "emulator:seconds": "1"}
ENDED: Final = {"emulator:seconds": "0"}
FAILED: Final = {"emulator:seconds": "0", "emulator:fails": "INPUT_URI_NOT_FOUND"}

#: What turns `runs.json` into resources, through the first door.
PROGRAM: Final = DYNAMIC.program


def declaration(**arguments: Any) -> dict[str, Any]:
    """Give the arguments of a run that stays active, with `arguments` over them; None removes."""
    whole = {
        "role_arn": ROLE,
        "output_uri": "s3://results/runs",
        "workflow_id": "9500764",
        "workflow_type": "READY2RUN",
        "parameters": {"sample_name": "NA12878"},
        "tags": ACTIVE,
        **arguments,
    }
    return {name: value for name, value in whole.items() if value is not None}


def secret(value: Any) -> dict[str, Any]:
    """Mark `value` as a secret of the program."""
    return {"$secret": value}


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code, what it wrote, and how long it took."""

    command: tuple[str, ...]
    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def text(self) -> str:
        """Everything it wrote."""
        return self.stdout + self.stderr

    @property
    def message(self) -> str:
        """Everything it wrote, on one line with single blanks, for a search across line ends."""
        return " ".join(self.text.split())

    @property
    def summary(self) -> dict[str, int]:
        """Give a `preview --json`'s count of resources, the stack's own among them, by step."""
        counted: dict[str, int] = json.loads(self.stdout)["changeSummary"]
        return counted

    @property
    def warnings(self) -> dict[str, str]:
        """Give the warnings of a `preview --json`, by the resource's name."""
        found: dict[str, str] = {}
        for diagnostic in json.loads(self.stdout).get("diagnostics", []):
            if diagnostic["severity"] == "warning":
                name = name_of(diagnostic.get("urn", ""))
                found[name] = found.get(name, "") + diagnostic["message"]
        return found

    def steps(self, kind: str = "") -> dict[str, dict[str, Any]]:
        """Give what a `preview --json` would do, by operation and name: to runs, or to `kind`."""
        kinds = [kind] if kind else [door.type for door in DOORS.values()]
        return {
            f"{step['op']} {name_of(step['urn'])}": step
            for step in json.loads(self.stdout)["steps"]
            if step["urn"].split("::")[2].split("$")[-1] in kinds
        }


@dataclass
class Stack:
    """One stack of one project in the folder `home`, with a backend and an emulator of its own."""

    home: Path
    environment: dict[str, str]
    emulator_state: Path
    outcomes: list[Outcome] = field(default_factory=list)
    name: str = STACK
    #: The program's folder within the project, as `main:` of Pulumi.yaml names it.
    main: str = "."
    #: How the program declares runs.
    door: Door = DYNAMIC

    # What is declared ------------------------------------------------------------------------

    def configure(self, **settings: str | None) -> None:
        """Set settings of the namespace omics; None takes one away."""
        path = self.home / f"Pulumi.{self.name}.yaml"
        lines = path.read_text().splitlines()
        for name, value in settings.items():
            lines = [line for line in lines if not line.startswith(f"  omics:{name}:")]
            if value is not None:
                lines.append(f"  omics:{name}: {json.dumps(value)}")
        path.write_text("\n".join(lines) + "\n")

    def program(self, source: str) -> None:
        """Take `source` as the program."""
        (self.home / self.main / "__main__.py").write_text(source)

    def declare(
        self, runs: Mapping[str, Mapping[str, Any]] | None = None, **arguments: Any
    ) -> None:
        """Declare `runs`, or the one run NA12878 with `arguments` over the usual ones."""
        declared = {"NA12878": declaration(**arguments)} if runs is None else runs
        (self.home / self.main / "runs.json").write_text(json.dumps(declared))

    # Commands --------------------------------------------------------------------------------

    def pulumi(
        self, *arguments: str, expect: int | None = 0, seconds: float = COMMAND_SECONDS
    ) -> Outcome:
        """Run a command and hold it to the exit code `expect`; None stands for any failure."""
        outcome = self.finish(self.begin(*arguments), seconds)
        good = outcome.code != 0 if expect is None else outcome.code == expect
        assert good, f"{' '.join(arguments)}: exit code {outcome.code}\n{outcome.text}"
        return outcome

    def up(
        self, *arguments: str, expect: int | None = 0, seconds: float = COMMAND_SECONDS
    ) -> Outcome:
        """`pulumi up` without its preview."""
        return self.pulumi(
            "up", "--yes", "--skip-preview", *arguments, expect=expect, seconds=seconds
        )

    def preview(self, *arguments: str, expect: int | None = 0) -> Outcome:
        """`pulumi preview --json`."""
        return self.pulumi("preview", "--json", *arguments, expect=expect)

    def refresh(self, *arguments: str, expect: int | None = 0) -> Outcome:
        """`pulumi refresh` without its preview."""
        return self.pulumi("refresh", "--yes", "--skip-preview", *arguments, expect=expect)

    def destroy(self, *arguments: str, expect: int | None = 0) -> Outcome:
        """`pulumi destroy` without its preview."""
        return self.pulumi("destroy", "--yes", "--skip-preview", *arguments, expect=expect)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command, in a process group of its own, and return at once."""
        return subprocess.Popen(
            ["pulumi", "--non-interactive", "--color", "never", *arguments, "--stack", self.name],
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def finish(self, process: subprocess.Popen[str], seconds: float = COMMAND_SECONDS) -> Outcome:
        """Wait for a command's end; one that takes longer than `seconds` is killed and fails."""
        started = time.monotonic()
        command = tuple(str(part) for part in process.args)  # type: ignore[union-attr]
        try:
            stdout, stderr = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate(timeout=60)
            raise AssertionError(
                f"{' '.join(command)} did not end within {seconds:.0f} s\n{stdout}{stderr}"
            ) from None
        outcome = Outcome(command, process.returncode, stdout, stderr, time.monotonic() - started)
        self.outcomes.append(outcome)
        return outcome

    @property
    def transcript(self) -> str:
        """Everything that the commands of this stack wrote so far."""
        return "\n".join(outcome.text for outcome in self.outcomes)

    # What is recorded ------------------------------------------------------------------------

    @property
    def checkpoint(self) -> str:
        """The stack's state as the backend keeps it."""
        path = self.home / "backend" / ".pulumi" / "stacks" / PROJECT / f"{self.name}.json"
        return path.read_text()

    def resources(self, kind: str = "") -> list[dict[str, Any]]:
        """Give the recorded runs, or the resources of `kind`."""
        latest = json.loads(self.checkpoint)["checkpoint"]["latest"]
        found = (latest or {}).get("resources") or []
        return [resource for resource in found if resource["type"] == (kind or self.door.type)]

    def recorded(self, name: str = "NA12878") -> dict[str, Any]:
        """Give the one recorded resource of this name: id, inputs, outputs."""
        (found,) = (each for each in self.resources() if name_of(each["urn"]) == name)
        return found

    def written(self) -> dict[Path, str]:
        """Give every text file below the project: state, history, backups, config, program."""
        return {
            path: path.read_text(errors="replace")
            for path in sorted(self.home.rglob("*"))
            if path.is_file() and path != self.emulator_state and "omics.db" not in path.name
        }

    # The service -----------------------------------------------------------------------------

    @property
    def service(self) -> OmicsClient:
        """A client of this stack's emulator. Its calls are logged like any other."""
        return _client(str(self.emulator_state))

    def live(self, name: str = "NA12878") -> dict[str, Any]:
        """GetRun of the recorded run."""
        return dict(self.service.get_run(id=self.recorded(name)["id"]))

    def tags(self, name: str = "NA12878") -> dict[str, str]:
        """Give the run's tags on the service, but the marks by which a stack knows its runs."""
        return own_tags(self.live(name)["tags"])

    def statuses(self) -> dict[str, str]:
        """Give the status of every run that the service has a record of, by id."""
        pages = self.service.get_paginator("list_runs").paginate()
        return {run["id"]: run["status"] for page in pages for run in page["items"]}

    def calls(self, during: Callable[[], T]) -> tuple[T, dict[str, int]]:
        """Give what `during` gave, and how often each operation was called meanwhile."""
        before = self.log
        result = during()
        return result, self.counted(before[-1]["number"] if before else 0)

    @property
    def log(self) -> list[dict[str, Any]]:
        """Every call that the emulator served."""
        return control.calls(self.emulator_state)

    def counted(self, after: int = 0) -> dict[str, int]:
        """Give how often each operation was called, from call number `after` on."""
        counts: dict[str, int] = {}
        for call in control.calls(self.emulator_state, after=after):
            counts[call["operation"]] = counts.get(call["operation"], 0) + 1
        return counts

    def plan_faults(self, *faults: Mapping[str, Any]) -> None:
        """Replace the planned faults of the emulator."""
        control.plan_faults(self.emulator_state, faults)

    def settings(self, **changes: Any) -> None:
        """Change settings of the emulator."""
        control.change_settings(self.emulator_state, changes)


def make_stack(
    home: Path,
    *,
    environment: Mapping[str, str] | None = None,
    emulator_state: Path | None = None,
    main: str = ".",
    door: Door = DYNAMIC,
) -> Stack:
    """Make a project in the folder `home` with a new stack, at the endpoint `local`."""
    (home / "backend").mkdir(parents=True)
    (home / main).mkdir(exist_ok=True)
    place = "" if main == "." else f"main: {main}\n"
    (home / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n{place}{door.project}")
    stack = Stack(
        home,
        {**clean_environment(home), **(environment or {})},
        emulator_state or home / "omics.db",
        main=main,
        door=door,
    )
    stack.program(door.program)
    for path, text in _initialised(stack.environment["PULUMI_CONFIG_PASSPHRASE"]).items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
    stack.configure(endpoint="local", region="us-east-1", localState=str(stack.emulator_state))
    # Calls are counted here: a preview's own look-ups have tests of their own.
    stack.configure(preflight="off")
    # No test here is about the workflow's own parameters.
    stack.settings(parameterCheck="off")
    return stack


@cache
def _initialised(passphrase: str) -> dict[str, str]:
    """Give the files that `pulumi stack init` makes of a stack and of a backend, by path.

    They are the same for each stack here, so the command runs once in each process of the tests.
    """
    with tempfile.TemporaryDirectory(prefix="omics-tests-stack-") as folder:
        home = Path(folder) / "project"
        (home / "backend").mkdir(parents=True)
        (home / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
        known = {**clean_environment(home), "PULUMI_CONFIG_PASSPHRASE": passphrase}
        Stack(home, known, home / "omics.db").pulumi("stack", "init")
        backend = Path("backend") / ".pulumi"
        paths = (backend / "meta.yaml", backend / "stacks" / PROJECT / f"{STACK}.json")
        made = {str(path): (home / path).read_text() for path in paths}
        settings = f"Pulumi.{STACK}.yaml"
        return {**made, settings: (home / settings).read_text() + "config:\n"}


def name_of(urn: str) -> str:
    """Give a resource's name."""
    return urn.rpartition("::")[2]


def kept(stack: Stack) -> dict[str, tuple[str, Any, Any]]:
    """Give id, inputs and outputs of every recorded run, by name."""
    return {
        name_of(each["urn"]): (each["id"], each["inputs"], each["outputs"])
        for each in stack.resources()
    }


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Leave out the provider's marks."""
    return {key: value for key, value in tags.items() if not key.startswith("omics-provider:")}


def is_secret(value: Any) -> bool:
    """Tell whether a recorded value is an encrypted secret."""
    return (
        isinstance(value, dict)
        and SECRET_KEY in value
        and set(value)
        == {
            SECRET_KEY,
            "ciphertext",
        }
    )


def until(look: Callable[[], T], done: Callable[[T], bool], seconds: float = 20.0) -> T:
    """Look until `done` says so of what was seen, and give that."""
    end = time.monotonic() + seconds
    while not done(found := look()):
        assert time.monotonic() < end, f"not within {seconds:.0f} s, at last: {found!r}"
        time.sleep(0.05)
    return found


def clean_environment(home: Path) -> dict[str, str]:
    """Give an environment with nothing of the caller's AWS or Pulumi settings in it.

    Bytecode is kept even if the caller does without: a command starts three Python processes.
    """
    unwanted = ("AWS_", "PULUMI_", "OMICS_", "MOTO_", "BOTO", "PYTHONDONTWRITEBYTECODE")
    kept = {n: value for n, value in os.environ.items() if not n.startswith(unwanted)}
    nowhere = str(home / "nowhere")
    return {
        **kept,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "AWS_CONFIG_FILE": nowhere,
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Without it the backend writes a side file that a kill can leave empty (docs/chaos.md).
        "PULUMI_BACKEND_URL": f"file://{home / 'backend'}?metadata=skip",
        "PULUMI_HOME": str(home.parent / f"{home.name}-pulumi-home"),
        "PULUMI_CONFIG_PASSPHRASE": "engine tier",
        "PULUMI_PYTHON_CMD": interpreter(),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        # A command's Go processes live for seconds: up to this size they collect no garbage.
        "GOGC": "off",
        "GOMEMLIMIT": "512MiB",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


@cache
def _client(state: str) -> OmicsClient:
    client = boto3.client("omics", region_name="us-east-1")
    attach(client, state)
    return client


@contextmanager
def answering(status: int, code: str, message: str) -> Iterator[tuple[str, list[str]]]:
    """Serve one error answer to everything; give the URL and the list of requests seen."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = json.dumps({"message": message}).encode()
            self.send_response(status)
            self.send_header("x-amzn-ErrorType", code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()


def end_plugins(folder: Path) -> None:
    """End the plugins of stacks in `folder` that have outlived a killed command, as they do."""
    for process in psutil.process_iter(["cmdline", "cwd"]):
        command = " ".join(process.info["cmdline"] or ())
        is_plugin = any(door.plugin in command for door in DOORS.values())
        if is_plugin and Path(process.info["cwd"] or "/").is_relative_to(folder):
            process.kill()


def engine_problem() -> str | None:
    """Say what is missing for this tier, or None."""
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        return "there is no `pulumi` on PATH"
    beside = os.pathsep.join([str(Path(pulumi).resolve().parent), os.environ["PATH"]])
    for host in ("pulumi-language-python", "pulumi-language-yaml"):
        if shutil.which(host, path=beside) is None:
            return f"there is no {host} on PATH or beside {pulumi}"
    version = subprocess.run(
        [pulumi, "version"], capture_output=True, text=True, timeout=60, check=False
    )
    if version.returncode != 0:
        return f"`{pulumi} version` fails: {version.stderr.strip()}"
    return None
