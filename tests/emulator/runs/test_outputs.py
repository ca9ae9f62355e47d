import json

import pytest

from tests.emulator.conftest import ROLE
from tests.emulator.workflows.test_workflows import zipped

ARRAYS = """
version 1.0
workflow Reads {
  input { Array[String] samples  Array[File] extras }
  scatter (sample in samples) { call align { input: sample = sample } }
  output {
    Array[File] bams = align.bam
    Array[Array[File]] parts = align.parts
    Array[File]+ kept = extras
    Array[Int] sizes = align.size
    Array[File] listed = glob_of.files
    Map[String, File] by_name = glob_of.named
    Pair[File, Int] both = glob_of.both
    Array[File]? maybe = glob_of.maybe
    File one = glob_of.one
    String told = "x"
  }
  call glob_of
}
task align {
  input { String sample }
  command { }
  output { File bam = "a.bam"  Array[File] parts = glob("*")  Int size = 1 }
}
task glob_of {
  command { }
  output {
    Array[File] files = glob("*")
    Map[String, File] named = {"a": "a"}
    Pair[File, Int] both = ("a", 1)
    Array[File]? maybe = glob("*")
    File one = "a"
  }
}
"""


@pytest.fixture
def bucket(moto_world):
    moto_world.other("s3").create_bucket(Bucket="bucket")
    return moto_world


def ended(world, engine=None, wdl=None, **inputs):
    omics = world.client()
    if wdl is None:
        made = omics.create_workflow(name="w", definitionUri="s3://bucket/w.zip", engine=engine)
    else:
        made = omics.create_workflow(definitionZip=zipped(main_wdl=wdl))
    run = omics.start_run(
        workflowId=made["id"], roleArn=ROLE, outputUri="s3://bucket/out", **inputs
    )
    world.advance(10)
    omics.list_runs()
    return run


def files(world, run):
    """The keys of a run's files, below its place."""
    base = run["runOutputUri"].removeprefix("s3://bucket/") + "/"
    pages = world.other("s3").get_paginator("list_objects_v2").paginate(Bucket="bucket")
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
    return {key.removeprefix(base) for key in keys if key.startswith(base)}


def summary(world, run):
    key = run["runOutputUri"].removeprefix("s3://bucket/") + "/logs/outputs.json"
    return json.load(world.other("s3").get_object(Bucket="bucket", Key=key)["Body"])


def leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [leaf for each in value for leaf in leaves(each)]
    return [value]


def test_every_file_that_the_summary_names_is_there_and_no_other(bucket):
    run = ended(
        bucket,
        wdl=ARRAYS,
        parameters={"samples": ["a", "b", "c"], "extras": ["s3://bucket/x", "s3://bucket/y"]},
    )
    found = summary(bucket, run)
    base = run["runOutputUri"] + "/"
    named = {leaf.removeprefix(base) for leaf in leaves(found) if str(leaf).startswith("s3://")}
    there = files(bucket, run)
    assert named == {key for key in there if key.startswith("out/")}
    assert len(named) > 15


def test_each_file_of_an_array_has_a_folder_with_its_index(bucket):
    parameters = {"samples": ["a", "b", "c"], "extras": ["s3://bucket/x"]}
    run = ended(bucket, wdl=ARRAYS, parameters=parameters)
    found, out = summary(bucket, run), run["runOutputUri"] + "/out"
    assert [uri.rsplit("/", 1)[0] for uri in found["Reads.bams"]] == [
        f"{out}/bams/{index}" for index in range(3)
    ]
    assert len({uri.rsplit("/", 1)[1] for uri in found["Reads.bams"]}) == 3
    assert [len(parts) for parts in found["Reads.parts"]] == [2, 2, 2]
    assert found["Reads.parts"][2][1].startswith(f"{out}/parts/2/1/")
    assert len(found["Reads.kept"]) == 1
    assert len(found["Reads.listed"]) == len(found["Reads.maybe"]) == 2
    assert found["Reads.sizes"] == [1, 1, 1]
    assert found["Reads.one"] == f"{out}/one/one.txt"
    assert found["Reads.told"] == "told"
    assert found["Reads.both"]["left"].startswith(f"{out}/both/left/")
    assert found["Reads.both"]["right"] == 1
    assert next(iter(found["Reads.by_name"].values())).startswith(f"{out}/by_name/")


def test_the_folders_of_many_files_sort_by_number(bucket):
    parameters = {"samples": [f"s{number}" for number in range(11)], "extras": []}
    run = ended(bucket, wdl=ARRAYS, parameters=parameters)
    folders = [uri.split("/")[-2] for uri in summary(bucket, run)["Reads.bams"]]
    assert folders == [f"{number:02}" for number in range(11)]
    assert summary(bucket, run)["Reads.kept"] == []


def test_nextflow_publishes_below_pubdir_and_lists_nothing(bucket):
    run = ended(bucket, engine="NEXTFLOW")
    assert files(bucket, run) == {
        "logs/engine.log",
        "pubdir/prepare/prepare.txt",
        "pubdir/align/sample_1.txt",
        "pubdir/align/sample_2.txt",
        "pubdir/call_variants/call_variants.txt",
        "pubdir/report/report.txt",
    }


def test_cwl_lists_objects(bucket):
    run = ended(bucket, engine="CWL")
    found = summary(bucket, run)
    assert set(found) == {"prepare", "align", "align_2", "call_variants", "report"}
    uri = f"{run['runOutputUri']}/out/report.txt"
    key = uri.removeprefix("s3://bucket/")
    size = bucket.other("s3").head_object(Bucket="bucket", Key=key)["ContentLength"]
    assert found["report"] == {
        "location": uri, "basename": "report.txt", "class": "File", "size": size,
    }  # fmt: skip
    assert {key for key in files(bucket, run) if key.startswith("out/")} == {
        f"out/{name}.txt" for name in found
    }
