import pytest

from tests.emulator.conftest import ROLE
from tests.emulator.workflows.test_workflows import GOOD, zipped


@pytest.fixture
def cloud(moto_world):
    moto_world.other("s3").create_bucket(Bucket="bucket-one")
    return moto_world


@pytest.fixture
def run(cloud):
    """Starts a WDL run."""
    omics = cloud.client()
    workflow = omics.create_workflow(name="Align", definitionZip=zipped(main_wdl=GOOD))["id"]

    def start(**inputs):
        return omics.start_run(
            **{
                "workflowId": workflow,
                "name": "run",
                "roleArn": ROLE,
                "outputUri": "s3://bucket-one/out",
                "parameters": {"reads": "s3://bucket-one/reads"},
                **inputs,
            }
        )

    return start
