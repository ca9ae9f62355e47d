"""The stacks `production` and `dev` through the real engine, with a stand-in for the AWS plugin.

AWS is the emulator's server: HealthOmics and, beside it, moto's S3, IAM, CloudWatch Logs,
EventBridge and SNS.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi
from botocore.exceptions import ClientError

from omics_provider.emulator import control
from tests.engine import aws_stand_in
from tests.engine.harness import COMMAND_SECONDS, clean_environment, until
from tests.served import ACCOUNT, REGION, Served, serving

ROOT = Path(__file__).parents[3]
LOG_GROUP = "/aws/omics/WorkflowLog"
RUN = "pulumi-python:dynamic/omics:Run"


@dataclass
class Team:
    """A copy of what a team starts from, and the AWS that it works in."""

    home: Path
    name: str
    aws: Served
    env: dict[str, str]

    def pulumi(self, *arguments: str, code: int = 0) -> str:
        """Run a command, hold it to its exit code, and return what it wrote."""
        done = subprocess.run(
            ["pulumi", "--non-interactive", "--color", "never", *arguments, "--stack", self.name],
            cwd=self.home,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, f"{arguments}: exit code {done.returncode}\n{said}"
        assert "Traceback" not in said
        return done.stdout if code == 0 else said

    def configure(self, **changes: Any) -> None:
        """Change settings of the stack's committed file, and leave the others."""
        path = self.home / "stacks" / f"Pulumi.{self.name}.yaml"
        settings = yaml.safe_load(path.read_text("utf-8"))
        for key, value in changes.items():
            settings["config"][key.replace("__", ":")] = value
        path.write_text(yaml.safe_dump(settings), "utf-8")

    def sheet(self, *samples: str) -> None:
        """Take these rows of the committed sheet of the trio, and put their files into S3."""
        header, *rows = (
            (ROOT / "stacks" / "samples" / "ashkenazim-trio.csv").read_text().split("\n")
        )
        kept = [row for row in rows if row.startswith(samples)]
        (self.home / "stacks" / "samples" / "ours.csv").write_text("\n".join([header, *kept]))
        s3 = self.aws.client("s3")
        for row in csv.DictReader([header, *kept]):
            for column in ("fastq_1", "fastq_2"):
                bucket, _, key = row[column].removeprefix("s3://").partition("/")
                s3.create_bucket(Bucket=bucket)
                s3.put_object(Bucket=bucket, Key=key, Body=b"@read")

    def outputs(self) -> dict[str, Any]:
        """Return what the stack exports."""
        found: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json"))
        return found

    def buckets(self) -> set[str]:
        """Return the account's buckets, but those of the sheet."""
        found = self.aws.client("s3").list_buckets()["Buckets"]
        return {each["Name"] for each in found} - {"genomics-benchmark-datasets"}

    def runs(self) -> list[dict[str, Any]]:
        """Return all that the service has on each run, by name."""
        found = self.aws.omics.list_runs()["items"]
        whole = [self.aws.omics.get_run(id=run["id"]) for run in found]
        return sorted(whole, key=lambda run: str(run["name"]))


def team(home: Path, name: str, aws: Served) -> Team:
    """Make a project of one's own from stacks/, and point the stack at `aws`."""
    made = [sys.executable, ROOT / "tools" / "new", home, "--name", "omics-runs"]
    subprocess.run(made, check=True, capture_output=True, timeout=120)
    project = yaml.safe_load((home / "Pulumi.yaml").read_text("utf-8"))
    # The environment of these tests, whatever the project's own is.
    (home / "Pulumi.yaml").write_text(json.dumps({**project, "runtime": "python"}))
    (home / "backend").mkdir()
    env = clean_environment(home)
    ours = Team(
        home,
        name,
        aws,
        {
            **env,
            "PATH": os.pathsep.join([str(aws_stand_in.FOLDER), env["PATH"]]),
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        },
    )
    ours.configure(
        aws__allowedAccountIds=[ACCOUNT],
        omics__endpoint=aws.url,
        **{"omics-runs:sampleSheet": "ours.csv", "omics-runs:cohort": "trio"},
    )
    ours.pulumi("stack", "init")
    return ours


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Served]:
    """AWS, where runs last a moment."""
    state = tmp_path / "omics.db"
    with serving(state) as served:
        control.change_settings(state, {"speed": 50})
        yield served


def test_production_from_nothing_to_results_and_away(tmp_path: Path, aws: Served) -> None:
    production = team(tmp_path / "production", "production", aws)
    production.sheet("HG002")
    production.pulumi("up", "--yes", "--skip-preview")
    outputs = production.outputs()
    bucket, role = outputs["bucket"], outputs["roleArn"]
    assert outputs["runs"]["HG002"]["status"] == "COMPLETED"
    its_workflow(production)
    its_runs(production, bucket, role)
    its_bucket(aws.client("s3"), bucket)
    its_role(aws.client("iam"), role.rpartition("/")[2], bucket)
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=LOG_GROUP)["logGroups"]
    assert [group["retentionInDays"] for group in groups] == [365]

    production.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")

    production.pulumi("destroy", "--yes", "--skip-preview")
    # What was found out and paid for stays; what only served to find it out goes.
    assert production.buckets() == {bucket}
    assert [run["name"] for run in production.runs()] == ["HG002"]
    assert aws.client("logs").describe_log_groups(logGroupNamePrefix=LOG_GROUP)["logGroups"]
    assert not aws.client("iam").list_roles()["Roles"]
    assert not aws.client("events").list_rules()["Rules"]
    assert not aws.client("sns").list_topics()["Topics"]
    assert not aws.omics.list_workflows(type="PRIVATE")["items"]
    assert not aws.omics.list_run_groups()["items"]
    assert not aws.omics.list_run_caches()["items"]


@pytest.mark.slow
def test_a_second_sample_is_looked_at_before_and_told_of_after(tmp_path: Path, aws: Served) -> None:
    production = team(tmp_path / "production", "production", aws)
    production.sheet("HG002")
    # With its preview: there all is still to be made, and nothing is complained about.
    assert "Preflight" not in production.pulumi("up", "--yes")
    first = production.outputs()
    heard = heard_events(aws, first["topicArn"])
    production.sheet("HG002", "HG003")

    # Preflight looks up the role and the bucket that are there now, and finds nothing wrong.
    role = aws.client("iam").get_role(RoleName=first["roleArn"].rpartition("/")[2])["Role"]
    steps = json.loads(production.pulumi("preview", "--json"))
    assert steps["changeSummary"]["create"] == 1
    assert not [each for each in steps.get("diagnostics", []) if "Preflight" in each["message"]]
    with trust_in_somebody_else(aws.client("iam"), role):
        said = production.pulumi("preview")
    assert "does not trust omics.amazonaws.com" in " ".join(said.split())

    production.pulumi("up", "--yes", "--skip-preview")
    runs = production.outputs()["runs"]
    assert runs["HG002"] == first["runs"]["HG002"]
    assert runs["HG003"]["status"] == "COMPLETED"
    until(heard, lambda names: names == ["HG003"])


@contextmanager
def trust_in_somebody_else(iam: Any, whole: dict[str, Any]) -> Iterator[None]:
    role, before = whole["RoleName"], json.dumps(whole["AssumeRolePolicyDocument"])
    elsewhere = before.replace("omics.amazonaws.com", "ec2.amazonaws.com")
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=elsewhere)
    yield
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=before)


def its_workflow(production: Team) -> None:
    (workflow,) = production.aws.omics.list_workflows(type="PRIVATE")["items"]
    assert workflow["name"] == "omics-runs-production-fastq-qc"
    made = production.aws.omics.get_workflow(id=workflow["id"])
    required = {
        name for name, entry in made["parameterTemplate"].items() if not entry.get("optional")
    }
    assert required == {"sample_name", "fastq_pairs", "fastp_image"}
    (group,) = production.aws.omics.list_run_groups()["items"]
    assert (group["maxRuns"], group["maxCpus"], group["maxDuration"]) == (50, 2000, 1440)


def its_runs(production: Team, bucket: str, role: str) -> None:
    (run,) = production.runs()
    (workflow,) = production.aws.omics.list_workflows(type="PRIVATE")["items"]
    (group,) = production.aws.omics.list_run_groups()["items"]
    (cache,) = production.aws.omics.list_run_caches()["items"]
    assert (run["workflowId"], run["runGroupId"], run["cacheId"]) == (
        workflow["id"],
        group["id"],
        cache["id"],
    )
    assert run["workflowVersionName"].startswith("sha-")
    assert cache["cacheS3Uri"].rstrip("/") == f"s3://{bucket}/cache"
    assert (run["outputUri"], run["roleArn"]) == (f"s3://{bucket}/results", role)
    (pair,) = run["parameters"]["fastq_pairs"]
    assert pair["fastq_1"].endswith("/HG002.novaseq.pcr-free.30x.R1.fastq.gz")
    assert run["parameters"]["fastp_image"].endswith("/fastp:1.0.1")
    assert {key: run["tags"][key] for key in run["tags"] if ":" not in key} == {
        "project": "omics-runs",
        "stack": "production",
        "cohort": "trio",
        "cost-centre": "genomics",
        "sample": "HG002",
    }


def its_bucket(s3: Any, bucket: str) -> None:
    assert bucket.startswith("omics-runs-production-results-")
    asked = {"Bucket": bucket}
    assert all(s3.get_public_access_block(**asked)["PublicAccessBlockConfiguration"].values())
    (rule,) = s3.get_bucket_encryption(**asked)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    rules = s3.get_bucket_lifecycle_configuration(**asked)["Rules"]
    assert {rule["ID"] for rule in rules} == {"unfinished-uploads", "results", "cache"}
    (statement,) = json.loads(s3.get_bucket_policy(**asked)["Policy"])["Statement"]
    assert statement["Resource"] == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(**asked)["TagSet"]}
    assert tags == {
        "project": "omics-runs",
        "stack": "production",
        "cohort": "trio",
        "cost-centre": "genomics",
    }


def its_role(iam: Any, role: str, bucket: str) -> None:
    (trusted,) = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Condition"]["ArnLike"] == {
        "aws:SourceArn": f"arn:aws:omics:{REGION}:{ACCOUNT}:run/*"
    }
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    granted = {statement["Sid"]: statement["Resource"] for statement in policy["Statement"]}
    assert granted["WriteResults"] == [
        f"arn:aws:s3:::{bucket}/results/*",
        f"arn:aws:s3:::{bucket}/cache/*",
    ]


def heard_events(aws: Served, topic: str) -> Any:
    """Listen to the stack's topic; return what gives the names of the runs it has told of."""
    events, sns, sqs = aws.client("events"), aws.client("sns"), aws.client("sqs")
    (rule,) = events.list_rules()["Rules"]
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"] == topic
    policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    (allowed,) = policy["Statement"]
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": rule["Arn"]}}
    queue = sqs.create_queue(QueueName="team")["QueueUrl"]
    asked = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=asked["Attributes"]["QueueArn"])
    return partial(_heard, sqs, queue, [])


def _heard(sqs: Any, queue: str, names: list[str]) -> list[str]:
    for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
        detail = json.loads(json.loads(message["Body"])["Message"])["detail"]
        assert detail["status"] == "COMPLETED"
        names.append(detail["runName"])
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return names


@pytest.mark.slow
def test_dev_leaves_nothing_behind(tmp_path: Path, aws: Served) -> None:
    dev = team(tmp_path / "dev", "dev", aws)
    dev.sheet("HG004")
    dev.pulumi("up", "--yes")
    (bucket,) = dev.buckets()
    (run,) = dev.runs()
    assert (run["status"], run["retentionMode"]) == ("COMPLETED", "REMOVE")
    # Results are in it, and S3 without TLS is refused.
    with pytest.raises(ClientError, match="Forbidden"):
        aws.client("s3").put_object(Bucket=bucket, Key="results/reads.bam", Body=b"BAM")
    assert aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="results/")["Contents"]
    dev.pulumi("destroy", "--yes", "--skip-preview")
    assert not dev.buckets()
    assert not dev.runs()
    assert not aws.client("iam").list_roles()["Roles"]
    assert not aws.omics.list_workflows(type="PRIVATE")["items"]
