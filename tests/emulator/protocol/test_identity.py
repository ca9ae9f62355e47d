"""What tells answers and things apart: ids of requests, and ids of each kind."""

import itertools

import pytest
from botocore.exceptions import ClientError

from tests.emulator.conftest import ROLE


def test_each_answer_has_a_request_id_of_its_own(omics, workflow):
    given = [omics.list_runs(), omics.get_workflow(id=workflow)]
    given.append(omics.tag_resource(resourceArn=given[1]["arn"], tags={"a": "b"}))
    given.append(omics.update_workflow(id=workflow, name="other"))
    for call in (omics.get_run, omics.cancel_run):
        with pytest.raises(ClientError) as caught:
            call(id="1")
        given.append(caught.value.response)
    ids = [answer["ResponseMetadata"]["RequestId"] for answer in given]
    assert len(set(ids)) == len(given)


def test_a_refused_and_a_failed_call_have_a_request_id(world, omics):
    world.faults(
        {"operation": "GetRun", "fault": "throttle", "count": 1},
        {"operation": "ListRuns", "fault": "late-500", "count": 1},
    )
    for call in (
        lambda: omics.get_run(id="1"),
        omics.list_runs,
        lambda: omics.list_variant_stores(),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["ResponseMetadata"]["RequestId"]


def made(omics, number):
    """One thing of each kind: its id by kind."""
    workflow = omics.create_workflow(definitionUri="s3://bucket/w.zip", requestId=f"w{number}")
    run = {"workflowId": workflow["id"], "roleArn": ROLE, "outputUri": "s3://bucket/out"}
    batch = omics.start_run_batch(
        defaultRunSetting=run, batchRunSettings={"inlineSettings": [{"runSettingId": "one"}]}
    )
    return {
        "workflow": workflow["id"],
        "run": omics.start_run(**run, requestId=f"r{number}")["id"],
        "group": omics.create_run_group(requestId=f"g{number}")["id"],
        "cache": omics.create_run_cache(
            cacheS3Location="s3://bucket/cache", requestId=f"c{number}"
        )["id"],
        "batch": batch["id"],
    }


def test_ids_of_one_kind_are_not_those_of_another(omics):
    things = [made(omics, number) for number in range(4)]
    ids = [thing[kind] for thing in things for kind in thing]
    assert len(set(ids)) == len(ids)
    assert {len(each) for each in ids} == {7}
    for kind in things[0]:
        in_order = [int(thing[kind]) for thing in things]
        assert in_order != sorted(in_order), kind
        steps = {after - before for before, after in itertools.pairwise(in_order)}
        assert 1 not in steps


def test_the_first_run_keeps_the_id_that_the_pages_show(omics, start):
    assert start()["id"] == "4457193"
