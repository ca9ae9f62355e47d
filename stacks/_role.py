"""The service role of the runs, with what it may do."""

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from stacks import _policies
from stacks._names import Naming


def of_runs(
    naming: Naming,
    bucket: pulumi.Output[str],
    *,
    reads: Sequence[_policies.Location],
    writes: Sequence[str],
    repositories: Sequence[str],
) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
    """Make the role, and the policy that the runs have to wait for.

    Args:
        naming: the stack's names and tags.
        bucket: the bucket that is written to.
        reads: folders that are read.
        writes: prefixes of the bucket that are read and written.
        repositories: names of private ECR repositories.

    """
    account = aws.get_caller_identity_output().account_id
    region = aws.get_region_output().region
    role = aws.iam.Role(
        naming.of("runs"),
        description=f"HealthOmics runs of {naming.project}/{naming.stack}",
        assume_role_policy=pulumi.Output.all(account, region).apply(
            lambda known: json.dumps(_policies.trust(known[0], known[1]))
        ),
        tags=naming.tags,
    )
    permissions = aws.iam.RolePolicy(
        naming.of("runs"),
        role=role.id,
        policy=pulumi.Output.all(account, region, bucket).apply(
            lambda known: json.dumps(
                _policies.permissions(
                    known[0],
                    known[1],
                    inputs=reads,
                    outputs=[_policies.Location(known[2], prefix) for prefix in writes],
                    repositories=repositories,
                )
            )
        ),
    )
    return role, permissions
