import io
import zipfile

import pytest

from tests.emulator.conftest import ROLE
from tests.emulator.runs.test_runs import refused

GOOD = """
version 1.0
workflow Align {
  input { File reads  Int threads = 4  String? note }
  parameter_meta { reads: "FASTQ files" }
  call map { input: reads = reads, threads = threads }
  scatter (i in range(2)) { call count { input: bam = map.bam } }
  output { File bam = map.bam  Int total = 2 }
}
task map {
  input { File reads Int threads }
  command { touch a.bam }
  output { File bam = "a.bam" }
}
task count { input { File bam } command { } }
"""


def zipped(**files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), text)
    return content.getvalue()


def test_the_catalogue_is_there(omics):
    pages = omics.get_paginator("list_workflows").paginate(
        type="READY2RUN", PaginationConfig={"PageSize": 10}
    )
    listed = [item for page in pages for item in page["items"]]
    assert len(listed) == len({item["id"] for item in listed}) > 30
    found = omics.get_workflow(id=listed[0]["id"], type="READY2RUN")
    assert found["status"] == "ACTIVE"
    assert found["name"] == listed[0]["name"]
    assert (
        omics.list_workflows(type="READY2RUN", name=found["name"])["items"][0]["id"] == found["id"]
    )
    refused("ResourceNotFoundException", omics.get_workflow, id=found["id"])
    refused("ResourceNotFoundException", omics.delete_workflow, id=found["id"])


def test_a_workflow_is_creating_then_active(world, omics):
    world.settings(creationSeconds=60)
    made = omics.create_workflow(name="w", definitionUri="s3://bucket/w.zip", engine="CWL")
    assert made["status"] == "CREATING"
    assert omics.get_workflow(id=made["id"])["status"] == "CREATING"
    run = {"workflowId": made["id"], "roleArn": ROLE, "outputUri": "s3://bucket"}
    assert "CREATING" in refused("ResourceNotFoundException", omics.start_run, **run)
    world.advance(60)
    assert omics.get_workflow(id=made["id"])["status"] == "ACTIVE"
    assert omics.start_run(**run)["status"] == "PENDING"


def test_a_template_is_read_from_wdl(omics):
    made = omics.create_workflow(definitionZip=zipped(main_wdl=GOOD))
    found = omics.get_workflow(id=made["id"])
    assert (found["engine"], found["main"]) == ("WDL", "main.wdl")
    assert found["parameterTemplate"] == {
        "reads": {"description": "FASTQ files", "optional": False},
        "threads": {"description": "Int", "optional": True},
        "note": {"description": "String?", "optional": True},
    }


@pytest.mark.parametrize(
    ("asked", "instance", "cpus", "memory"),
    [
        ('cpu: 16  memory: "30 GiB"', "omics.c.4xlarge", 16, 32),
        ('cpu: "8"  memory: "32 GB"', "omics.m.2xlarge", 8, 32),
        ('memory: "33 GiB"', "omics.r.2xlarge", 8, 64),
        ("cpu: 3", "omics.c.xlarge", 4, 8),
        ("cpu: 400", "omics.r.24xlarge", 96, 768),
    ],
)
def test_a_task_gets_the_smallest_instance_that_it_fits_in(
    world, omics, asked, instance, cpus, memory
):
    wdl = GOOD.replace(
        "command { touch a.bam }", f"command {{ touch a.bam }} runtime {{ {asked} }}"
    )
    made = omics.create_workflow(definitionZip=zipped(main_wdl=wdl))
    run = omics.start_run(
        workflowId=made["id"], roleArn=ROLE, outputUri="s3://bucket", parameters={"reads": "a"}
    )
    world.advance(10)
    task = omics.list_run_tasks(id=run["id"])["items"][0]
    assert (task["instanceType"], task["cpus"], task["memory"]) == (instance, cpus, memory)


def test_every_run_of_a_workflow_needs_the_same(world, omics):
    made = omics.create_workflow(definitionUri="s3://bucket/w.zip", engine="CWL")
    run = {"workflowId": made["id"], "roleArn": ROLE, "outputUri": "s3://bucket"}
    runs = [omics.start_run(**run, requestId=str(n))["id"] for n in range(3)]
    world.advance(10)
    needs = {
        tuple(task["instanceType"] for task in omics.list_run_tasks(id=run_id)["items"])
        for run_id in runs
    }
    assert len(needs) == 1
    assert len(needs.pop()) == 5


def test_a_given_template_goes_before_the_one_that_was_read(omics):
    template = {"reads": {"description": "mine"}}
    made = omics.create_workflow(definitionZip=zipped(main_wdl=GOOD), parameterTemplate=template)
    assert set(omics.get_workflow(id=made["id"])["parameterTemplate"]) == {"reads"}


def test_parameters_are_held_to_the_template(world, omics):
    workflow = omics.create_workflow(definitionZip=zipped(main_wdl=GOOD))["id"]
    run = {"workflowId": workflow, "roleArn": ROLE, "outputUri": "s3://bucket"}
    assert "reads" in refused("ValidationException", omics.start_run, **run)
    bad = {"parameters": {"reads": "s3://a/b", "nonsense": 1}, **run}
    assert "nonsense" in refused("ValidationException", omics.start_run, **bad)
    omics.start_run(parameters={"reads": "s3://a/b", "threads": 8}, **run)
    world.settings(parameterCheck="run")
    failing = omics.start_run(**run)["id"]
    world.advance(10)
    assert omics.get_run(id=failing)["status"] == "FAILED"
    world.settings(parameterCheck="off")
    fine = omics.start_run(**run)["id"]
    world.advance(10)
    assert omics.get_run(id=fine)["status"] == "COMPLETED"


def test_its_calls_are_the_tasks_of_a_run(world, omics):
    workflow = omics.create_workflow(definitionZip=zipped(main_wdl=GOOD))["id"]
    run_id = omics.start_run(
        workflowId=workflow, roleArn=ROLE, outputUri="s3://bucket", parameters={"reads": "x"}
    )["id"]
    world.advance(10)
    names = [task["name"] for task in omics.list_run_tasks(id=run_id)["items"]]
    assert names == ["map", "count-0", "count-1"]


@pytest.mark.parametrize(
    ("content", "inputs", "why"),
    [
        (b"nonsense", {}, "not a ZIP file"),
        (zipped(readme_md="x"), {}, "no main file"),
        (zipped(a_wdl=GOOD, b_wdl=GOOD), {}, "no main file"),
        (zipped(main_wdl=GOOD), {"main": "other.wdl"}, "no file other.wdl"),
        (zipped(main_wdl=GOOD), {"engine": "NEXTFLOW"}, "no main file"),
        (zipped(main_wdl="version 1.0\nworkflow {"), {}, "The WDL definition is wrong"),
        (zipped(main_wdl=GOOD.replace("map.bam  ", "x.y ")), {}, "The WDL definition is wrong"),
        (zipped(main_wdl='import "x.wdl"\n' + GOOD), {}, "The WDL definition is wrong"),
        (zipped(main_wdl="version 1.0\nworkflow W {\n call nope\n}"), {}, "(main.wdl Ln 3 Col 2)"),
        (
            zipped(
                main_wdl='version 1.0\nimport "sub/x.wdl"\nworkflow W {}',
                sub__x_wdl="version 1.0\ntask t { comand {} }",
            ),
            {},
            "(sub/x.wdl Ln 2 Col",
        ),
        (zipped(a_wdl=GOOD, b_wdl=GOOD, sub__main_wdl=GOOD), {}, "no main file"),
        (zipped(main_wdl=GOOD, main_nf=""), {}, "no main file"),
        (zipped(main_wdl="version 1.0\ntask a { command { } }"), {}, "no workflow"),
    ],
)
def test_a_definition_that_is_no_good_fails(omics, content, inputs, why):
    made = omics.create_workflow(definitionZip=content, **inputs)
    found = omics.get_workflow(id=made["id"])
    assert found["status"] == "FAILED"
    assert why in found["statusMessage"]
    run = {"workflowId": made["id"], "roleArn": ROLE, "outputUri": "s3://bucket"}
    assert "FAILED" in refused("ResourceNotFoundException", omics.start_run, **run)


@pytest.mark.parametrize(
    ("files", "inputs", "engine"),
    [
        ({"main_nf": "workflow {}"}, {}, "NEXTFLOW"),
        ({"one_cwl": "cwlVersion: v1.2"}, {}, "CWL"),
        ({"main_wdl": GOOD, "other_wdl": GOOD}, {}, "WDL"),
        ({"top_wdl": GOOD, "sub__main_wdl": GOOD}, {}, "WDL"),
        ({"main_wdl": GOOD, "main_nf": ""}, {"engine": "NEXTFLOW"}, "NEXTFLOW"),
        ({"a__b_wdl": GOOD}, {"main": "a/b.wdl", "engine": "WDL_LENIENT"}, "WDL_LENIENT"),
    ],
)
def test_engine_and_main_file_are_found(omics, files, inputs, engine):
    made = omics.create_workflow(definitionZip=zipped(**files), **inputs)
    found = omics.get_workflow(id=made["id"])
    assert (found["status"], found["engine"]) == ("ACTIVE", engine)


@pytest.mark.parametrize("inputs", [{}, {"definitionUri": "https://x/y"}])
def test_a_workflow_needs_one_definition(omics, inputs):
    refused("ValidationException", omics.create_workflow, **inputs)


def test_a_definition_is_read_from_s3(moto_world):
    omics, s3 = moto_world.client(), moto_world.other("s3")
    s3.create_bucket(Bucket="bucket-one")
    s3.put_object(Bucket="bucket-one", Key="w.zip", Body=zipped(main_wdl=GOOD))
    made = omics.create_workflow(definitionUri="s3://bucket-one/w.zip")
    assert "reads" in omics.get_workflow(id=made["id"])["parameterTemplate"]
    missing = {"definitionUri": "s3://bucket-one/other.zip"}
    assert omics.get_workflow(id=omics.create_workflow(**missing)["id"])["status"] == "ACTIVE"
    moto_world.settings(checkS3=True)
    refused("ValidationException", omics.create_workflow, **missing)


def test_workflows_are_changed_and_deleted(omics, workflow):
    omics.update_workflow(id=workflow, name="renamed", storageType="DYNAMIC")
    found = omics.get_workflow(id=workflow)
    assert (found["name"], found["storageType"], found["engine"]) == (
        "renamed",
        "DYNAMIC",
        "NEXTFLOW",
    )
    run = omics.start_run(workflowId=workflow, roleArn=ROLE, outputUri="s3://bucket")
    assert omics.get_run(id=run["id"])["storageType"] == "DYNAMIC"
    omics.delete_workflow(id=workflow)
    refused("ResourceNotFoundException", omics.get_workflow, id=workflow)
    assert omics.get_run(id=run["id"])["workflowId"] == workflow


def test_versions_stand_beside_their_workflow(omics, workflow, start):
    made = omics.create_workflow_version(
        workflowId=workflow, versionName="v2", definitionZip=zipped(main_wdl=GOOD), tags={"a": "b"}
    )
    assert made["arn"].endswith(f"workflow/{workflow}/version/v2")
    assert omics.list_tags_for_resource(resourceArn=made["arn"])["tags"] == {"a": "b"}
    again = {"workflowId": workflow, "versionName": "v2", "definitionUri": "s3://b/w.zip"}
    refused("ConflictException", omics.create_workflow_version, **again)
    found = omics.get_workflow_version(workflowId=workflow, versionName="v2")
    assert (found["engine"], found["type"]) == ("WDL", "PRIVATE")
    omics.update_workflow_version(workflowId=workflow, versionName="v2", description="second")
    (listed,) = omics.list_workflow_versions(workflowId=workflow)["items"]
    assert (listed["versionName"], listed["description"]) == ("v2", "second")
    refused("ValidationException", start, workflowVersionName="v2")
    run = start(workflowVersionName="v2", parameters={"reads": "x"})
    assert omics.get_run(id=run["id"])["workflowVersionName"] == "v2"
    assert omics.list_runs()["items"][0]["workflowVersionName"] == "v2"
    refused("ResourceNotFoundException", start, workflowVersionName="v3")
    omics.delete_workflow_version(workflowId=workflow, versionName="v2")
    refused(
        "ResourceNotFoundException",
        omics.get_workflow_version,
        workflowId=workflow,
        versionName="v2",
    )
    assert omics.list_workflow_versions(workflowId=workflow)["items"] == []


def test_a_workflow_goes_after_its_versions(omics, workflow):
    version = {"workflowId": workflow, "versionName": "v1"}
    omics.create_workflow_version(definitionUri="s3://b/w.zip", **version)
    assert "has versions" in refused("ConflictException", omics.delete_workflow, id=workflow)
    omics.delete_workflow_version(**version)
    omics.delete_workflow(id=workflow)
    refused("ResourceNotFoundException", omics.get_workflow, id=workflow)


def test_a_workflow_that_is_creating_takes_no_version_and_no_delete(world, omics):
    world.settings(creationSeconds=60)
    made = omics.create_workflow(definitionUri="s3://b/w.zip")["id"]
    version = {"workflowId": made, "versionName": "v1", "definitionUri": "s3://b/w.zip"}
    refused("ConflictException", omics.create_workflow_version, **version)
    refused("ConflictException", omics.delete_workflow, id=made)
    world.advance(60)
    assert omics.create_workflow_version(**version)["status"] == "CREATING"


def test_the_same_request_is_one_workflow(omics):
    inputs = {"definitionZip": zipped(main_wdl=GOOD), "requestId": "a"}
    assert omics.create_workflow(**inputs)["id"] == omics.create_workflow(**inputs)["id"]
    assert len(omics.list_workflows()["items"]) == 1
