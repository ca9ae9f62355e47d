"""Read sets that tests need."""

from tests.emulator.conftest import ROLE


def read_set(omics, world, tags):
    """Import a read set from S3, and give the ids of its store and of itself."""
    store = omics.create_sequence_store(name="reads")["id"]
    source = {
        "sourceFiles": {"source1": "s3://bucket/reads.fq.gz"}, "sourceFileType": "FASTQ",
        "subjectId": "me", "sampleId": "blood", "tags": tags,
    }  # fmt: skip
    omics.start_read_set_import_job(sequenceStoreId=store, roleArn=ROLE, sources=[source])
    world.advance(1)
    [found] = omics.list_read_sets(sequenceStoreId=store)["readSets"]
    return store, found["id"]
