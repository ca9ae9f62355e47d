"""IAM policies: exactly what the developer guide lists, narrowed, and nothing with a star."""

import json
from typing import Any

import pytest

from stacks import _policies
from stacks._policies import Location

ACCOUNT, REGION = "111122223333", "us-east-1"
OUTPUTS = Location("results", "results/")
CACHE = Location("results", "cache/")
INPUTS = [Location("inputs", "fastq/30x/"), Location("inputs", "ref/"), Location("shared", "")]


def permissions(**changes: Any) -> dict[str, dict[str, Any]]:
    asked: dict[str, Any] = {"inputs": INPUTS, "outputs": [OUTPUTS, CACHE]} | changes
    document = _policies.permissions(ACCOUNT, REGION, **asked)
    return {statement["Sid"]: statement for statement in document["Statement"]}


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("s3://bucket/a.fastq.gz", Location("bucket", "")),
        ("s3://bucket/", Location("bucket", "")),
        ("s3://bucket/fastq/a.fastq.gz", Location("bucket", "fastq/")),
        ("s3://bucket/fastq/30x/", Location("bucket", "fastq/30x/")),
        ("s3://bucket/lane#1/a.fastq.gz", Location("bucket", "lane#1/")),
    ],
)
def test_the_folder_of_a_uri(uri: str, expected: Location) -> None:
    assert _policies.folder(uri) == expected


@pytest.mark.parametrize("uri", ["bucket/key", "https://host/key", "s3://bucket", "s3:///key", ""])
def test_what_is_no_place_in_s3_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="no place in S3"):
        _policies.folder(uri)


def test_folders_come_once_and_in_one_order() -> None:
    uris = ["s3://b/x/2", "s3://a/1", "s3://b/x/1"]
    assert _policies.folders(uris) == [Location("a", ""), Location("b", "x/")]
    assert _policies.folders(reversed(uris)) == _policies.folders(uris)


def test_a_folder_is_an_output_uri_without_a_slash_at_its_end() -> None:
    assert OUTPUTS.uri == "s3://results/results"
    assert Location("bucket", "").uri == "s3://bucket"


def test_only_healthomics_for_runs_of_this_account_and_region_may_assume_the_role() -> None:
    (statement,) = _policies.trust(ACCOUNT, REGION)["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "omics.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": "111122223333"},
            "ArnLike": {"aws:SourceArn": "arn:aws:omics:us-east-1:111122223333:run/*"},
        },
    }


def test_inputs_are_read_and_never_written() -> None:
    assert permissions()["ReadInputs"]["Action"] == ["s3:GetObject"]
    assert permissions()["ReadInputs"]["Resource"] == [
        "arn:aws:s3:::inputs/fastq/30x/*",
        "arn:aws:s3:::inputs/ref/*",
        "arn:aws:s3:::shared/*",
    ]
    assert permissions()["ListInputs"]["Resource"] == ["arn:aws:s3:::inputs", "arn:aws:s3:::shared"]


def test_results_and_cache_are_written_to_their_own_folders_alone() -> None:
    writers = [
        statement for statement in permissions().values() if "s3:PutObject" in statement["Action"]
    ]
    assert [statement["Resource"] for statement in writers] == [
        ["arn:aws:s3:::results/results/*", "arn:aws:s3:::results/cache/*"]
    ]
    assert permissions()["ListResults"]["Resource"] == ["arn:aws:s3:::results"]


def test_the_log_group_is_the_workflow_log() -> None:
    group = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/omics/WorkflowLog"
    assert permissions()["MakeLogGroup"]["Resource"] == [f"{group}:*"]
    assert permissions()["WriteLog"]["Resource"] == [f"{group}:log-stream:*"]
    assert permissions()["WriteLog"]["Action"] == [
        "logs:DescribeLogStreams",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    ]


def test_images_are_pulled_from_named_repositories() -> None:
    pulls = permissions(repositories=["omics/gatk", "nf-core/*"])["PullImages"]
    assert pulls["Resource"] == [
        "arn:aws:ecr:us-east-1:111122223333:repository/omics/gatk",
        "arn:aws:ecr:us-east-1:111122223333:repository/nf-core/*",
    ]
    assert all(action.startswith("ecr:") for action in pulls["Action"])


def test_what_is_not_needed_is_not_granted() -> None:
    assert "PullImages" not in permissions()
    bare = permissions(inputs=[])
    assert {"ReadInputs", "ListInputs"} & set(bare) == set()


def test_no_action_and_no_resource_is_a_star() -> None:
    for statement in permissions(repositories=["omics/*"]).values():
        assert statement["Effect"] == "Allow"
        assert not [action for action in statement["Action"] if "*" in action]
        assert "*" not in statement["Resource"]
        assert "arn:aws:s3:::*" not in statement["Resource"]


def test_the_bucket_is_reached_with_tls_only() -> None:
    (statement,) = _policies.bucket("arn:aws:s3:::results")["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Resource"] == ["arn:aws:s3:::results", "arn:aws:s3:::results/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_one_rule_alone_publishes_to_the_topic() -> None:
    (statement,) = _policies.topic("arn:aws:sns:us-east-1:1:t", "arn:aws:events:::r")["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": "arn:aws:events:::r"}}


def test_policies_are_json_that_iam_takes() -> None:
    many = [Location("inputs", f"flowcell-{number:03}/") for number in range(100)]
    document = _policies.permissions(ACCOUNT, REGION, inputs=many, outputs=[OUTPUTS, CACHE])
    assert document["Version"] == "2012-10-17"
    # 10,240 characters is IAM's limit for all policies that are part of a role.
    assert len(json.dumps(document)) < 10_240
