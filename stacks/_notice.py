"""A notice of each run that has ended: EventBridge to an SNS topic."""

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from stacks import _policies
from stacks._names import Naming

ENDED = ("COMPLETED", "FAILED", "CANCELLED")


def pattern(workflow_id: str) -> dict[str, object]:
    """Return the events that are told: runs of the workflow, once they have ended.

    Source: developer guide, page eventbridge.
    """
    return {
        "source": ["aws.omics"],
        "detail-type": ["Run Status Change"],
        "detail": {"status": list(ENDED), "workflowId": [workflow_id]},
    }


def of_ended_runs(
    naming: Naming, workflow_id: pulumi.Input[str], addresses: Sequence[str]
) -> aws.sns.Topic:
    """Make the topic and what feeds it, and subscribe e-mail addresses, which have to confirm."""
    name = naming.of("ended-runs")
    topic = aws.sns.Topic(name, tags=naming.tags)
    rule = aws.cloudwatch.EventRule(
        name,
        description=f"HealthOmics runs of {naming.project}/{naming.stack} that have ended",
        event_pattern=pulumi.Output.from_input(workflow_id).apply(
            lambda id_: json.dumps(pattern(id_))
        ),
        tags=naming.tags,
    )
    allowed = aws.sns.TopicPolicy(
        name,
        arn=topic.arn,
        policy=pulumi.Output.all(topic.arn, rule.arn).apply(
            lambda arns: json.dumps(_policies.topic(arns[0], arns[1]))
        ),
    )
    aws.cloudwatch.EventTarget(
        name,
        rule=rule.name,
        arn=topic.arn,
        opts=pulumi.ResourceOptions(depends_on=[allowed]),
    )
    for address in addresses:
        aws.sns.TopicSubscription(address, topic=topic.arn, protocol="email", endpoint=address)
    return topic
