"""Runs whose inputs lie in stores."""

import gzip
import hashlib

import pytest

from tests.emulator.conftest import REGION, ROLE
from tests.emulator.stores.imports import read_set
from tests.emulator.workflows.test_workflows import zipped

PLACE = f"omics://123456789012.storage.{REGION}.amazonaws.com"
DAY = 86_400
WDL = """
version 1.0
workflow Align { input { File reads } call map { input: reads = reads } }
task map { input { File reads } command { } }
"""


@pytest.fixture(autouse=True)
def _files(world):
    """A file of reads, in the doors that have S3, and runs whose inputs are looked at."""
    world.settings(checkInputs=True)
    if world.door != "local":
        s3 = world.other("s3")
        s3.create_bucket(Bucket="bucket")
        body = gzip.compress(b"@1\nACGT\n+\nIIII\n")
        s3.put_object(Bucket="bucket", Key="reads.fq.gz", Body=body)


def imported(world, **tags):
    """Import a read set, and give the ids of its store and of itself."""
    return read_set(world.client(), world, tags)


@pytest.fixture(params=["typed", "untyped"])
def ended(request, world, workflow):
    """Runs a workflow on a URI and gives the run's record once it has ended."""
    omics = world.client()
    typed = omics.create_workflow(definitionZip=zipped(main_wdl=WDL))["id"]

    def run(uri):
        started = omics.start_run(
            workflowId=typed if request.param == "typed" else workflow,
            parameters={"reads": uri},
            roleArn=ROLE,
            outputUri="s3://bucket/out",
        )
        world.advance(10)
        return omics.get_run(id=started["id"])

    return run


def test_a_run_takes_a_read_set(world, ended):
    store, read_set = imported(world)
    for uri in (
        f"{PLACE}/{store}/readSet/{read_set}",
        f"{PLACE}/{store}/readSet/{read_set}/source1",
    ):
        run = ended(uri)
        assert run["status"] == "COMPLETED", run.get("statusMessage")
        found = world.client().get_read_set_metadata(sequenceStoreId=store, id=read_set)
        assert run["resourceDigests"] == {uri: f"etag:{found['etag']['source1']}"}


def test_a_run_takes_a_read_set_by_its_place_in_s3(world, ended):
    store, read_set = imported(world)
    found = world.client().get_read_set_metadata(sequenceStoreId=store, id=read_set)
    run = ended(found["files"]["source1"]["s3Access"]["s3Uri"])
    assert run["status"] == "COMPLETED", run.get("statusMessage")


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        (f"{PLACE}/1111111111/readSet/1111111111/source1", "INPUT_URI_NOT_FOUND"),
        (f"{PLACE}/1111111111/reference/1111111111", "INPUT_URI_NOT_FOUND"),
        (f"{PLACE}/1111111111/1111111111", "INVALID_URI_INPUT"),
    ],
)
def test_a_run_fails_whose_input_leads_nowhere(ended, uri, reason):
    run = ended(uri)
    assert (run["status"], run["failureReason"]) == ("FAILED", reason)
    assert uri in run["statusMessage"]
    assert "resourceDigests" not in run or run["resourceDigests"] == {}


def test_a_run_fails_whose_read_set_is_archived_until_it_is_activated(world, ended):
    store, read_set = imported(world, **{"emulator:archived": ""})
    uri = f"{PLACE}/{store}/readSet/{read_set}"
    run = ended(uri)
    assert (run["status"], run["failureReason"]) == ("FAILED", "INACTIVE_OMICS_STORAGE_RESOURCE")
    assert "Activate the read set" in run["statusMessage"]
    world.client().start_read_set_activation_job(
        sequenceStoreId=store, sources=[{"readSetId": read_set}]
    )
    world.advance(1)
    assert ended(uri)["status"] == "COMPLETED"


def test_runs_keep_a_read_set_active(world, ended):
    store, read_set = imported(world)
    uri = f"{PLACE}/{store}/readSet/{read_set}"
    for _ in range(2):
        world.advance(20 * DAY)
        assert ended(uri)["status"] == "COMPLETED"
    world.advance(30 * DAY)
    assert ended(uri)["failureReason"] == "INACTIVE_OMICS_STORAGE_RESOURCE"
    # A run that fails for it has not used it.
    assert ended(uri)["failureReason"] == "INACTIVE_OMICS_STORAGE_RESOURCE"


def test_a_reference_is_an_input_too(world, ended):
    if world.door != "local":
        world.other("s3").put_object(Bucket="bucket", Key="genome.fa", Body=b">1\nACGT\n")
    omics = world.client()
    store = omics.create_reference_store(name="genomes")["id"]
    sources = [{"sourceFile": "s3://bucket/genome.fa", "name": "genome"}]
    omics.start_reference_import_job(referenceStoreId=store, roleArn=ROLE, sources=sources)
    world.advance(1)
    [found] = omics.list_references(referenceStoreId=store)["references"]
    uri = f"{PLACE}/{store}/reference/{found['id']}"
    assert ended(uri)["resourceDigests"] == {uri: f"etag:{found['md5']}"}
    assert ended(f"{uri}/index")["status"] == "COMPLETED"
    if world.door != "local":
        assert found["md5"] == hashlib.md5(b">1\nACGT\n").hexdigest()
