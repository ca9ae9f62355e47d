"""How long HealthOmics' log is kept."""

import pulumi
import pulumi_aws as aws

from stacks import _policies
from stacks._names import Naming


def kept(naming: Naming, days: int | None) -> list[pulumi.Resource]:
    """Make the log group with its retention; nothing where no days are set.

    There is one group for all runs of an account and Region, made by the service where it is
    missing. So one stack at most has it, which takes it over if it is there already
    (the page on stacks), and no destroy deletes it.
    """
    if days is None:
        return []
    return [
        aws.cloudwatch.LogGroup(
            "workflow-log",
            name=_policies.LOG_GROUP,
            retention_in_days=days,
            tags={key: naming.tags[key] for key in ("project", "stack", "cost-centre")},
            opts=pulumi.ResourceOptions(retain_on_delete=True),
        )
    ]
