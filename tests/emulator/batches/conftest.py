import pytest

from tests.emulator.conftest import ROLE


@pytest.fixture
def batch(omics, workflow):
    """Starts a batch of runs of the private workflow."""

    def start(entries, defaults=None, **inputs):
        chosen = entries if isinstance(entries, dict) else {"inlineSettings": entries}
        shared = {"workflowId": workflow, "roleArn": ROLE, "outputUri": "s3://bucket/out"}
        return omics.start_run_batch(
            batchName="batch",
            defaultRunSetting={**shared, **(defaults or {})},
            batchRunSettings=chosen,
            **inputs,
        )["id"]

    return start


@pytest.fixture
def in_s3(moto_world):
    s3, omics = moto_world.other("s3"), moto_world.client()
    s3.create_bucket(Bucket="bucket-one")
    workflow = omics.create_workflow(definitionUri="s3://bucket-one/w.zip")["id"]

    def put(body):
        return s3.put_object(Bucket="bucket-one", Key="runs.json", Body=body)["ETag"]

    def start():
        return omics.start_run_batch(
            defaultRunSetting={
                "workflowId": workflow,
                "roleArn": ROLE,
                "outputUri": "s3://bucket-one/out",
            },
            batchRunSettings={"s3UriSettings": "s3://bucket-one/runs.json"},
        )["id"]

    return put, start
