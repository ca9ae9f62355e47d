"""EventBridge events, member by member, as the developer guide shows them."""

import json

import pytest

from tests.emulator.conftest import ROLE
from tests.emulator.traces.test_traces import recorded, settle
from tests.emulator.workflows.test_workflows import GOOD, zipped

RUN, TASK = "Run Status Change", "Task Status Change"
BATCH, WORKFLOW = "RunBatch Status Change", "Workflow Status Change"
COUNTS = {
    *("successfulStartSubmissionCount", "failedStartSubmissionCount"),
    *("pendingStartSubmissionCount", "pendingRunCount", "startingRunCount", "runningRunCount"),
    *("stoppingRunCount", "completedRunCount", "failedRunCount", "cancelledRunCount"),
    "deletedRunCount",
}


@pytest.fixture
def batch(cloud):
    """Starts a batch of runs of 100 s. Events have whole seconds, so it takes its time."""
    cloud.settings(batchSeconds=30)
    omics = cloud.client()
    workflow = omics.create_workflow(definitionUri="s3://bucket-one/w.zip")["id"]

    def start(chosen, **defaults):
        settings = chosen if isinstance(chosen, dict) else {"inlineSettings": chosen}
        return omics.start_run_batch(
            batchName="cohort",
            defaultRunSetting={
                "workflowId": workflow,
                "roleArn": ROLE,
                "outputUri": "s3://bucket-one/out",
                "runTags": {"emulator:seconds": "100"},
                **defaults,
            },
            batchRunSettings=settings,
        )

    return start


def entries(count):
    return [{"runSettingId": f"sample-{number}"} for number in range(count)]


def details(cloud, recording):
    """The details of all events so far, oldest first."""
    settle(cloud)
    found = sorted(recording(), key=lambda event: event["time"])
    for event in found:
        assert event["resources"] == [event["detail"]["arn"]]
        assert event["source"] == "aws.omics"
    return [event["detail"] for event in found]


def test_a_tasks_event_says_of_which_run_and_workflow_it_is(cloud, run):
    recording = recorded(cloud, TASK)
    started = run()
    cloud.advance(10)
    found = details(cloud, recording)
    omics = cloud.client()
    tasks = {each["taskId"] for each in omics.list_run_tasks(id=started["id"])["items"]}
    assert {each["arn"].rpartition("/")[2] for each in found} == tasks
    assert {each["arn"].rpartition(":")[2].partition("/")[0] for each in found} == {"task"}
    of_run = omics.get_run(id=started["id"])
    expected = {
        "omicsVersion": "1.0.0",
        "runArn": of_run["arn"],
        "runUuid": of_run["uuid"],
        "runId": of_run["id"],
        "runName": "run",
        "workflowId": of_run["workflowId"],
        "workflowName": "Align",
    }
    for detail in found:
        assert set(detail) == {*expected, "arn", "status"}
        assert {name: detail[name] for name in expected} == expected


def test_a_deleted_run_is_an_event(cloud, run):
    recording = recorded(cloud, RUN)
    started = run(tags={"emulator:seconds": "100"})
    cloud.advance(200)
    omics = cloud.client()
    omics.list_runs()
    omics.delete_run(id=started["id"])
    found = details(cloud, recording)
    assert [each["status"] for each in found][-2:] == ["COMPLETED", "DELETED"]
    assert {**found[-1], "status": "COMPLETED"} == found[-2]
    assert len(details(cloud, recording)) == len(found)


def test_a_delete_that_is_refused_is_no_event(cloud, run):
    recording = recorded(cloud, RUN)
    omics = cloud.client()
    started = run()
    with pytest.raises(omics.exceptions.ConflictException):
        omics.delete_run(id=started["id"])
    assert [each["status"] for each in details(cloud, recording)] == ["PENDING"]


def test_a_workflow_is_created_and_deleted_by_events(cloud):
    recording = recorded(cloud, WORKFLOW)
    cloud.settings(creationSeconds=60)
    omics = cloud.client()
    good = omics.create_workflow(name="Align", definitionZip=zipped(main_wdl=GOOD))
    bad = omics.create_workflow(definitionZip=zipped(main_wdl="version 1.0"))
    assert details(cloud, recording) == []
    cloud.advance(60)
    assert {each["arn"]: each["status"] for each in details(cloud, recording)} == {
        good["arn"]: "CREATION_SUCCESS",
        bad["arn"]: "CREATION_FAILURE",
    }
    cloud.advance(1)
    omics.delete_workflow(id=good["id"])
    assert details(cloud, recording)[-1] == {
        "omicsVersion": "1.0.0",
        "arn": good["arn"],
        "status": "DELETION_SUCCESS",
    }


def test_each_state_of_a_batch_is_an_event_with_what_it_had_then(cloud, batch):
    recording = recorded(cloud, BATCH)
    started = batch([*entries(2), {"runSettingId": "bad", "outputUri": "nowhere"}])
    # Nobody calls while all this happens.
    cloud.advance(1000)
    found = {each["status"]: each for each in details(cloud, recording)}
    assert list(found) == ["CREATING", "PENDING", "SUBMITTING", "INPROGRESS", "PROCESSED"]
    omics = cloud.client()
    shared = omics.get_batch(batchId=started["id"])["defaultRunSetting"]
    arn = started["arn"].replace("runBatch/" + started["id"], f"workflow/{shared['workflowId']}")
    for detail in found.values():
        assert set(detail) == {
            *("omicsVersion", "arn", "batchId", "status", "uuid", "batchName", "totalRuns"),
            *("workflowId", "workflowArn"),
            *COUNTS,
        }
        assert all(isinstance(value, str) for value in detail.values())
        assert detail["arn"] == started["arn"]
        assert (detail["batchId"], detail["uuid"]) == (started["id"], started["uuid"])
        assert (detail["batchName"], detail["totalRuns"]) == ("cohort", "3")
        assert (detail["workflowId"], detail["workflowArn"]) == (shared["workflowId"], arn)

    def told(status, *names):
        return [found[status][name] for name in names]

    starts = [f"{each}StartSubmissionCount" for each in ("pending", "successful", "failed")]
    assert told("CREATING", *starts, "completedRunCount") == ["3", "0", "0", "0"]
    assert told("INPROGRESS", *starts, "completedRunCount") == ["0", "2", "1", "0"]
    assert told("PROCESSED", *starts, "completedRunCount") == ["0", "2", "1", "2"]


def test_a_batchs_event_names_version_owner_and_cache(cloud, batch):
    recording = recorded(cloud, BATCH)
    omics = cloud.client()
    cache = omics.create_run_cache(
        cacheS3Location="s3://bucket-one/cache", cacheBehavior="CACHE_ALWAYS"
    )
    content = zipped(main_wdl=GOOD)
    workflow = omics.create_workflow(definitionZip=content)["id"]
    version = omics.create_workflow_version(
        workflowId=workflow, versionName="v1", definitionZip=content
    )
    batch(
        entries(1),
        workflowId=workflow,
        workflowVersionName="v1",
        workflowOwnerId="123456789012",
        cacheId=cache["id"],
    )
    (detail,) = details(cloud, recording)
    assert detail["workflowVersionArn"] == version["arn"]
    assert detail["workflowOwnerId"] == "123456789012"
    assert detail["runCache"] == cache["arn"]
    assert detail["runCacheBehavior"] == "CACHE_ALWAYS"


def test_a_failed_batchs_event_says_why(cloud, batch):
    recording = recorded(cloud, BATCH)
    batch([*entries(2), *entries(1)])
    cloud.advance(1000)
    found = details(cloud, recording)
    assert [each["status"] for each in found] == ["CREATING", "PENDING", "FAILED"]
    assert found[-1]["failureReason"] == "VALIDATION_EXCEPTION"
    assert found[-1]["failureMessage"] == "Expected 3 unique runSettingIds but there were 2"
    assert not {"failureReason", "failureMessage"} & (set(found[0]) | set(found[1]))


def test_the_end_of_a_cancelled_batch_is_an_event_and_that_of_its_runs(cloud, batch):
    recording = recorded(cloud, BATCH)
    started = batch(entries(3))
    cloud.advance(50)
    omics = cloud.client()
    omics.cancel_run_batch(batchId=started["id"])
    cloud.advance(100)
    omics.delete_run_batch(batchId=started["id"])
    cloud.advance(10)
    found = details(cloud, recording)
    assert [each["status"] for each in found][3:] == [
        *("INPROGRESS", "STOPPING", "CANCELLED", "RUNS_DELETING", "RUNS_DELETED"),
    ]
    assert found[-3]["cancelledRunCount"] == "3"
    assert found[-1]["deletedRunCount"] == "3"


def test_runs_that_stay_are_no_event_of_deleted_runs(cloud, batch):
    recording = recorded(cloud, BATCH)
    started = batch(entries(2))
    cloud.advance(1000)
    omics = cloud.client()
    cloud.faults({"operation": "batch:DeleteRun", "fault": "denied"})
    omics.delete_run_batch(batchId=started["id"])
    cloud.advance(10)
    assert details(cloud, recording)[-1]["status"] == "RUNS_DELETING"
    assert omics.get_batch(batchId=started["id"])["status"] == "RUNS_DELETE_FAILED"


@pytest.mark.parametrize("moto_world", ["server"], indirect=True)
def test_events_of_a_batch_come_to_a_queue_that_alone_is_asked(cloud, batch):
    events, sqs = cloud.other("events"), cloud.other("sqs")
    url = sqs.create_queue(QueueName="batches")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    pattern = {"detail-type": [BATCH], "detail": {"status": ["PROCESSED"]}}
    events.put_rule(Name="batches", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="batches", Targets=[{"Id": "queue", "Arn": arn["QueueArn"]}])
    batch(entries(2))
    cloud.advance(50)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    cloud.advance(1000)
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["detail"]["completedRunCount"] == "2"
