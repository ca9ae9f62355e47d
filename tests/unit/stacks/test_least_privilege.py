"""What the policies of stacks/ let the runs do: linted by cfn-lint, simulated by moto's evaluator.

The actions that a run needs are those of the developer guide's page "Service roles for AWS
HealthOmics" (docs.aws.amazon.com/omics/latest/dev/permissions-service.html), the run cache's among
them, and of its page on ECR (permissions-ecr.html).
"""

import json
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint
from moto.iam.access_control import IAMPolicy, PermissionResult

from omics_provider.preflight.rules import trust
from stacks import _policies
from stacks._policies import Location

ACCOUNT, REGION = "111122223333", "us-east-1"
BUCKET = "omics-runs-production-results-1a2b3c4"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:omics-runs-production-ended-runs-1a2b3c4"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/omics-runs-production-ended-runs-1a2b3c4"
LOG = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/omics/WorkflowLog"
ECR = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository"

PERMISSIONS = _policies.permissions(
    ACCOUNT,
    REGION,
    inputs=[Location("sequencer", "flowcell-7/"), Location("references", "")],
    outputs=[Location(BUCKET, "results/"), Location(BUCKET, "cache/")],
    repositories=["fastp"],
)
TRUST = _policies.trust(ACCOUNT, REGION)
TEMPLATE = {
    "Resources": {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": TRUST,
                "Policies": [{"PolicyName": "runs", "PolicyDocument": PERMISSIONS}],
            },
        },
        "Bucket": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": BUCKET,
                "PolicyDocument": _policies.bucket(f"arn:aws:s3:::{BUCKET}"),
            },
        },
        "Topic": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {"Topics": [TOPIC], "PolicyDocument": _policies.topic(TOPIC, RULE)},
        },
    }
}


def found(template: dict[str, Any]) -> list[str]:
    """Return what cfn-lint says, of its informational rules too."""
    matches = lint(
        json.dumps(template),
        config=ManualArgs(regions=[REGION], include_checks=["I"], ignore_checks=["W2", "I3042"]),
    )
    return [f"{match.rule.id} {match.message}" for match in matches]


def test_the_linter_finds_nothing() -> None:
    assert found(TEMPLATE) == []


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("s3:PutObject", "s3:PutObjects", "W3037"),
        ("logs:PutLogEvents", "log:PutLogEvents", "W3037"),
        (f"{ECR}/fastp", "arn:aws:sns:::fastp", "I3510"),
        ('"Effect": "Allow"', '"Effect": "allow"', "E35"),
    ],
)
def test_the_linter_can_find_something(before: str, after: str, rule: str) -> None:
    text = json.dumps(TEMPLATE)
    assert before in text
    assert any(each.startswith(rule) for each in found(json.loads(text.replace(before, after))))


# What a run needs, and what it must not have ------------------------------------------------------

NEEDED = [
    ("s3:GetObject", "arn:aws:s3:::sequencer/flowcell-7/HG002_R1.fastq.gz"),
    ("s3:ListBucket", "arn:aws:s3:::sequencer"),
    ("s3:GetObject", "arn:aws:s3:::references/GRCh38/GRCh38.fa"),
    ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/results/1234567/out/a.html"),
    ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/results/1234567/out/a.html"),
    ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/cache/1234567/a.json"),
    ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/cache/1234567/a.json"),
    ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}"),
    ("logs:CreateLogGroup", f"{LOG}:*"),
    ("logs:DescribeLogStreams", f"{LOG}:log-stream:*"),
    ("logs:CreateLogStream", f"{LOG}:log-stream:run/1234567"),
    ("logs:PutLogEvents", f"{LOG}:log-stream:run/1234567/task/7654321"),
    ("ecr:BatchGetImage", f"{ECR}/fastp"),
    ("ecr:GetDownloadUrlForLayer", f"{ECR}/fastp"),
    ("ecr:BatchCheckLayerAvailability", f"{ECR}/fastp"),
]
REFUSED = [
    # Inputs are never written, and no other folder of their buckets is read.
    ("s3:PutObject", "arn:aws:s3:::sequencer/flowcell-7/HG002_R1.fastq.gz"),
    ("s3:GetObject", "arn:aws:s3:::sequencer/flowcell-8/HG002_R1.fastq.gz"),
    ("s3:GetObject", "arn:aws:s3:::sequencer/flowcell-7"),
    ("s3:ListBucket", "arn:aws:s3:::sequencer-of-others"),
    ("s3:GetObject", "arn:aws:s3:::references-of-others/GRCh38.fa"),
    # Nothing is deleted, and nothing about the bucket itself is changed.
    ("s3:DeleteObject", f"arn:aws:s3:::{BUCKET}/results/1234567/out/a.html"),
    ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/elsewhere/a.html"),
    ("s3:PutObject", f"arn:aws:s3:::{BUCKET}-of-others/results/a.html"),
    ("s3:PutBucketPolicy", f"arn:aws:s3:::{BUCKET}"),
    ("s3:PutLifecycleConfiguration", f"arn:aws:s3:::{BUCKET}"),
    ("s3:ListAllMyBuckets", "*"),
    # One log, one repository.
    ("logs:DeleteLogGroup", f"{LOG}:*"),
    ("logs:PutLogEvents", LOG.replace("omics", "lambda") + ":log-stream:a"),
    ("ecr:BatchGetImage", f"{ECR}/fastp-of-others"),
    ("ecr:PutImage", f"{ECR}/fastp"),
    # Nothing that would let a run do more than it may.
    ("omics:StartRun", f"arn:aws:omics:{REGION}:{ACCOUNT}:run/*"),
    ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
    ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/omics-runs-production-runs-1a2b3c4"),
    ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
    ("sns:Publish", TOPIC),
]


def may(action: str, resource: str) -> bool:
    """Simulate: the role's policies allow it, or not."""
    policy = IAMPolicy(json.dumps(PERMISSIONS))
    return policy.is_action_permitted(action, resource) is PermissionResult.PERMITTED


@pytest.mark.parametrize(("action", "resource"), NEEDED)
def test_a_run_may_do_what_it_needs(action: str, resource: str) -> None:
    assert may(action, resource)


@pytest.mark.parametrize(("action", "resource"), REFUSED)
def test_a_run_may_do_nothing_else(action: str, resource: str) -> None:
    assert not may(action, resource)


def test_every_action_that_is_granted_is_needed() -> None:
    granted = {action for each in PERMISSIONS["Statement"] for action in each["Action"]}
    assert granted == {action for action, _ in NEEDED}


@pytest.mark.parametrize(
    ("account", "region", "verdict"),
    [
        (ACCOUNT, REGION, "trusts"),
        ("444455556666", REGION, "condition"),
        (ACCOUNT, "eu-west-2", "condition"),
    ],
)
def test_runs_of_this_account_and_region_alone_get_the_role(
    account: str, region: str, verdict: str
) -> None:
    assert trust.verdict(TRUST, trust.Runs(account, region)) == verdict
