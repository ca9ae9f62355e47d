import subprocess
import sys

from omics_provider.emulator import control
from tests.emulator.conftest import World
from tests.emulator.runs.test_runs import refused


def show(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "omics_provider.emulator", "show", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_state_file_is_shown(tmp_path):
    world = World("local", str(tmp_path / "state.db"))
    world.settings(speed=0, requestId="conflict")
    omics = world.client()
    workflow = omics.create_workflow(name="w", definitionUri="s3://bucket/w.zip")["id"]
    role = "arn:aws:iam::123456789012:role/x"
    inputs = {"workflowId": workflow, "roleArn": role, "outputUri": "s3://bucket"}
    good = omics.start_run(name="good", **inputs)
    omics.start_run(name="bad", tags={"emulator:fails": "IMPORT_FAILED"}, **inputs)
    control.advance(world.state, 60)
    world.faults({"operation": "StartRun", "fault": "throttle"})
    refused("ThrottlingException", omics.start_run, **inputs)
    text = show(world.state).stdout
    assert 'settings: {"requestId": "conflict", "speed": 0}' in text
    assert f"run {good['id']} {good['uuid']} COMPLETED good" in text
    assert "FAILED IMPORT_FAILED bad" in text
    assert "calls: StartRun 3, 1 refused, 1 struck by a fault" in text
    assert f"workflow {workflow} w" in text
    assert "speed 0" in text


def test_no_file_is_no_traceback(tmp_path):
    done = show(str(tmp_path / "nothing.db"))
    assert done.returncode == 1
    assert "no state file" in done.stderr
    assert not (tmp_path / "nothing.db").exists()
