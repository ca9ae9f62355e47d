"""Looking things up before runs start: each kind found, missing, and not allowed to be seen.

The server of the emulator stands in for HealthOmics, IAM, S3 and STS; a service that answers 403 to
everything for one that lets nobody look.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import botocore.exceptions
import pulumi
import pytest
from botocore.stub import Stubber

from omics_provider import OmicsRun
from omics_provider.base import errors
from omics_provider.base.settings import Settings
from omics_provider.emulator import control
from omics_provider.preflight import calls
from omics_provider.preflight.calls import look_up
from omics_provider.preflight.rules.answers import Found, Kind, Look, Missing, Unseen
from omics_provider.preflight.rules.judge import Place, looks, problems
from omics_provider.preflight.rules.quotas import STORED
from omics_provider.resources._preflight import Gathering
from omics_provider.service import clients
from tests.programs import mocked
from tests.provider.harness import Emulator, Service
from tests.served import ACCOUNT, REGION, Served

R2R = "9500764"
ROLE = Look(Kind.ROLE, ("arn:aws:iam::123456789012:role/omics",))
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "omics.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    },
}


@pytest.fixture(scope="module")
def _served(server_anew: Served) -> Served:
    # A run that moves on between two looks is counted by one of them alone.
    control.change_settings(server_anew.state, {"speed": 0})
    return server_anew


@pytest.fixture
def served(_served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    control.plan_faults(_served.state, [])
    return _served


@pytest.fixture
def there(served: Served) -> dict[Kind, Look]:
    """One thing of each kind that is there."""
    omics, s3, iam = served.omics, served.client("s3"), served.client("iam")
    workflow = omics.create_workflow(
        name="w",
        engine="NEXTFLOW",
        definitionUri="s3://workflows/w.zip",
        parameterTemplate={"reads": {"description": "FASTQ"}},
    )["id"]
    omics.create_workflow_version(
        workflowId=workflow, versionName="v2", definitionUri="s3://workflows/w.zip"
    )
    if "results" not in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket="results")
        s3.put_object(Bucket="results", Key="in/HG002.fq", Body=b"@")
        iam.create_role(RoleName="omics", Path="/runs/", AssumeRolePolicyDocument=json.dumps(TRUST))
        omics.create_configuration(
            name="net", runConfigurations={"vpcConfig": {"subnetIds": ["subnet-0a1b2c3d"]}}
        )
    run = omics.start_run(
        workflowId=R2R,
        workflowType="READY2RUN",
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/runs/omics",
        outputUri="s3://results/x",
        requestId=f"r{time.monotonic_ns()}",
        parameters={"sample_name": "a", "fastq_pairs": []},
    )
    return {
        Kind.PLACE: Look(Kind.PLACE),
        Kind.WORKFLOW: Look(Kind.WORKFLOW, (workflow, "PRIVATE", "")),
        Kind.VERSION: Look(Kind.VERSION, (workflow, "PRIVATE", "", "v2")),
        Kind.RUN: Look(Kind.RUN, (run["id"],)),
        Kind.GROUP: Look(Kind.GROUP, (omics.create_run_group(name="g")["id"],)),
        Kind.CACHE: Look(
            Kind.CACHE, (omics.create_run_cache(cacheS3Location="s3://results/cache")["id"],)
        ),
        Kind.CONFIGURATION: Look(Kind.CONFIGURATION, ("net",)),
        Kind.ROLE: Look(Kind.ROLE, (f"arn:aws:iam::{ACCOUNT}:role/runs/omics",)),
        Kind.BUCKET: Look(Kind.BUCKET, ("results",)),
        Kind.FILE: Look(Kind.FILE, ("s3://results/in/HG002.fq",)),
    }


ABSENT = {
    Kind.WORKFLOW: Look(Kind.WORKFLOW, ("7777777", "PRIVATE", "")),
    Kind.VERSION: Look(Kind.VERSION, ("7777777", "PRIVATE", "", "v9")),
    Kind.RUN: Look(Kind.RUN, ("999999999",)),
    Kind.GROUP: Look(Kind.GROUP, ("7777777",)),
    Kind.CACHE: Look(Kind.CACHE, ("7777777",)),
    Kind.CONFIGURATION: Look(Kind.CONFIGURATION, ("nowhere",)),
    Kind.ROLE: Look(Kind.ROLE, (f"arn:aws:iam::{ACCOUNT}:role/nobody",)),
    Kind.BUCKET: Look(Kind.BUCKET, ("no-such-bucket",)),
    Kind.FILE: Look(Kind.FILE, ("s3://results/in/HG003.fq",)),
    Kind.QUOTA: Look(Kind.QUOTA, (STORED,)),
}
#: What the caller needs to look, for each kind.
RIGHTS = {
    Kind.PLACE: "sts:GetCallerIdentity",
    Kind.WORKFLOW: "omics:GetWorkflow",
    Kind.VERSION: "omics:GetWorkflowVersion",
    Kind.RUN: "omics:GetRun",
    Kind.GROUP: "omics:GetRunGroup",
    Kind.CACHE: "omics:GetRunCache",
    Kind.CONFIGURATION: "omics:GetConfiguration",
    Kind.ROLE: "iam:GetRole",
    Kind.BUCKET: "s3:ListBucket",
    Kind.FILE: "s3:GetObject and s3:ListBucket",
    Kind.QUOTA: "servicequotas:GetServiceQuota",
}

#: Seconds for looks where time is not the matter.
PATIENT = 60.0


def at(url: str) -> Settings:
    return Settings(region=REGION, endpoint=url)


def test_everything_that_is_there_is_found(served: Served, there: dict[Kind, Look]) -> None:
    answers = look_up(at(served.url), there.values(), PATIENT)

    assert {kind: type(answers[look]) for kind, look in there.items()} == dict.fromkeys(
        there, Found
    )
    facts = {kind: answers[look].facts for kind, look in there.items()}  # type: ignore[union-attr]
    assert facts[Kind.PLACE] == {"account": ACCOUNT}
    assert facts[Kind.WORKFLOW]["parameterTemplate"] == {"reads": {"description": "FASTQ"}}
    assert facts[Kind.ROLE]["trust"] == TRUST
    assert facts[Kind.BUCKET] == {"region": REGION}


def test_everything_that_is_not_there_is_missing(served: Served, there: dict[Kind, Look]) -> None:
    answers = look_up(at(served.url), ABSENT.values(), PATIENT)
    assert answers == {look: Missing() for look in ABSENT.values()}


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where nobody may look at anything: its URL."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            service = self.headers["Authorization"].split("/")[3]
            body, code = b'{"message": "no"}', "AccessDeniedException"
            if service in ("iam", "s3", "sts"):
                error = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
                body = (error if service == "s3" else f"<E>{error}</E>").encode()
            self.send_response(403)
            self.send_header("x-amzn-ErrorType", code)
            self.send_header("Content-Length", str(len(body)))
            if "known" in self.path:
                self.send_header("x-amz-bucket-region", "eu-west-1")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_POST = do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    clients.aws.cache_clear()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("kind", RIGHTS)
def test_what_the_caller_may_not_see_is_neither(kind: Kind, closed: str) -> None:
    look = ABSENT.get(kind, Look(kind))
    answers = look_up(at(closed), [look], PATIENT)
    assert answers == {look: Unseen(f"the caller is not allowed {RIGHTS[kind]}")}


def test_a_bucket_that_the_caller_may_not_read_has_a_region(closed: str) -> None:
    look = Look(Kind.BUCKET, ("known-bucket",))
    assert look_up(at(closed), [look], PATIENT) == {look: Found({"region": "eu-west-1"})}


def test_a_page_that_is_no_answer(service: Service) -> None:
    service.answer = (403, "", "a page of a proxy")
    look = ABSENT[Kind.ROLE]
    assert look_up(at(service.url), [look], PATIENT) == {
        look: Unseen("the answer did not come from AWS")
    }


def test_denied_by_the_emulators_faults(served: Served, there: dict[Kind, Look]) -> None:
    control.plan_faults(
        served.state, [{"operation": "GetWorkflow", "fault": "denied", "rate": 1.0}]
    )
    answers = look_up(at(served.url), there.values(), PATIENT)
    unseen = [kind for kind, look in there.items() if isinstance(answers[look], Unseen)]
    assert unseen == [Kind.WORKFLOW]


def test_a_workflow_of_the_other_type_is_told(served: Served) -> None:
    look = Look(Kind.WORKFLOW, (R2R, "PRIVATE", ""))
    answer = look_up(at(served.url), [look], PATIENT)[look]
    assert isinstance(answer, Found)
    assert answer.facts["type"] == "READY2RUN"


def test_folders_are_inputs_too(served: Served, there: dict[Kind, Look]) -> None:
    folders = [Look(Kind.FILE, (f"s3://results/{name}",)) for name in ("in", "in/", "i", "i/")]
    answers = look_up(at(served.url), folders, PATIENT)
    assert [type(answers[each]) for each in folders] == [Found, Found, Missing, Missing]


def test_a_whole_bucket_is_an_input_too(served: Served, there: dict[Kind, Look]) -> None:
    served.client("s3").create_bucket(Bucket="empty")
    uris = ("s3://results", "s3://results/", "s3://empty", "s3://nowhere")
    buckets = [Look(Kind.FILE, (uri,)) for uri in uris]
    answers = look_up(at(served.url), buckets, PATIENT)
    assert [type(answers[each]) for each in buckets] == [Found, Found, Found, Missing]


def test_a_bucket_in_another_region(served: Served) -> None:
    served.client("s3").create_bucket(
        Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    inputs = {"outputUri": "s3://far-away/x"}
    answers = look_up(at(served.url), looks(inputs), PATIENT)
    (problem,) = problems(inputs, answers, Place(REGION))
    assert "bucket far-away is in eu-west-1, but the run is in us-east-1" in str(problem)


def test_roles_that_do_not_trust_the_service(served: Served) -> None:
    trust = json.loads(json.dumps(TRUST).replace("omics.", "ec2."))
    made = served.client("iam").create_role(
        RoleName="other", AssumeRolePolicyDocument=json.dumps(trust)
    )
    inputs = {"roleArn": made["Role"]["Arn"]}
    answers = look_up(at(served.url), looks(inputs), PATIENT)
    (problem,) = problems(inputs, answers, Place(REGION, ACCOUNT))
    assert "does not trust omics.amazonaws.com" in str(problem)


def test_a_role_is_found_by_its_name_and_compared_by_its_arn(served: Served) -> None:
    inputs = {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/omics"}
    answers = look_up(at(served.url), looks(inputs), PATIENT)
    (problem,) = problems(inputs, answers, Place(REGION, ACCOUNT))
    assert f"the role of this name is arn:aws:iam::{ACCOUNT}:role/runs/omics" in str(problem)


def test_a_bucket_s_owner_is_asked_for(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    place = at(served.url)
    asked: list[dict[str, str]] = []

    class S3:
        def head_bucket(self, **given: str) -> dict[str, str]:
            asked.append(given)
            if given.get("ExpectedBucketOwner") == "210987654321":
                answer = {"Error": {"Code": "403", "Message": "Forbidden"}}
                raise botocore.exceptions.ClientError(answer, "HeadBucket")
            return {"BucketRegion": REGION}

    monkeypatch.setattr(calls, "aws", lambda _place, _service: S3())
    for owner, owned in ((ACCOUNT, True), ("210987654321", False)):
        look = Look(Kind.BUCKET, ("results", owner))
        assert look_up(place, [look], PATIENT)[look] == Found({"region": REGION, "owned": owned})
    assert len(asked) == 4


def test_a_quota_and_what_is_used_of_it(served: Served) -> None:
    place = at(served.url)
    clients.aws.cache_clear()
    before = _active(served)
    with Stubber(clients.aws(place, "service-quotas")) as quotas:
        quotas.add_response(
            "get_service_quota",
            {"Quota": {"Value": 10.0}},
            {"ServiceCode": "omics", "QuotaCode": "L-A30FD31B"},
        )
        quotas.add_response("get_service_quota", {"Quota": {"Value": 5000.0}})
        static, stored = Look(Kind.QUOTA, ("L-A30FD31B",)), Look(Kind.QUOTA, (STORED,))
        assert look_up(place, [static])[static] == Found({"value": 10, "active": before})
        assert look_up(place, [stored])[stored] == Found({"value": 5000})
    clients.aws.cache_clear()


def _active(served: Served) -> int:
    active = {"PENDING", "STARTING", "RUNNING", "STOPPING"}
    runs = served.omics.list_runs()["items"]
    return sum(run["status"] in active and run["storageType"] == "STATIC" for run in runs)


def test_no_answer_in_time(served: Served, there: dict[Kind, Look]) -> None:
    late = {"operation": "GetRunGroup", "fault": "slow", "rate": 1.0, "seconds": 40}
    control.plan_faults(served.state, [late])
    group, cache = there[Kind.GROUP], there[Kind.CACHE]
    began = time.monotonic()
    answers = look_up(at(served.url), [group, cache], seconds=4)
    assert time.monotonic() - began < 30
    assert isinstance(answers[cache], Found)
    assert answers[group] == Unseen("no answer came in time")


def test_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Settings(region=REGION, endpoint="http://127.0.0.1:9")
    answers = look_up(place, [ABSENT[Kind.GROUP], ABSENT[Kind.ROLE]])
    assert all(isinstance(each, Unseen) for each in answers.values())
    (why,) = {each.why for each in answers.values() if isinstance(each, Unseen)}
    assert "Unable to locate credentials" in why


def test_only_healthomics_is_asked_at_the_emulator_in_the_process(emulator: Emulator) -> None:
    place = Settings(region=REGION, endpoint="local", local_state=emulator.state)
    answers = look_up(place, ABSENT.values())
    assert {look.kind for look in answers} == {
        Kind.WORKFLOW, Kind.VERSION, Kind.RUN, Kind.GROUP, Kind.CACHE, Kind.CONFIGURATION
    }  # fmt: skip
    assert set(answers.values()) == {Missing()}
    assert all(operation.startswith("Get") for operation in emulator.calls())


# How it is told -----------------------------------------------------------------------------------


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What the program logs, as (severity, text)."""
    said: list[tuple[str, str]] = []
    for severity in ("info", "warn"):
        tell = partial(lambda severity, text: said.append((severity, text)), severity)
        monkeypatch.setattr(pulumi.log, severity, tell)
    return said


@pytest.mark.parametrize("error", [errors.SettingsError, errors.CredentialsError, errors.NotSent])
def test_what_stops_an_update_too_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, log: list[tuple[str, str]], error: type[errors.OmicsError]
) -> None:
    def fails(*_: object) -> object:
        raise error("GetWorkflow", "it is not there")

    monkeypatch.setitem(calls._LOOKS, Kind.WORKFLOW, fails)
    monkeypatch.setitem(calls._LOOKS, Kind.ROLE, lambda *_: Unseen("no right"))
    found = look_up(at("http://127.0.0.1:9"), [Look(Kind.WORKFLOW, ("1", "")), ROLE])
    Gathering(Settings(), answers=dict(found))._tell([], Place(REGION, ACCOUNT))
    assert [severity for severity, _ in log] == ["warn", "info"]
    assert "it is not there" in log[0][1]


def test_without_a_region_nothing_is_looked_up_and_a_warning_says_so(
    monkeypatch: pytest.MonkeyPatch, log: list[tuple[str, str]]
) -> None:
    monkeypatch.setattr(clients, "load", lambda: None)
    assert asyncio.run(Gathering(Settings(profile="none"))._report()) is False
    ((severity, text),) = log
    assert severity == "warn"
    assert "no check was possible" in text


class Nothing(pulumi.runtime.Mocks):
    """An engine in a preview, to which all is new."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[Any, dict[str, Any]]:
        return None, args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        raise AssertionError(args.token)


def test_a_preview_looks_for_a_run_to_take_over_and_at_no_quota(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, **_: told.append(text))
    monkeypatch.setattr(pulumi.log, "info", lambda text, **_: told.append(text))
    asked: list[Kind] = []

    def look(place: Settings, looks: list[Look], _: float) -> Any:
        asked.extend(each.kind for each in looks)
        return look_up(place, looks, PATIENT)

    monkeypatch.setattr(calls, "look_up", look)
    mocked(Nothing())
    pulumi.runtime.set_mocks(Nothing(), project="omics-runs", stack="trial", preview=True)
    pulumi.runtime.set_all_config({"omics:region": REGION, "omics:endpoint": served.url})

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def preview() -> None:
        OmicsRun(
            "taken", role_arn=f"arn:aws:iam::{ACCOUNT}:role/runs/omics",
            output_uri="s3://results/x", adopt_run_id="999999999",
        )  # fmt: skip

    try:
        preview()
    finally:
        mocked(Nothing())
        pulumi.runtime.set_all_config({})
    (text,) = told
    assert "there is no run 999999999 in us-east-1 to take over" in text
    assert set(asked) == {Kind.PLACE, Kind.RUN}
