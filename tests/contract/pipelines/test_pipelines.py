"""The template's pipelines: what must stay true of the files, and how a report is posted.

tests/engine/pipelines/test_pipelines.py runs them; `tools/pipelines` holds them to the tools for
such files.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.session import Session

from tests import forge
from tests.engine.runners import GitHub

ROOT = Path(__file__).parents[3]
PIPELINES = ROOT / "templates" / "omics-runs" / "pipelines"
OF_YAML = ROOT / "templates" / "omics-runs-yaml" / "operator"
WORKFLOWS = sorted((PIPELINES / "github").glob("*.yml"))
GITLAB = PIPELINES / "gitlab" / ".gitlab-ci.yml"
PULUMI = re.search(
    r"github.com/pulumi/pulumi/pkg/v3 v(\S+)", (ROOT / "tools/engine/cli/go.mod").read_text()
)[1]  # type: ignore[index]


def loaded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PIPELINES / "github" / name).read_text("utf-8"))
    return found


def job(name: str) -> dict[str, Any]:
    ((_, only),) = loaded(name)["jobs"].items()
    found: dict[str, Any] = only
    return found


# What must stay true -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_few_rights_no_stored_key_and_pinned_actions(path: Path) -> None:
    text = path.read_text("utf-8")
    assert loaded(path.name)["permissions"] == {"contents": "read"}
    assert "secrets." not in text
    assert "pull_request_target" not in text
    uses = re.findall(r"uses: (\S+)(?: # (v[\d.]+))?", text)
    assert len(uses) >= 5
    for action, version in uses:
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action), action
        assert version, f"{action}: say which release this is"
    # An expression inside a script is text that anybody may have written.
    assert [step["run"] for step in job(path.name)["steps"] if "${{" in step.get("run", "")] == []


def test_each_workflow_has_the_rights_that_it_needs_and_no_others() -> None:
    sign_in = {"contents": "read", "id-token": "write"}
    assert {path.name: job(path.name)["permissions"] for path in WORKFLOWS} == {
        "omics-preview.yml": sign_in | {"pull-requests": "write"},
        "omics-up.yml": sign_in,
        "omics-drift.yml": sign_in | {"issues": "write"},
    }


def test_an_update_waits_for_its_turn_and_is_never_cancelled_by_another() -> None:
    up = loaded("omics-up.yml")["concurrency"]
    assert up == {"group": "omics-up-${{ vars.OMICS_STACK }}", "cancel-in-progress": False}
    # A waiting run is dropped for a newer one of its group: the drift check must have its own.
    assert loaded("omics-drift.yml")["concurrency"]["group"] != up["group"]
    gitlab = yaml.safe_load(GITLAB.read_text("utf-8"))["omics up"]
    assert gitlab["resource_group"] == "omics-$OMICS_STACK"
    assert gitlab["interruptible"] is False


def test_an_update_takes_the_branch_as_it_is_now() -> None:
    (checkout,) = (s for s in job("omics-up.yml")["steps"] if "checkout" in s.get("uses", ""))
    assert checkout["with"]["ref"] == "main"


def test_every_place_names_the_pulumi_that_the_tests_run_with() -> None:
    for path in WORKFLOWS:
        (step,) = (s for s in job(path.name)["steps"] if s.get("uses", "").startswith("pulumi/ac"))
        assert step["with"]["pulumi-version"] == PULUMI
    assert f"pulumi/pulumi-python-3.13:{PULUMI}\n" in GITLAB.read_text("utf-8")
    for operator in (PIPELINES / "operator", OF_YAML):
        assert f"FROM pulumi/pulumi:{PULUMI}-nonroot\n" in (operator / "Dockerfile").read_text()


def test_the_stack_of_a_project_in_yaml_differs_in_names_alone() -> None:
    ours = (OF_YAML / "stack.yaml").read_text("utf-8")
    assert ours.replace("omics-runs-yaml", "omics-runs") == (
        PIPELINES / "operator" / "stack.yaml"
    ).read_text("utf-8")
    install = "pulumi plugin install resource omics"
    assert install in (OF_YAML / "Dockerfile").read_text("utf-8")


def test_nothing_takes_a_lock_away_or_forgets_an_interrupted_start() -> None:
    files = [path for path in PIPELINES.rglob("*") if path.is_file()]
    assert len(files) > 8
    told = "\n".join(re.sub(r"(?m)#.*$", "", path.read_text("utf-8")) for path in files)
    assert re.findall(r"pulumi cancel|clear-pending|state delete|--force", told) == []


def test_the_page_names_every_file_and_every_variable() -> None:
    page = (ROOT / "docs" / "pipelines.md").read_text("utf-8")
    for path in PIPELINES.rglob("*"):
        assert path.is_dir() or path.name in page, path.name
    texts = [path.read_text("utf-8") for path in [*WORKFLOWS, GITLAB]]
    variables = set(re.findall(r"vars\.(\w+)|(?<!\$)\$(OMICS_\w+)", "\n".join(texts)))
    # These two the file sets itself.
    names = {name for pair in variables for name in pair if name} - {"OMICS_IDENTITY", "OMICS_ROLE"}
    assert len(names) >= 5
    assert {name for name in names if f"`{name}`" not in page} == set()


# Rights in AWS -----------------------------------------------------------------------------------


def policy(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((PIPELINES / "aws" / name).read_text())["Statement"]
    return found


def actions_of(name: str) -> set[str]:
    lists = [each["Action"] for each in policy(name)]
    return {action for each in lists for action in ([each] if isinstance(each, str) else each)}


def test_the_preview_role_can_change_nothing() -> None:
    reads = re.compile(r"\w+:(Get|List|Decrypt)\w*")
    assert [each for each in actions_of("preview-policy.json") if not reads.fullmatch(each)] == []


def test_the_roles_have_the_rights_for_each_call_of_the_package_and_no_others() -> None:
    operations = set(Session().get_service_model("omics").operation_names)
    package = (ROOT / "omics_provider").rglob("*.py")
    sources = "".join(path.read_text() for path in package if "emulator" not in path.parts)
    nouns = re.findall(r'noun = "([A-Za-z]+)"', sources)
    verbs = re.findall(r'f"([A-Z][a-z]+)\{self\.noun\}(s?)"', sources)
    of_nouns = {f"{verb}{noun}{plural}" for verb, plural in verbs for noun in nouns}
    named = (set(re.findall(r'"([A-Z][A-Za-z]+)"', sources)) | of_nouns) & operations
    allowed = {
        action.removeprefix("omics:")
        for name in ("preview-policy.json", "up-policy.json")
        for action in actions_of(name)
        if action.startswith("omics:")
    }
    assert allowed <= operations
    assert len(named) > 25
    assert allowed == named


@pytest.mark.parametrize("name", ["github", "gitlab"])
def test_only_the_main_branch_may_take_on_the_role_of_updates(name: str) -> None:
    (statement,) = policy(f"up-trust-{name}.json")
    (subject,) = (
        value
        for key, value in statement["Condition"]["StringEquals"].items()
        if key.endswith(":sub")
    )
    (only,) = [subject] if isinstance(subject, str) else subject
    assert re.search(r":ref(:refs/heads/|:)main$", only)
    assert "*" not in json.dumps(statement)


# The tools find what is wrong --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("github/omics-up.yml", "cancel-in-progress", "cancel-in-progres", "cancel-in-progres"),
        ("github/omics-up.yml", "exec bash pipelines/up.sh", "exec bash $1", "SC2086"),
        ("gitlab/.gitlab-ci.yml", "resource_group: ", "resource_group: 3 #", "resource_group"),
        ("gitlab/.gitlab-ci.yml", '- exit "$status"', "- exit $(status", "SC"),
        ("operator/stack.yaml", "resyncFrequencySeconds", "resyncSeconds", "resyncSeconds"),
        ("preview.sh", "cat preview.err", "cat $1", "SC2086"),
    ],
)
def test_the_tools_find_what_is_wrong(
    tmp_path: Path, file: str, old: str, new: str, told: str
) -> None:
    copy = tmp_path / "pipelines"
    shutil.copytree(PIPELINES, copy)
    text = (copy / file).read_text("utf-8")
    assert old in text
    (copy / file).write_text(text.replace(old, new), "utf-8")
    done = subprocess.run(
        [ROOT / "tools" / "pipelines", copy],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode != 0
    assert told in done.stdout + done.stderr


# A pull request from a fork ----------------------------------------------------------------------


def test_a_pull_request_from_a_fork_fails_before_anything_of_it_is_run(tmp_path: Path) -> None:
    def refused(work: Path, ref: str) -> None:
        raise AssertionError("checked out")

    runner = GitHub(tmp_path, {"PATH": "/usr/bin:/bin"}, {}, refused, "http://127.0.0.1:9", "")
    request = {"number": 7, "head": {"repo": {"full_name": "someone/trio"}}}
    event = {"ref": "refs/pull/7/merge", "event": {"pull_request": request}}
    done = runner.run(PIPELINES / "github" / "omics-preview.yml", event)
    first, *others = done.steps
    assert first.outcome == "failure"
    assert "::error::No preview of a pull request from a fork" in first.text
    assert {step.outcome for step in others} == {"skipped"}
    assert done.role is None


# Posting -----------------------------------------------------------------------------------------


@pytest.fixture(params=["github", "gitlab"])
def there(request: pytest.FixtureRequest) -> Iterator[forge.Forge]:
    with forge.serving(request.param) as served:
        yield served


def post(
    there: forge.Forge, folder: Path, *arguments: str, report: str = "", **changed: str
) -> subprocess.CompletedProcess[str]:
    """Run the script as a job does."""
    (folder / "report.md").write_text(report, "utf-8")
    github = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": there.url,
        "GITHUB_REPOSITORY": "lab/trio",
        "GITHUB_TOKEN": forge.TOKEN,
        "OMICS_PULL_REQUEST": "7",
    }
    gitlab = {
        "CI_API_V4_URL": there.url,
        "CI_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_IID": "7",
        "OMICS_NOTE_TOKEN": forge.TOKEN,
    }
    job = {"github": github, "gitlab": gitlab}[there.kind]
    return subprocess.run(
        [sys.executable, "-I", PIPELINES / "post.py", *arguments],
        cwd=folder,
        env={"OMICS_STACK": "dev", **job, **changed},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_report_is_posted_once_and_updated_after_that(there: forge.Forge, tmp_path: Path) -> None:
    for number in range(120):
        there.write(f"talk {number}")
    stranger = there.write("<!-- omics-provider: comment of dev -->\nimitated")
    other = there.write("<!-- omics-provider: comment of production -->\nother", writer="Bot")

    for report in ("first", "second"):
        done = post(there, tmp_path, "comment", "report.md", report=report)
        assert (done.returncode, done.stderr) == (0, "")

    assert len(there.comments) == 123
    assert there.comments[-1]["body"] == "<!-- omics-provider: comment of dev -->\nsecond"
    assert stranger["body"].endswith("imitated")
    assert other["body"].endswith("other")


def test_an_issue_is_opened_updated_closed_and_opened_anew(
    there: forge.Forge, tmp_path: Path
) -> None:
    def issue(report: str) -> None:
        done = post(there, tmp_path, "issue", "report.md", "--title", "Drift", report=report)
        assert (done.returncode, done.stderr) == (0, "")

    assert "there is none" in post(there, tmp_path, "close").stdout
    issue("first")
    issue("second")
    (only,) = there.issues
    assert only["title"] == "Drift"
    assert only["description"].endswith("second")
    assert post(there, tmp_path, "close").returncode == 0
    assert only["state"] == "closed"
    issue("third")
    assert [each["state"] for each in there.issues] == ["closed", "open"]


def test_a_report_that_is_too_long_is_cut_and_says_so(there: forge.Forge, tmp_path: Path) -> None:
    done = post(there, tmp_path, "comment", "report.md", report="ä" * 70_000)
    assert done.returncode == 0, done.stderr
    assert there.comments[0]["body"].endswith("(cut: the whole is in the job's artifacts)\n")


def test_what_can_t_be_posted_fails_with_the_reason(there: forge.Forge, tmp_path: Path) -> None:
    there.allowed = set()
    done = post(there, tmp_path, "comment", "report.md", report="x")
    assert done.returncode == 1
    assert done.stderr.startswith("post: POST /")
    assert "403" in done.stderr
    name = {"github": "GITHUB_TOKEN", "gitlab": "OMICS_NOTE_TOKEN"}[there.kind]
    done = post(there, tmp_path, "comment", "report.md", report="x", **{name: ""})
    assert done.returncode == 1
    assert f"post: {name} is not set" in done.stderr
    there.url = "http://127.0.0.1:9"
    done = post(there, tmp_path, "comment", "report.md", report="x")
    assert done.returncode == 1
    assert "refused" in done.stderr
    assert "Traceback" not in done.stderr
