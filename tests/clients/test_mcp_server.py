"""The MCP server of AWS Labs: each of its tools that needs no internet is called."""

import base64
import gzip
import json
from pathlib import Path

import pytest

from tests.clients.conftest import COUNT, ROLE, zipped
from tests.clients.mcp import Refused, speaking

#: They ask monitoring.REGION.amazonaws.com, whatever AWS_ENDPOINT_URL says.
INTERNET = {
    "ListAHORunMetrics",
    "GetAHORunMetrics",
    "CompareAHORunMetrics",
    "GetAHOWorkflowMetrics",
}
READS = {"reads": "s3://bucket/reads.txt"}
WHERE = {"role_arn": ROLE, "output_uri": "s3://bucket/out"}
DEFINITION = base64.b64encode(zipped(COUNT)).decode()


@pytest.fixture
def mcp(world):
    program = world.python("awslabs.aws-healthomics-mcp-server")
    with speaking(program, world.environment, world.folder) as server:
        yield server


def test_every_tool_is_called_here_or_needs_the_internet(mcp):
    here = Path(__file__).read_text()
    tools = set(mcp.tools())
    assert len(tools) > 70
    assert tools >= INTERNET
    assert sorted(tool for tool in tools if f'"{tool}"' not in here) == []


def test_workflows(world, mcp):
    made = mcp.call(
        "CreateAHOWorkflow", name="count", definition_source=DEFINITION, readme="# Count"
    )
    world.advance(60)
    where = {"workflow_id": made["id"]}
    found = mcp.call("GetAHOWorkflow", **where, export_definition=True)
    assert (found["status"], found["engine"]) == ("ACTIVE", "WDL")
    assert found["parameterTemplate"]["reads"] == {"description": "File", "optional": False}
    assert found["definition"].startswith(world.served.url)
    more = {"version_name": "v2", "definition_source": DEFINITION}
    assert mcp.call("CreateAHOWorkflowVersion", **where, **more)["versionName"] == "v2"
    world.advance(60)
    [version] = mcp.call("ListAHOWorkflowVersions", **where)["versions"]
    assert (version["versionName"], version["status"]) == ("v2", "ACTIVE")
    listed = mcp.call("ListAHOWorkflows")["workflows"]
    assert [each["name"] for each in listed] == ["count"]


def test_a_run_is_started_and_completes(world, mcp):
    started = mcp.call(
        "StartAHORun", workflow_id=world.workflow(), name="mine", parameters=READS, **WHERE
    )
    assert started["status"] == "PENDING"
    world.advance(100_000)
    run = {"run_id": started["id"]}
    assert mcp.call("GetAHORun", **run)["status"] == "COMPLETED"
    listed = mcp.call("ListAHORuns", status="COMPLETED", created_after="2020-01-01T00:00:00Z")
    assert [each["id"] for each in listed["runs"]] == [started["id"]]
    [task] = mcp.call("ListAHORunTasks", **run)["tasks"]
    found = mcp.call("GetAHORunTask", **run, task_id=task["taskId"])
    assert (found["name"], found["status"], found["cpus"]) == ("count", "COMPLETED", 2)


def test_groups_and_caches(mcp):
    group = {"run_group_id": mcp.call("CreateAHORunGroup", name="few", max_runs=2)["id"]}
    mcp.call("UpdateAHORunGroup", **group, max_runs=3)
    assert mcp.call("GetAHORunGroup", **group)["maxRuns"] == 3
    assert [each["name"] for each in mcp.call("ListAHORunGroups")["runGroups"]] == ["few"]
    made = mcp.call(
        "CreateAHORunCache",
        cache_behavior="CACHE_ALWAYS",
        cache_s3_location="s3://bucket/cache",
        name="kept",
    )
    cache = {"cache_id": made["id"]}
    mcp.call("UpdateAHORunCache", **cache, name="renamed")
    assert mcp.call("GetAHORunCache", **cache)["name"] == "renamed"
    [listed] = mcp.call("ListAHORunCaches")["runCaches"]
    assert listed["cacheS3Uri"] == "s3://bucket/cache"


def test_logs(world, mcp):
    omics = world.served.omics
    run = {"run_id": world.run()}
    uuid = omics.get_run(id=run["run_id"])["uuid"]
    [task] = omics.list_run_tasks(id=run["run_id"])["items"]
    told = messages(mcp.call("GetAHORunLogs", **run))
    assert any("RUNNING" in line for line in told)
    [manifest, *_] = messages(mcp.call("GetAHORunManifestLogs", **run, run_uuid=uuid))
    assert json.loads(manifest)["uuid"] == uuid
    assert messages(mcp.call("GetAHOTaskLogs", **run, task_id=task["taskId"]))


def test_a_failed_run_is_diagnosed(world, mcp):
    failed = world.served.omics.start_run(
        workflowId=world.workflow(),
        roleArn=ROLE,
        outputUri="s3://bucket/out",
        parameters=READS,
        tags={"emulator:fails": "RUN_TASK_FAILED"},
    )["id"]
    world.advance(100_000)
    engine = messages(mcp.call("GetAHORunEngineLogs", run_id=failed))
    assert any("ERROR" in line for line in engine)
    found = mcp.call("DiagnoseAHORunFailure", run_id=failed)
    assert (found["status"], found["failureReason"]) == ("FAILED", "RUN_TASK_FAILED")
    assert found["engineLogs"] == engine
    assert found["failedTaskCount"] == 1


def test_a_run_is_analysed_with_its_cost(world, mcp):
    run = world.run()
    report = mcp.call("AnalyzeAHORunPerformance", run_ids=[run])
    assert "Total Runs Analyzed**: 1" in report
    [cost] = [line for line in report.splitlines() if "Grand Total Estimated Cost" in line]
    assert float(cost.rpartition("$")[2]) > 0
    assert mcp.call("GenerateAHORunTimeline", run_id=run).startswith("<svg")


def messages(answer):
    return [event["message"] for event in answer["events"]]


def test_a_batch_is_started(world, mcp):
    entries = [{"runSettingId": name, "name": name, "parameters": READS} for name in "xy"]
    started = mcp.call(
        "StartAHORunBatch",
        workflow_id=world.workflow(),
        batch_run_settings={"inlineSettings": entries},
        **WHERE,
    )
    world.advance(100_000)
    found = world.served.omics.get_batch(batchId=started["id"])
    assert (found["status"], found["runSummary"]["completedRunCount"]) == ("PROCESSED", 2)


BATCH = {"batch_id": "1234567"}
EXPORT = {
    "sequence_store_id": "1234567890",
    "destination_s3_uri": "s3://bucket/exported/",
    "role_arn": ROLE,
    "read_set_ids": ["1234567890"],
}
#: Bugs of 0.1.5: what it asks, and boto3's or the model's refusal. Where a release has mended one,
#: its line fails, and the tool gets a test of its job.
ITS_OWN_BUGS = [
    ("GetAHOBatch", BATCH, 'Unknown parameter in input: \\"id\\"'),
    ("ListAHOBatches", {}, 'Unknown parameter in input: \\"maxResults\\"'),
    ("ListAHORunsInBatch", BATCH, 'Unknown parameter in input: \\"id\\"'),
    ("CancelAHORunBatch", BATCH, 'Unknown parameter in input: \\"id\\"'),
    ("DeleteAHORunBatch", BATCH, 'Unknown parameter in input: \\"id\\"'),
    ("DeleteAHOBatch", BATCH, 'Unknown parameter in input: \\"id\\"'),
    ("ListAHOConfigurations", {}, "'100' at 'maxResults' failed to satisfy constraint"),
    ("StartAHOReadSetExportJob", EXPORT, "Invalid type for parameter destination"),
]


def test_its_own_bugs_are_as_they_were(mcp):
    for tool, asked, refusal in ITS_OWN_BUGS:
        with pytest.raises(Refused) as refused:
            mcp.call(tool, **asked)
        assert refusal in str(refused.value), tool


def test_configurations(world, mcp):
    network = {"securityGroupIds": ["sg-12345678"], "subnetIds": ["subnet-12345678"]}
    named = {"name": "vpc"}
    mcp.call("CreateAHOConfiguration", **named, run_configurations={"vpcConfig": network})
    world.advance(3600)
    assert mcp.call("GetAHOConfiguration", **named)["status"] == "ACTIVE"
    [listed] = mcp.call("ListAHOConfigurations", max_results=10)["configurations"]
    assert listed["name"] == "vpc"
    assert mcp.call("DeleteAHOConfiguration", **named)["status"] == "DELETING"


def test_tools_that_call_nothing(world, mcp):
    source = {"workflow_format": "wdl"}
    found = mcp.call("LintAHOWorkflowDefinition", workflow_content=COUNT, **source)
    assert (found["status"], found["linter"]) == ("success", "miniwdl")
    bundle = {"workflow_files": {"main.wdl": COUNT}, "main_workflow_file": "main.wdl"}
    assert mcp.call("LintAHOWorkflowBundle", **bundle, **source)["status"] == "success"
    assert "sequence_files" in mcp.call("GetSupportedFileTypes")["supported_file_types"]
    assert "us-east-1" in mcp.call("GetAHOSupportedRegions")["regions"]
    main = {"main_file_content": COUNT, "main_file_name": "main.wdl"}
    mcp.call("PackageAHOWorkflow", **main, output_path="s3://bucket/made.zip")
    packed = world.served.client("s3").get_object(Bucket="bucket", Key="made.zip")
    assert packed["Body"].read(2) == b"PK"


def test_sequence_stores(world, mcp):
    s3 = world.served.client("s3")
    packed = gzip.compress(b"@read\nACGT\n+\nIIII\n")
    s3.put_object(Bucket="bucket", Key="lane1.fastq.gz", Body=packed)
    store = {"sequence_store_id": mcp.call("CreateAHOSequenceStore", name="reads")["id"]}
    mcp.call("UpdateAHOSequenceStore", **store, description="of the lab")
    assert mcp.call("GetAHOSequenceStore", **store)["description"] == "of the lab"
    [listed] = mcp.call("ListAHOSequenceStores")["sequenceStores"]
    assert listed["name"] == "reads"
    source = {
        "sourceFiles": {"source1": "s3://bucket/lane1.fastq.gz"},
        "sourceFileType": "FASTQ",
        "subjectId": "subject",
        "sampleId": "sample",
        "name": "lane1",
    }
    asked = {"role_arn": ROLE, "sources": json.dumps([source])}
    job = {"import_job_id": mcp.call("StartAHOReadSetImportJob", **store, **asked)["id"]}
    world.advance(3600)
    assert mcp.call("GetAHOReadSetImportJob", **store, **job)["status"] == "COMPLETED"
    assert len(mcp.call("ListAHOReadSetImportJobs", **store)["importJobs"]) == 1
    [reads] = mcp.call("ListAHOReadSets", **store)["readSets"]
    assert (reads["sampleId"], reads["status"]) == ("sample", "ACTIVE")
    found = mcp.call("GetAHOReadSetMetadata", **store, read_set_id=reads["id"])
    assert found["subjectId"] == "subject"
    activated = mcp.call("ActivateAHOReadSets", **store, read_set_ids=[reads["id"]])
    assert activated["readSetIds"] == [reads["id"]]


def test_reference_stores(world, mcp):
    world.served.client("s3").put_object(Bucket="bucket", Key="hg.fa", Body=b">chr1\nACGT\n")
    store = {"reference_store_id": world.served.omics.create_reference_store(name="genomes")["id"]}
    [listed] = mcp.call("ListAHOReferenceStores")["referenceStores"]
    assert listed["name"] == "genomes"
    assert mcp.call("GetAHOReferenceStore", **store)["name"] == "genomes"
    source = json.dumps([{"sourceFile": "s3://bucket/hg.fa", "name": "hg38"}])
    started = mcp.call("StartAHOReferenceImportJob", **store, role_arn=ROLE, sources=source)
    world.advance(3600)
    job = {"import_job_id": started["id"]}
    assert mcp.call("GetAHOReferenceImportJob", **store, **job)["status"] == "COMPLETED"
    assert len(mcp.call("ListAHOReferenceImportJobs", **store)["importJobs"]) == 1
    [reference] = mcp.call("ListAHOReferences", **store)["references"]
    found = mcp.call("GetAHOReferenceMetadata", **store, reference_id=reference["id"])
    assert (found["name"], found["status"]) == ("hg38", "ACTIVE")


def test_files_are_searched_in_buckets_and_stores(world, mcp):
    world.served.client("s3").put_object(Bucket="bucket", Key="lane1.fastq", Body=b"@a\nA\n+\nI\n")
    found = mcp.call(
        "SearchGenomicsFiles", search_terms=["lane1"], adhoc_s3_buckets=["s3://bucket/"]
    )
    assert found["total_found"] == 1
    assert "healthomics_sequence_stores" in found["storage_systems_searched"]


def test_images(world, mcp):
    world.served.client("ecr").create_repository(repositoryName="tools")
    [before] = mcp.call("ListECRRepositories")["repositories"]
    assert before["healthomics_accessible"] == "not_accessible"
    assert mcp.call("GrantHealthOmicsRepositoryAccess", repository_name="tools")["success"]
    [after] = mcp.call("ListECRRepositories")["repositories"]
    assert after["healthomics_accessible"] == "accessible"
    found = mcp.call("CheckContainerAvailability", repository_name="tools", image_tag="1")
    assert (found["repository_exists"], found["available"]) == (True, False)
    assert mcp.call("CreateContainerRegistryMap", include_pull_through_caches=False)["success"]


NOT_EMULATED = [
    ("ListCodeConnections", {}),
    ("CreateCodeConnection", {"connection_name": "hub", "provider_type": "GitHub"}),
    (
        "GetCodeConnection",
        {
            "connection_arn": "arn:aws:codeconnections:us-east-1:123456789012:"
            "connection/aaaaaaaa-1111-2222-3333-444444444444"
        },
    ),
    ("ListPullThroughCacheRules", {}),
    ("ValidateHealthOmicsECRConfig", {}),
    ("GetAHOReadSetExportJob", {"sequence_store_id": "1234567890", "export_job_id": "1234567890"}),
    ("ListAHOReadSetExportJobs", {"sequence_store_id": "1234567890"}),
]


def test_what_is_not_emulated_is_named(mcp):
    for tool, asked in NOT_EMULATED:
        with pytest.raises(Refused, match="NotEmulatedException"):
            mcp.call(tool, **asked)


def test_what_needs_pull_through_caches_says_that_there_are_none(mcp):
    asked = {"upstream_registry": "quay"}
    made = mcp.call("CreatePullThroughCacheForHealthOmics", **asked)
    assert not made["success"]
    assert "does not have CreatePullThroughCacheRule" in made["message"]
    cloned = mcp.call("CloneContainerToECR", source_image="quay.io/biocontainers/samtools:1")
    assert not cloned["success"]
    assert "No pull-through cache configured" in cloned["message"]
