"""What runs pipelines: as much of GitHub Actions' and GitLab CI's runners as the template needs.

The files are read as they stand: conditions, variables, steps, scripts. What an action from
elsewhere does (a checkout, a sign-in) is played; an unknown action or setting is an error.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

LIMIT = 240.0
"""Seconds; more than any step takes on two busy cores."""


@dataclass
class Step:
    """A step that was looked at: how it ended ("success", "failure", "skipped"), what it wrote."""

    name: str
    outcome: str
    text: str = ""


@dataclass
class Job:
    """A job at work, or ended."""

    steps: list[Step] = field(default_factory=list)
    summary: str = ""
    role: str | None = None
    cancelled: bool = False
    _now: subprocess.Popen[str] | None = None

    def clean_up(self) -> None:
        """End what the last step left at work, as a runner does at a job's end."""
        if self._now is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._now.pid, signal.SIGKILL)

    @property
    def ok(self) -> bool:
        """Whether no step failed."""
        return all(step.outcome != "failure" for step in self.steps)

    @property
    def text(self) -> str:
        """Everything that the steps wrote."""
        return "\n".join(step.text for step in self.steps)

    def outcome(self, name: str) -> str:
        """Give the outcome of the step of this name."""
        (found,) = (step.outcome for step in self.steps if step.name == name)
        return found

    def cancel(self) -> None:
        """Do what GitHub does: Ctrl-C to the process that the runner started, and to no other."""
        self.cancelled = True
        assert self._now is not None
        os.kill(self._now.pid, signal.SIGINT)

    def run(self, script: str, shell: list[str], cwd: Path, env: Mapping[str, str]) -> Step:
        """Run one script to its end."""
        path = cwd.parent / "script.sh"
        path.write_text(script, "utf-8")
        self._now = subprocess.Popen(
            [*shell, str(path)],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        text, _ = self._now.communicate(timeout=LIMIT)
        return Step("", "success" if self._now.returncode == 0 else "failure", text)


# GitHub Actions ----------------------------------------------------------------------------------


@dataclass
class GitHub:
    """A runner of GitHub Actions for one repository."""

    folder: Path
    #: What every step has: PATH, HOME, and what the machine of a team's own would bring.
    environment: dict[str, str]
    variables: dict[str, str]
    checkout: Callable[[Path, str], None]
    url: str
    token: str
    jobs: list[Job] = field(default_factory=list)

    def begin(self, workflow: Path, event: Mapping[str, Any]) -> tuple[Job, Future[None]]:
        """Start a workflow's one job and return at once: the job, and what tells its end."""
        job = Job()
        self.jobs.append(job)
        place = self.folder / f"runner-{len(self.jobs)}"
        pool = ThreadPoolExecutor(1)
        end = pool.submit(self._work, job, workflow, event, place)
        pool.shutdown(wait=False)
        return job, end

    def run(self, workflow: Path, event: Mapping[str, Any]) -> Job:
        """Run a workflow's one job to its end."""
        job, end = self.begin(workflow, event)
        end.result()
        return job

    def _work(self, job: Job, workflow: Path, event: Mapping[str, Any], place: Path) -> None:
        # YAML 1.1 reads the key `on` as true.
        document = yaml.safe_load(workflow.read_text("utf-8"))
        ((_, told),) = document["jobs"].items()
        work = place / "work"
        work.mkdir(parents=True)
        github = {"repository": "lab/trio", "token": self.token, **event}
        seen: dict[str, Any] = {"github": github, "vars": self.variables, "steps": {}}
        known = Expressions(seen, job)
        if "if" in told and not known.true(told["if"]):
            return
        env = {
            **self.environment,
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.url,
            "GITHUB_REPOSITORY": "lab/trio",
            "GITHUB_PATH": str(place / "path"),
            "GITHUB_STEP_SUMMARY": str(place / "summary.md"),
            **known.filled(told.get("env", {})),
        }
        for file in ("path", "summary.md"):
            (place / file).touch()
        for step in told["steps"]:
            done = self._step(step, told["permissions"], job, work, env, known)
            done.name = step.get("name") or step["uses"].partition("@")[0]
            job.steps.append(done)
            if "id" in step:
                seen["steps"][step["id"]] = {"outcome": done.outcome}
            for line in (place / "path").read_text().split():
                env["PATH"] = f"{line}{os.pathsep}{env['PATH']}"
            (place / "path").write_text("")
        job.summary = (place / "summary.md").read_text("utf-8")

    def _step(
        self,
        step: Mapping[str, Any],
        permissions: Mapping[str, str],
        job: Job,
        work: Path,
        env: dict[str, str],
        known: Expressions,
    ) -> Step:
        if not known.true(str(step.get("if", "success()"))):
            return Step("", "skipped")
        if "run" in step:
            own = known.filled(step.get("env", {}))
            return job.run(known.text(step["run"]), ["bash", "-e"], work, {**env, **own})
        with_ = known.filled(step.get("with", {}))
        action = step["uses"].partition("@")[0]
        if action == "actions/checkout":
            assert with_.pop("persist-credentials") == "false"
            self.checkout(work, with_.pop("ref", known.context["github"]["ref"]))
        elif action == "actions/setup-python":
            with_.pop("python-version")
        elif action == "pulumi/actions":
            with_.pop("pulumi-version")
        else:
            assert action == "aws-actions/configure-aws-credentials", action
            # GitHub gives the job a token for AWS only with this.
            assert permissions["id-token"] == "write"
            with_.pop("role-duration-seconds", None)
            job.role = with_.pop("role-to-assume")
            env["AWS_REGION"] = with_.pop("aws-region")
        assert with_ == {}, f"{action}: {with_}"
        return Step("", "success")


@dataclass
class Expressions:
    """The expressions of GitHub Actions, as far as they are used."""

    context: Mapping[str, Any]
    job: Job

    def filled(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Give the values with their expressions worked out."""
        # A value that is no text is written as JSON: true, 21600.
        texts = {name: v if isinstance(v, str) else json.dumps(v) for name, v in values.items()}
        return {name: self.text(text) for name, text in texts.items()}

    def text(self, text: str) -> str:
        """Put in what each ${{ … }} stands for."""
        return re.sub(r"\$\{\{(.*?)\}\}", lambda found: str(self.value(found[1])), text)

    def true(self, condition: str) -> bool:
        """Work out an `if`. Without a word on how steps ended, success is asked for, too."""
        bare = re.sub(r"^\$\{\{(.*)\}\}$", r"\1", condition.strip())
        holds = bool(self.value(bare))
        if not re.search(r"\b(success|failure|always|cancelled)\(\)", bare):
            holds = holds and self.job.ok and not self.job.cancelled
        return holds

    def value(self, expression: str) -> Any:
        """Work out one expression."""
        job = self.job
        functions = {
            "success()": job.ok and not job.cancelled,
            "failure()": not job.ok and not job.cancelled,
            "cancelled()": job.cancelled,
            "always()": True,
        }

        def word(found: re.Match[str]) -> str:
            token = found[0]
            if token.startswith("'"):
                return repr(token[1:-1])
            if token in ("&&", "||", "!"):
                return {"&&": " and ", "||": " or ", "!": " not "}[token]
            if token in ("==", "!="):
                return token
            return repr(functions[token] if token in functions else self._found(token))

        tokens = r"'[^']*'|&&|\|\||==|!=|!|[a-z]+\(\)|[A-Za-z_][\w.-]*"
        return eval(re.sub(tokens, word, expression.strip()), {"__builtins__": {}})

    def _found(self, name: str) -> Any:
        value: Any = self.context
        for part in name.split("."):
            value = value.get(part, "") if isinstance(value, Mapping) else ""
        return value


# GitLab CI ---------------------------------------------------------------------------------------


@dataclass
class GitLab:
    """A runner of GitLab CI for one project."""

    folder: Path
    environment: dict[str, str]
    variables: dict[str, str]
    checkout: Callable[[Path, str], None]
    _number: int = 0

    def run(self, file: Path, name: str, ref: str, predefined: Mapping[str, str]) -> Job:
        """Run one job to its end; the folder `artifacts` beside its work has what it keeps."""
        document = yaml.safe_load(file.read_text("utf-8"))
        told = {**document[document[name]["extends"]], **document[name]}
        self._number += 1
        work = self.folder / f"gitlab-{self._number}" / "work"
        work.mkdir(parents=True)
        self.checkout(work, ref)
        known = {**self.variables, **predefined, "CI_PROJECT_DIR": str(work), "CI_JOB_ID": "99"}
        for each in (document["variables"], told["variables"]):
            known |= {key: _expanded(value, known) for key, value in each.items()}
        known |= dict.fromkeys(told["id_tokens"], "a-signed-token")
        job = Job(role=known["OMICS_ROLE"])
        script = "\n".join([*told["before_script"], *told["script"]])
        step = job.run(script, ["bash", "-eo", "pipefail"], work, {**self.environment, **known})
        step.name = name
        job.steps.append(step)
        for path in told["artifacts"]["paths"]:
            if (work / path).exists():
                job.summary += (work / path).read_text("utf-8")
        return job


def _expanded(value: str, known: Mapping[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda found: known.get(found[1], ""), value)
