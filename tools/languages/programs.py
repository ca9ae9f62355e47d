"""A program of a language, with the generated SDK, through the real engine against the emulator.

Each has a project, a state and an emulator of its own in build/sdk/programs. It goes through a
create, a preview that may change nothing, a tag that changes in place, and a destroy. After each
the runs that the state holds are those that the emulator was told to start.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3
import go_build
import sdks
from common import CannotWorkError, SetupError
from generator import hosts

from omics_provider.emulator.doors.local import attach

if TYPE_CHECKING:
    from types_boto3_omics import OmicsClient

#: Seconds that one command of the engine may take: the first compiles a Go program.
LIMIT = 600.0
STACK = "dev"
#: The id of the workflow in the pages' programs.
PAGES_WORKFLOW = "1234567"
REGION = "us-east-1"
TAG = ("checked", "yes")
TEMPLATE = "omics-runs-typescript"
SETTINGS: Final = {"endpoint": "local", "region": REGION, "localRunSeconds": "2"}
#: What the state calls a run.
RUN_TYPE = "omics:index:Run"


@dataclass(frozen=True)
class Project:
    """A project to try: its folder, its program's file, and the runs that it declares.

    `before` is the line of the program that a new tag is put before, `tag` that tag.
    """

    folder: Path
    program: str
    runs: int
    before: str
    tag: str
    env: Mapping[str, str]

    def pulumi(self, *arguments: str) -> str:
        """Run a command of the engine to its end; give what it said."""
        words = ["pulumi", "--non-interactive", *arguments]
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=LIMIT,
        )
        if done.returncode:
            raise sdks.Failed(f"$ {' '.join(words)}\n{done.stdout.rstrip()}")
        return done.stdout

    def add_tag(self) -> None:
        """Have the program declare one tag more."""
        file = self.folder / self.program
        text = file.read_text("utf-8")
        if text.count(self.before) != 1:
            raise sdks.Failed(f"{file} has no single {self.before!r} to put a tag before")
        file.write_text(text.replace(self.before, f"{self.tag}{self.before}"), "utf-8")

    def held(self) -> set[str]:
        """Give the ids of the runs that the stack's state holds."""
        state = json.loads(self.pulumi("stack", "export"))["deployment"]
        found = state.get("resources") or []
        return {each["id"] for each in found if each["type"] == RUN_TYPE}

    def started(self) -> dict[str, Mapping[str, str]]:
        """Give the tags of the runs that the emulator has, by id."""
        client = self._service()
        ids = [run["id"] for run in client.list_runs()["items"]]
        return {each: client.get_run(id=each)["tags"] for each in ids}

    def workflow(self) -> str:
        """Make a private workflow in the emulator; give its id."""
        client = self._service()
        source = "s3://amzn-s3-demo-bucket/workflow.zip"
        made = client.create_workflow(
            name="calling", engine="NEXTFLOW", definitionUri=source, requestId="calling"
        )
        client.get_waiter("workflow_active").wait(id=made["id"], WaiterConfig={"Delay": 1})
        return made["id"]

    def _service(self) -> OmicsClient:
        client = boto3.client("omics", region_name=REGION)
        attach(client, self.folder / ".omics" / "local.db")
        return client


def typescript(work: sdks.Work) -> str:
    """Try a project of the template: a cohort from a sheet."""
    if shutil.which("npm") is None:
        raise sdks.Skipped("no npm on PATH")
    compiled = work.folder / "nodejs" / "bin"
    folder, env = _place(work, "typescript")
    before = "stack: pulumi.getStack()"
    tag = f'{TAG[0]}: "{TAG[1]}", '
    project = Project(folder, "index.ts", 3, before, tag, env)
    template = work.project.root / "templates" / TEMPLATE
    new = ["pulumi", "new", template, "--yes", "--generate-only", "--name", "trio", "--dir", folder]
    work.run(new, folder.parent, env, is_quiet=False)
    # As the template's README has it. What the SDK imports is in a folder above: node_modules.
    shutil.copytree(_there(compiled), folder / "sdks" / "omics")
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "pulumi-omics").symlink_to(Path("..", "sdks", "omics"))
    return f"template {TEMPLATE}: {_tried(project)}"


def go(work: sdks.Work) -> str:
    """Try the example of the page of Run."""
    folder, env = _place(work, "go")
    sdk = _there(work.folder / "go")
    folder.mkdir()
    before = "RetentionMode: "
    tag = f'Tags: pulumi.StringMap{{"{TAG[0]}": pulumi.String("{TAG[1]}")}},\n'
    project = Project(folder, "main.go", 1, before, tag, env)
    # The page's workflow is nobody's: here it is one that the emulator has.
    example = work.examples["go"]["Run"].replace(PAGES_WORKFLOW, project.workflow())
    (folder / "main.go").write_text(example, "utf-8")
    sdks.write_go_module(folder, sdk)
    (folder / "Pulumi.yaml").write_text("name: one-run\nruntime: go\n", "utf-8")
    settings = "".join(f'  omics:{key}: "{value}"\n' for key, value in SETTINGS.items())
    (folder / f"Pulumi.{STACK}.yaml").write_text(f"config:\n{settings}", "utf-8")
    return f"example of the page Run: {_tried(project)}"


def _place(work: sdks.Work, language: str) -> tuple[Path, dict[str, str]]:
    """Give a project's folder, which is not there yet, and the environment of its commands."""
    try:
        on_path = hosts(work.project, os.environ)
        env = go_build.ready(work.project, os.environ)
    except CannotWorkError as error:
        raise sdks.Skipped(str(error)) from None
    except SetupError as error:
        raise sdks.Failed(f"no hosts: {error}") from None
    place = work.folder / "programs" / language
    shutil.rmtree(place, ignore_errors=True)
    (place / "state").mkdir(parents=True)
    env |= {
        "GOFLAGS": " ".join(go_build.FLAGS),
        "PATH": os.pathsep.join([str(on_path), env["PATH"]]),
        "PULUMI_BACKEND_URL": f"file://{place / 'state'}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": "local",
        "PULUMI_HOME": str(place / "home"),
    }
    return place / "project", env


def _there(sdk: Path) -> Path:
    """Give an SDK's folder, which the step of its language has left if nothing was wrong there."""
    if not sdk.is_dir():
        raise sdks.Failed(f"{sdk} is not there: the step of its language is wrong")
    return sdk


def _tried(project: Project) -> str:
    """Take a project through its life; say in a few words what each command did."""
    project.pulumi("stack", "init", STACK)
    created = _counts(project.pulumi("up", "--yes", "--skip-preview"))
    first = project.held()
    _expect(len(first) == project.runs, f"up: {len(first)} runs in the state", project)
    _expect(first == set(project.started()), "up: other runs were started", project)
    ended = project.pulumi("stack", "output", "--json").count('"COMPLETED"')
    _expect(ended == project.runs, f"up: {ended} runs in its outputs as completed", project)
    project.pulumi("preview", "--expect-no-changes")
    project.add_tag()
    changed = _counts(project.pulumi("up", "--yes", "--skip-preview"))
    started = project.started()
    _expect(project.held() == first == set(started), "a changed tag: another run", project)
    tagged = [tags for tags in started.values() if tags.get(TAG[0]) == TAG[1]]
    _expect(len(tagged) == project.runs, "a changed tag: it is not on the runs", project)
    destroyed = _counts(project.pulumi("destroy", "--yes", "--skip-preview"))
    _expect(not project.held(), "destroy: a run is in the state", project)
    _expect(not project.started(), "destroy: a run is left", project)
    return (
        f"up: {created}, {len(first)} started; preview: no changes; "
        f"up with a changed tag: {changed}, none started; destroy: {destroyed}"
    )


def _counts(said: str) -> str:
    """Give what an update says that it did to resources, such as `5 created`."""
    block = said.rpartition("Resources:\n")[2].split("\n\n")[0].split("Duration")[0]
    return ", ".join(re.findall(r"\d+ \w+", block))


def _expect(is_so: bool, otherwise: str, project: Project) -> None:
    if not is_so:
        runs = f"in the state {sorted(project.held())}, started {project.started()}"
        raise sdks.Failed(f"{project.folder}: {otherwise}: {runs}")


STEPS: Final[Mapping[str, Callable[[sdks.Work], str]]] = {
    "typescript program": typescript,
    "go program": go,
}
