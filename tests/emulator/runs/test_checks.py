"""What the service looks at when a run starts: its role, parameters, inputs and images."""

import json

import pytest

from tests.emulator.conftest import ROLE
from tests.emulator.runs.test_runs import refused
from tests.emulator.workflows.test_workflows import zipped

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
WDL = """
version 1.0
struct Sample { String id  File reads }
workflow Align {
  input { File? reads  Array[Sample] samples = []  String? label  String image = "%s" }
  call prepare
  call map { input: docker = image }
  call report
  output { String done = report.done }
}
task prepare { command { } }
task map { input { String docker } command { } runtime { docker: docker } }
task report { command { } output { String done = "yes" } }
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "omics.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
PULL = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "omics.amazonaws.com"},
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        }
    ],
}
FOR_OTHERS = json.loads(json.dumps(PULL).replace("omics.amazonaws", "ec2.amazonaws"))


@pytest.fixture
def cloud(moto_world):
    """The doors that have moto's services, with a bucket that holds one file."""
    s3 = moto_world.other("s3")
    s3.create_bucket(Bucket="bucket-one")
    s3.put_object(Bucket="bucket-one", Key="reads/a.bam", Body=b"reads")
    return moto_world


def defined(cloud, image=f"{ECR}/tools:1", **inputs):
    made = cloud.client().create_workflow(definitionZip=zipped(main_wdl=WDL % image), **inputs)
    return made["id"]


def started(cloud, workflow, parameters=None, **inputs):
    request = {"roleArn": ROLE, "outputUri": "s3://bucket-one/out", **inputs}
    return cloud.client().start_run(
        workflowId=workflow, parameters={} if parameters is None else parameters, **request
    )["id"]


def ended(cloud, *args, **inputs):
    """A run's record once it has ended."""
    run_id = started(cloud, *args, **inputs)
    cloud.advance(10)
    return cloud.client().get_run(id=run_id)


def verdict(run):
    return run["status"], run.get("failureReason")


def tasks_of(cloud, run):
    listed = cloud.client().list_run_tasks(id=run["id"])["items"]
    return {task["name"]: task["status"] for task in listed}


def repository(cloud, name="tools", policy=PULL):
    cloud.other("ecr").create_repository(repositoryName=name)
    if policy is not None:
        cloud.other("ecr").set_repository_policy(repositoryName=name, policyText=json.dumps(policy))


def role(cloud, name="omics", trust=TRUST):
    made = cloud.other("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    return made["Role"]["Arn"]


def engine_log(cloud, run):
    events = cloud.other("logs").get_log_events(
        logGroupName="/aws/omics/WorkflowLog",
        logStreamName=f"run/{run['id']}/engine",
        startFromHead=True,
    )["events"]
    return "\n".join(event["message"] for event in events)


# Inputs.


@pytest.mark.parametrize(
    "parameters",
    [
        {"reads": "s3://bucket-one/reads/b.bam"},
        {"reads": "s3://no-such-bucket/reads/a.bam"},
        {"reads": "s3://bucket-one/reads"},
        {"samples": [{"id": "one", "reads": "s3://bucket-one/reads/b.bam"}]},
    ],
)
def test_a_run_whose_input_is_not_there_starts_and_fails(cloud, parameters):
    cloud.settings(checkInputs=True)
    repository(cloud)
    run = ended(cloud, defined(cloud), parameters)
    assert verdict(run) == ("FAILED", "INPUT_URI_NOT_FOUND")
    missing = parameters.get("reads") or parameters["samples"][0]["reads"]
    assert f"The provided URI does not exist: {missing}." in run["statusMessage"]
    assert tasks_of(cloud, run) == {}


def test_a_run_whose_inputs_are_there_completes(cloud):
    cloud.settings(checkInputs=True)
    repository(cloud)
    given = {
        "reads": "s3://bucket-one/reads/a.bam",
        "samples": [{"id": "one", "reads": "s3://bucket-one/reads/a.bam"}],
        "label": "s3://no-such-bucket/is-only-a-text",
    }
    assert verdict(ended(cloud, defined(cloud), given)) == ("COMPLETED", None)


def test_inputs_are_not_looked_at_until_that_is_asked_for(cloud):
    run = ended(cloud, defined(cloud, "busybox:1"), {"reads": "s3://no-such-bucket/a.bam"})
    assert verdict(run) == ("COMPLETED", None)


@pytest.mark.parametrize("uri", ["reads.bam", "https://host/reads.bam", "s3://bucket-one/"])
def test_an_input_that_is_no_uri_fails(cloud, uri):
    cloud.settings(checkInputs=True)
    run = ended(cloud, defined(cloud), {"reads": uri})
    assert verdict(run) == ("FAILED", "INVALID_URI_INPUT")
    assert uri in run["statusMessage"]


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("s3://bucket-one/reads/a.bam", None),
        ("s3://bucket-one/reads/", None),
        ("s3://bucket-one/reads", None),
        ("s3://bucket-one/read", "INPUT_URI_NOT_FOUND"),
        ("just text", None),
    ],
)
def test_without_types_each_uri_of_s3_is_an_input(cloud, uri, reason):
    cloud.settings(checkInputs=True)
    made = cloud.client().create_workflow(engine="NEXTFLOW", definitionUri="s3://bucket-one/w.zip")
    run = ended(cloud, made["id"], {"input": {"sheet": [uri]}})
    assert run.get("failureReason") == reason


def test_digests_of_inputs_are_there_from_starting_on(cloud):
    omics, workflow = cloud.client(), defined(cloud)
    given = {"reads": "s3://bucket-one/reads/a.bam", "label": "s3://bucket-one/reads/a.bam"}
    run_id = started(cloud, workflow, given, tags={"emulator:seconds": "100"})
    assert omics.get_run(id=run_id)["resourceDigests"] == {}
    cloud.advance(6)
    run = omics.get_run(id=run_id)
    assert run["status"] == "STARTING"
    etag = cloud.other("s3").head_object(Bucket="bucket-one", Key="reads/a.bam")["ETag"]
    assert run["resourceDigests"] == {"s3://bucket-one/reads/a.bam": f"etag:{etag.strip(chr(34))}"}


# Images.


@pytest.mark.parametrize("image", ["busybox:1", "quay.io/a/b:1", "public.ecr.aws/ubuntu:20.04"])
def test_an_image_that_is_not_of_ecr_fails_at_its_task(world, image):
    world.settings(checkInputs=True)
    run = ended(world, defined(world, image))
    assert verdict(run) == ("FAILED", "INVALID_ECR_IMAGE_URI")
    assert "The Amazon ECR image URI structure isn't valid." in run["statusMessage"]
    assert tasks_of(world, run) == {"prepare": "COMPLETED", "map": "FAILED"}


@pytest.mark.parametrize("policy", [None, FOR_OTHERS])
def test_a_repository_that_does_not_let_the_service_pull_fails(cloud, policy):
    cloud.settings(checkInputs=True)
    repository(cloud, policy=policy)
    run = ended(cloud, defined(cloud))
    assert verdict(run) == ("FAILED", "ECR_PERMISSION_ERROR")
    assert tasks_of(cloud, run) == {"prepare": "COMPLETED", "map": "FAILED"}
    assert f"{ECR}/tools:1" in engine_log(cloud, run)


@pytest.mark.parametrize("image", [f"{ECR}/other:1", f"{ECR.replace('us-east', 'us-west')}/tools"])
def test_a_repository_that_is_not_there_fails(cloud, image):
    cloud.settings(checkInputs=True)
    repository(cloud)
    assert verdict(ended(cloud, defined(cloud, image))) == ("FAILED", "ECR_PERMISSION_ERROR")


def test_an_image_is_given_by_a_parameter(cloud):
    cloud.settings(checkInputs=True)
    repository(cloud)
    workflow = defined(cloud, "busybox:1")
    run = ended(cloud, workflow, {"image": f"{ECR}/tools:2"})
    assert verdict(run) == ("COMPLETED", None)
    assert verdict(ended(cloud, workflow)) == ("FAILED", "INVALID_ECR_IMAGE_URI")


def test_a_registry_map_leads_an_image_to_ecr(cloud):
    cloud.settings(checkInputs=True)
    repository(cloud, "hub/library/busybox")
    registries = {
        "registryMappings": [
            {"upstreamRegistryUrl": "registry-1.docker.io", "ecrRepositoryPrefix": "hub"}
        ]
    }
    run = ended(cloud, defined(cloud, "busybox:1", containerRegistryMap=registries))
    assert verdict(run) == ("COMPLETED", None)
    omics = cloud.client()
    ids = {task["name"]: task["taskId"] for task in omics.list_run_tasks(id=run["id"])["items"]}
    assert omics.get_run_task(id=run["id"], taskId=ids["map"])["imageDetails"] == {
        "image": f"{ECR}/hub/library/busybox:1",
        "sourceImage": "busybox:1",
    }
    assert "imageDetails" not in omics.get_run_task(id=run["id"], taskId=ids["report"])


# Types of parameters.


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"label": {"a": 1}}, 'couldn\'t construct String? from {"a": 1}'),
        ({"reads": 7}, "couldn't construct File? from 7"),
        ({"samples": ['{"id": "one"}']}, "couldn't construct Sample from"),
        ({"samples": [{"id": "one"}]}, "omits required field(s): 'reads'"),
    ],
)
def test_parameters_of_another_type_are_the_engines_to_find(cloud, parameters, told):
    workflow = defined(cloud)
    run = ended(cloud, workflow, parameters)
    assert verdict(run) == ("FAILED", "WORKFLOW_RUN_FAILED")
    assert "Workflow run failed. Review the CloudWatch Logs engine log" in run["statusMessage"]
    assert told in engine_log(cloud, run)
    assert tasks_of(cloud, run) == {}
    cloud.settings(parameterCheck="off")
    assert verdict(ended(cloud, workflow, parameters)) == ("COMPLETED", None)


def test_a_parameter_that_the_template_has_and_the_definition_has_not_fails(cloud):
    template = {"extra": {"optional": True}, "reads": {"optional": True}}
    workflow = defined(cloud, parameterTemplate=template)
    run = ended(cloud, workflow, {"extra": 1})
    assert verdict(run) == ("FAILED", "WORKFLOW_RUN_FAILED")
    assert "check JSON input; unknown input/output: extra" in engine_log(cloud, run)
    assert verdict(ended(cloud, workflow)) == ("COMPLETED", None)


# Roles and buckets.

ROLE_TEXT = "IAM role is invalid or inaccessible"


def bad_trust(**changes):
    return {"Statement": [{**TRUST["Statement"][0], **changes}]}


ELSEWHERE = {"ArnLike": {"aws:SourceArn": "arn:aws:omics:eu-west-1:123456789012:run/*"}}
BAD_ROLES = {
    "not there": lambda cloud: ROLE,
    "of another account": lambda cloud: role(cloud).replace("123456789012", "210987654321"),
    "without trust": lambda cloud: role(
        cloud, trust=bad_trust(Principal={"Service": "ec2.amazonaws.com"})
    ),
    "for another region": lambda cloud: role(cloud, trust=bad_trust(Condition=ELSEWHERE)),
}
BAD_OUTPUTS = {
    "s3://no-such-bucket/out": "S3 access denied for s3://no-such-bucket/out",
    "s3://bucket-west/out": "S3 bucket not located in us-east-1 region",
}


@pytest.fixture
def two_regions(cloud):
    cloud.other("s3").create_bucket(
        Bucket="bucket-west", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    return cloud


@pytest.mark.parametrize("why", BAD_ROLES)
def test_a_role_is_looked_at_in_start_run_or_later_or_never(cloud, why):
    bad, workflow = BAD_ROLES[why](cloud), defined(cloud)
    cloud.settings(accessCheck="start")
    assert refused("ValidationException", started, cloud=cloud, workflow=workflow, roleArn=bad) == (
        ROLE_TEXT
    )
    assert cloud.client().list_runs()["items"] == []
    cloud.settings(accessCheck="run")
    run = ended(cloud, workflow, roleArn=bad)
    assert verdict(run) == ("FAILED", "ASSUME_ROLE_FAILED")
    assert tasks_of(cloud, run) == {}
    cloud.settings(accessCheck="off")
    assert verdict(ended(cloud, workflow, roleArn=bad)) == ("COMPLETED", None)


@pytest.mark.parametrize("output", BAD_OUTPUTS)
def test_a_bucket_is_looked_at_in_start_run_or_later_or_never(two_regions, output):
    cloud = two_regions
    good, workflow = role(cloud), defined(cloud)
    inputs = {"roleArn": good, "outputUri": output}
    cloud.settings(accessCheck="start")
    assert (
        refused("ValidationException", started, cloud=cloud, workflow=workflow, **inputs)
        == BAD_OUTPUTS[output]
    )
    cloud.settings(accessCheck="run")
    run = ended(cloud, workflow, **inputs)
    assert verdict(run) == ("FAILED", "EXPORT_FAILED")
    assert set(tasks_of(cloud, run).values()) == {"COMPLETED"}
    cloud.settings(accessCheck="off")
    assert verdict(ended(cloud, workflow, **inputs)) == ("COMPLETED", None)


@pytest.mark.parametrize("when", ["start", "run"])
def test_a_good_role_and_bucket_pass(cloud, when):
    cloud.settings(accessCheck=when)
    run = ended(cloud, defined(cloud), roleArn=role(cloud))
    assert verdict(run) == ("COMPLETED", None)


def test_a_role_of_another_account_is_known_in_every_door(world, start):
    start(roleArn="arn:aws:iam::210987654321:role/omics")
    world.settings(accessCheck="start")
    refused("ValidationException", start, roleArn="arn:aws:iam::210987654321:role/omics")


def test_a_workflow_of_an_owner_that_shares_none_is_not_found(omics, start, workflow):
    message = refused("ResourceNotFoundException", start, workflowOwnerId="210987654321")
    assert message == f"Workflow {workflow} not found"
    assert omics.list_runs()["items"] == []
    start(workflowOwnerId="123456789012")
