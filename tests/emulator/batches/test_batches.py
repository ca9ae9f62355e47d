import json

import pytest

from tests.emulator.runs.test_runs import refused


def entries(count, **more):
    return [{"runSettingId": f"sample-{number}", **more} for number in range(count)]


def status(omics, batch_id):
    return omics.get_batch(batchId=batch_id)["status"]


def test_a_batch_passes_its_states(world, omics, batch):
    world.settings(batchSeconds=30)
    batch_id = batch(entries(3), {"runTags": {"emulator:seconds": "100"}})
    seen = [status(omics, batch_id)]
    for seconds in (10, 10, 10, 90, 100):
        world.advance(seconds)
        seen.append(status(omics, batch_id))
    assert seen == ["CREATING", "PENDING", "SUBMITTING", "INPROGRESS", "INPROGRESS", "PROCESSED"]
    found = omics.get_batch(batchId=batch_id)
    assert found["runSummary"]["completedRunCount"] == found["totalRuns"] == 3
    assert found["submissionSummary"]["successfulStartSubmissionCount"] == 3
    assert found["creationTime"] < found["submittedTime"] < found["processedTime"]


def test_runs_start_little_by_little(world, omics, batch):
    world.settings(batchSeconds=30)
    batch_id = batch(entries(10))
    world.advance(25)
    listed = omics.list_runs_in_batch(batchId=batch_id)["runs"]
    assert 0 < len(listed) < 10
    counts = omics.get_batch(batchId=batch_id)["submissionSummary"]
    assert counts["pendingStartSubmissionCount"] == 10 - len(listed)
    world.advance(10)
    runs = [omics.get_run(id=run["id"]) for run in omics.list_runs(batchId=batch_id)["items"]]
    assert len({run["creationTime"] for run in runs}) == 10
    assert {run["batchId"] for run in runs} == {batch_id}


def test_the_limit_of_start_run_holds_for_batches(world, omics, batch):
    world.settings(startRunPerSecond=2, batchSeconds=3)
    batch_id = batch(entries(20))
    world.advance(7)
    assert status(omics, batch_id) == "SUBMITTING"
    assert 8 <= len(omics.list_runs_in_batch(batchId=batch_id)["runs"]) <= 12
    world.advance(6)
    assert len(omics.list_runs_in_batch(batchId=batch_id)["runs"]) == 20


def test_entries_go_before_the_defaults_and_maps_are_merged(world, omics, batch):
    own = {"parameters": {"b": 3}, "runTags": {"y": "own"}, "name": "own", "priority": 7}
    defaults = {
        "parameters": {"a": 1, "b": 2},
        "runTags": {"x": "all", "y": "all"},
        "name": "all",
        "logLevel": "ERROR",
    }
    batch_id = batch([{"runSettingId": "one", **own}], defaults, tags={"of": "the batch"})
    world.advance(5)
    (listed,) = omics.list_runs_in_batch(batchId=batch_id)["runs"]
    run = omics.get_run(id=listed["runId"])
    assert listed["runInternalUuid"] == run["uuid"]
    assert listed["runSettingId"] == "one"
    expected = {
        "parameters": {"a": 1, "b": 3},
        "tags": {"x": "all", "y": "own"},
        "name": "own",
        "priority": 7,
        "logLevel": "ERROR",
    }
    assert {name: run[name] for name in expected} == expected
    assert omics.get_batch(batchId=batch_id)["tags"] == {"of": "the batch"}


def test_an_entry_that_can_not_start_fails_alone(world, omics, batch):
    mixed = [*entries(2), {"runSettingId": "bad", "outputUri": "nowhere"}]
    batch_id = batch(mixed)
    world.advance(10)
    found = omics.get_batch(batchId=batch_id)
    assert found["status"] == "PROCESSED"
    assert found["submissionSummary"]["failedStartSubmissionCount"] == 1
    (failed,) = omics.list_runs_in_batch(batchId=batch_id, submissionStatus="FAILED")["runs"]
    assert failed["submissionFailureReason"] == "ValidationException"
    assert "S3 URI" in failed["submissionFailureMessage"]
    assert "runId" not in failed


def test_cancel_stops_what_has_not_started_and_what_has(world, omics, batch):
    world.settings(batchSeconds=30)
    batch_id = batch(entries(10), {"runTags": {"emulator:seconds": "100"}})
    refused("ConflictException", omics.cancel_run_batch, batchId=batch_id)
    world.advance(25)
    started = len(omics.list_runs(batchId=batch_id)["items"])
    omics.cancel_run_batch(batchId=batch_id)
    assert status(omics, batch_id) == "STOPPING"
    refused("ConflictException", omics.cancel_run_batch, batchId=batch_id)
    world.advance(10)
    found = omics.get_batch(batchId=batch_id)
    assert found["status"] == "CANCELLED"
    assert found["submissionSummary"]["successfulCancelSubmissionCount"] == 10
    assert found["runSummary"]["cancelledRunCount"] == started < 10
    assert len(omics.list_runs(batchId=batch_id)["items"]) == started


def test_a_run_that_has_ended_can_not_be_cancelled_with_its_batch(world, omics, batch):
    own = [
        {"runSettingId": "short", "runTags": {"emulator:seconds": "1"}},
        {"runSettingId": "long", "runTags": {"emulator:seconds": "1000"}},
    ]
    batch_id = batch(own)
    world.advance(20)
    omics.cancel_run_batch(batchId=batch_id)
    counts = omics.get_batch(batchId=batch_id)["submissionSummary"]
    assert counts["failedCancelSubmissionCount"] == 1
    assert counts["successfulCancelSubmissionCount"] == 1


def test_runs_of_a_batch_are_deleted_and_then_the_batch(world, omics, batch):
    batch_id = batch(entries(3))
    refused("ConflictException", omics.delete_run_batch, batchId=batch_id)
    refused("ConflictException", omics.delete_batch, batchId=batch_id)
    world.advance(10)
    omics.delete_run_batch(batchId=batch_id)
    assert status(omics, batch_id) == "RUNS_DELETING"
    refused("ConflictException", omics.delete_batch, batchId=batch_id)
    world.advance(10)
    found = omics.get_batch(batchId=batch_id)
    assert found["status"] == "RUNS_DELETED"
    assert found["runSummary"]["deletedRunCount"] == 3
    assert found["submissionSummary"]["successfulDeleteSubmissionCount"] == 3
    assert omics.list_runs()["items"] == []
    omics.delete_batch(batchId=batch_id)
    for call in (omics.get_batch, omics.list_runs_in_batch, omics.cancel_run_batch):
        refused("ResourceNotFoundException", call, batchId=batch_id)


def test_a_new_run_with_an_old_id_is_not_of_the_batch(world, omics, batch, start):
    batch_id = batch(entries(1))
    world.advance(10)
    (member,) = omics.list_runs_in_batch(batchId=batch_id)["runs"]
    omics.delete_run(id=member["runId"])
    assert start()["id"] == member["runId"]
    assert omics.get_batch(batchId=batch_id)["runSummary"]["deletedRunCount"] == 1


def test_batches_are_listed_with_one_filter(world, omics, batch):
    ids = [batch(entries(1)) for _ in range(3)]
    pages = omics.get_paginator("list_batch").paginate(PaginationConfig={"PageSize": 2})
    assert [item["id"] for page in pages for item in page["items"]] == ids
    assert len(omics.list_batch(status="CREATING")["items"]) == 3
    assert omics.list_batch(name="other")["items"] == []
    refused("ValidationException", omics.list_batch, status="CREATING", name="batch")
    world.advance(10)
    one = {"batchId": ids[0], "runSettingId": "sample-0"}
    (member,) = omics.list_runs_in_batch(**one)["runs"]
    assert omics.list_runs_in_batch(batchId=ids[0], runId=member["runId"])["runs"] == [member]
    refused("ValidationException", omics.list_runs_in_batch, submissionStatus="SUCCESS", **one)


@pytest.mark.parametrize(
    ("chosen", "defaults"),
    [
        ({}, {}),
        ({"inlineSettings": entries(1), "s3UriSettings": "s3://b/k"}, {}),
        (entries(101), {}),
        (entries(1), {"workflowType": "READY2RUN"}),
        ({"s3UriSettings": "s3://bucket/nothing.json"}, {}),
    ],
)
def test_bad_batches_are_refused(omics, batch, chosen, defaults):
    refused("ValidationException", batch, entries=chosen, defaults=defaults)
    assert omics.list_batch()["items"] == []


def test_the_same_request_is_one_batch(omics, batch):
    assert batch(entries(1), requestId="a") == batch(entries(1), requestId="a")
    assert len(omics.list_batch()["items"]) == 1


def test_entries_come_from_s3(moto_world, in_s3):
    put, start = in_s3
    put(json.dumps([*entries(101), {"runSettingId": "odd", "priority": "high"}]))
    batch_id = start()
    moto_world.advance(60)
    found = moto_world.client().get_batch(batchId=batch_id)
    assert found["status"] == "PROCESSED"
    assert found["submissionSummary"]["successfulStartSubmissionCount"] == 101
    assert found["submissionSummary"]["failedStartSubmissionCount"] == 1


def test_planned_faults_strike_single_starts_of_a_batch(world, omics, batch):
    world.faults({"operation": "batch:StartRun", "fault": "denied", "rate": 0.5, "seed": 3})
    batch_id = batch(entries(40))
    world.advance(10)
    counts = omics.get_batch(batchId=batch_id)["submissionSummary"]
    assert 10 < counts["failedStartSubmissionCount"] < 30
    assert counts["failedStartSubmissionCount"] + counts["successfulStartSubmissionCount"] == 40
    failed = omics.list_runs_in_batch(batchId=batch_id, submissionStatus="FAILED")["runs"]
    assert {each["submissionFailureReason"] for each in failed} == {"AccessDeniedException"}


@pytest.mark.parametrize(("step", "word"), [("CancelRun", "Cancel"), ("DeleteRun", "Delete")])
def test_planned_faults_strike_single_ends_of_a_batch(world, omics, batch, step, word):
    world.faults({"operation": f"batch:{step}", "fault": "error-500", "count": 2})
    batch_id = batch(entries(5), {"runTags": {"emulator:seconds": "100"}})
    world.advance(10 if step == "CancelRun" else 1000)
    call = omics.cancel_run_batch if step == "CancelRun" else omics.delete_run_batch
    call(batchId=batch_id)
    counts = omics.get_batch(batchId=batch_id)["submissionSummary"]
    assert counts[f"failed{word}SubmissionCount"] == 2
    assert counts[f"successful{word}SubmissionCount"] == 3
    if step == "DeleteRun":
        world.advance(10)
        assert status(omics, batch_id) == "RUNS_DELETE_FAILED"
        assert len(omics.list_runs(batchId=batch_id)["items"]) == 2


def test_a_fault_of_every_call_strikes_no_start_of_a_batch(world, omics, batch):
    batch_id = batch(entries(3))
    world.faults({"operation": "*", "fault": "denied", "count": 1})
    refused("AccessDeniedException", omics.get_batch, batchId=batch_id)
    world.advance(10)
    counts = omics.get_batch(batchId=batch_id)["submissionSummary"]
    assert counts["successfulStartSubmissionCount"] == 3
