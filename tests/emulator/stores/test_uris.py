"""What omics:// URIs lead to."""

import gzip
import hashlib
import time
from contextlib import contextmanager

import pytest

from omics_provider.emulator.protocol.model import service_model
from omics_provider.emulator.stores import uris
from omics_provider.emulator.stores.kept import READ_SET, Inside, own_id
from omics_provider.emulator.world import settings
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.store import Store, open_store
from omics_provider.emulator.world.surroundings import MotoSurroundings
from tests.emulator.conftest import REGION, ROLE
from tests.emulator.stores.imports import read_set

ACCOUNT = "123456789012"
READS = gzip.compress(b"@1\nACGT\n+\nIIII\n")
FASTA = b">chr1\nACGT\n"


@contextmanager
def looking(world):
    """A call's look at the state of a door that lives in this process."""
    store = world.state if isinstance(world.state, Store) else open_store(world.state)
    with store.transaction() as connection:
        chosen, clock = settings.load(connection, time.time())
        yield Context(
            connection=connection,
            settings=chosen,
            now=clock.now(time.time()),
            operation="StartRun",
            account=ACCOUNT,
            region=REGION,
            run_seconds=5,
            surroundings=MotoSurroundings() if world.door == "mock_aws" else None,
            model=service_model(),
        )


def lead(world, uri):
    with looking(world) as context:
        return uris.lead(context, uri)


def content(world, uri):
    with looking(world) as context:
        return uris.content(context, uri)


@pytest.fixture
def near(world):
    """A door in this process, with files in its S3 where it has one."""
    if world.door == "server":
        pytest.skip("the state of a server is another process's")
    if world.door == "mock_aws":
        s3 = world.other("s3")
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="reads.fq.gz", Body=READS)
        s3.put_object(Bucket="bucket", Key="genome.fa", Body=FASTA)
    return world


@pytest.fixture
def genome(near, omics):
    """The short URI of a reference."""
    store = omics.create_reference_store(name="genomes")["id"]
    sources = [{"sourceFile": "s3://bucket/genome.fa", "name": "genome"}]
    omics.start_reference_import_job(referenceStoreId=store, roleArn=ROLE, sources=sources)
    near.advance(1)
    [found] = omics.list_references(referenceStoreId=store)["references"]
    return f"omics://{ACCOUNT}.storage.{REGION}.amazonaws.com/{store}/reference/{found['id']}"


@pytest.fixture
def reads(near, omics):
    """Imports a read set with tags, and gives its short URI."""

    def imported(**tags):
        store, found = read_set(omics, near, tags)
        return f"omics://{ACCOUNT}.storage.{REGION}.amazonaws.com/{store}/readSet/{found}"

    return imported


def test_a_uri_leads_to_a_file_of_a_read_set(near, reads):
    uri = reads()
    found = lead(near, uri)
    assert found == lead(near, f"{uri}/source1")
    assert found.problem is None
    body = content(near, uri)
    assert found.digest == hashlib.md5(gzip.decompress(body)).hexdigest()
    if near.door == "mock_aws":
        assert body == READS
        bucket, key = found.s3_uri.removeprefix("s3://").split("/", 1)
        assert near.other("s3").get_object(Bucket=bucket, Key=key)["Body"].read() == READS


def test_a_uri_leads_to_a_file_of_a_reference(near, genome):
    assert content(near, genome) == content(near, f"{genome}/source")
    assert lead(near, genome).digest == hashlib.md5(content(near, genome)).hexdigest()
    assert content(near, f"{genome}/index").startswith(b"chr1\t")
    assert lead(near, f"{genome}/index").digest is None


def test_a_uri_leads_nowhere_where_nothing_is(near, reads, genome):
    uri = reads()
    for odd in (
        f"{uri}/source2", f"{uri}/index", f"{uri}0", uri.replace(ACCOUNT, "210987654321"),
        uri.replace(REGION, "eu-west-1"), uri.replace("readSet", "reference"),
        genome.replace("reference", "readSet"),
    ):  # fmt: skip
        assert lead(near, odd).problem == "INPUT_URI_NOT_FOUND", odd
        assert content(near, odd) is None


@pytest.mark.parametrize(
    "odd",
    [
        "omics://", "omics://nonsense",
        "omics://1.storage.us-east-1.amazonaws.com/1111111111/readSet/1111111111",
        "omics://123456789012.storage.us-east-1.amazonaws.com/1/readSet/1",
        "omics://123456789012.storage.us-east-1.amazonaws.com/1111111111/readset/1111111111",
        "omics://123456789012.storage.us-east-1.amazonaws.com/1111111111/readSet/1111111111/source",
        "omics://123456789012.storage.us-east-1.amazonaws.com/1111111111/reference/1111111111/x",
    ],
)  # fmt: skip
def test_a_uri_of_another_form_is_invalid(near, odd):
    assert lead(near, odd).problem == "INVALID_URI_INPUT"


def test_an_archived_read_set_is_inactive_until_it_is_activated(near, omics, reads):
    uri = reads(**{"emulator:archived": ""})
    assert lead(near, uri).problem == "INACTIVE_OMICS_STORAGE_RESOURCE"
    store, read_set = uri.split("/")[3], uri.split("/")[5]
    omics.start_read_set_activation_job(sequenceStoreId=store, sources=[{"readSetId": read_set}])
    assert lead(near, uri).problem == "INACTIVE_OMICS_STORAGE_RESOURCE"
    near.advance(1)
    assert lead(near, uri).problem is None


def test_what_is_still_being_imported_is_not_there(near, omics, reads):
    uri = reads()
    store, read_set = uri.split("/")[3], uri.split("/")[5]
    near.settings(jobSeconds=60)
    source = {
        "sourceFiles": {"source1": "s3://bucket/reads.fq.gz"}, "sourceFileType": "FASTQ",
        "subjectId": "me", "sampleId": "blood",
    }  # fmt: skip
    wanted = {"sequenceStoreId": store, "roleArn": ROLE, "sources": [source]}
    omics.start_read_set_import_job(**wanted)
    with looking(near) as context:
        planned = [own_id(each) for each in Inside(context, READ_SET, store).planned()]
    [unborn] = set(planned) - {read_set}
    assert lead(near, uri.replace(read_set, unborn)).problem == "INPUT_URI_NOT_FOUND"
    near.advance(60)
    assert lead(near, uri.replace(read_set, unborn)).problem is None


def test_a_use_keeps_a_read_set_active(near, reads):
    uri = reads()
    near.advance(20 * 86_400)
    with looking(near) as context:
        uris.use(context, uri)
    near.advance(20 * 86_400)
    assert lead(near, uri).problem is None
    near.advance(10 * 86_400)
    assert lead(near, uri).problem == "INACTIVE_OMICS_STORAGE_RESOURCE"
