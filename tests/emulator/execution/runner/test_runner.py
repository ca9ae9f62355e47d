import json

import pytest

from omics_provider.emulator.execution.runner import __main__ as runner
from omics_provider.emulator.execution.runner.containers import tools
from omics_provider.emulator.execution.runner.containers.images import Image
from omics_provider.emulator.execution.runner.outcome import Failure
from tests.children import python

from .jobs import make

EMPTY = "version 1.0\nworkflow empty { output { Int n = 1 } }"


def test_a_workflow_without_tasks_needs_no_container_tool(tmp_path):
    job = make(tmp_path / "job", EMPTY, images={})
    assert job.run()["outputs"] == {"empty.n": 1}


def test_without_miniwdl_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Failure, match=r'pip install "omics-provider\[execute\]"') as caught:
        runner.engine("WDL")
    assert caught.value.reason == "SERVICE_ERROR"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"engine": "NEXTFLOW"}, "NEXTFLOW"),
        ({"tool": "chroot"}, "bubblewrap, podman, docker, not 'chroot'"),
        ({"inputs": None, "main": None}, "job.json"),
    ],
)
def test_a_job_that_can_not_be_executed_fails_with_its_reason(tmp_path, change, told):
    job = make(tmp_path / "job", EMPTY, **{k: v for k, v in change.items() if k == "tool"})
    said = {**json.loads((job.folder / "job.json").read_text()), **change}
    said = {name: value for name, value in said.items() if value is not None}
    (job.folder / "job.json").write_text(json.dumps(said))
    assert job.run()["failureReason"] == "SERVICE_ERROR"
    assert told in job.result["statusMessage"]
    assert "Traceback" not in job.result["statusMessage"]


def test_a_definition_that_is_no_wdl_fails_the_run(tmp_path):
    job = make(tmp_path / "job", "version 1.0\nworkflow {")
    assert job.run()["failureReason"] == "WORKFLOW_RUN_FAILED"
    assert "main.wdl can't be read as WDL" in job.result["statusMessage"]


def test_tools_that_are_not_here_are_named_with_what_gets_them(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    told = tools.problem({"*": "/"})
    assert "bubblewrap is not installed" in told
    assert 'pip install "omics-provider[execute]"' in told
    assert "podman is not on PATH" in told
    assert "docker is not on PATH" in tools.problem({"*": "lab/a:1"}, "docker")


def test_bubblewrap_starts_no_image():
    with pytest.raises(Exception, match="unpack the image to a folder"):
        tools.Tools("bubblewrap").find(Image("lab/a:1", None, "lab/a:1"))


def test_the_server_says_at_its_start_that_tasks_will_not_run(tmp_path, capsys):
    images = json.dumps({"lab/a:1": str(tmp_path / "none")})
    state = tmp_path / "state.db"
    options = ("--port", "0", "--state", state, "--execute", "--images", images)
    child = python("-m", "omics_provider.emulator", *options)
    child.line("the server's URL")
    child.stop()
    told = capsys.readouterr().err
    assert "Runs will fail, their tasks can't run here: The map of images leads lab/a:1 to" in told
