"""Reference stores, references and the jobs that import them."""

import hashlib

import pytest

from tests.emulator.conftest import ROLE
from tests.emulator.runs.test_runs import refused

FASTA = b">chr1 the first\nACGTAC\nACGTAC\nAC\n>chr2\nGGGG\n"
INDEX = b"chr1\t14\t16\t6\t7\nchr2\t4\t39\t4\t5\n"


@pytest.fixture
def store(omics):
    return omics.create_reference_store(name="genomes", tags={"a": "1"})["id"]


def fill(world):
    """Put files into S3, in doors that have it."""
    if world.door == "local":
        return
    s3 = world.other("s3")
    s3.create_bucket(Bucket="genomes")
    s3.put_object(Bucket="genomes", Key="hg38.fa", Body=FASTA)
    s3.put_object(Bucket="genomes", Key="reads.txt", Body=b"ACGT")


def imported(omics, store, *sources):
    """Start a job that imports sources, each given by its key."""
    named = [{"sourceFile": f"s3://genomes/{key}", "name": f"name of {key}"} for key in sources]
    return omics.start_reference_import_job(referenceStoreId=store, roleArn=ROLE, sources=named)


def test_a_store_is_made_shown_listed_and_deleted(omics):
    key = {"type": "KMS", "keyArn": "arn:aws:kms:us-east-1:123456789012:key/1"}
    made = omics.create_reference_store(name="genomes", description="all", sseConfig=key)
    assert len(made["id"]) == 10
    assert made["arn"].endswith(f":referenceStore/{made['id']}")
    shown = omics.get_reference_store(id=made["id"])
    listed = omics.list_reference_stores(filter={"name": "genomes"})["referenceStores"]
    for each in (shown, *listed):
        assert (each["name"], each["description"], each["sseConfig"]) == ("genomes", "all", key)
    assert len(listed) == 1
    omics.delete_reference_store(id=made["id"])
    refused("ResourceNotFoundException", omics.get_reference_store, id=made["id"])
    refused("ResourceNotFoundException", omics.list_references, referenceStoreId=made["id"])


def test_stores_are_told_apart_by_time_and_name(world, omics):
    first = omics.create_reference_store(name="first")
    world.advance(10)
    omics.create_reference_store(name="second")

    def names(**wanted):
        found = omics.list_reference_stores(filter=wanted)["referenceStores"]
        return [each["name"] for each in found]

    assert names(createdAfter=first["creationTime"]) == ["second"]
    assert names(createdBefore="2999-01-01T00:00:00Z") == ["first", "second"]
    assert names(name="first", createdAfter=first["creationTime"]) == []


def test_pages_are_whole(omics):
    made = [omics.create_reference_store(name=f"store {number}")["id"] for number in range(5)]
    pages = omics.get_paginator("list_reference_stores").paginate(PaginationConfig={"PageSize": 2})
    assert [each["id"] for page in pages for each in page["referenceStores"]] == made
    refused("ValidationException", omics.list_reference_stores, nextToken="odd")


def test_the_same_token_makes_one_store(omics):
    made = {omics.create_reference_store(name="one", clientToken="t")["id"] for _ in range(2)}
    assert len(made) == 1
    refused("ValidationException", omics.create_reference_store, name="two", clientToken="t")


def test_there_is_one_store_under_quotas(world, omics, store):
    world.settings(quotas=True, callsPerSecond={"CreateReferenceStore": 100})
    refused("ServiceQuotaExceededException", omics.create_reference_store, name="second")


def test_a_job_has_a_life_of_its_own(world, omics, store):
    fill(world)
    world.settings(jobSeconds=100)
    started = imported(omics, store, "hg38.fa")
    assert started["status"] == "SUBMITTED"

    def seen():
        job = omics.get_reference_import_job(referenceStoreId=store, id=started["id"])
        return job["status"], job["sources"][0]["status"]

    assert seen() == ("SUBMITTED", "NOT_STARTED")
    world.advance(10)
    assert seen() == ("IN_PROGRESS", "IN_PROGRESS")
    assert omics.list_references(referenceStoreId=store)["references"] == []
    refused("ConflictException", omics.delete_reference_store, id=store)


@pytest.fixture
def cloud(moto_world):
    """A door with S3, and a FASTA file in it."""
    fill(moto_world)
    return moto_world


def test_a_reference_is_what_lies_in_s3(cloud):
    omics = cloud.client()
    store = omics.create_reference_store(name="genomes")["id"]
    job = imported(omics, store, "hg38.fa")["id"]
    cloud.advance(1)
    omics.get_waiter("reference_import_job_completed").wait(referenceStoreId=store, id=job)
    shown = omics.get_reference_import_job(referenceStoreId=store, id=job)
    reference = shown["sources"][0]["referenceId"]
    found = omics.get_reference_metadata(referenceStoreId=store, id=reference)
    assert found["md5"] == hashlib.md5(FASTA).hexdigest()
    assert (found["status"], found["creationJobId"]) == ("ACTIVE", job)
    assert {name: each["contentLength"] for name, each in found["files"].items()} == {
        "source": len(FASTA), "index": len(INDEX),
    }  # fmt: skip
    # The copy is the store's own.
    cloud.other("s3").delete_object(Bucket="genomes", Key="hg38.fa")

    def got(**inputs):
        wanted = {"referenceStoreId": store, "id": reference, "partNumber": 1, **inputs}
        return omics.get_reference(**wanted)["payload"].read()

    assert got() == FASTA
    assert got(file="INDEX") == INDEX
    assert got(range="1-4") == b"chr1"
    assert got(range="-5") == b"GGGG\n"
    for odd in ({"partNumber": 2}, {"range": "9999-"}, {"range": "1"}, {"range": "-0"}):
        refused("RangeNotSatisfiableException", got, **odd)
    assert [each["Name"] for each in cloud.other("s3").list_buckets()["Buckets"]] == ["genomes"]


@pytest.mark.parametrize(
    ("keys", "status"),
    [
        (["gone.fa"], "FAILED"),
        (["reads.txt"], "FAILED"),
        (["hg38.fa", "gone.fa"], "COMPLETED_WITH_FAILURES"),
    ],
)
def test_a_source_that_is_not_there_fails(cloud, keys, status):
    omics = cloud.client()
    store = omics.create_reference_store(name="genomes")["id"]
    job = imported(omics, store, *keys)["id"]
    cloud.advance(1)
    shown = omics.get_reference_import_job(referenceStoreId=store, id=job)
    assert shown["status"] == status
    assert shown["sources"][-1]["status"] == "FAILED"
    assert "referenceId" not in shown["sources"][-1]
    assert len(omics.list_references(referenceStoreId=store)["references"]) == len(keys) - 1
    wanted = {"referenceStoreId": store, "filter": {"status": status}}
    assert [each["id"] for each in omics.list_reference_import_jobs(**wanted)["importJobs"]] == [
        job
    ]


def test_without_s3_the_content_is_made_up_and_stays_the_same(world, omics, store):
    if world.door != "local":
        pytest.skip("the other doors have S3")
    imported(omics, store, "hg38.fa")
    world.advance(1)
    [found] = omics.list_references(referenceStoreId=store)["references"]
    wanted = {"referenceStoreId": store, "id": found["id"], "partNumber": 1}
    body = omics.get_reference(**wanted)["payload"].read()
    assert hashlib.md5(body).hexdigest() == found["md5"]
    index = omics.get_reference(**wanted, file="INDEX")["payload"].read()
    told = omics.get_reference_metadata(referenceStoreId=store, id=found["id"])["files"]
    assert told["index"]["contentLength"] == len(index)
    assert omics.list_tags_for_resource(resourceArn=found["arn"])["tags"] == {}
    omics.tag_resource(resourceArn=found["arn"], tags={"a": "1"})
    assert omics.list_tags_for_resource(resourceArn=found["arn"])["tags"] == {"a": "1"}
    refused("ConflictException", omics.delete_reference_store, id=store)
    omics.delete_reference(referenceStoreId=store, id=found["id"])
    refused("ResourceNotFoundException", omics.get_reference, **wanted)
    omics.delete_reference_store(id=store)
    assert omics.list_reference_stores()["referenceStores"] == []
