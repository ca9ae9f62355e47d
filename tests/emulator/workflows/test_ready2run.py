"""READY2RUN workflows: whose they are, and their versions."""

import re

import pytest

from tests.emulator.conftest import REGION, ROLE
from tests.emulator.runs.test_runs import refused

GERMLINE = "9500764"
ARN = f"arn:aws:omics:{REGION}::workflow/{GERMLINE}"
VERSION = {"workflowId": GERMLINE, "versionName": "3.0.0", "type": "READY2RUN"}


def test_they_belong_to_no_account(omics):
    assert omics.get_workflow(id=GERMLINE, type="READY2RUN")["arn"] == ARN
    listed = omics.list_workflows(type="READY2RUN")["items"]
    assert ARN in {item["arn"] for item in listed}


def test_they_have_no_tags_and_get_none(omics):
    for arn in (ARN, f"{ARN}/version/3.0.0"):
        assert omics.list_tags_for_resource(resourceArn=arn)["tags"] == {}
        refused("AccessDeniedException", omics.tag_resource, resourceArn=arn, tags={"a": "b"})
        refused("AccessDeniedException", omics.untag_resource, resourceArn=arn, tagKeys=["a"])


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:omics:{REGION}::workflow/1",
        f"arn:aws:omics:eu-west-1::workflow/{GERMLINE}",
        f"arn:aws:omics:{REGION}::run/{GERMLINE}",
        f"{ARN}/version/1.0.0",
    ],
)
def test_what_is_not_offered_is_not_there(omics, arn):
    refused("ResourceNotFoundException", omics.list_tags_for_resource, resourceArn=arn)


def test_one_has_a_version_that_runs_can_name(omics):
    (listed,) = omics.list_workflow_versions(workflowId=GERMLINE, type="READY2RUN")["items"]
    found = omics.get_workflow_version(**VERSION)
    assert listed["versionName"] == found["versionName"] == "3.0.0"
    assert listed["arn"] == found["arn"] == f"{ARN}/version/3.0.0"
    workflow = omics.get_workflow(id=GERMLINE, type="READY2RUN")
    assert found["uuid"] != workflow["uuid"]
    assert found["parameterTemplate"] == workflow["parameterTemplate"]
    run = {
        "workflowId": GERMLINE,
        "workflowType": "READY2RUN",
        "roleArn": ROLE,
        "outputUri": "s3://bucket/out",
        "parameters": {"sample_name": "a", "fastq_pairs": []},
    }
    started = omics.get_run(id=omics.start_run(**run, workflowVersionName="3.0.0")["id"])
    assert (started["workflowVersionName"], started["digest"]) == ("3.0.0", found["digest"])
    refused("ResourceNotFoundException", omics.start_run, **run, workflowVersionName="2.0.0")
    other = omics.list_workflow_versions(workflowId="1830181", type="READY2RUN")
    assert other["items"] == []


def test_digests_name_what_made_them(omics, workflow, start):
    digests = [
        omics.get_workflow(id=workflow)["digest"],
        omics.get_workflow(id=GERMLINE, type="READY2RUN")["digest"],
        omics.list_workflows()["items"][0]["digest"],
        omics.get_run(id=start()["id"])["digest"],
    ]
    for digest in digests:
        assert re.fullmatch("sha256:[0-9a-f]{64}", digest)
