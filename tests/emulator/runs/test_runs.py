import pytest
from botocore.exceptions import ClientError

from tests.emulator.conftest import ROLE


def refused(code, call, **inputs):
    with pytest.raises(ClientError) as caught:
        call(**inputs)
    assert caught.value.response["Error"]["Code"] == code
    return caught.value.response["Error"]["Message"]


def statuses(world, omics, run_id, *steps):
    """The status after each step of emulated seconds."""
    seen = []
    for seconds in steps:
        world.advance(seconds)
        seen.append(omics.get_run(id=run_id)["status"])
    return seen


def test_a_run_passes_every_state_and_completes(world, omics, start):
    run = start(tags={"emulator:seconds": "100"})
    assert statuses(world, omics, run["id"], 0, 4, 2, 10, 78, 2, 5) == [
        "PENDING",
        "PENDING",
        "STARTING",
        "RUNNING",
        "RUNNING",
        "STOPPING",
        "COMPLETED",
    ]


def test_its_times_appear_as_it_reaches_them(world, omics, start):
    run_id = start(tags={"emulator:seconds": "100"})["id"]
    first = omics.get_run(id=run_id)
    assert "startTime" not in first
    assert "stopTime" not in first
    world.advance(50)
    running = omics.get_run(id=run_id)
    assert (running["startTime"] - first["creationTime"]).total_seconds() == pytest.approx(15)
    world.advance(60)
    ended = omics.get_run(id=run_id)
    assert (ended["stopTime"] - first["creationTime"]).total_seconds() == pytest.approx(100)


def test_the_default_length_is_five_seconds(world, omics, start):
    run_id = start()["id"]
    assert statuses(world, omics, run_id, 4.9, 0.2) == ["STOPPING", "COMPLETED"]
    world.settings(runSeconds=2)
    run_id = start()["id"]
    assert statuses(world, omics, run_id, 1.95, 0.1) == ["STOPPING", "COMPLETED"]


def test_a_run_fails_as_its_tag_says(world, omics, start):
    run_id = start(tags={"emulator:fails": "IMPORT_FAILED"})["id"]
    assert "failureReason" not in omics.get_run(id=run_id)
    assert statuses(world, omics, run_id, 4.9, 1) == ["STOPPING", "FAILED"]
    assert omics.get_run(id=run_id)["failureReason"] == "IMPORT_FAILED"


def test_a_frozen_run_runs_until_it_is_cancelled(world, omics, start):
    run_id = start(tags={"emulator:freezes": "yes"})["id"]
    assert statuses(world, omics, run_id, 10**6) == ["RUNNING"]
    omics.cancel_run(id=run_id)
    assert statuses(world, omics, run_id, 0, 5) == ["STOPPING", "CANCELLED"]


def test_a_long_run_begins_and_stops_in_seconds(world, omics, start):
    length = {"emulator:seconds": "100000"}
    run_id = start(tags=length)["id"]
    assert statuses(world, omics, run_id, 9, 2, 20) == ["PENDING", "STARTING", "RUNNING"]
    omics.cancel_run(id=run_id)
    assert statuses(world, omics, run_id, 9, 2) == ["STOPPING", "CANCELLED"]

    run_id = start(tags=length)["id"]
    assert statuses(world, omics, run_id, 99_985, 10, 10) == ["RUNNING", "STOPPING", "COMPLETED"]


def test_the_tasks_of_a_long_run_that_is_cancelled_stop_with_it(world, omics, start):
    run_id = start(tags={"emulator:seconds": "100000"})["id"]
    world.advance(1000)
    omics.cancel_run(id=run_id)
    world.advance(11)
    ended = {task["status"] for task in omics.list_run_tasks(id=run_id)["items"]}
    assert ended == {"CANCELLED"}


def test_a_run_stops_as_slowly_as_its_tag_says(world, omics, start):
    run_id = start(tags={"emulator:stopping": "5000"})["id"]
    omics.cancel_run(id=run_id)
    assert statuses(world, omics, run_id, 4999, 2) == ["STOPPING", "CANCELLED"]


@pytest.mark.parametrize("tag", ["emulator:seconds", "emulator:stopping"])
@pytest.mark.parametrize("value", ["soon", "-1", "inf", "nan"])
def test_an_unreadable_length_is_refused(start, tag, value):
    assert tag in refused("ValidationException", start, tags={tag: value})


@pytest.mark.parametrize(
    ("after", "status"), [(0, "PENDING"), (10, "STARTING"), (50, "RUNNING"), (97, "STOPPING")]
)
def test_cancel_is_asynchronous_and_legal_until_the_end(world, omics, start, after, status):
    run_id = start(tags={"emulator:seconds": "100"})["id"]
    world.advance(after)
    assert omics.get_run(id=run_id)["status"] == status
    omics.cancel_run(id=run_id)
    assert omics.get_run(id=run_id)["status"] == "STOPPING"
    omics.cancel_run(id=run_id)
    assert statuses(world, omics, run_id, 6) == ["CANCELLED"]
    assert ("startTime" in omics.get_run(id=run_id)) == (after >= 50)
    refused("ConflictException", omics.cancel_run, id=run_id)


@pytest.mark.parametrize("after", [0, 10, 50, 97])
def test_an_active_run_is_not_deleted(world, omics, start, after):
    run_id = start(tags={"emulator:seconds": "100"})["id"]
    world.advance(after)
    refused("ConflictException", omics.delete_run, id=run_id)


@pytest.mark.parametrize("tags", [{}, {"emulator:fails": "SERVICE_ERROR"}])
def test_an_ended_run_is_deleted(world, omics, start, tags):
    run_id = start(tags=tags)["id"]
    world.advance(10)
    refused("ConflictException", omics.cancel_run, id=run_id)
    omics.delete_run(id=run_id)
    for call in (omics.get_run, omics.delete_run, omics.cancel_run):
        refused("ResourceNotFoundException", call, id=run_id)


def ids_after_deleting(world, omics, start, count):
    deleted = [start()["id"] for _ in range(count)]
    world.advance(10)
    for run_id in deleted:
        omics.delete_run(id=run_id)
    return deleted, [start()["id"] for _ in range(count)]


def test_ids_of_deleted_runs_are_used_again_and_uuids_are_not(world, omics, start):
    old = start()
    world.advance(10)
    omics.delete_run(id=old["id"])
    new = start()
    assert new["id"] == old["id"]
    assert new["uuid"] != old["uuid"]
    assert new["runOutputUri"] != old["runOutputUri"]


@pytest.mark.parametrize(("setting", "order"), [("reuse", -1), ("oldest", 1)])
def test_which_id_comes_back_first_is_a_setting(world, omics, start, setting, order):
    world.settings(ids=setting)
    deleted, new = ids_after_deleting(world, omics, start, 3)
    assert new == deleted[::order]


def test_ids_can_be_fresh_for_ever(world, omics, start):
    world.settings(ids="fresh")
    deleted, new = ids_after_deleting(world, omics, start, 3)
    assert not set(deleted) & set(new)
    assert all(len(run_id) == 7 for run_id in new)


def test_get_run_answers_what_the_service_fills_in(omics, start):
    run = omics.get_run(id=start(name="one", parameters={"a": {"b": [1, 2.5, None]}})["id"])
    assert run["parameters"] == {"a": {"b": [1, 2.5, None]}}
    assert run["outputUri"] == "s3://bucket/out"
    assert run["runOutputUri"] == f"s3://bucket/out/{run['id']}/{run['uuid']}"
    assert run["arn"] == f"arn:aws:omics:us-east-1:123456789012:run/{run['id']}"
    expected = {
        "name": "one",
        "workflowType": "PRIVATE",
        "storageType": "DYNAMIC",
        "logLevel": "ALL",
        "retentionMode": "RETAIN",
        "networkingMode": "RESTRICTED",
        "scratchStorageMode": "SHARED",
        "outputUriPrefixMode": "SERVICE_DEFINED",
        "roleArn": ROLE,
    }
    assert {name: run[name] for name in expected} == expected
    assert {"digest", "uuid", "workflowUuid", "engineVersion", "startedBy", "logLocation"} <= set(
        run
    )


def test_what_was_never_set_is_not_shown(world, omics, start):
    plain, urgent = start()["id"], start(priority=0)["id"]
    assert "priority" not in omics.get_run(id=plain)
    assert omics.get_run(id=urgent)["priority"] == 0
    listed = {item["id"]: item for item in omics.list_runs()["items"]}
    assert "priority" not in listed[plain]
    assert listed[urgent]["priority"] == 0
    world.advance(10)
    task = omics.list_run_tasks(id=plain)["items"][0]
    assert task["gpus"] == omics.get_run_task(id=plain, taskId=task["taskId"])["gpus"] == 0


def test_no_prefix_is_added_where_the_run_asks_for_none(start):
    run = start(outputUriPrefixMode="NONE_WITH_OVERWRITE")
    assert run["runOutputUri"] == "s3://bucket/out"


@pytest.mark.parametrize(("asked", "given"), [(1, 1200), (1200, 1200), (1201, 2400), (4801, 7200)])
def test_static_sizes_are_rounded_up(omics, start, asked, given):
    run = start(storageType="STATIC", storageCapacity=asked)
    assert omics.get_run(id=run["id"])["storageCapacity"] == given


def test_dynamic_storage_tells_what_was_used_once_it_has_ended(world, omics, start):
    run_id = start(storageType="DYNAMIC", storageCapacity=5000)["id"]
    assert "storageCapacity" not in omics.get_run(id=run_id)
    world.advance(10)
    assert 0 < omics.get_run(id=run_id)["storageCapacity"] < 5000


def test_the_default_storage_type_is_a_setting(world, omics, start):
    assert omics.get_run(id=start()["id"])["storageType"] == "DYNAMIC"
    world.settings(defaultStorageType="STATIC")
    run = omics.get_run(id=start()["id"])
    assert (run["storageType"], run["storageCapacity"]) == ("STATIC", 1200)


def test_every_run_of_a_workflow_uses_as_much_storage(world, omics, start):
    ids = [start()["id"] for _ in range(3)]
    world.advance(10)
    assert len({omics.get_run(id=run_id)["storageCapacity"] for run_id in ids}) == 1


def test_a_run_can_be_duplicated(omics, start):
    first = start(name="first", parameters={"a": 1}, priority=7, tags={"a": "b"})
    again = omics.start_run(
        runId=first["id"], roleArn=ROLE, outputUri="s3://bucket/again", priority=8
    )
    run = omics.get_run(id=again["id"])
    assert (run["name"], run["parameters"], run["priority"]) == ("first", {"a": 1}, 8)
    assert run["runId"] == first["id"]
    assert run["outputUri"] == "s3://bucket/again"
    assert run["tags"] == {}
    refused(
        "ResourceNotFoundException", omics.start_run, runId="1", roleArn=ROLE, outputUri="s3://b"
    )


def test_runs_are_listed_newest_first_and_in_pages(omics, start):
    ids = [start(name=f"run-{number}")["id"] for number in range(5)]
    pages = list(omics.get_paginator("list_runs").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    assert [item["id"] for page in pages for item in page["items"]] == ids[::-1]


def test_pages_hold_while_runs_come_and_go(world, omics, start):
    ids = [start()["id"] for _ in range(4)]
    first = omics.list_runs(maxResults=2)
    start()
    world.advance(10)
    omics.delete_run(id=ids[2])
    second = omics.list_runs(maxResults=2, startingToken=first["nextToken"])
    assert [item["id"] for item in second["items"]] == ids[1::-1]
    assert "nextToken" not in second


@pytest.mark.parametrize("token", ["nonsense", "b21pY3M", "0", "ünknown"])
def test_a_token_that_was_not_given_is_refused(omics, token):
    refused("ValidationException", omics.list_runs, startingToken=token)


def test_runs_are_filtered(world, omics, start):
    early = start(name="early", tags={"emulator:seconds": "100"})["id"]
    world.advance(50)
    late = start(name="late", tags={"emulator:seconds": "100"})["id"]
    assert [run["id"] for run in omics.list_runs(name="late")["items"]] == [late]
    assert [run["id"] for run in omics.list_runs(status="RUNNING")["items"]] == [early]
    assert [run["id"] for run in omics.list_runs(status="PENDING")["items"]] == [late]
    assert omics.list_runs(batchId="1")["items"] == []


def test_each_status_filter_agrees_with_get_run(world, omics, start):
    lives = [{"emulator:seconds": "40"}, {"emulator:seconds": "40", "emulator:fails": "X"}]
    for number in range(24):
        run_id = start(tags=lives[number % 2])["id"]
        if number % 3 == 0:
            omics.cancel_run(id=run_id)
        world.advance(2)
    start()
    listed = {run["id"]: run["status"] for run in omics.list_runs()["items"]}
    assert len(listed) == 25
    assert len(set(listed.values())) == 7
    for status in {*listed.values(), "DELETED"}:
        found = {run["id"] for run in omics.list_runs(status=status)["items"]}
        assert found == {run_id for run_id, seen in listed.items() if seen == status}
    for run_id, status in listed.items():
        assert omics.get_run(id=run_id)["status"] == status


def test_regions_and_accounts_are_apart(world, omics, start):
    run_id = start()["id"]
    elsewhere = world.client(region="eu-west-1")
    assert elsewhere.list_runs()["items"] == []
    refused("ResourceNotFoundException", elsewhere.get_run, id=run_id)


@pytest.mark.parametrize(
    "inputs",
    [
        {"roleArn": "arn:aws:s3:::bucket"},
        {"outputUri": "https://bucket/out"},
        {"cacheBehavior": "CACHE_ALWAYS"},
        {"networkingMode": "VPC"},
        {"parameters": ["a"]},
        {"parameters": {"a": "x" * 50_001}},
        {"tags": {"aws:a": "b"}},
        {"tags": {f"key-{number}": "" for number in range(51)}},
        {"name": "x" * 129},
        {"priority": 100_001},
        {"runGroupId": "x"},
        {"logLevel": "SOME"},
        {"name": "a\x07b"},
        {"runId": "1234567"},
    ],
)
def test_bad_inputs_are_refused_and_nothing_starts(omics, start, inputs):
    refused("ValidationException", start, **inputs)
    assert omics.list_runs()["items"] == []


def test_a_run_needs_something_to_run(omics):
    refused("ValidationException", omics.start_run, roleArn=ROLE, outputUri="s3://bucket")


def test_unknown_workflows_are_not_found_nor_known_ones_by_the_wrong_type(omics, start, workflow):
    ready = omics.list_workflows(type="READY2RUN")["items"][0]["id"]
    for inputs in (
        {"workflowId": "1"},
        {"workflowId": ready},
        {"workflowId": workflow, "workflowType": "READY2RUN"},
    ):
        message = refused("ResourceNotFoundException", start, **inputs)
        assert message == f"Workflow {inputs['workflowId']} not found"


@pytest.mark.parametrize("storage", [{"storageType": "STATIC"}, {"storageCapacity": 1200}])
def test_ready2run_takes_no_storage_settings(omics, start, storage):
    ready = omics.list_workflows(type="READY2RUN")["items"][0]["id"]
    refused("ValidationException", start, workflowId=ready, workflowType="READY2RUN", **storage)


def test_engine_settings_are_for_nextflow(omics, start):
    assert start(engineSettings={"profile": "test"})["status"] == "PENDING"
    wdl = omics.create_workflow(engine="WDL", definitionUri="s3://bucket/w.zip")["id"]
    refused("ValidationException", start, workflowId=wdl, engineSettings={"profile": "test"})


def test_all_broken_rules_of_the_model_come_at_once(start):
    message = refused("ValidationException", start, name="x" * 129, priority=-1)
    assert message.startswith("2 validation errors detected")
    assert "'name'" in message
    assert "'priority'" in message
