"""Sequence stores, read sets and the jobs that import and activate them."""

import gzip
import hashlib

import pytest

from tests.emulator.conftest import ROLE
from tests.emulator.runs.test_runs import refused

READS = b"@1\nACGT\n+\nIIII\n@2\nACG\n+\nIII\n"
FASTQ, MATES = gzip.compress(READS), gzip.compress(READS.lower())
DAY = 86_400


@pytest.fixture
def store(omics):
    return omics.create_sequence_store(name="reads")["id"]


def source(*keys, file_type="FASTQ", **more):
    files = {f"source{number}": f"s3://reads/{key}" for number, key in enumerate(keys, 1)}
    return {
        "sourceFiles": files, "sourceFileType": file_type, "subjectId": "me", "sampleId": "blood",
        **more,
    }  # fmt: skip


def imported(world, omics, store, *sources):
    """Import read sets and give their ids."""
    job = omics.start_read_set_import_job(sequenceStoreId=store, roleArn=ROLE, sources=sources)
    world.advance(1)
    done = omics.get_read_set_import_job(sequenceStoreId=store, id=job["id"])
    assert done["status"] == "COMPLETED", done
    return [each["readSetId"] for each in done["sources"]]


def status(omics, store, read_set):
    return omics.get_read_set_metadata(sequenceStoreId=store, id=read_set)["status"]


def test_a_store_is_made_changed_and_deleted(world, omics):
    world.settings(creationSeconds=10)
    made = omics.create_sequence_store(
        name="reads", fallbackLocation="s3://reads/fallback/", eTagAlgorithmFamily="SHA256up",
        s3AccessConfig={"accessLogLocation": "s3://logs"},
    )  # fmt: skip
    assert made["status"] == "CREATING"
    refused("ConflictException", omics.update_sequence_store, id=made["id"], name="new")
    world.advance(10)
    changed = omics.update_sequence_store(
        id=made["id"], name="new", propagatedSetLevelTags=["project"]
    )
    shown = omics.get_sequence_store(id=made["id"])
    for each in (changed, shown):
        assert (each["name"], each["status"]) == ("new", "ACTIVE")
        assert each["propagatedSetLevelTags"] == ["project"]
        assert each["fallbackLocation"] == "s3://reads/fallback/"
        assert each["updateTime"] > each["creationTime"]
        assert each["s3Access"]["accessLogLocation"] == "s3://logs"
    [listed] = omics.list_sequence_stores(filter={"status": "ACTIVE"})["sequenceStores"]
    assert listed["eTagAlgorithmFamily"] == "SHA256up"
    assert omics.list_sequence_stores(filter={"status": "CREATING"})["sequenceStores"] == []
    omics.delete_sequence_store(id=made["id"])
    refused("ResourceNotFoundException", omics.get_sequence_store, id=made["id"])
    refused("ResourceNotFoundException", omics.list_read_sets, sequenceStoreId=made["id"])


def test_read_sets_are_listed_by_what_is_known_of_them(world, omics, store):
    first, second = imported(
        world, omics, store, source("a.fq.gz", name="a", generatedFrom="SRA"),
        source("b.bam", file_type="UBAM", name="b", subjectId="you"),
    )  # fmt: skip

    def ids(**wanted):
        found = omics.list_read_sets(sequenceStoreId=store, filter=wanted)["readSets"]
        return [each["id"] for each in found]

    assert ids() == [first, second]
    assert ids(name="a") == ids(generatedFrom="SRA") == ids(subjectId="me") == [first]
    assert ids(subjectId="you", sampleId="blood", status="ACTIVE") == [second]
    assert ids(creationType="UPLOAD") == ids(name="none") == []


def test_a_read_set_is_deleted_with_others_and_told_alone(world, omics, store):
    [read_set] = imported(world, omics, store, source("a.fq.gz"))
    refused("ConflictException", omics.delete_sequence_store, id=store)
    gone = "1" * 10
    answer = omics.batch_delete_read_set(sequenceStoreId=store, ids=[gone, read_set])
    [error] = answer["errors"]
    assert error == {
        "id": gone, "code": "", "message": "The specified readset does not exist.",
    }  # fmt: skip
    wanted = {"sequenceStoreId": store, "id": read_set}
    refused("ResourceNotFoundException", omics.get_read_set_metadata, **wanted)
    omics.delete_sequence_store(id=store)


def reference(world, omics):
    """Import a reference and give its store, its id and its ARN."""
    store = omics.create_reference_store(name="genomes")["id"]
    sources = [{"sourceFile": "s3://reads/hg38.fa", "name": "hg38"}]
    omics.start_reference_import_job(referenceStoreId=store, roleArn=ROLE, sources=sources)
    world.advance(1)
    [found] = omics.list_references(referenceStoreId=store)["references"]
    return store, found["id"], found["arn"]


def test_aligned_reads_need_a_reference(world, omics, store, files):
    def start(**more):
        wanted = source("a.bam", file_type="BAM", **more)
        return omics.start_read_set_import_job(
            sequenceStoreId=store, roleArn=ROLE, sources=[wanted]
        )

    genomes, hg38, arn = reference(world, omics)
    assert "referenceArn" in refused("ValidationException", start)
    for odd in ("arn:nothing", arn[:-1], arn.replace("us-east-1", "eu-west-1")):
        assert odd in refused("ValidationException", start, referenceArn=odd)
    start(referenceArn=arn)
    world.advance(1)
    [found] = omics.list_read_sets(sequenceStoreId=store, filter={"referenceArn": arn})["readSets"]
    assert found["sequenceInformation"]["alignment"] == "ALIGNED"
    wanted = {"referenceStoreId": genomes, "id": hg38}
    assert found["id"] in refused("ConflictException", omics.delete_reference, **wanted)
    omics.batch_delete_read_set(sequenceStoreId=store, ids=[found["id"]])
    omics.delete_reference(**wanted)


@pytest.fixture
def files(world):
    """The files of the tests, in the doors that have S3."""
    if world.door == "local":
        return
    s3 = world.other("s3")
    s3.create_bucket(Bucket="reads")
    bodies = {"hg38.fa": b">1\nACGT\n", "a.bam": FASTQ, "b.bam": FASTQ, "a.fq.gz": FASTQ}
    for key, body in {**bodies, "b/a.fq.gz": MATES, "plain.fq": READS}.items():
        s3.put_object(Bucket="reads", Key=key, Body=body)


@pytest.fixture(autouse=True)
def _files(files):
    """All tests here import files that are there."""


def test_only_fastq_comes_in_pairs(world, omics, store):
    wanted = {"sequenceStoreId": store, "roleArn": ROLE}
    pair = source("a.bam", "b.bam", file_type="UBAM")
    refused("ValidationException", omics.start_read_set_import_job, **wanted, sources=[pair])
    imported(world, omics, store, source("a.fq.gz", "b/a.fq.gz"))


def test_the_files_are_what_lies_in_s3(world, omics, store):
    if world.door == "local":
        pytest.skip("this door has no S3")
    [read_set] = imported(world, omics, store, source("a.fq.gz", "b/a.fq.gz", tags={"a": "1"}))
    found = omics.get_read_set_metadata(sequenceStoreId=store, id=read_set)
    first, second = (hashlib.md5(each).hexdigest() for each in (READS, READS.lower()))
    assert found["etag"] == {"algorithm": "FASTQ_MD5up", "source1": first, "source2": second}
    assert found["sequenceInformation"] == {
        "totalReadCount": 4, "totalBaseCount": 14, "alignment": "UNALIGNED",
    }  # fmt: skip
    wanted = {"sequenceStoreId": store, "id": read_set, "partNumber": 1}
    for name, body in (("source1", FASTQ), ("source2", MATES)):
        file = found["files"][name]
        assert file["contentLength"] == len(body)
        assert omics.get_read_set(**wanted, file=name.upper())["payload"].read() == body
        # S3 itself gives what lies in the store.
        bucket, key = file["s3Access"]["s3Uri"].removeprefix("s3://").split("/", 1)
        assert world.other("s3").get_object(Bucket=bucket, Key=key)["Body"].read() == body
    access = omics.get_sequence_store(id=store)["s3Access"]
    assert found["files"]["source1"]["s3Access"]["s3Uri"].startswith(access["s3Uri"])
    refused("ResourceNotFoundException", omics.get_read_set, **wanted, file="INDEX")
    refused("RangeNotSatisfiableException", omics.get_read_set, **{**wanted, "partNumber": 2})
    assert omics.list_tags_for_resource(resourceArn=found["arn"])["tags"] == {"a": "1"}


@pytest.mark.parametrize(
    ("key", "file_type"),
    [("gone.fq.gz", "FASTQ"), ("plain.fq", "FASTQ"), ("a.fq.gz/", "FASTQ"), ("plain.fq", "UBAM")],
)
def test_a_file_that_is_not_there_or_of_another_type_fails(world, omics, store, key, file_type):
    if world.door == "local":
        pytest.skip("this door has no S3")
    sources = [source("a.fq.gz"), source(key, file_type=file_type)]
    job = omics.start_read_set_import_job(sequenceStoreId=store, roleArn=ROLE, sources=sources)
    world.advance(1)
    done = omics.get_read_set_import_job(sequenceStoreId=store, id=job["id"])
    assert done["status"] == "COMPLETED_WITH_FAILURES"
    assert [each["status"] for each in done["sources"]] == ["FINISHED", "FAILED"]
    assert len(omics.list_read_sets(sequenceStoreId=store)["readSets"]) == 1


def test_read_sets_that_nobody_uses_are_archived_and_activated_again(world, omics, store):
    world.settings(jobSeconds=60)
    job = omics.start_read_set_import_job(
        sequenceStoreId=store, roleArn=ROLE, sources=[source("a.fq.gz")]
    )
    world.advance(60)
    [read_set] = [
        each["readSetId"]
        for each in omics.get_read_set_import_job(sequenceStoreId=store, id=job["id"])["sources"]
    ]
    wanted = {"sequenceStoreId": store, "id": read_set, "partNumber": 1}
    world.advance(29 * DAY)
    omics.get_read_set(**wanted)
    world.advance(29 * DAY)
    assert status(omics, store, read_set) == "ACTIVE"
    world.advance(DAY)
    assert status(omics, store, read_set) == "ARCHIVED"
    assert "ARCHIVED" in refused("ConflictException", omics.get_read_set, **wanted)
    activation = omics.start_read_set_activation_job(
        sequenceStoreId=store, sources=[{"readSetId": read_set}, {"readSetId": "1" * 10}]
    )
    assert activation["status"] == "SUBMITTED"
    world.advance(30)
    assert status(omics, store, read_set) == "ACTIVATING"
    refused("ConflictException", omics.get_read_set, **wanted)
    world.advance(30)
    assert status(omics, store, read_set) == "ACTIVE"
    omics.get_read_set(**wanted)
    done = omics.get_read_set_activation_job(sequenceStoreId=store, id=activation["id"])
    assert done["status"] == "COMPLETED_WITH_FAILURES"
    assert [each["status"] for each in done["sources"]] == ["FINISHED", "FAILED"]
    [listed] = omics.list_read_set_activation_jobs(sequenceStoreId=store)["activationJobs"]
    assert listed["id"] == activation["id"]


def test_an_active_read_set_needs_no_activation(world, omics, store):
    [read_set] = imported(world, omics, store, source("a.fq.gz"))
    wanted = {"sequenceStoreId": store, "sources": [{"readSetId": read_set}]}
    job = omics.start_read_set_activation_job(**wanted)
    world.advance(1)
    done = omics.get_read_set_activation_job(sequenceStoreId=store, id=job["id"])
    assert done["status"] == "COMPLETED"
    assert done["sources"][0]["statusMessage"].startswith("No activation needed")


def test_a_tag_lets_a_read_set_begin_archived(world, omics, store):
    [read_set] = imported(world, omics, store, source("a.fq.gz", tags={"emulator:archived": ""}))
    assert status(omics, store, read_set) == "ARCHIVED"
    omics.start_read_set_activation_job(sequenceStoreId=store, sources=[{"readSetId": read_set}])
    world.advance(1)
    assert status(omics, store, read_set) == "ACTIVE"
