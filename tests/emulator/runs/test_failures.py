"""What failed runs and tasks say of themselves."""

import re

import pytest

from omics_provider.emulator.runs import failures
from omics_provider.explain.rules.reasons import REASONS


def ended(world, omics, start, reason, **inputs):
    run_id = start(tags={"emulator:fails": reason}, **inputs)["id"]
    world.advance(10)
    return omics.get_run(id=run_id)


def test_there_are_words_for_each_reason_of_the_guide():
    assert sorted(failures.MESSAGES) == sorted(REASONS)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("ASSUME_ROLE_FAILED", "HealthOmics doesn't have permission to assume the role."),
        ("EXPORT_FAILED", "The export failed. Check that the output bucket exists"),
        ("INPUT_URI_NOT_FOUND", "The provided URI does not exist: s3://bucket/reads.bam. Check"),
        ("RUN_TASK_FAILED", "The run failed because the task failed. To debug the task failure"),
        ("UNSUPPORTED_GPU_INSTANCE_TYPE", "instance type is not supported in us-east-1."),
    ],
)
def test_a_run_says_why_it_failed_in_the_words_of_the_guide(world, omics, start, reason, words):
    run = ended(world, omics, start, reason, parameters={"reads": "s3://bucket/reads.bam"})
    assert (run["status"], run["failureReason"]) == ("FAILED", reason)
    assert words in run["statusMessage"]


def test_a_run_names_the_log_of_its_engine(world, omics, start):
    run = ended(world, omics, start, "WORKFLOW_RUN_FAILED")
    assert f"engine log stream: run/{run['id']}/engine to debug" in run["statusMessage"]


def test_a_run_names_the_task_that_failed(world, omics, start):
    run = ended(world, omics, start, "OUT_OF_MEMORY_ERROR")
    (task,) = omics.list_run_tasks(id=run["id"], status="FAILED")["items"]
    told = f"The workflow task {task['taskId']} ran out of memory."
    assert told in run["statusMessage"]
    task = omics.get_run_task(id=run["id"], taskId=task["taskId"])
    assert task["failureReason"] == "OUT_OF_MEMORY_ERROR"
    assert told in task["statusMessage"]


def test_a_task_that_failed_names_its_log(world, omics, start):
    run = ended(world, omics, start, "RUN_TASK_FAILED")
    (listed,) = omics.list_run_tasks(id=run["id"], status="FAILED")["items"]
    task = omics.get_run_task(id=run["id"], taskId=listed["taskId"])
    assert f"run/{run['id']}/task/{task['taskId']}" in task["statusMessage"]
    assert task["name"] in task["statusMessage"]


def test_a_run_whose_export_failed_has_no_failed_task(world, omics, start):
    run = ended(world, omics, start, "EXPORT_FAILED")
    tasks = omics.list_run_tasks(id=run["id"])["items"]
    assert tasks
    assert {task["status"] for task in tasks} == {"COMPLETED"}


def test_a_run_that_took_too_long_says_how_long_it_ran(world, omics, start):
    group = omics.create_run_group(maxDuration=2)["id"]
    run_id = start(runGroupId=group, tags={"emulator:seconds": "100000"})["id"]
    world.advance(1000)
    assert omics.get_run(id=run_id)["statusMessage"] == "Run timeout after 2 minutes."


def test_a_reason_of_ones_own_is_only_repeated(world, omics, start):
    assert ended(world, omics, start, "NO_SUCH_REASON")["statusMessage"] == (
        "Run failed: NO_SUCH_REASON"
    )


def test_no_name_in_braces_is_left(world, omics, start):
    for reason in failures.MESSAGES:
        run = ended(world, omics, start, reason)
        assert not re.search(r"[{}]", run["statusMessage"])
