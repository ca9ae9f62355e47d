"""The doctor through its command: the emulator's server as AWS, a machine as it may be found."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from omics_provider import __main__ as command
from omics_provider.base.settings import Settings
from omics_provider.commands.doctor import account as looks
from omics_provider.commands.doctor import machine
from omics_provider.commands.doctor.rules.judge import NOT_SHOWN
from omics_provider.commands.doctor.rules.setup import HELPERS
from omics_provider.emulator import control
from omics_provider.preflight.rules.quotas import CONCURRENT, STORED
from omics_provider.service import clients
from tests.provider.harness import Service
from tests.served import ACCOUNT, REGION, Served

SECRET = "hunter2-of-the-caller"
READS = {"ListRuns", "GetRun", "ListWorkflows", "ListRunGroups"}
ENGINE = '#!/bin/sh\ncase "$1" in version) echo v3.259.0;; *) echo "[]";; esac\n'


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which everything is well, and a project's folder to be in."""
    for name in [name for name in os.environ if name.startswith("PULUMI_")]:
        monkeypatch.delenv(name)
    for name in ("pulumi", *HELPERS):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(ENGINE)
        program.chmod(0o755)
    for folder in ("home", "state", "project"):
        (tmp_path / folder).mkdir()
    (tmp_path / "project" / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_PYTHON_CMD", sys.executable)
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}/state?metadata=skip")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", SECRET)
    return tmp_path


@pytest.fixture(scope="module")
def _served(server_anew: Served) -> Served:
    # A run that moves on between two lists is in neither.
    control.change_settings(server_anew.state, {"speed": 0})
    return server_anew


Answers = Callable[..., None]


@pytest.fixture
def served(_served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    control.plan_faults(_served.state, [])
    clients.aws.cache_clear()
    clients._session.cache_clear()
    clients._clients.clear()
    return _served


@pytest.fixture
def answers(served: Served) -> Iterator[Answers]:
    """Let a service answer in the emulator's place: error codes, or what it should say."""
    with ExitStack() as stack:

        def stub(service: str, operation: str, *given: str | dict[str, Any]) -> None:
            client = clients.aws(Settings(region=REGION, endpoint=served.url), service)
            stubber = stack.enter_context(Stubber(client))
            for each in given:
                if isinstance(each, str):
                    stubber.add_client_error(
                        operation, each, "no", 403, response_meta={"HTTPHeaders": {}}
                    )
                else:
                    stubber.add_response(operation, each)

        yield stub


@pytest.fixture
def quotas(answers: Answers) -> None:
    """The account's quotas, in the order in which they are asked for."""
    values = (5000, 50, 10)
    given = [{"Quota": {"QuotaCode": "L-1", "Value": float(each)}} for each in values]
    answers("service-quotas", "get_service_quota", *given)


class Told:
    """What the command said."""

    def __init__(self, code: int, out: str) -> None:
        self.code = code
        self.text = out
        self.lines = json.loads(out)["lines"]

    def level(self, area: str, subject: str = "") -> str:
        (line,) = (
            each for each in self.lines if each["area"] == area and subject in each["subject"]
        )
        return str(line["level"])

    def says(self, area: str, subject: str = "") -> str:
        return "; ".join(
            f"{each['says']} {each['advice']}"
            for each in self.lines
            if each["area"] == area and subject in each["subject"]
        )


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    def call(*arguments: str) -> Told:
        code = command.main(["doctor", "--json", *arguments])
        told = capsys.readouterr()
        assert SECRET not in told.out + told.err
        assert told.err == ""
        wrong = [each for each in json.loads(told.out)["lines"] if each["level"] == "wrong"]
        assert code == int(bool(wrong))
        return Told(code, told.out)

    return call


Doctor = Callable[..., Told]


def at(served: Served) -> tuple[str, ...]:
    return ("--endpoint", served.url, "--region", REGION)


# All is well -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("quotas")
def test_all_is_well(doctor: Doctor, served: Served) -> None:
    told = doctor(*at(served))
    assert {each["level"] for each in told.lines} == {"ok"}, told.text
    areas = list(dict.fromkeys(each["area"] for each in told.lines))
    assert areas == [
        "engine", "packages", "state", "endpoint", "region", "credentials", "rights", "quotas",
    ]  # fmt: skip
    assert ACCOUNT in told.says("credentials")
    assert "from the environment" in told.says("credentials")


@pytest.mark.usefixtures("quotas")
def test_text_is_what_is_written_without_json(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["doctor", *at(served)]) == 0
    text = capsys.readouterr().out
    assert "  ok       omics:ListRuns: allowed\n" in text
    assert text.endswith(" ok.\n")
    assert all(action in text for action in NOT_SHOWN)


@pytest.mark.usefixtures("quotas")
def test_nothing_but_reads_reaches_the_service(doctor: Doctor, served: Served) -> None:
    first = max((call["number"] for call in control.calls(served.state)), default=0)
    doctor(*at(served), "--bucket", "none", "--role", f"arn:aws:iam::{ACCOUNT}:role/none")
    made = {call["operation"] for call in control.calls(served.state, after=first)}
    assert made == READS


def test_nothing_is_written(
    doctor: Doctor, home: Path, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real engine, which by itself keeps a log of each command."""
    engine = shutil.which("pulumi", path=_PATH)
    assert engine, "this test needs a Pulumi engine on PATH"
    (home / "bin" / "pulumi").unlink()
    (home / "bin" / "pulumi").symlink_to(engine)
    monkeypatch.setenv("PULUMI_HOME", str(home / "home" / "pulumi"))
    before = _files(home)
    assert doctor(*at(served)).says("engine", "pulumi").startswith("3.")
    assert doctor("--endpoint", "local").level("emulator") == "ok"
    assert _files(home) == before


_PATH = os.environ["PATH"]


def _files(folder: Path) -> dict[str, tuple[float, bytes]]:
    found = (path for path in folder.rglob("*") if path.name != "bin")
    return {
        str(path): (path.stat().st_mtime, path.read_bytes() if path.is_file() else b"")
        for path in found
    }


# Credentials and Region --------------------------------------------------------------------------


def test_without_credentials_nothing_else_is_asked(
    doctor: Doctor, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    told = doctor(*at(served))
    assert told.code == 1
    assert told.level("credentials") == "wrong"
    assert "aws sso login" in told.says("credentials")
    assert "there are no credentials" in told.says("rights")


@pytest.mark.usefixtures("quotas")
@pytest.mark.parametrize(
    ("code", "level"), [("AccessDenied", "warning"), ("ExpiredToken", "wrong")]
)
def test_a_caller_that_sts_does_not_name(
    doctor: Doctor, served: Served, answers: Answers, code: str, level: str
) -> None:
    answers("sts", "get_caller_identity", code)
    told = doctor(*at(served))
    assert told.level("credentials") == level
    if level == "warning":
        assert told.level("rights", "ListRuns") == "ok"


def test_an_unknown_profile(doctor: Doctor, served: Served) -> None:
    told = doctor(*at(served), "--profile", "nobody")
    assert told.level("credentials", "profile") == "wrong"
    assert "omics:profile" in told.says("credentials")


def test_no_region(doctor: Doctor, served: Served) -> None:
    told = doctor("--endpoint", served.url)
    assert told.level("region") == "wrong"
    assert "pulumi config set omics:region" in told.says("region")


@pytest.mark.parametrize(
    ("variables", "stack", "region"),
    [
        ({"AWS_REGION": "eu-west-1"}, "", "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "", "eu-west-2"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "", "eu-west-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-2"}, "", "eu-west-2"),
        ({"AWS_REGION": "eu-west-1"}, "us-west-2", "us-west-2"),
    ],
)
def test_the_region_is_that_of_an_update(
    doctor: Doctor,
    served: Served,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    stack: str,
    region: str,
) -> None:
    """Both read AWS_REGION as AWS's other tools do, and boto3 alone does not."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    file = home / "project" / "Pulumi.dev.yaml"
    file.write_text(f"config: {{omics:region: {stack}}}" if stack else "")
    place = Settings(region=stack or None, endpoint=served.url)
    assert clients.omics(place).meta.region_name == region
    assert doctor("--endpoint", served.url, "--stack", "dev").level("region", region) == "ok"


def test_a_region_without_healthomics(monkeypatch: pytest.MonkeyPatch, doctor: Doctor) -> None:
    told = doctor("--region", "eu-north-9")
    assert told.level("region", "eu-north-9") == "warning"
    assert "us-west-2" in told.says("region")
    assert doctor("--region", "us-west-2").level("region", "us-west-2") == "ok"


def test_a_page_of_a_proxy_is_no_answer(doctor: Doctor, service: Service) -> None:
    service.answer = (403, "", "")
    told = doctor("--endpoint", service.url, "--region", REGION)
    assert told.level("credentials") == "wrong"
    assert "did not come from AWS" in told.says("credentials")


def test_nobody_answers(doctor: Doctor, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    told = doctor("--endpoint", "http://127.0.0.1:9", "--region", REGION)
    assert told.level("credentials") == "wrong"
    assert told.level("rights", "omics:ListRuns") == "wrong"
    # What the same server does not answer, it is not asked again.
    assert told.says("rights", "omics:GetRun") == ""


# Rights ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("quotas")
@pytest.mark.parametrize(
    ("operation", "level"),
    [("ListRuns", "wrong"), ("ListWorkflows", "warning"), ("ListRunGroups", "warning")],
)
def test_a_right_that_is_missing(
    doctor: Doctor, served: Served, operation: str, level: str
) -> None:
    control.plan_faults(served.state, [{"operation": operation, "fault": "denied", "rate": 1.0}])
    told = doctor(*at(served))
    assert told.level("rights", f"omics:{operation}") == level
    assert f"Allow the caller omics:{operation}." in told.says("rights")
    others = [each for each in told.lines if each["area"] == "rights" and each["level"] != "ok"]
    assert len(others) == 1
    if operation == "ListRuns":
        assert told.level("quotas", "on record") == "warning"


@pytest.mark.usefixtures("quotas")
def test_a_run_that_is_there_settles_the_right_to_look(doctor: Doctor, served: Served) -> None:
    fault = [{"operation": "GetRun", "fault": "denied", "rate": 1.0}]
    control.plan_faults(served.state, fault)
    told = doctor(*at(served))
    assert told.level("rights", "omics:GetRun") == "warning"
    run = served.omics.start_run(
        workflowId="9500764",
        workflowType="READY2RUN",
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/omics",
        outputUri="s3://results/x",
        requestId="doctor",
        parameters={"sample_name": "a", "fastq_pairs": []},
        tags={"emulator:seconds": "0"},
    )["id"]
    try:
        assert doctor(*at(served)).level("rights", "omics:GetRun") == "wrong"
    finally:
        control.plan_faults(served.state, [])
        control.advance(served.state, 100)
        served.omics.delete_run(id=run)


@pytest.mark.usefixtures("quotas")
def test_no_right_to_logs(doctor: Doctor, served: Served, answers: Answers) -> None:
    answers("logs", "get_log_events", "AccessDeniedException")
    told = doctor(*at(served))
    assert told.level("rights", "logs:GetLogEvents") == "warning"
    assert "/aws/omics/WorkflowLog" in told.says("rights")


# What is given by option -------------------------------------------------------------------------

TRUST = {
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "omics.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
}


@pytest.mark.usefixtures("quotas")
def test_buckets(doctor: Doctor, served: Served) -> None:
    s3 = served.client("s3")
    s3.create_bucket(Bucket="doctor-near")
    s3.create_bucket(
        Bucket="doctor-far", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    near, far, none = (
        doctor(*at(served), "--bucket", name) for name in ("doctor-near", "doctor-far", "d-none")
    )
    assert [told.level("bucket") for told in (near, far, none)] == ["ok", "wrong", "wrong"]


@pytest.mark.usefixtures("quotas")
def test_a_bucket_that_may_not_be_looked_at(
    doctor: Doctor, served: Served, answers: Answers
) -> None:
    answers("s3", "head_bucket", "403")
    told = doctor(*at(served), "--bucket", "doctor-near")
    assert told.level("bucket") == "warning"
    assert "s3:ListBucket" in told.says("bucket")


@pytest.mark.usefixtures("quotas")
def test_roles(doctor: Doctor, served: Served, answers: Answers) -> None:
    iam = served.client("iam")
    distrusting = json.dumps(TRUST).replace("omics.", "ec2.")
    arns = [
        iam.create_role(RoleName="doctor-1", AssumeRolePolicyDocument=json.dumps(TRUST)),
        iam.create_role(RoleName="doctor-2", AssumeRolePolicyDocument=distrusting),
        {"Role": {"Arn": f"arn:aws:iam::{ACCOUNT}:role/doctor-3"}},
    ]
    levels = [doctor(*at(served), "--role", made["Role"]["Arn"]).level("role") for made in arns]
    assert levels == ["ok", "wrong", "wrong"]
    answers("iam", "get_role", "AccessDenied")
    told = doctor(*at(served), "--role", arns[0]["Role"]["Arn"])
    assert told.level("role") == "warning"
    assert "iam:GetRole" in told.says("role")


# Quotas ------------------------------------------------------------------------------------------


def test_quotas_that_may_not_be_read(doctor: Doctor, served: Served, answers: Answers) -> None:
    answers("service-quotas", "get_service_quota", *["AccessDeniedException"] * 3)
    told = doctor(*at(served))
    levels = [each["level"] for each in told.lines if each["area"] == "quotas"]
    assert levels == ["warning"] * 3
    assert "servicequotas:GetServiceQuota" in told.says("quotas")
    assert "in use" in told.says("quotas")
    assert told.code == 0


def test_quotas_that_are_used_up(
    doctor: Doctor, served: Served, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "_PAGE", 1)
    ids = [
        served.omics.start_run(
            workflowId=_private(served),
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/omics",
            outputUri="s3://results/x",
            requestId=f"used-{number}",
            storageType="STATIC" if number else "DYNAMIC",
            tags={"emulator:freezes": "yes"},
        )["id"]
        for number in range(3)
    ]
    value = [{"Quota": {"QuotaCode": "L-1", "Value": float(each)}} for each in (3, 50, 2)]
    answers("service-quotas", "get_service_quota", *value, *value)
    try:
        told = doctor(*at(served))
        # The pages are counted up to a limit.
        monkeypatch.setattr(looks, "_MOST_PAGES", 2)
        least = doctor(*at(served))
    finally:
        for run in ids:
            served.omics.cancel_run(id=run)
            control.advance(served.state, 1000)
            served.omics.delete_run(id=run)
    assert [each["says"] for each in told.lines if each["area"] == "quotas"] == [
        f"3 of 3 in use ({STORED})",
        f"1 of 50 in use ({CONCURRENT['DYNAMIC']})",
        f"2 of 2 in use ({CONCURRENT['STATIC']})",
    ]
    levels = [each["level"] for each in told.lines if each["area"] == "quotas"]
    assert levels == ["warning", "ok", "warning"]
    assert told.code == 0
    assert "at least 2 of 3" in least.says("quotas", "on record")


def _private(served: Served) -> str:
    return str(
        served.omics.create_workflow(
            name="w", engine="NEXTFLOW", definitionUri="s3://workflows/w.zip"
        )["id"]
    )


# The machine -------------------------------------------------------------------------------------


def test_no_engine(doctor: Doctor, home: Path) -> None:
    (home / "bin" / "pulumi").unlink()
    assert doctor("--endpoint", "local").level("engine", "pulumi") == "wrong"


def test_an_engine_that_fails_or_may_not_be_run(doctor: Doctor, home: Path) -> None:
    (home / "bin" / "pulumi").write_text("#!/bin/sh\nexit 1\n")
    assert doctor("--endpoint", "local").level("engine", "pulumi") == "wrong"
    (home / "bin" / "pulumi").write_text("#!/none\n")
    assert doctor("--endpoint", "local").level("engine", "pulumi") == "wrong"


def test_an_engine_without_its_helpers(doctor: Doctor, home: Path) -> None:
    (home / "bin" / "pulumi-language-python").unlink()
    told = doctor("--endpoint", "local")
    assert "lacks pulumi-language-python," in told.says("engine", "pulumi")


@pytest.mark.parametrize("runtime", ["yaml", "{name: yaml}"])
def test_a_program_of_another_language_needs_its_host_and_the_provider(
    doctor: Doctor, home: Path, runtime: str
) -> None:
    project = home / "project" / "Pulumi.yaml"
    project.write_text(f"name: p\nruntime: {runtime}\n")
    told = doctor("--endpoint", "local")
    assert "lacks pulumi-language-yaml, so it runs no yaml" in told.says("engine", "pulumi")
    assert told.level("engine", "provider omics") == "wrong"
    for name in ("pulumi-language-yaml", "pulumi-resource-omics"):
        (home / "bin" / name).write_text("#!/bin/sh\n")
        (home / "bin" / name).chmod(0o755)
    told = doctor("--endpoint", "local")
    assert told.level("engine", "pulumi") == "ok"
    assert told.says("engine", "provider omics").strip() == f"{home}/bin/pulumi-resource-omics"
    # The interpreter and pip are those of programs in Python.
    assert not {"Python", "pip"} & {each["subject"] for each in told.lines}
    plugins = "plugins: {providers: [{name: omics, path: ../own}]}\n"
    project.write_text(f"name: p\nruntime: {runtime}\n{plugins}")
    assert "does not exist" in doctor("--endpoint", "local").says("engine", "provider omics")


def test_an_installed_provider_is_found(doctor: Doctor, home: Path) -> None:
    (home / "project" / "Pulumi.yaml").write_text("name: p\nruntime: go\n")
    file = home / "home" / ".pulumi/plugins/resource-omics-v0.1.0/pulumi-resource-omics"
    file.parent.mkdir(parents=True)
    file.write_text("")
    assert doctor("--endpoint", "local").says("engine", "provider omics").strip() == str(file)


def test_the_engine_is_run_for_its_version_alone(doctor: Doctor, home: Path) -> None:
    log = home / "called"
    script = f'#!/bin/sh\necho "$PULUMI_HOME $*" >> {log}\necho v3.259.0\n'
    (home / "bin" / "pulumi").write_text(script)
    doctor("--endpoint", "local")
    assert log.read_text() == f"{os.devnull} version\n"


@pytest.mark.parametrize(("program", "level"), [("sh", "warning"), ("/none/python", "wrong")])
def test_another_interpreter(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, program: str, level: str
) -> None:
    monkeypatch.setenv("PULUMI_PYTHON_CMD", program)
    told = doctor("--endpoint", "local")
    assert told.level("engine", "Python") == level
    assert "PULUMI_PYTHON_CMD" in told.says("engine", "Python")


def test_an_environment_that_is_not_active(
    doctor: Doctor, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_PYTHON_CMD")
    (home / "bin" / "python3").symlink_to(sys.executable)
    assert "(PATH)" in doctor("--endpoint", "local").says("engine", "Python")
    beside = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{beside}:{os.environ['PATH']}")
    assert doctor("--endpoint", "local").level("engine", "Python") == "ok"


def test_the_interpreter_of_the_project(doctor: Doctor, home: Path) -> None:
    project = "name: p\nmain: {}\nruntime: {{name: python, options: {{virtualenv: {}}}}}\n"
    file, venv = home / "project" / "Pulumi.yaml", Path(sys.executable).parents[1]
    file.write_text(project.format("app", "../none"))
    told = doctor("--endpoint", "local")
    assert told.level("engine", "Python") == "wrong"
    assert f"{home}/project/app/../none/bin/python" in told.says("engine", "Python")
    file.write_text(project.format(".", venv))
    assert doctor("--endpoint", "local").level("engine", "Python") == "ok"
    other = home / "project" / "venv" / "bin" / "python"
    other.parent.mkdir(parents=True)
    other.symlink_to(sys.executable)
    file.write_text(project.format(".", "venv"))
    assert doctor("--endpoint", "local").level("engine", "Python") == "warning"


def test_an_environment_without_pip(
    doctor: Doctor, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert doctor("--endpoint", "local").level("packages", "pip") == "ok"
    monkeypatch.setattr(machine, "find_spec", lambda name: None)
    assert doctor("--endpoint", "local").level("packages", "pip") == "wrong"
    runtime = "{name: python, options: {toolchain: uv}}"
    (home / "project" / "Pulumi.yaml").write_text(f"name: p\nruntime: {runtime}\n")
    assert doctor("--endpoint", "local").level("packages", "pip") == "ok"


def test_packages_that_are_old_or_missing(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    true = metadata.version

    def version(name: str) -> str:
        if name == "protobuf":
            raise metadata.PackageNotFoundError(name)
        return "1.0" if name == "boto3" else true(name)

    monkeypatch.setattr(metadata, "version", version)
    told = doctor("--endpoint", "local")
    assert told.says("packages", "boto3").startswith("1.0 is installed, >=1.44.5 is needed")
    assert told.says("packages", "protobuf").startswith("not installed, ")
    assert told.level("packages", "pulumi") == "ok"


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("file://{home}/state", "warning"),
        ("file://{home}/none?metadata=skip", "wrong"),
        ("file://{home}/project/Pulumi.yaml?metadata=skip", "wrong"),
        ("file://./../state?metadata=skip", "ok"),
        (f"https://user:{SECRET}@api.example.com", "wrong"),
        (f"s3://bucket?x={SECRET}", "ok"),
    ],
)
def test_backends(
    doctor: Doctor, home: Path, monkeypatch: pytest.MonkeyPatch, url: str, level: str
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", url.format(home=home))
    assert doctor("--endpoint", "local").level("state", "backend") == level


def test_a_backend_that_may_not_be_written_to(
    doctor: Doctor, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_not_write(monkeypatch, home / "state")
    assert doctor("--endpoint", "local").level("state", "backend") == "wrong"


def may_not_write(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    true = os.access
    monkeypatch.setattr(
        os, "access", lambda p, mode: Path(p) != path and true(p, mode), raising=True
    )


def test_a_side_file_that_a_kill_left_empty(doctor: Doctor, home: Path) -> None:
    stack = home / "state" / ".pulumi" / "stacks" / "p" / "dev.json.attrs"
    stack.parent.mkdir(parents=True)
    stack.write_text("{}")
    assert doctor("--endpoint", "local").level("state", "backend") == "ok"
    stack.write_text("")
    told = doctor("--endpoint", "local")
    assert ".pulumi/stacks/p/dev.json.attrs" in told.says("state", "backend")
    assert told.code == 1


def test_the_backend_is_found_as_the_engine_finds_it(
    doctor: Doctor, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL")
    assert doctor("--endpoint", "local").level("state", "backend") == "wrong"
    kept = home / "home" / ".pulumi" / "credentials.json"
    kept.parent.mkdir()
    url = "https://api.pulumi.com"
    kept.write_text(json.dumps({"current": url, "accessTokens": {url: SECRET}}))
    told = doctor("--endpoint", "local")
    assert told.level("state", "backend") == "ok"
    assert "pulumi login" in told.says("state", "backend")
    kept.write_text(json.dumps({"current": url}))
    assert doctor("--endpoint", "local").level("state", "backend") == "wrong"
    kept.write_text("{")
    assert doctor("--endpoint", "local").level("state", "backend") == "wrong"
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", SECRET)
    assert doctor("--endpoint", "local").level("state", "backend") == "ok"
    project = f"name: p\nruntime: python\nbackend: {{url: 'file://{home}/state?metadata=skip'}}\n"
    (home / "project" / "Pulumi.yaml").write_text(project)
    assert "Pulumi.yaml" in doctor("--endpoint", "local").says("state", "backend")


def test_passphrases_and_keys(doctor: Doctor, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor("--endpoint", "local").level("state", "secrets") == "ok"
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    assert doctor("--endpoint", "local").level("state", "secrets") == "warning"
    stack = home / "project" / "Pulumi.dev.yaml"
    stack.write_text("secretsprovider: awskms://alias/x\n")
    assert doctor("--endpoint", "local").level("state", "secrets") == "ok"
    (home / "project" / "Pulumi.other.yaml").write_text("config: {}\n")
    assert doctor("--endpoint", "local").level("state", "secrets") == "warning"


# The endpoint `local`, and the stack's file ------------------------------------------------------


def test_local_asks_nobody(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "omics", None)
    monkeypatch.setattr(looks, "aws", None)
    told = doctor("--endpoint", "local")
    assert told.code == 0
    assert told.says("emulator").startswith(str(Path.cwd() / ".omics" / "local.db"))


def test_the_file_of_the_emulator(
    doctor: Doctor, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "project" / ".omics" / "local.db"
    file.parent.mkdir()
    file.write_text("no database")
    assert doctor("--endpoint", "local").level("emulator") == "wrong"
    file.unlink()
    file.mkdir()
    assert doctor("--endpoint", "local").level("emulator") == "wrong"
    file.rmdir()
    assert doctor("--endpoint", "local").level("emulator") == "ok"
    may_not_write(monkeypatch, file.parent)
    assert doctor("--endpoint", "local").level("emulator") == "wrong"


def test_a_stack_s_file_says_where_its_runs_are(
    doctor: Doctor, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "project" / "Pulumi.yaml").write_text(
        "name: p\nruntime: python\nstackConfigDir: stacks\n"
    )
    stacks = home / "project" / "stacks"
    stacks.mkdir()
    (stacks / "Pulumi.dev.yaml").write_text(
        "config:\n  omics:endpoint: local\n  omics:localState: sub/x.db\n"
        f"  omics:profile: {{secure: {SECRET}}}\n"
    )
    (home / "project" / "deep").mkdir()
    monkeypatch.chdir(home / "project" / "deep")
    told = doctor("--stack", "org/p/dev")
    assert told.says("emulator").startswith(str(home / "project" / "sub" / "x.db"))


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json"])
@pytest.mark.parametrize(
    ("config", "stack", "says"),
    [
        # What `pulumi new` writes.
        ({"pulumi:tags": {"value": {"pulumi:template": "python"}}}, {}, "default"),
        # Its defaults count, in each of their forms, where the stack does not say otherwise.
        ({"omics:localState": "own.db"}, {}, "own"),
        ({"omics:localState": {"value": "own.db"}}, {}, "own"),
        ({"localState": {"type": "string", "default": "own.db"}}, {}, "own"),
        ({"omics:localState": "own.db"}, {"omics:localState": "stack.db"}, "stack"),
        ({"omics:localState": "own.db"}, {"localState": "stack.db"}, "stack"),
        # Its old meaning: the folder of the stacks' files.
        ("stacks", {"omics:localState": "stack.db"}, "stack"),
        # What means nothing is none of ours to judge: the engine says so.
        (["a"], {}, "default"),
    ],
)
def test_one_key_of_the_project_s_file_has_two_meanings(
    doctor: Doctor, home: Path, config: Any, stack: dict[str, str], says: str, suffix: str
) -> None:
    project = home / "project"
    (project / "Pulumi.yaml").unlink()
    settings = {"name": "omics", "runtime": "python", "config": config}
    (project / f"Pulumi{suffix}").write_text(json.dumps(settings))
    folder = project / config if isinstance(config, str) else project
    folder.mkdir(exist_ok=True)
    (folder / f"Pulumi.dev{suffix}").write_text(json.dumps({"config": stack}))
    told = doctor("--stack", "dev", "--endpoint", "local")
    files = {"default": ".omics/local.db", "own": "own.db", "stack": "stack.db"}
    assert told.says("emulator").startswith(str(project / files[says]))
    assert told.level("state", "configuration") == "ok"


def test_a_stack_may_have_no_file_of_its_own(doctor: Doctor, home: Path) -> None:
    (home / "project" / "Pulumi.yaml").write_text("name: p\nconfig: {omics:endpoint: local}\n")
    told = doctor("--stack", "dev")
    assert told.level("state", "configuration") == "warning"
    assert told.level("emulator") == "ok"


@pytest.mark.parametrize(
    "text",
    [
        "name: 1\nmain: 2\nbackend: file://x\nruntime: {options: x}\nconfig: 3",
        "name: p\nruntime: {name: python, options: {virtualenv: 1, toolchain: []}}\nconfig: {a: }",
        "[]",
    ],
)
def test_no_value_of_the_project_s_file_is_believed_for_its_name(
    doctor: Doctor, home: Path, text: str
) -> None:
    (home / "project" / "Pulumi.yaml").write_text(text)
    (home / "project" / "Pulumi.dev.yaml").write_text("config: [a]\nsecretsprovider: 1")
    told = doctor("--stack", "dev", "--endpoint", "local")
    assert told.level("state", "backend") == "ok"
    assert told.level("engine", "Python") == "ok"


def test_a_stack_is_asked_for_as_an_update_does(doctor: Doctor, home: Path) -> None:
    log, program = home / "asked", home / "bin" / "pulumi"
    program.write_text(ENGINE.replace("\n", f'\necho "$PWD $*" >> {log}\n', 1))
    (home / "project" / "Pulumi.dev.yaml").touch()
    told = doctor("--stack", "dev", "--endpoint", "local")
    assert told.level("state", "dev") == "ok"
    asked = [line for line in log.read_text().splitlines() if " stack " in line]
    folder = home / "project"
    assert [line.partition(" --stack dev")[0] for line in asked] == [
        f"{folder} stack export", f"{folder} stack history --json --page-size 1"
    ]  # fmt: skip
    program.write_text(
        "#!/bin/sh\n[ $1 = version ] && echo v3.259.0 && exit\n"
        "echo \"error: no stack named 'dev' found\" >&2\nexit 255\n"
    )
    told = doctor("--stack", "dev", "--endpoint", "local")
    assert told.level("state", "dev") == "wrong"
    assert "no stack named 'dev' found" in told.says("state", "dev")


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({"Pulumi.dev.yaml": "config: ["}, "not YAML"),
        ({"Pulumi.dev.yaml": "config: {omics:endpoint: nowhere}"}, "omics:endpoint"),
    ],
)
def test_a_stack_that_can_not_be_read(
    home: Path, capsys: pytest.CaptureFixture[str], files: dict[str, str], word: str
) -> None:
    for name, text in files.items():
        (home / "project" / name).write_text(text)
    assert command.main(["doctor", "--stack", "dev"]) == 1
    assert word in capsys.readouterr().err
