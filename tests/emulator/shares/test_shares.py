"""Shares of workflows between two accounts."""

import pytest

from tests.emulator.conftest import ROLE
from tests.emulator.runs.test_runs import refused
from tests.emulator.workflows.test_workflows import GOOD, zipped

OWNER, SUBSCRIBER, STRANGER = "123456789012", "210987654321", "333333333333"
HERE = "arn:aws:omics:us-east-1"


@pytest.fixture
def arn(omics, workflow):
    return omics.get_workflow(id=workflow)["arn"]


@pytest.fixture
def friend(world):
    """A client of the account that the workflow is shared with."""
    return world.client_of(SUBSCRIBER)


@pytest.fixture
def share(omics, arn):
    """The id of a share that is PENDING."""
    made = omics.create_share(resourceArn=arn, principalSubscriber=SUBSCRIBER, shareName="my-share")
    assert (made["status"], made["shareName"]) == ("PENDING", "my-share")
    return made["shareId"]


def test_a_share_is_offered_accepted_and_taken_back(world, omics, friend, arn, workflow, share):
    world.settings(creationSeconds=10)

    def seen(client):
        return client.get_share(shareId=share)["share"]

    assert seen(omics) == seen(friend)
    assert {name: seen(omics)[name] for name in ("ownerId", "principalSubscriber", "status")} == {
        "ownerId": OWNER, "principalSubscriber": SUBSCRIBER, "status": "PENDING",
    }  # fmt: skip
    assert (seen(omics)["resourceArn"], seen(omics)["resourceId"]) == (arn, workflow)
    world.advance(1)
    assert friend.accept_share(shareId=share)["status"] == "ACTIVATING"
    assert seen(omics)["status"] == "ACTIVATING"
    world.advance(10)
    assert seen(friend)["status"] == "ACTIVE"
    assert seen(friend)["updateTime"] > seen(friend)["creationTime"]
    assert omics.delete_share(shareId=share)["status"] == "DELETING"
    assert seen(omics)["status"] == "DELETING"
    world.advance(10)
    for client in (omics, friend):
        refused("ResourceNotFoundException", client.get_share, shareId=share)


def test_only_its_subscriber_accepts_a_share_and_once(omics, world, friend, share):
    refused("AccessDeniedException", omics.accept_share, shareId=share)
    stranger = world.client_of(STRANGER)
    for call in (stranger.accept_share, stranger.get_share, stranger.delete_share):
        refused("ResourceNotFoundException", call, shareId=share)
    friend.accept_share(shareId=share)
    refused("ConflictException", friend.accept_share, shareId=share)
    friend.delete_share(shareId=share)
    refused("ResourceNotFoundException", omics.get_share, shareId=share)


def test_shares_are_listed_by_who_made_them(omics, friend, arn, share):
    def ids(client, owner, **wanted):
        found = client.list_shares(resourceOwner=owner, filter=wanted)["shares"]
        return [each["shareId"] for each in found]

    assert ids(omics, "SELF") == ids(friend, "OTHER") == [share]
    assert ids(omics, "OTHER") == ids(friend, "SELF") == []
    assert ids(omics, "SELF", status=["PENDING", "ACTIVE"], type=["WORKFLOW"]) == [share]
    assert ids(omics, "SELF", resourceArns=[arn]) == [share]
    assert ids(omics, "SELF", resourceArns=[f"{arn}1"]) == []
    assert ids(omics, "SELF", status=["FAILED"]) == ids(omics, "SELF", type=["VARIANT_STORE"]) == []
    refused("ValidationException", omics.list_shares, resourceOwner="SELF", maxResults=0)


def test_pages_of_shares_are_whole(omics, arn):
    made = [
        omics.create_share(resourceArn=arn, principalSubscriber=f"{number:012}")["shareId"]
        for number in range(1, 6)
    ]
    seen, token = [], {}
    while len(seen) < 9:
        page = omics.list_shares(resourceOwner="SELF", maxResults=2, **token)
        seen += [each["shareId"] for each in page["shares"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert seen == made


@pytest.mark.parametrize(
    ("resource", "subscriber", "code"),
    [
        (f"{HERE}:{OWNER}:workflow/9", SUBSCRIBER, "ResourceNotFoundException"),
        (f"arn:aws:omics:eu-west-1:{OWNER}:workflow/9", SUBSCRIBER, "ResourceNotFoundException"),
        (f"{HERE}:{SUBSCRIBER}:workflow/9", SUBSCRIBER, "AccessDeniedException"),
        (f"{HERE}:{OWNER}:variantStore/x", SUBSCRIBER, "ResourceNotFoundException"),
        (f"{HERE}:{OWNER}:run/1", SUBSCRIBER, "ValidationException"),
        ("arn:aws:s3:::bucket", SUBSCRIBER, "ValidationException"),
        (None, OWNER, "ValidationException"),
        (None, "someone", "ValidationException"),
    ],
)  # fmt: skip
def test_a_share_is_of_ones_own_workflow_with_another_account(
    omics, arn, resource, subscriber, code
):
    inputs = {"resourceArn": resource or arn, "principalSubscriber": subscriber}
    refused(code, omics.create_share, **inputs)


def test_a_share_is_of_a_workflow_in_the_same_region(omics, arn):
    inputs = {"resourceArn": arn.replace("us-east-1", "eu-west-1")}
    inputs["principalSubscriber"] = SUBSCRIBER
    refused("ResourceNotFoundException", omics.create_share, **inputs)


def test_a_workflow_is_shared_once_with_an_account(omics, arn, share):
    again = {"resourceArn": arn, "principalSubscriber": SUBSCRIBER}
    refused("ConflictException", omics.create_share, **again)
    omics.create_share(resourceArn=arn, principalSubscriber=STRANGER)
    omics.delete_share(shareId=share)
    omics.create_share(**again)


def test_a_subscriber_runs_a_shared_workflow_while_the_share_is_active(
    world, omics, friend, workflow, share
):
    run = {"workflowId": workflow, "roleArn": ROLE, "outputUri": "s3://bucket/out"}
    of_owner = {**run, "workflowOwnerId": OWNER}
    message = refused("ResourceNotFoundException", friend.start_run, **of_owner)
    assert message == f"Workflow {workflow} not found"
    friend.accept_share(shareId=share)
    started = friend.start_run(**of_owner)
    found = friend.get_run(id=started["id"])
    assert (found["workflowId"], found["workflowOwnerId"]) == (workflow, OWNER)
    assert f":{SUBSCRIBER}:run/" in found["arn"]
    refused("ResourceNotFoundException", friend.start_run, **run)
    stranger = world.client_of(STRANGER)
    refused("ResourceNotFoundException", stranger.start_run, **of_owner)
    refused("ResourceNotFoundException", stranger.get_workflow, id=workflow, workflowOwnerId=OWNER)
    omics.start_run(**of_owner)
    again = {"runId": started["id"], "roleArn": ROLE, "outputUri": "s3://bucket/out"}
    refused("ValidationException", friend.start_run, **again)
    omics.delete_share(shareId=share)
    refused("ResourceNotFoundException", friend.start_run, **of_owner)
    assert friend.get_run(id=started["id"])["status"]


def test_a_batch_runs_a_shared_workflow(world, friend, workflow, share):
    batch = {
        "defaultRunSetting": {
            "workflowId": workflow, "workflowOwnerId": OWNER, "roleArn": ROLE,
            "outputUri": "s3://bucket/out",
        },
        "batchRunSettings": {"inlineSettings": [{"runSettingId": "one"}]},
    }  # fmt: skip
    refused("ResourceNotFoundException", friend.start_run_batch, **batch)
    friend.accept_share(shareId=share)
    made = friend.start_run_batch(**batch)
    world.advance(2)
    [run] = friend.list_runs_in_batch(batchId=made["id"])["runs"]
    assert run["submissionStatus"] == "SUCCESS"


def test_a_subscriber_sees_a_shared_workflow_and_its_versions_and_exports_none(omics, friend):
    made = omics.create_workflow(name="shared", definitionZip=zipped(main_wdl=GOOD))
    version = {"workflowId": made["id"], "versionName": "v1"}
    omics.create_workflow_version(**version, definitionZip=zipped(main_wdl=GOOD))
    share = omics.create_share(resourceArn=made["arn"], principalSubscriber=SUBSCRIBER)["shareId"]
    friend.accept_share(shareId=share)
    owner = {"workflowOwnerId": OWNER}
    found = friend.get_workflow(id=made["id"], **owner)
    assert (found["name"], found["arn"]) == ("shared", made["arn"])
    assert friend.get_workflow_version(**version, **owner)["versionName"] == "v1"
    [listed] = friend.list_workflow_versions(workflowId=made["id"], **owner)["items"]
    assert listed["arn"].startswith(made["arn"])
    assert friend.list_workflows()["items"] == []
    wanted = {**owner, "export": ["DEFINITION"]}
    refused("AccessDeniedException", friend.get_workflow, id=made["id"], **wanted)
    refused("AccessDeniedException", friend.get_workflow_version, **version, **wanted)
    run = {
        "workflowId": made["id"], "roleArn": ROLE, "outputUri": "s3://bucket",
        "parameters": {"reads": "s3://bucket/reads"},
    }  # fmt: skip
    started = friend.start_run(**run, **owner)["id"]
    refused("AccessDeniedException", friend.get_run, id=started, export=["DEFINITION"])
    assert friend.get_run(id=started)["workflowOwnerId"] == OWNER
    own = omics.start_run(**run, **owner)["id"]
    assert omics.get_run(id=own, export=["DEFINITION"])["definition"]
    # What is not asked for of its owner is not there, nor is it the subscriber's to change.
    refused("ResourceNotFoundException", friend.get_workflow, id=made["id"])
    refused("ResourceNotFoundException", friend.delete_workflow, id=made["id"])
    refused(
        "ResourceNotFoundException", friend.tag_resource, resourceArn=made["arn"], tags={"a": "b"}
    )
    reshare = {"resourceArn": made["arn"], "principalSubscriber": STRANGER}
    refused("AccessDeniedException", friend.create_share, **reshare)


def test_a_workflow_with_shares_is_not_deleted(omics, friend, workflow, share):
    assert share in refused("ConflictException", omics.delete_workflow, id=workflow)
    friend.accept_share(shareId=share)
    refused("ConflictException", omics.delete_workflow, id=workflow)
    friend.delete_share(shareId=share)
    omics.delete_workflow(id=workflow)
