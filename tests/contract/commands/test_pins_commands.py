"""Help, exit codes and the formats of the commands, byte for byte as programs and people know them.

UPDATE_GOLDEN=1 writes the golden files anew.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from omics_provider.__main__ import main
from omics_provider.base.settings import Settings
from omics_provider.emulator import control
from omics_provider.emulator.doors import local
from omics_provider.service import clients
from tests.preview_digests import ROLE, RUN, batch, digest, inputs, step, urn, warning

GOLDEN = Path(__file__).parent / "golden" / "commands"
COMMANDS = ("explain", "report", "preview", "drift", "doctor", "move")
Say = Callable[..., tuple[int, str]]


def pinned(name: str, text: str) -> None:
    file = GOLDEN / name
    if "UPDATE_GOLDEN" in os.environ:
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


def shape(value: Any) -> Any:
    """A document's keys and types; of a list, what its first entry is like."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return type(value).__name__


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Run a command in the folder of a project; give its exit code and standard output."""
    (tmp_path / "Pulumi.yaml").write_text("name: trial\nruntime: python\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for name in [n for n in os.environ if n.startswith(("AWS_", "PULUMI_"))]:
        monkeypatch.delenv(name)
    # A client of the emulator keeps the file of the folder in which it was made.
    for region in ("us-east-1", None):
        clients.forget(Settings(region, endpoint="local"))

    def call(*arguments: str) -> tuple[int, str]:
        try:
            code = main(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
        return code, capsys.readouterr().out

    return call


@pytest.fixture
def runs(tmp_path: Path) -> list[str]:
    """The ids of a run that failed and of one that is at work, in the project's emulator."""
    file = tmp_path / ".omics" / "local.db"
    file.parent.mkdir()
    control.change_settings(str(file), {"speed": 0, "quotas": False, "parameterCheck": "off"})
    client: Any = boto3.client("omics", region_name="us-east-1", endpoint_url="http://127.0.0.1")
    local.attach(client, str(file), 100)
    lives: tuple[dict[str, str], ...] = (
        {"emulator:seconds": "0", "emulator:fails": "RUN_TASK_FAILED"},
        {},
    )
    found = [
        client.start_run(name=f"r{n}", workflowId="9500764", workflowType="READY2RUN", tags=tags,
                         roleArn=ROLE, outputUri="s3://results/runs", requestId=f"pin-{n}")
        for n, tags in enumerate(lives)
    ]  # fmt: skip
    client.list_runs()
    return [str(each["id"]) for each in found]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `pulumi` that knows one stack, whose run and start the service never had."""
    gone = {
        "urn": urn("HG002"), "type": RUN, "id": "1000001", "created": "2026-01-02T03:04:05Z",
        "inputs": {"__stack": "organization/trial/dev"},
        "outputs": {
            **inputs(tags={"project": "trio"}), "uuid": "uuid-of-HG002", "status": "RUNNING",
            "arn": "arn:aws:omics:us-east-1:123456789012:run/1000001",
            "creationTime": "2026-01-02T03:04:00Z",
        },
    }  # fmt: skip
    begun = {"urn": urn("HG003", "trio"), "type": RUN, "inputs": inputs()}
    elsewhere = json.loads(json.dumps(gone).replace("us-east-1", "eu-west-1"))
    elsewhere["urn"] = urn("HG004")
    export = {
        "deployment": {
            "resources": [gone, elsewhere],
            "pending_operations": [{"resource": begun, "type": "creating"}],
        }
    }
    (tmp_path / "export.json").write_text(json.dumps(export))
    config = {name: {"value": value} for name, value in
              {"omics:endpoint": "local", "omics:region": "us-east-1"}.items()}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        f'case "$1" in stack) cat {tmp_path}/export.json;; config) cat {tmp_path}/config.json;;\n'
        "version) echo v3.259.0;; *) exit 1;; esac\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="argparse has another form from 3.13 on")
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(say: Say, command: str) -> None:
    code, text = say(*([command] if command else []), "--help")
    assert code == 0
    pinned(f"help-{command or 'all'}.txt", text)


@pytest.mark.parametrize("style", ["markdown", "text", "json"])
def test_preview(say: Say, tmp_path: Path, style: str) -> None:
    made = digest(
        step("create", "HG002", new=inputs()),
        step("replace", "HG003", old=inputs(), new=inputs(roleArn=ROLE + "2"), diff=["roleArn"]),
        step("delete", "HG004", old=inputs(), status="COMPLETED", onDelete="keep"),
        batch("update", 2, 3, "samples.sha256"),
        {"op": "create", "urn": "urn:pulumi:dev::trial::pulumi-python:dynamic/omics:RunGroup::g"},
        same=4,
        notices=[warning("Preflight of this run:\n  run_group_id: there is none", "HG002")],
    )
    (tmp_path / "preview.json").write_text(json.dumps(made))
    code, text = say("preview", "preview.json", "--offline", "--format", style, "--max-runs", "1")
    assert code == 3
    pinned(f"preview.{style}", text)


def test_preview_ends_with_1_where_it_failed_and_with_2_without_a_policy(
    say: Say, tmp_path: Path
) -> None:
    made = digest(notices=[warning("no", "HG002", severity="error")])
    (tmp_path / "preview.json").write_text(json.dumps(made))
    assert say("preview", "preview.json", "--offline", "--max-runs", "1")[0] == 1
    (tmp_path / "policy.yaml").write_text("max_runs: many\n")
    assert say("preview", "preview.json", "--offline", "--policy", "policy.yaml") == (2, "")


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("style", ["markdown", "text", "json"])
def test_drift(say: Say, style: str) -> None:
    code, text = say("drift", "--stack", "dev", "--format", style)
    assert code == 4
    pinned(f"drift.{style}", text)


@pytest.mark.usefixtures("engine")
def test_drift_below_a_preview(say: Say, tmp_path: Path) -> None:
    (tmp_path / "preview.json").write_text(json.dumps(digest(same=1)))
    for style in ("text", "json"):
        code, text = say("preview", "preview.json", "--offline", "--drift", "--format", style)
        assert code == 0
        pinned(f"preview-and-drift.{style}", text)


def test_report(say: Say, runs: list[str]) -> None:
    arguments = ["--endpoint", "local", "--region", "us-east-1", "--runs", *runs]
    code, text = say("report", "--json", "-o", "-", *arguments)
    assert code == 0
    made = json.loads(text)
    pinned("report-shape.json", json.dumps(shape(made), indent=2) + "\n")
    fixed = {key: made[key] for key in ("format", "title", "region", "cost", "costNote")}
    pinned("report-fixed.json", json.dumps(fixed, indent=2) + "\n")


@pytest.mark.usefixtures("engine")
def test_report_of_a_stack_without_records(say: Say) -> None:
    code, text = say("report", "--stack", "dev", "--json", "-o", "-")
    assert code == 1
    made = {**json.loads(text), "made": ""}
    pinned("report-of-stack.json", json.dumps(made, indent=2) + "\n")


def test_explain(say: Say, runs: list[str]) -> None:
    code, text = say("explain", "--endpoint", "local", *runs, "4711")
    assert code == 1
    for number, run_id in enumerate(runs):
        text = text.replace(run_id, f"RUN-{number}")
    pinned("explain.txt", text)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("command", ["drift", "preview"])
def test_a_terminal_gets_text_that_fits_it(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    made = digest(step("replace", "HG003", old=inputs(), new=inputs(roleArn=ROLE + "2"),
                       diff=["roleArn"]))  # fmt: skip
    (tmp_path / "preview.json").write_text(json.dumps(made))
    asked = [command, *(["preview.json", "--offline"] if command == "preview" else [])]
    where = ["--stack", "dev"]
    monkeypatch.setenv("COLUMNS", "80")
    _, piped = say(*asked, *where)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    _, shown = say(*asked, *where)
    _, asked_for = say(*asked, *where, "--format", "markdown")
    _, text = say(*asked, *where, "--format", "text")
    say(*asked, *where, "-o", "report.md")
    assert piped == asked_for == (tmp_path / "report.md").read_text()
    assert piped.startswith("### ")
    assert shown == text
    assert max(map(len, text.splitlines())) <= 80
    # Not a word is cut off.
    monkeypatch.setenv("COLUMNS", "1000")
    assert text.split() == say(*asked, *where)[1].split()


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        # Without a name, all that the state does not call completed; with one, its run alone.
        (("--stack", "dev"), ("HG002 (1000001)", "HG004 (1000001)")),
        ((), ("HG002 (1000001)", "HG004 (1000001)")),
        (("HG002",), ("HG002 (1000001)",)),
        (("--stack", "dev", "1000001"), ("HG004 (1000001)",)),
    ],
)
def test_explain_of_a_stack(say: Say, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    code, text = say("explain", *arguments)
    assert code == 1
    assert "no record" in text
    named = {word for word in ("HG002 (1000001)", "HG004 (1000001)") if word in text}
    assert named == set(words)


@pytest.mark.usefixtures("engine")
def test_explain_tells_the_near_names_of_a_stack(
    say: Say, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "HG02"]) == 1
    assert "it has no run HG02; it has HG00" in capsys.readouterr().err


@pytest.mark.usefixtures("engine")
def test_doctor(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///nowhere")
    monkeypatch.setenv("HOME", "/nowhere")
    code, text = say("doctor", "--json", "--endpoint", "local")
    assert code == 1
    made = json.loads(text)
    pinned("doctor-shape.json", json.dumps(shape(made), indent=2) + "\n")
    lines = [{key: each[key] for key in ("area", "subject")} for each in made["lines"]]
    fixed = {**made, "lines": lines}
    pinned("doctor-fixed.json", json.dumps(fixed, indent=2) + "\n")
