"""IAM policies for HealthOmics runs, as plain values: no Pulumi, no AWS.

The permissions are those of the developer guide's "Service roles for AWS HealthOmics"
(docs.aws.amazon.com/omics/latest/dev/permissions-service.html), each narrowed to what the
runs of one stack touch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]
LOG_GROUP = "/aws/omics/WorkflowLog"


@dataclass(frozen=True, order=True)
class Location:
    """A folder in S3: a bucket and a key prefix, which is empty or ends in a slash."""

    bucket: str
    prefix: str

    @property
    def uri(self) -> str:
        """The folder as an s3:// URI without a slash at its end, as StartRun takes it."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


def folder(uri: str) -> Location:
    """Return the folder of a file, or the one that an s3:// URI with a slash at its end is."""
    bucket_name, slash, key = uri.removeprefix("s3://").partition("/")
    if not (uri.startswith("s3://") and bucket_name and slash):
        raise ValueError(f"{uri!r} is no place in S3: write s3://bucket/ or s3://bucket/folder/.")
    head, slash, _ = key.rpartition("/")
    return Location(bucket_name, head + slash)


def folders(uris: Iterable[str]) -> list[Location]:
    """Return the folders of some files, each once, in an order that does not depend on theirs."""
    return sorted({folder(uri) for uri in uris})


def trust(account: str, region: str) -> Document:
    """Say who may assume the role: HealthOmics, for runs of this account and Region only.

    Without the two conditions, any account's runs could use the role (the confused deputy).
    """
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "omics.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {"aws:SourceArn": f"arn:aws:omics:{region}:{account}:run/*"},
            },
        }
    )


def permissions(
    account: str,
    region: str,
    *,
    inputs: Sequence[Location],
    outputs: Sequence[Location],
    repositories: Sequence[str] = (),
) -> Document:
    """Say what a run may do: read inputs, keep results, write its log, pull its images.

    Args:
        account: the account whose runs these are.
        region: the Region in which they run.
        inputs: folders that are read.
        outputs: folders that are read and written: results, and the run cache.
        repositories: names of private ECR repositories, `*` allowed. A READY2RUN workflow
            needs none: its images are the publisher's.

    """
    return _document(
        *_reads(inputs),
        _statement(
            "WriteResults", ["s3:GetObject", "s3:PutObject"], [_objects(each) for each in outputs]
        ),
        _statement("ListResults", ["s3:ListBucket"], _buckets(outputs)),
        *_logs(account, region),
        *_pulls(account, region, repositories),
    )


def bucket(arn: str) -> Document:
    """Write the bucket's own policy: nobody reaches it without TLS."""
    return _document(
        {
            "Sid": "OnlyTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )


def topic(arn: str, rule_arn: str) -> Document:
    """Write the policy of the topic of notices: one rule of EventBridge may publish to it.

    Source: EventBridge user guide, page eb-use-resource-based.
    """
    return _document(
        {
            "Sid": "OneRule",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
        }
    )


def _reads(inputs: Sequence[Location]) -> list[Document]:
    if not inputs:
        return []
    return [
        _statement("ReadInputs", ["s3:GetObject"], [_objects(location) for location in inputs]),
        _statement("ListInputs", ["s3:ListBucket"], _buckets(inputs)),
    ]


def _logs(account: str, region: str) -> list[Document]:
    group = f"arn:aws:logs:{region}:{account}:log-group:{LOG_GROUP}"
    return [
        _statement("MakeLogGroup", ["logs:CreateLogGroup"], [f"{group}:*"]),
        _statement(
            "WriteLog",
            ["logs:DescribeLogStreams", "logs:CreateLogStream", "logs:PutLogEvents"],
            [f"{group}:log-stream:*"],
        ),
    ]


def _pulls(account: str, region: str, repositories: Sequence[str]) -> list[Document]:
    if not repositories:
        return []
    return [
        _statement(
            "PullImages",
            [
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchCheckLayerAvailability",
            ],
            [f"arn:aws:ecr:{region}:{account}:repository/{name}" for name in repositories],
        )
    ]


def _buckets(locations: Sequence[Location]) -> list[str]:
    return [_bucket_arn(name) for name in sorted({each.bucket for each in locations})]


def _bucket_arn(name: str) -> str:
    return f"arn:aws:s3:::{name}"


def _objects(location: Location) -> str:
    return f"{_bucket_arn(location.bucket)}/{location.prefix}*"


def _statement(sid: str, actions: list[str], resources: list[str]) -> Document:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _document(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
