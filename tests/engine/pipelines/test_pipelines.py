"""The template's pipelines, step by step as they stand in their files, for a team's repository.

Git, the scripts, pip, the engine and the emulator are real; the forge's API is tests/forge.py, its
runners are runners.py. pip finds everything installed and asks no package index.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import boto3
import pytest

from omics_provider.emulator import control
from omics_provider.emulator.doors.local import attach
from tests import forge
from tests.engine.harness import until
from tests.engine.runners import GitHub, GitLab, Job

#: Several whole jobs a test, each with pip and the engine.
pytestmark = pytest.mark.timeout(600)

ROOT = Path(__file__).parents[3]
TEMPLATE = ROOT / "templates" / "omics-runs"
STACK = "dev"
ROLES = {
    "OMICS_PREVIEW_ROLE": "arn:aws:iam::111122223333:role/omics-preview",
    "OMICS_UP_ROLE": "arn:aws:iam::111122223333:role/omics-up",
}
HEADER, *ROWS = (TEMPLATE / "samples.csv").read_text("utf-8").splitlines()


class Team:
    """A team's repository, made of the template, with its backend and its emulator."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.origin, self.desk = folder / "origin.git", folder / "desk"
        self.state = folder / "omics.db"
        backend = folder / "backend"
        backend.mkdir()
        elsewhere = [
            each
            for each in os.environ["PATH"].split(os.pathsep)
            if Path(each) != Path(sys.executable).parent
        ]
        self.environment = {
            "AWS_CONFIG_FILE": str(folder / "nowhere"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "nowhere"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
            "PATH": os.pathsep.join(elsewhere),
            "PIP_NO_INDEX": "1",
            "PULUMI_CONFIG_PASSPHRASE": "pipelines",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(folder / "pulumi-home"),
        }
        self.backend = f"file://{backend}?metadata=skip"
        self._begin()

    def _begin(self) -> None:
        self.git("init", "--quiet", "--bare", "--initial-branch", "main", self.origin)
        self.git("clone", "--quiet", self.origin, self.desk)
        shutil.copytree(TEMPLATE, self.desk, dirs_exist_ok=True)
        project = self.desk / "Pulumi.yaml"
        text = project.read_text().replace("${PROJECT}", "trio").replace("${DESCRIPTION}", "A trio")
        project.write_text(text.partition("template:")[0])
        stack = self.desk / f"Pulumi.{STACK}.yaml"
        stack.write_text(
            stack.read_text().replace('localRunSeconds: "5"', 'localRunSeconds: "0"')
            + f"  omics:localState: {self.state}\n"
        )
        (self.desk / "venv").symlink_to(sys.prefix)
        (self.desk / ".git" / "info" / "exclude").write_text("/venv\n")
        # As the page on pipelines says.
        shutil.copytree(self.desk / "pipelines/github", self.desk / ".github/workflows")
        shutil.copy(self.desk / "pipelines/gitlab/.gitlab-ci.yml", self.desk)
        init = ("pulumi", "--non-interactive", "stack", "init", STACK)
        self._ran(*init, cwd=self.desk, PULUMI_BACKEND_URL=self.backend)
        self.push("main", "Begin")

    def git(self, *arguments: str | Path, cwd: Path | None = None) -> str:
        """Run git and hold it to success."""
        return self._ran("git", *arguments, cwd=cwd or self.folder)

    def up(self, code: int = 0) -> str:
        """Update from the person's own clone, with the script alone."""
        env = {"OMICS_STACK": STACK, "PULUMI_BACKEND_URL": self.backend}
        path = os.pathsep.join([str(Path(sys.executable).parent), self.environment["PATH"]])
        return self._ran("bash", "pipelines/up.sh", cwd=self.desk, code=code, PATH=path, **env)

    def _ran(self, *command: str | Path, cwd: Path, code: int = 0, **env: str) -> str:
        done = subprocess.run(
            [str(each) for each in command],
            cwd=cwd,
            env={**self.environment, **env},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def push(self, branch: str, message: str) -> None:
        """Commit what is in the clone, and push it."""
        if branch != self.git("branch", "--show-current", cwd=self.desk).strip():
            self.git("switch", "--quiet", "--force-create", branch, cwd=self.desk)
        self.git("add", "--all", cwd=self.desk)
        self.git("commit", "--quiet", "--message", message, cwd=self.desk)
        self.git("push", "--quiet", "--force", "origin", branch, cwd=self.desk)

    def merge(self, branch: str) -> None:
        """Merge a pull request."""
        self.git("switch", "--quiet", "main", cwd=self.desk)
        self.git("merge", "--quiet", "--no-ff", "-m", f"Merge {branch}", branch, cwd=self.desk)
        self.git("push", "--quiet", "origin", "main", cwd=self.desk)

    def sheet(self, *rows: str) -> None:
        """Write the sample sheet."""
        (self.desk / "samples.csv").write_text("\n".join([HEADER, *rows]) + "\n", "utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Change one place of a file."""
        text = (self.desk / name).read_text("utf-8")
        assert text.count(old) == 1
        (self.desk / name).write_text(text.replace(old, new), "utf-8")

    def checkout(self, work: Path, ref: str) -> None:
        """Do what a runner does: the branch, or the merge of a pull request with main."""
        self.git("clone", "--quiet", self.origin, work)
        if ref.startswith("refs/pull/"):
            self.git("merge", "--quiet", "-m", "merge", "origin/change", cwd=work)
        else:
            self.git("checkout", "--quiet", ref.removeprefix("refs/heads/"), cwd=work)
        # Stands for the environment that a runner's cache brings back.
        (work / "venv").symlink_to(sys.prefix)

    @property
    def service(self) -> Any:
        """A client of the emulator."""
        client = boto3.client("omics", region_name="us-east-1")
        attach(client, self.state)
        return client

    def runs(self) -> dict[str, list[str]]:
        """Give the status of every run, by the sample."""
        found: dict[str, list[str]] = {}
        for run in self.service.list_runs()["items"]:
            found.setdefault(run["name"], []).append(run["status"])
        return found

    def backend_files(self) -> dict[Path, int]:
        """Give every file of the backend, and when it was written."""
        found = (self.folder / "backend").rglob("*")
        return {path: path.stat().st_mtime_ns for path in found if path.is_file()}

    def started(self) -> int:
        """Give how often a run was started."""
        return sum(call["operation"] == "StartRun" for call in control.calls(self.state))


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


@pytest.fixture
def hub() -> Iterator[forge.Forge]:
    with forge.serving("github") as served:
        yield served


class Actions:
    """The team's repository at GitHub."""

    def __init__(self, team: Team, hub: forge.Forge) -> None:
        self.team, self.hub = team, hub
        variables = {
            "OMICS_STACK": STACK,
            "OMICS_REGION": "us-east-1",
            "PULUMI_BACKEND_URL": team.backend,
            **ROLES,
        }
        self.runner = GitHub(
            team.folder, team.environment, variables, team.checkout, hub.url, forge.TOKEN
        )
        self.workflows = team.desk / ".github" / "workflows"

    def preview(self, repository: str = "lab/trio") -> Job:
        """What a pull request starts."""
        request = {"number": 7, "head": {"repo": {"full_name": repository}}}
        event = {"ref": "refs/pull/7/merge", "event": {"pull_request": request}}
        return self.runner.run(self.workflows / "omics-preview.yml", event)

    def up(self) -> Job:
        """What a push to main starts."""
        return self.runner.run(self.workflows / "omics-up.yml", {"ref": "refs/heads/main"})

    def begin_up(self) -> tuple[Job, Future[None]]:
        """Start that, and return at once."""
        return self.runner.begin(self.workflows / "omics-up.yml", {"ref": "refs/heads/main"})

    def drift(self) -> Job:
        """What the schedule starts."""
        return self.runner.run(self.workflows / "omics-drift.yml", {"ref": "refs/heads/main"})


@pytest.fixture
def actions(team: Team, hub: forge.Forge) -> Iterator[Actions]:
    made = Actions(team, hub)
    yield made
    for job in made.runner.jobs:
        job.clean_up()


# A pull request, a merge, drift -------------------------------------------------------------------


def test_a_pull_request_is_told_what_is_merged_is_started_and_drift_is_found(
    team: Team, actions: Actions
) -> None:
    # The comment of an earlier push is there, and one by somebody who imitates it.
    earlier = actions.hub.write("<!-- omics-provider: comment of dev -->\nold", writer="Bot")
    imitated = actions.hub.write("<!-- omics-provider: comment of dev -->\nmine")
    team.sheet(*ROWS[:2])
    team.push("change", "Another")
    state = team.backend_files()
    told = actions.preview()

    # The role of previews may not write there.
    assert team.backend_files() == state
    assert told.ok, told.text
    assert told.role == ROLES["OMICS_PREVIEW_ROLE"]
    assert "### 2 new runs start" in earlier["body"]
    assert "`HG003`" in earlier["body"]
    assert imitated["body"].endswith("mine")
    assert len(actions.hub.comments) == 2
    assert "### 2 new runs start" in told.summary
    assert team.started() == 0

    team.merge("change")
    done = actions.up()

    assert done.ok, done.text
    assert done.role == ROLES["OMICS_UP_ROLE"]
    assert team.runs() == {"HG002": ["COMPLETED"], "HG003": ["COMPLETED"]}
    assert team.started() == 2
    assert "### 2 new runs start" in done.summary
    assert re.search(r"\+ \d+ created", done.summary)

    (run,) = team.service.list_runs(name="HG003")["items"]
    team.service.tag_resource(resourceArn=run["arn"], tags={"by": "hand"})
    state = team.backend_files()
    found = actions.drift()

    assert team.backend_files() == state
    assert found.outcome("Look for drift") == "failure"
    assert found.role == ROLES["OMICS_PREVIEW_ROLE"]
    (issue,) = actions.hub.issues
    assert issue["title"] == "Drift in stack dev"
    assert "tags of 1 changed by hand" in issue["body"]
    assert "2 completed" in issue["body"]

    # That two have completed is told, and no alarm.
    team.service.untag_resource(resourceArn=run["arn"], tagKeys=["by"])
    assert actions.drift().ok
    assert issue["state"] == "closed"
    assert len(actions.hub.issues) == 1
    assert team.started() == 2


# Two merges at once, a job that is cancelled, a run that fails ------------------------------------


# Ctrl-C, and a run that fails, in `make test`: tests/engine/waits/test_wait.py.
@pytest.mark.slow
def test_a_second_update_fails_cleanly_a_cancelled_one_leaves_no_lock_and_a_failed_run_is_told(
    team: Team, actions: Actions
) -> None:
    """The group of a workflow lets the second wait; here there is no group, as with a person."""
    team.edit(f"Pulumi.{STACK}.yaml", 'localRunSeconds: "0"', 'localRunSeconds: "3600"')
    fails = '{"HG002": {"tags": {"emulator:fails": "INPUT_URI_NOT_FOUND"}}}'
    team.edit("__main__.py", "    template={", f"    overrides={fails},\n    template={{")
    team.sheet(*ROWS[:1])
    team.push("main", "A run that takes an hour, and whose input is missing")
    first, end = actions.begin_up()
    until(team.runs, lambda runs: bool(runs), seconds=120)

    second = actions.up()

    assert second.outcome("Hold the update to the policy") == "success"
    assert second.outcome("Update") == "failure"
    assert "the stack is currently locked by 1 lock(s)" in second.summary
    assert "Traceback" not in second.text
    assert team.started() == 1
    assert not end.done()

    first.cancel()
    end.result(timeout=120)
    assert first.outcome("Update") == "failure"
    assert "Traceback" not in first.text
    control.change_settings(team.state, {"speed": 100_000})
    third = actions.up()

    # There is no lock any more: the update takes the run, and fails with its reason.
    assert third.outcome("Update") == "failure"
    assert third.outcome("Tell how it ended") == "success"
    assert "    error: Run HG002" in third.summary
    assert "INPUT_URI_NOT_FOUND" in third.summary
    assert "Next: Check the path" in third.summary
    assert team.runs() == {"HG002": ["FAILED"]}

    # Doing it again says the same and starts nothing.
    assert "INPUT_URI_NOT_FOUND" in team.up(code=1)
    assert team.started() == 1


# What must not pass -------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_broken_rule_and_a_failed_preview_fail_the_check_and_are_told(
    team: Team, actions: Actions
) -> None:
    (team.desk / "policy.yaml").write_text("max_runs: 2\n", "utf-8")
    team.push("main", "A policy")
    team.sheet(*ROWS)
    (team.desk / "samples.csv").open("a").write("\n")
    team.push("change", "Three")

    job = actions.preview()
    assert job.outcome("Preview") == "failure"
    assert job.outcome("Comment") == "success"
    (comment,) = actions.hub.comments
    assert "max_runs" in comment["body"]

    # A sheet that is wrong, and a stack that is not there: one comment, kept current.
    team.sheet(*ROWS, ROWS[0].partition(",")[0])
    team.push("change", "A row that is too short")
    assert actions.preview().outcome("Preview") == "failure"
    assert "samples.csv" in comment["body"]
    actions.runner.variables["OMICS_STACK"] = "nowhere"
    assert actions.preview().outcome("Preview") == "failure"
    assert "### There is no preview" in actions.hub.comments[1]["body"]
    assert "no stack named 'nowhere'" in actions.hub.comments[1]["body"]

    # What is merged all the same stops at the policy.
    actions.runner.variables["OMICS_STACK"] = STACK
    team.sheet(*ROWS)
    team.push("change", "Mended")
    team.merge("change")
    merged = actions.up()
    assert merged.outcome("Hold the update to the policy") == "failure"
    assert merged.outcome("Update") == "skipped"
    assert "### Nothing was updated" in merged.summary
    assert team.started() == 0


# GitLab -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_gitlab_s_jobs_do_the_same(team: Team) -> None:
    with forge.serving("gitlab") as lab:
        variables = {
            "OMICS_STACK": STACK,
            "OMICS_REGION": "us-east-1",
            "OMICS_NOTE_TOKEN": forge.TOKEN,
            "PULUMI_BACKEND_URL": team.backend,
            "CI_API_V4_URL": lab.url,
            "CI_PROJECT_ID": "42",
            "CI_DEFAULT_BRANCH": "main",
            **ROLES,
        }
        runner = GitLab(team.folder, team.environment, variables, team.checkout)
        file = team.desk / ".gitlab-ci.yml"

        def run(name: str, ref: str = "refs/heads/main") -> Job:
            request = {"CI_MERGE_REQUEST_IID": "7"} if ref.startswith("refs/pull") else {}
            return runner.run(file, name, ref, request)

        team.sheet(*ROWS[:1])
        team.push("change", "One sample")
        stranger = lab.write("<!-- omics-provider: comment of dev -->\nmine")
        told = run("omics preview", "refs/pull/7/merge")
        assert told.ok, told.text
        assert told.role == ROLES["OMICS_PREVIEW_ROLE"]
        assert "### 1 new run starts" not in stranger["body"]
        assert "### 1 new run starts" in told.summary

        # Without a token for notes the job has its artifact alone, and fails as it should.
        del runner.variables["OMICS_NOTE_TOKEN"]
        (team.desk / "policy.yaml").write_text("max_runs: 0\n", "utf-8")
        team.push("change", "A policy")
        asked = len(lab.requests)
        assert not run("omics preview", "refs/pull/7/merge").ok
        assert len(lab.requests) == asked
        runner.variables["OMICS_NOTE_TOKEN"] = forge.TOKEN
        (team.desk / "policy.yaml").unlink()
        team.push("change", "No policy")
        assert run("omics preview", "refs/pull/7/merge").ok
        assert len(lab.comments) == 2
        assert "### 1 new run starts" in lab.comments[1]["body"]

        # A job of an older commit takes what is merged now.
        team.git("branch", "older", "main", cwd=team.desk)
        team.git("push", "--quiet", "origin", "older", cwd=team.desk)
        team.merge("change")
        done = run("omics up", "refs/heads/older")
        assert done.ok, done.text
        assert done.role == ROLES["OMICS_UP_ROLE"]
        assert "+ 3 created" in done.summary
        assert team.runs() == {"HG002": ["COMPLETED"]}

        (each,) = team.service.list_runs()["items"]
        team.service.tag_resource(resourceArn=each["arn"], tags={"by": "hand"})
        assert not run("omics drift").ok
        (issue,) = lab.issues
        assert "tags of 1 changed by hand" in issue["description"]
        team.service.untag_resource(resourceArn=each["arn"], tagKeys=["by"])
        assert run("omics drift").ok
        assert issue["state"] == "closed"
        assert team.started() == 1
