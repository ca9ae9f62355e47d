"""The same cohort in an AWS account, with a bucket and a role of its own.

The bucket and everything that guards it outlive the stack: results are never deleted.
The role is good for HealthOmics runs of this account and Region alone, and reads only the
folders that the sample sheet and `sharedInputs` name.
"""

import json

import pulumi
import pulumi_aws as aws

from stacks import _cohort, _policies, _samples

RESULTS = "results/"
DAYS_FOR_UPLOAD = 7
DAYS_BEFORE_TIERING = 30


def main() -> None:
    """Make bucket and role, start a run for each sample, and wait for all of them."""
    config = pulumi.Config()
    samples = _samples.read_sheet(_cohort.sheet(config))
    shared: list[str] = config.get_object("sharedInputs") or []
    inputs = _policies.folders([uri for sample in samples for uri in sample.files()] + shared)
    bucket, guards = results_bucket()
    role, permissions = run_role(bucket, inputs, config.get_object("ecrRepositories") or [])
    runs = _cohort.start(
        samples,
        _cohort.Workflow.configured(config),
        role_arn=role.arn,
        output_uri=bucket.bucket.apply(lambda name: _policies.Location(name, RESULTS).uri),
        on_delete="cancel",
        depends_on=[permissions, *guards],
    )
    pulumi.export("bucket", bucket.bucket)
    pulumi.export("roleArn", role.arn)
    _cohort.export(runs, _cohort.wait_seconds(config))


def results_bucket() -> tuple[aws.s3.Bucket, list[pulumi.Resource]]:
    """Make a private, encrypted bucket, and list the settings that make it so."""
    keep = pulumi.ResourceOptions(retain_on_delete=True)
    bucket = aws.s3.Bucket("results", opts=keep)
    private = aws.s3.BucketPublicAccessBlock(
        "results",
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=keep,
    )
    owned = aws.s3.BucketOwnershipControls(
        "results",
        bucket=bucket.id,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=keep,
    )
    encrypted = aws.s3.BucketServerSideEncryptionConfiguration(
        "results",
        bucket=bucket.id,
        rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
        opts=keep,
    )
    tls = aws.s3.BucketPolicy(
        "results",
        bucket=bucket.id,
        policy=bucket.arn.apply(lambda arn: json.dumps(_policies.bucket(arn))),
        opts=pulumi.ResourceOptions.merge(keep, pulumi.ResourceOptions(depends_on=[private])),
    )
    aws.s3.BucketLifecycleConfiguration(
        "results",
        bucket=bucket.id,
        rules=[
            {
                "id": "unfinished-uploads",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "abort_incomplete_multipart_upload": {"days_after_initiation": DAYS_FOR_UPLOAD},
            },
            {
                "id": "results-to-tiers",
                "status": "Enabled",
                "filter": {"prefix": RESULTS},
                "transitions": [
                    {"days": DAYS_BEFORE_TIERING, "storage_class": "INTELLIGENT_TIERING"}
                ],
            },
        ],
        opts=keep,
    )
    return bucket, [private, owned, encrypted, tls]


def run_role(
    bucket: aws.s3.Bucket, inputs: list[_policies.Location], repositories: list[str]
) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
    """Make the service role of the runs, with what it may do."""
    account = aws.get_caller_identity_output().account_id
    region = aws.get_region_output().region
    role = aws.iam.Role(
        "runs",
        description=f"HealthOmics runs of {pulumi.get_project()}/{pulumi.get_stack()}",
        assume_role_policy=pulumi.Output.all(account, region).apply(
            lambda known: json.dumps(_policies.trust(known[0], known[1]))
        ),
    )
    permissions = aws.iam.RolePolicy(
        "runs",
        role=role.id,
        policy=pulumi.Output.all(account, region, bucket.bucket).apply(
            lambda known: json.dumps(
                _policies.permissions(
                    known[0],
                    known[1],
                    inputs=inputs,
                    outputs=_policies.Location(known[2], RESULTS),
                    repositories=repositories,
                )
            )
        ),
    )
    return role, permissions
