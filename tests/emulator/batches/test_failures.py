"""How a batch fails as a whole, and what becomes of entries that meet an error."""

import json

import pytest

from tests.emulator.batches.test_batches import entries, status
from tests.emulator.runs.test_runs import refused

DUPLICATES = [*entries(2), *entries(1)]
TRANSIENT = "There was a transient error in the service. Retry the batch."


def failed(omics, batch_id):
    """The answer about a batch that has failed before it started anything."""
    found = omics.get_batch(batchId=batch_id)
    assert found["status"] == "FAILED"
    assert found["failedTime"] > found["creationTime"]
    assert not {"submittedTime", "processedTime"} & set(found)
    assert set(found["runSummary"].values()) == {0}
    assert omics.list_runs_in_batch(batchId=batch_id)["runs"] == []
    assert omics.list_runs()["items"] == []
    return found


def test_ids_that_come_twice_fail_the_batch_after_its_answer(world, omics, batch):
    world.settings(batchSeconds=30)
    batch_id = batch(DUPLICATES)
    seen = [omics.get_batch(batchId=batch_id)]
    for _ in range(2):
        world.advance(10)
        seen.append(omics.get_batch(batchId=batch_id))
    assert [each["status"] for each in seen] == ["CREATING", "PENDING", "FAILED"]
    assert not {"failureReason", "failedTime"} & (set(seen[0]) | set(seen[1]))
    world.advance(1000)
    found = failed(omics, batch_id)
    assert found["failureReason"] == "Expected 3 unique runSettingIds but there were 2"
    assert found["totalRuns"] == 3
    assert found["failedTime"] == seen[2]["failedTime"]
    omics.delete_batch(batchId=batch_id)


def test_a_failed_batch_can_be_deleted_and_nothing_else(world, omics, batch):
    batch_id = batch(DUPLICATES)
    world.advance(10)
    refused("ConflictException", omics.cancel_run_batch, batchId=batch_id)
    refused("ConflictException", omics.delete_run_batch, batchId=batch_id)
    omics.delete_batch(batchId=batch_id)
    refused("ResourceNotFoundException", omics.get_batch, batchId=batch_id)


def test_a_batch_that_is_cancelled_before_it_fails_is_cancelled(world, omics, batch):
    world.settings(batchSeconds=30)
    batch_id = batch(DUPLICATES)
    world.advance(10)
    omics.cancel_run_batch(batchId=batch_id)
    world.advance(100)
    assert status(omics, batch_id) == "CANCELLED"
    assert omics.list_runs()["items"] == []


def test_a_planned_fault_fails_a_batch_for_a_while(world, omics, batch):
    world.faults({"operation": "batch:StartRunBatch", "fault": "error-500"})
    first, second = batch(entries(2)), batch(entries(2))
    world.advance(10)
    assert omics.get_batch(batchId=first)["failureReason"] == TRANSIENT
    assert status(omics, second) in ("INPROGRESS", "PROCESSED")
    assert len(omics.list_runs()["items"]) == 2


NO_JSON = "Invalid JSON format in run configurations"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("[{", NO_JSON),
        ("\xff", NO_JSON),
        ("{}", NO_JSON),
        ("[]", NO_JSON),
        ("[1]", NO_JSON),
        ('[{"name": "no id"}]', "Expected 1 unique runSettingIds but there were 0"),
        (json.dumps(DUPLICATES), "Expected 3 unique runSettingIds but there were 2"),
        (json.dumps(entries(100_001)), "Batch has 100001 runs but 100000 runs is the max."),
    ],
)
def test_a_file_that_is_wrong_fails_the_batch_after_its_answer(moto_world, in_s3, body, text):
    put, start = in_s3
    put(body.encode("latin-1"))
    batch_id = start()
    omics = moto_world.client()
    assert status(omics, batch_id) == "CREATING"
    moto_world.advance(60)
    assert failed(omics, batch_id)["failureReason"] == text


def test_a_file_that_changes_fails_its_batch_with_both_etags(moto_world, in_s3):
    put, start = in_s3
    before = put(json.dumps(entries(3)))
    batch_id = start()
    after = put(json.dumps(entries(4)))
    moto_world.advance(60)
    omics = moto_world.client()
    assert failed(omics, batch_id)["failureReason"] == (
        f"Expected s3UriConfigs etag: {before} but was: {after}."
        " s3UriConfigs have changed since calling StartRunBatch"
    )
    assert before.startswith('"')
    omics.delete_batch(batchId=batch_id)


@pytest.mark.parametrize("fault", ["throttle", "timeout-408", "error-500"])
def test_the_service_tries_an_entry_again_that_meets_a_passing_error(world, omics, batch, fault):
    world.faults({"operation": "batch:StartRun", "fault": fault, "count": 2})
    batch_id = batch(entries(3))
    world.advance(10)
    counts = omics.get_batch(batchId=batch_id)["submissionSummary"]
    assert counts["successfulStartSubmissionCount"] == 3
    assert len(omics.list_runs()["items"]) == 3


def test_an_entry_fails_where_a_passing_error_does_not_pass(world, omics, batch):
    world.faults({"operation": "batch:StartRun", "fault": "throttle", "count": 3})
    batch_id = batch(entries(3))
    world.advance(10)
    listed = omics.list_runs_in_batch(batchId=batch_id, submissionStatus="FAILED")["runs"]
    assert [each["submissionFailureReason"] for each in listed] == ["ThrottlingException"]
    assert len(omics.list_runs()["items"]) == 2


def test_an_error_that_does_not_pass_is_not_tried_again(world, omics, batch):
    world.faults({"operation": "batch:StartRun", "fault": "denied", "count": 2})
    batch_id = batch(entries(3))
    world.advance(10)
    counts = omics.get_batch(batchId=batch_id)["submissionSummary"]
    assert counts["failedStartSubmissionCount"] == 2


def test_beyond_the_quota_of_active_runs_entries_wait(world, omics, batch):
    world.settings(maxConcurrentRuns=2)
    batch_id = batch(entries(3), {"runTags": {"emulator:seconds": "100"}})
    world.advance(50)
    assert omics.get_batch(batchId=batch_id)["runSummary"]["pendingRunCount"] == 1


def test_beyond_the_quota_of_active_runs_starts_are_refused_where_it_is_set(
    world, omics, batch, start
):
    world.settings(maxConcurrentRuns=2, overMaxConcurrentRuns="refuse")
    batch_id = batch(entries(3), {"runTags": {"emulator:seconds": "100"}})
    world.advance(50)
    counts = omics.get_batch(batchId=batch_id)["submissionSummary"]
    assert counts["failedStartSubmissionCount"] == 1
    (lost,) = omics.list_runs_in_batch(batchId=batch_id, submissionStatus="FAILED")["runs"]
    assert lost["submissionFailureReason"] == "ServiceQuotaExceededException"
    refused("ServiceQuotaExceededException", start)
    world.advance(100)
    start()


def test_entries_that_are_refused_by_that_quota_find_room_once_a_run_has_ended(world, omics, batch):
    world.settings(maxConcurrentRuns=1, overMaxConcurrentRuns="refuse", batchSeconds=300)
    # One every 25 s, each for 30 s; nobody asks meanwhile.
    batch_id = batch(entries(4), {"runTags": {"emulator:seconds": "30"}})
    world.advance(1000)
    counts = omics.get_batch(batchId=batch_id)["submissionSummary"]
    assert counts["successfulStartSubmissionCount"] == 2
