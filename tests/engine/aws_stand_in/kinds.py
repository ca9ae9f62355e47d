"""The types that stacks/ uses: what each takes and gives, and the calls that make it.

Nested properties go to boto3 by the API's names, so that botocore refuses what it does not know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import boto3

Properties = Mapping[str, Any]
#: The Region, once the plugin is configured.
region: str = ""


class Refused(Exception):
    """Something that the stand-in does not know, or that AWS would not do."""


@dataclass(frozen=True)
class Kind:
    """A type: its properties, and how it is made, changed and removed.

    `fixed` are inputs whose change replaces it, `named` is the input that is made of the
    resource's name where it is unset, `outputs` are what the service adds.
    """

    inputs: frozenset[str]
    required: frozenset[str]
    fixed: frozenset[str]
    outputs: frozenset[str]
    named: str | None
    make: Callable[[Properties], tuple[str, dict[str, str]]]
    change: Callable[[str, Properties, Properties], None]
    remove: Callable[[str, Properties], None]


@cache
def client(service: str) -> Any:
    """Return a client for the configured Region."""
    return boto3.client(service, region_name=region)  # type: ignore[call-overload]


def account() -> str:
    """Return the caller's account."""
    return str(client("sts").get_caller_identity()["Account"])


def _kind(
    make: Callable[[Properties], tuple[str, dict[str, str]]],
    remove: Callable[[str, Properties], None],
    *,
    required: str = "",
    optional: str = "",
    fixed: str = "",
    outputs: str = "",
    named: str | None = None,
    change: Callable[[str, Properties, Properties], None] | None = None,
) -> Kind:
    def again(id_: str, _before: Properties, after: Properties) -> None:
        """Set it as it was set when it was made: most settings are put whole."""
        assert make(after)[0] == id_

    needed = frozenset(required.split())
    name = {named} if named else set()
    return Kind(
        inputs=needed | name | set(optional.split()),
        required=needed,
        fixed=frozenset(fixed.split()) | name,
        outputs=frozenset(outputs.split()),
        named=named,
        make=make,
        change=change or again,
        remove=remove,
    )


def _api(value: Any) -> Any:
    """Return nested properties by the API's names."""
    if isinstance(value, Mapping):
        return {_name(key): _api(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_api(item) for item in value]
    return value


def _name(key: str) -> str:
    exceptions = {"id": "ID", "sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"}
    return exceptions.get(key, key[0].upper() + key[1:])


def _tag_list(properties: Properties, key: str = "Key", value: str = "Value") -> list[Any]:
    return [{key: name, value: text} for name, text in properties.get("tags", {}).items()]


# S3 ----------------------------------------------------------------------------------------------


def _make_bucket(given: Properties) -> tuple[str, dict[str, str]]:
    name = given["bucket"]
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    client("s3").create_bucket(Bucket=name, **({} if region == "us-east-1" else elsewhere))
    _change_bucket(name, {}, given)
    return name, {"arn": f"arn:aws:s3:::{name}"}


def _change_bucket(name: str, _before: Properties, given: Properties) -> None:
    client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": _tag_list(given)})


def _remove_bucket(name: str, given: Properties) -> None:
    s3 = client("s3")
    if given.get("forceDestroy"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
            for each in page.get("Contents", []):
                s3.delete_object(Bucket=name, Key=each["Key"])
    s3.delete_bucket(Bucket=name)


def _bucket_setting(
    put: str, argument: str, made: Callable[[Properties], Any], delete: str, required: str
) -> Kind:
    """Return the kind of a bucket's setting, which is put whole."""

    def make(given: Properties) -> tuple[str, dict[str, str]]:
        getattr(client("s3"), put)(Bucket=given["bucket"], **{argument: made(given)})
        return given["bucket"], {}

    def remove(id_: str, _given: Properties) -> None:
        getattr(client("s3"), delete)(Bucket=id_)

    return _kind(make, remove, required=f"bucket {required}", fixed="bucket")


def _encryption(given: Properties) -> Any:
    rules = [
        {"ApplyServerSideEncryptionByDefault": _api(rule["applyServerSideEncryptionByDefault"])}
        for rule in given["rules"]
    ]
    return {"Rules": rules}


# IAM ---------------------------------------------------------------------------------------------


def _make_role(given: Properties) -> tuple[str, dict[str, str]]:
    made = client("iam").create_role(
        RoleName=given["name"],
        AssumeRolePolicyDocument=given["assumeRolePolicy"],
        Description=given.get("description", ""),
        Tags=_tag_list(given),
    )
    return given["name"], {"arn": made["Role"]["Arn"]}


def _change_role(name: str, before: Properties, given: Properties) -> None:
    iam = client("iam")
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=given["assumeRolePolicy"])
    iam.update_role(RoleName=name, Description=given.get("description", ""))
    gone = sorted(before.get("tags", {}).keys() - given.get("tags", {}).keys())
    iam.untag_role(RoleName=name, TagKeys=gone)
    iam.tag_role(RoleName=name, Tags=_tag_list(given))


def _make_role_policy(given: Properties) -> tuple[str, dict[str, str]]:
    client("iam").put_role_policy(
        RoleName=given["role"], PolicyName=given["name"], PolicyDocument=given["policy"]
    )
    return f"{given['role']}:{given['name']}", {}


def _remove_role_policy(id_: str, _given: Properties) -> None:
    role, _, name = id_.partition(":")
    client("iam").delete_role_policy(RoleName=role, PolicyName=name)


# CloudWatch, EventBridge, SNS --------------------------------------------------------------------


def _make_log_group(given: Properties) -> tuple[str, dict[str, str]]:
    name = given["name"]
    client("logs").create_log_group(logGroupName=name, tags=given.get("tags", {}))
    _change_log_group(name, {}, given)
    return name, {"arn": f"arn:aws:logs:{region}:{account()}:log-group:{name}"}


def _change_log_group(name: str, before: Properties, given: Properties) -> None:
    if before.get("tags", given.get("tags")) != given.get("tags"):
        raise Refused("the stand-in can't change the tags of a log group")
    days = given["retentionInDays"]
    client("logs").put_retention_policy(logGroupName=name, retentionInDays=days)


def _make_rule(given: Properties) -> tuple[str, dict[str, str]]:
    made = client("events").put_rule(
        Name=given["name"],
        EventPattern=given["eventPattern"],
        Description=given.get("description", ""),
        Tags=_tag_list(given),
    )
    return given["name"], {"arn": made["RuleArn"]}


def _make_target(given: Properties) -> tuple[str, dict[str, str]]:
    target = {"Id": given["targetId"], "Arn": given["arn"]}
    answer = client("events").put_targets(Rule=given["rule"], Targets=[target])
    if answer["FailedEntryCount"]:
        raise Refused(json.dumps(answer["FailedEntries"]))
    return f"{given['rule']}-{given['targetId']}", {}


def _remove_target(_id: str, given: Properties) -> None:
    client("events").remove_targets(Rule=given["rule"], Ids=[given["targetId"]])


def _make_topic(given: Properties) -> tuple[str, dict[str, str]]:
    arn = client("sns").create_topic(Name=given["name"], Tags=_tag_list(given))["TopicArn"]
    return arn, {"arn": arn}


def _make_topic_policy(given: Properties) -> tuple[str, dict[str, str]]:
    client("sns").set_topic_attributes(
        TopicArn=given["arn"], AttributeName="Policy", AttributeValue=given["policy"]
    )
    return given["arn"], {}


def _remove_topic_policy(id_: str, _given: Properties) -> None:
    """Leave it: a topic always has a policy, and the topic goes with the stack."""


def _make_subscription(given: Properties) -> tuple[str, dict[str, str]]:
    made = client("sns").subscribe(
        TopicArn=given["topic"], Protocol=given["protocol"], Endpoint=given["endpoint"]
    )
    return made["SubscriptionArn"], {}


KINDS: Final[Mapping[str, Kind]] = {
    "aws:s3/bucket:Bucket": _kind(
        _make_bucket,
        _remove_bucket,
        optional="forceDestroy tags",
        outputs="arn",
        named="bucket",
        change=_change_bucket,
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _bucket_setting(
        "put_public_access_block",
        "PublicAccessBlockConfiguration",
        lambda given: _api({key: value for key, value in given.items() if key != "bucket"}),
        "delete_public_access_block",
        "blockPublicAcls blockPublicPolicy ignorePublicAcls restrictPublicBuckets",
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _bucket_setting(
        "put_bucket_ownership_controls",
        "OwnershipControls",
        lambda given: {"Rules": [_api(given["rule"])]},
        "delete_bucket_ownership_controls",
        "rule",
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _bucket_setting(
            "put_bucket_encryption",
            "ServerSideEncryptionConfiguration",
            _encryption,
            "delete_bucket_encryption",
            "rules",
        )
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _bucket_setting(
        "put_bucket_policy",
        "Policy",
        lambda given: given["policy"],
        "delete_bucket_policy",
        "policy",
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _bucket_setting(
        "put_bucket_lifecycle_configuration",
        "LifecycleConfiguration",
        lambda given: {"Rules": _api(given["rules"])},
        "delete_bucket_lifecycle",
        "rules",
    ),
    "aws:iam/role:Role": _kind(
        _make_role,
        lambda name, _: client("iam").delete_role(RoleName=name),
        required="assumeRolePolicy",
        optional="description tags",
        outputs="arn",
        named="name",
        change=_change_role,
    ),
    "aws:iam/rolePolicy:RolePolicy": _kind(
        _make_role_policy, _remove_role_policy, required="role policy", fixed="role", named="name"
    ),
    "aws:cloudwatch/logGroup:LogGroup": _kind(
        _make_log_group,
        lambda name, _: client("logs").delete_log_group(logGroupName=name),
        required="retentionInDays",
        optional="tags",
        outputs="arn",
        named="name",
        change=_change_log_group,
    ),
    "aws:cloudwatch/eventRule:EventRule": _kind(
        _make_rule,
        lambda name, _: client("events").delete_rule(Name=name),
        required="eventPattern",
        optional="description tags",
        outputs="arn",
        named="name",
    ),
    "aws:cloudwatch/eventTarget:EventTarget": _kind(
        _make_target, _remove_target, required="rule arn", fixed="rule", named="targetId"
    ),
    "aws:sns/topic:Topic": _kind(
        _make_topic,
        lambda arn, _: client("sns").delete_topic(TopicArn=arn),
        optional="tags",
        outputs="arn",
        named="name",
    ),
    "aws:sns/topicPolicy:TopicPolicy": _kind(
        _make_topic_policy, _remove_topic_policy, required="arn policy", fixed="arn"
    ),
    "aws:sns/topicSubscription:TopicSubscription": _kind(
        _make_subscription,
        lambda arn, _: client("sns").unsubscribe(SubscriptionArn=arn),
        required="topic protocol endpoint",
        fixed="topic protocol endpoint",
    ),
}
