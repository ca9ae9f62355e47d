import re

import pytest

from tests.emulator.conftest import ROLE
from tests.emulator.runs.test_runs import refused


def states(omics, ids):
    return [omics.get_run(id=run_id)["status"] for run_id in ids]


@pytest.fixture
def group(omics):
    def create(**limits):
        return omics.create_run_group(name="group", **limits)["id"]

    return create


def test_runs_beyond_the_limit_wait_for_their_turn(world, omics, start):
    world.settings(maxConcurrentRuns=2)
    ids = [start(tags={"emulator:seconds": "100"})["id"] for _ in range(5)]
    world.advance(50)
    assert states(omics, ids) == ["RUNNING"] * 2 + ["PENDING"] * 3
    world.advance(100)
    assert states(omics, ids) == ["COMPLETED"] * 2 + ["RUNNING"] * 2 + ["PENDING"]
    world.advance(150)
    assert states(omics, ids) == ["COMPLETED"] * 5
    last = omics.get_run(id=ids[-1])
    assert (last["stopTime"] - last["creationTime"]).total_seconds() == pytest.approx(300)


def test_it_makes_no_difference_when_one_looks(world, omics, start):
    world.settings(maxConcurrentRuns=1)
    seen = []
    for steps in ([300], [10] * 30):
        ids = [start(tags={"emulator:seconds": "60"})["id"] for _ in range(5)]
        began = omics.get_run(id=ids[0])["creationTime"]
        for step in steps:
            world.advance(step)
            omics.list_runs()
        runs = [omics.get_run(id=run_id) for run_id in ids]
        seen.append([round((run["stopTime"] - began).total_seconds(), 3) for run in runs])
    assert seen[0] == seen[1] == [60, 120, 180, 240, 300]


@pytest.mark.parametrize(("order", "first"), [("lowest", 1), ("highest", 9)])
def test_priority_orders_those_that_wait(world, omics, start, order, first):
    world.settings(maxConcurrentRuns=1, priorityOrder=order)
    start(tags={"emulator:seconds": "100"})
    ids = {
        priority: start(priority=priority, tags={"emulator:seconds": "100"})["id"]
        for priority in (0, 5, 1, 9)
    }
    world.advance(150)
    assert [p for p, run_id in ids.items() if states(omics, [run_id]) == ["RUNNING"]] == [first]
    assert omics.list_runs(status="PENDING")["items"][0]["priority"] in ids


def test_a_run_that_waits_can_be_cancelled_and_gives_up_its_place(world, omics, start):
    world.settings(maxConcurrentRuns=1)
    ids = [start(tags={"emulator:seconds": "100"})["id"] for _ in range(3)]
    omics.cancel_run(id=ids[1])
    world.advance(150)
    assert states(omics, ids) == ["COMPLETED", "CANCELLED", "RUNNING"]
    assert "startTime" not in omics.get_run(id=ids[1])


def test_a_cancelled_run_makes_room(world, omics, start):
    world.settings(maxConcurrentRuns=1)
    ids = [start(tags={"emulator:freezes": "", "emulator:seconds": "100"})["id"] for _ in range(2)]
    world.advance(1000)
    assert states(omics, ids) == ["RUNNING", "PENDING"]
    omics.cancel_run(id=ids[0])
    world.advance(50)
    assert states(omics, ids) == ["CANCELLED", "RUNNING"]


def test_a_group_limits_its_own_runs(world, omics, start, group):
    group_id = group(maxRuns=1)
    seconds = {"emulator:seconds": "100"}
    ids = [start(runGroupId=group_id, tags=seconds)["id"] for _ in range(2)]
    alone = start(tags=seconds)["id"]
    world.advance(50)
    assert states(omics, [*ids, alone]) == ["RUNNING", "PENDING", "RUNNING"]
    assert {run["id"] for run in omics.list_runs(runGroupId=group_id)["items"]} == set(ids)
    world.advance(100)
    assert states(omics, ids) == ["COMPLETED", "RUNNING"]


@pytest.mark.parametrize("limit", [{"maxCpus": 1}, {"maxCpus": 100_000}])
def test_a_group_limits_vcpus(world, omics, start, group, limit):
    group_id = group(**limit)
    ids = [start(runGroupId=group_id, tags={"emulator:seconds": "100"})["id"] for _ in range(2)]
    world.advance(50)
    second = "PENDING" if limit["maxCpus"] == 1 else "RUNNING"
    assert states(omics, ids) == ["RUNNING", second]


def test_a_group_ends_runs_that_take_too_long(world, omics, start, group):
    group_id = group(maxDuration=10)
    long = start(runGroupId=group_id, tags={"emulator:seconds": "6000"})["id"]
    short = start(runGroupId=group_id, tags={"emulator:seconds": "60"})["id"]
    frozen = start(runGroupId=group_id, tags={"emulator:freezes": ""})["id"]
    world.advance(6000)
    assert states(omics, [long, short, frozen]) == ["FAILED", "COMPLETED", "FAILED"]
    run = omics.get_run(id=long)
    assert run["failureReason"] == "RUN_TIMED_OUT"
    assert (run["stopTime"] - run["startTime"]).total_seconds() == pytest.approx(601)


def test_groups_are_kept_changed_and_deleted(world, omics, start, group):
    group_id = group(maxRuns=3, tags={"a": "b"})
    omics.update_run_group(id=group_id, name="renamed", maxCpus=7)
    found = omics.get_run_group(id=group_id)
    expected = {"name": "renamed", "maxRuns": 3, "maxCpus": 7, "tags": {"a": "b"}}
    assert {name: found[name] for name in expected} == expected
    assert [each["id"] for each in omics.list_run_groups(name="renamed")["items"]] == [group_id]
    run_id = start(runGroupId=group_id)["id"]
    refused("ConflictException", omics.delete_run_group, id=group_id)
    world.advance(10)
    omics.delete_run_group(id=group_id)
    refused("ResourceNotFoundException", omics.get_run_group, id=group_id)
    assert omics.get_run(id=run_id)["runGroupId"] == group_id
    refused("ResourceNotFoundException", start, runGroupId=group_id)


def test_at_the_limit_of_stored_runs_the_oldest_to_be_removed_goes(world, omics, start):
    world.settings(maxStoredRuns=3)
    kept = start()["id"]
    removed = [start(retentionMode="REMOVE") for _ in range(2)]
    refused("ServiceQuotaExceededException", start)
    world.advance(10)
    new = start()["id"]
    assert new == removed[0]["id"]
    assert omics.get_run(id=new)["uuid"] != removed[0]["uuid"]
    assert omics.get_run(id=kept)["status"] == "COMPLETED"


def test_where_all_are_to_be_retained_the_start_fails(world, omics, start):
    world.settings(maxStoredRuns=2)
    ids = [start()["id"] for _ in range(2)]
    world.advance(10)
    refused("ServiceQuotaExceededException", start)
    omics.delete_run(id=ids[0])
    start()


def test_lists_of_groups_and_caches_come_in_pages(omics, group):
    ids = [group() for _ in range(5)]
    for name in ("list_run_groups", "list_run_caches", "list_workflows"):
        pages = list(omics.get_paginator(name).paginate(PaginationConfig={"PageSize": 2}))
        if name == "list_run_groups":
            assert [item["id"] for page in pages for item in page["items"]] == ids
            assert len(pages) == 3


@pytest.fixture
def cache(omics):
    return omics.create_run_cache(
        name="cache", cacheS3Location="s3://bucket/cache", cacheBehavior="CACHE_ALWAYS"
    )["id"]


def hits(omics, run_id):
    return [task["cacheHit"] for task in omics.list_run_tasks(id=run_id)["items"]]


def test_a_second_run_of_the_same_work_hits_the_cache(world, omics, start, cache):
    inputs = {"cacheId": cache, "tags": {"emulator:seconds": "100"}}
    first = start(parameters={"a": 1}, **inputs)["id"]
    world.advance(200)
    again = start(parameters={"a": 1}, **inputs)["id"]
    other = start(parameters={"a": 2}, **inputs)["id"]
    world.advance(200)
    assert set(hits(omics, first)) == {False}
    assert set(hits(omics, again)) == {True}
    assert set(hits(omics, other)) == {False}
    task = omics.list_run_tasks(id=again)["items"][0]
    place = rf"s3://bucket/cache/[0-9a-f-]{{36}}/{first}/\d+/[0-9a-f-]{{36}}/"
    assert re.fullmatch(place, task["cacheS3Uri"])
    length = [omics.get_run(id=run_id) for run_id in (first, again)]
    seconds = [(run["stopTime"] - run["creationTime"]).total_seconds() for run in length]
    assert seconds[1] < seconds[0] / 2


def test_by_default_only_a_failed_run_fills_the_cache(world, omics, start, cache):
    inputs = {"cacheId": cache, "cacheBehavior": "CACHE_ON_FAILURE", "parameters": {"a": 1}}
    start(**inputs)
    world.advance(10)
    failed = start(tags={"emulator:fails": "RUN_TASK_FAILED"}, **inputs)["id"]
    world.advance(10)
    resumed = start(**inputs)["id"]
    world.advance(10)
    assert set(hits(omics, failed)) == {False}
    assert hits(omics, resumed) == [True] * 4 + [False]
    assert omics.get_run(id=resumed)["cacheBehavior"] == "CACHE_ON_FAILURE"


def test_a_cancelled_run_leaves_only_what_was_done(world, omics, start, cache):
    inputs = {"cacheId": cache, "parameters": {}}
    run_id = start(tags={"emulator:seconds": "100"}, **inputs)["id"]
    world.advance(50)
    omics.cancel_run(id=run_id)
    world.advance(10)
    again = start(**inputs)["id"]
    world.advance(10)
    assert 0 < sum(hits(omics, again)) < 5


def test_caches_are_kept_changed_and_deleted(world, omics, start, cache):
    omics.update_run_cache(id=cache, name="renamed", cacheBehavior="CACHE_ON_FAILURE")
    found = omics.get_run_cache(id=cache)
    assert (found["name"], found["cacheBehavior"]) == ("renamed", "CACHE_ON_FAILURE")
    assert [each["id"] for each in omics.list_run_caches()["items"]] == [cache]
    run = start(cacheId=cache)["id"]
    assert "active runs" in refused("ConflictException", omics.delete_run_cache, id=cache)
    omics.cancel_run(id=run)
    world.advance(10)
    omics.delete_run_cache(id=cache)
    refused("ResourceNotFoundException", omics.get_run_cache, id=cache)
    refused("ResourceNotFoundException", start, cacheId=cache)


def test_configurations_are_kept_and_used(world, omics, start):
    world.settings(creationSeconds=30)
    vpc = {"securityGroupIds": ["sg-0a"], "subnetIds": ["subnet-0a"]}
    made = omics.create_configuration(name="net", runConfigurations={"vpcConfig": vpc})
    assert made["status"] == "CREATING"
    refused("ConflictException", omics.create_configuration, name="net", runConfigurations={})
    world.advance(30)
    assert omics.get_configuration(name="net")["status"] == "ACTIVE"
    assert [each["name"] for each in omics.list_configurations()["items"]] == ["net"]
    world.settings(creationSeconds=0)
    run = start(networkingMode="VPC", configurationName="net")
    assert run["configuration"]["uuid"] == made["uuid"]
    found = omics.get_run(id=run["id"])
    assert found["networkingMode"] == "VPC"
    assert found["vpcConfig"]["subnetIds"] == ["subnet-0a"]
    omics.delete_configuration(name="net")
    refused("ResourceNotFoundException", omics.get_configuration, name="net")
    refused("ResourceNotFoundException", start, configurationName="net")


def test_tasks_have_a_believable_timeline(world, omics, start):
    run_id = start(tags={"emulator:seconds": "1000"})["id"]
    assert omics.list_run_tasks(id=run_id)["items"] == []
    world.advance(400)
    running = omics.list_run_tasks(id=run_id)["items"]
    assert 0 < len(running) < 5
    world.advance(1000)
    run = omics.get_run(id=run_id)
    tasks = omics.list_run_tasks(id=run_id)["items"]
    assert len(tasks) == 5
    assert len({task["taskId"] for task in tasks}) == 5
    for task in tasks:
        assert run["startTime"] <= task["creationTime"] <= task["startTime"] <= task["stopTime"]
        assert task["stopTime"] <= run["stopTime"]
        assert task["status"] == "COMPLETED"
        assert task["instanceType"].startswith("omics.")
        detail = omics.get_run_task(id=run_id, taskId=task["taskId"])
        assert {name: detail[name] for name in task} == task
        assert detail["logStream"].endswith(f"run/{run_id}/task/{task['taskId']}")
    refused("ResourceNotFoundException", omics.get_run_task, id=run_id, taskId="1")
    refused("ResourceNotFoundException", omics.list_run_tasks, id="1")


@pytest.mark.parametrize(
    ("reason", "last"), [("OUT_OF_MEMORY_ERROR", "FAILED"), ("IMPORT_FAILED", None)]
)
def test_a_failed_run_has_a_failed_task_unless_it_failed_before(world, omics, start, reason, last):
    run_id = start(tags={"emulator:fails": reason})["id"]
    world.advance(10)
    tasks = omics.list_run_tasks(id=run_id)["items"]
    assert [task["status"] for task in tasks[-1:]] == ([last] if last else [])
    if last:
        detail = omics.get_run_task(id=run_id, taskId=tasks[-1]["taskId"])
        assert detail["failureReason"] == reason
        failed = omics.list_run_tasks(id=run_id, status="FAILED")["items"]
        assert [task["taskId"] for task in failed] == [tasks[-1]["taskId"]]


def test_a_cancelled_run_cancels_its_tasks(world, omics, start):
    run_id = start(tags={"emulator:seconds": "100"})["id"]
    world.advance(30)
    omics.cancel_run(id=run_id)
    world.advance(20)
    statuses = [task["status"] for task in omics.list_run_tasks(id=run_id)["items"]]
    assert statuses == ["CANCELLED", "CANCELLED"]


def test_gpu_workflows_have_a_gpu_task(world, omics):
    workflow = omics.create_workflow(definitionUri="s3://bucket/w.zip", accelerators="GPU")["id"]
    run_id = omics.start_run(workflowId=workflow, roleArn=ROLE, outputUri="s3://bucket")["id"]
    world.advance(10)
    assert omics.get_run(id=run_id)["accelerators"] == "GPU"
    assert sum(task["gpus"] for task in omics.list_run_tasks(id=run_id)["items"]) == 1


def test_an_account_may_start_one_run_in_ten_seconds(world, omics, start):
    world.settings(startRunPerSecond=0.1)
    run_id = start()["id"]
    message = refused("ThrottlingException", start)
    assert "0.1 calls a second" in message
    assert omics.get_run(id=run_id)["id"] == run_id
