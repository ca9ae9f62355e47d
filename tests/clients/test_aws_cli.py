"""The AWS CLI and boto3 of the clients' environment: the newest, not those of the project."""

import json

import pytest

from tests.clients.conftest import COUNT, ROLE, zipped

BOTO3 = """
import boto3, json, sys
omics = boto3.client("omics")
run = omics.start_run(
    workflowId=sys.argv[1], roleArn=sys.argv[2], name="from-boto3", outputUri="s3://bucket/out",
    parameters={"reads": "s3://bucket/reads.txt"}, tags={"emulator:seconds": "1"},
)
omics.get_waiter("run_completed").wait(id=run["id"], WaiterConfig={"Delay": 1})
tasks = omics.get_paginator("list_run_tasks").paginate(id=run["id"])
print(json.dumps({
    "status": omics.get_run(id=run["id"])["status"],
    "tasks": [task["name"] for page in tasks for task in page["items"]],
    "requestId": run["ResponseMetadata"]["RequestId"],
}))
"""


@pytest.fixture
def aws(world):
    def call(*words):
        output = world.good(world.python("aws"), *words, "--output", "json")
        return json.loads(output) if output.strip() else None

    return call


def test_the_cli_makes_a_workflow_and_sees_its_run_complete(world, aws):
    (world.folder / "count.zip").write_bytes(zipped(COUNT))
    made = aws(
        "omics", "create-workflow", "--name", "count", "--definition-zip", "fileb://count.zip"
    )
    aws("omics", "wait", "workflow-active", "--id", made["id"])
    run = aws(
        *("omics", "start-run", "--workflow-id", made["id"], "--role-arn", ROLE),
        *("--output-uri", "s3://bucket/out", "--parameters", '{"reads": "s3://bucket/reads.txt"}'),
    )
    world.advance(100_000)
    aws("omics", "wait", "run-completed", "--id", run["id"])
    found = aws("omics", "get-run", "--id", run["id"])
    assert found["status"] == "COMPLETED"
    [task] = aws("omics", "list-run-tasks", "--id", run["id"])["items"]
    assert task["name"] == "count"
    group = ("logs", "get-log-events", "--log-group-name", "/aws/omics/WorkflowLog")
    stream = f"run/{run['id']}/task/{task['taskId']}"
    assert aws(*group, "--log-stream-name", stream)["events"]
    outputs = f"{found['runOutputUri']}/logs/outputs.json"
    aws("s3", "cp", "--quiet", outputs, "outputs.json")
    assert "count_lines.lines" in json.loads((world.folder / "outputs.json").read_text())


def test_the_cli_gets_pages(world, aws):
    runs = {world.run(name=name) for name in ("a", "b", "c")}
    listed = aws("omics", "list-runs", "--page-size", "1")["items"]
    assert {run["id"] for run in listed} == runs


def test_boto3_sees_a_run_complete(world):
    seen = json.loads(world.good(world.python("python"), "-c", BOTO3, world.workflow(), ROLE))
    assert seen.pop("requestId")
    assert seen == {"status": "COMPLETED", "tasks": ["count"]}


def test_boto3_without_the_setting_looks_for_a_host_that_does_not_exist(world):
    words = (world.python("python"), "-c", BOTO3, world.workflow(), ROLE)
    done = world.call(*words, AWS_DISABLE_HOST_PREFIX_INJECTION="false")
    assert "workflows-127.0.0.1" in done.stderr
