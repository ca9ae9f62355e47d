"""The AWS CLI drives the server as a user would: its own main, in this process."""

import contextlib
import io
import json
import os
import urllib.request
from unittest import mock

import pytest

from tests.emulator.workflows.test_workflows import GOOD, zipped


@pytest.fixture
def aws(server, tmp_path):
    # Another test of this server may have left something.
    control(server, "reset")
    cli = pytest.importorskip("awscli.clidriver")
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": server.url,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_PAGER": "",
    }

    def call(*words):
        out = io.StringIO()
        with (
            mock.patch.dict(os.environ, environment, clear=True),
            contextlib.redirect_stdout(out),
        ):
            assert cli.create_clidriver().main(["omics", *words]) == 0
        return json.loads(out.getvalue()) if out.getvalue() else None

    return call


def control(server, what, **body):
    """Ask something of the emulator itself."""
    url = f"{server.url}/_omics/{what}"
    urllib.request.urlopen(urllib.request.Request(url, data=json.dumps(body).encode()))


def test_a_user_can_do_the_usual_things(aws, server, tmp_path):
    (tmp_path / "w.zip").write_bytes(zipped(main_wdl=GOOD))
    workflow = aws(
        "create-workflow", "--name", "align", "--definition-zip", f"fileb://{tmp_path}/w.zip"
    )["id"]
    assert "reads" in aws("get-workflow", "--id", workflow)["parameterTemplate"]
    role = "arn:aws:iam::123456789012:role/omics"
    where = ("--role-arn", role, "--output-uri", "s3://bucket/out")
    run = aws(
        *("start-run", "--workflow-id", workflow, *where, "--parameters", '{"reads": "s3://a/b"}'),
        *("--tags", "emulator:seconds=1"),
    )["id"]
    control(server, "advance", seconds=10)
    assert aws("get-run", "--id", run)["status"] == "COMPLETED"
    assert [each["id"] for each in aws("list-runs", "--status", "COMPLETED")["items"]] == [run]
    assert len(aws("list-run-tasks", "--id", run)["items"]) == 3
    aws("delete-run", "--id", run)
    frozen = aws(
        *("start-run", "--workflow-id", workflow, *where, "--parameters", '{"reads": "s3://a/b"}'),
        *("--tags", "emulator:freezes=yes"),
    )["id"]
    assert frozen == run
    aws("cancel-run", "--id", frozen)
    control(server, "advance", seconds=10_000)
    assert aws("get-run", "--id", frozen)["status"] == "CANCELLED"
    defaults = {"workflowId": workflow, "roleArn": role, "outputUri": "s3://bucket/out"}
    entries = {
        "inlineSettings": [
            {"runSettingId": name, "parameters": {"reads": f"s3://a/{name}"}} for name in "xy"
        ]
    }
    batch = aws(
        "start-run-batch",
        *("--default-run-setting", json.dumps({**defaults, "runTags": {"emulator:seconds": "1"}})),
        *("--batch-run-settings", json.dumps(entries)),
    )["id"]
    control(server, "advance", seconds=10_000)
    done = aws("get-batch", "--batch-id", batch)
    assert done["status"] == "PROCESSED"
    assert done["runSummary"]["completedRunCount"] == 2
    assert len(aws("list-runs-in-batch", "--batch-id", batch)["runs"]) == 2
