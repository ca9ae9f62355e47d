"""What the doctor makes of what it finds: each check ok, wrong, and not allowed to be seen."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from omics_provider.base import errors
from omics_provider.commands.doctor.command import write_lines
from omics_provider.commands.doctor.rules import judge, setup
from omics_provider.commands.doctor.rules.judge import RIGHTS, Level, Line, Use
from omics_provider.commands.doctor.rules.setup import Backend, Folder
from omics_provider.preflight.rules import trust
from omics_provider.preflight.rules.answers import Found, Missing, Unseen

ROOT = Path(__file__).parents[3]
OK, WARNING, WRONG = Level.OK, Level.WARNING, Level.WRONG
ARN = "arn:aws:iam::111122223333:role/omics-runs"
RUNS = trust.Runs("111122223333", "eu-west-1")
DENIED = errors.Denied("X", "no", code="AccessDeniedException", advice="Allow the caller X.")
DENIED_ELSEWHERE = errors.ServiceError("X", "no", code="AccessDenied")
NOT_FOUND = errors.NotFound("X", "none", code="ResourceNotFoundException")
FAULT = errors.ServiceFault("X", "oops.", code="InternalServerException", advice="x")
UNREACHABLE = errors.NotSent("X", "the service could not be reached", advice="Check the network.")
EXPIRED = errors.CredentialsError("X", "expired", code="ExpiredToken", advice="Sign in again.")


def test_a_line_that_is_not_ok_says_the_way_out() -> None:
    """All lines that the functions below can give, in one place."""
    lines = [
        *(judge.no_identity(e) for e in (DENIED, EXPIRED, UNREACHABLE, FAULT)),
        *(judge.right(a, e) for a in RIGHTS for e in (DENIED, EXPIRED, UNREACHABLE, FAULT)),
        *(judge.bucket("b", a, "eu-west-1") for a in (Missing(), Unseen("why"))),
        *(judge.role(ARN, a, RUNS) for a in (Missing(), Unseen("why"), Found({"trust": {}}))),
        judge.region("xx", ["eu-west-1"]),
        judge.quota(judge.STORED, "L-1", 10, Use(10)),
        judge.quota(judge.STORED, "L-1", DENIED, Use(10)),
        judge.quota(judge.STORED, "L-1", 10, DENIED),
        judge.nobody(),
    ]
    assert [line for line in lines if line.level is OK or not line.advice] == []


def test_only_what_is_wrong_makes_the_exit_code() -> None:
    lines = [Line("a", "s", OK, ""), Line("a", "s", WARNING, "")]
    assert judge.exit_code(lines) == 0
    assert judge.exit_code([*lines, Line("a", "s", WRONG, "")]) == 1


# Credentials and Region --------------------------------------------------------------------------


def test_the_caller_is_told_with_the_place_of_the_credentials() -> None:
    line = judge.identity("111122223333", ARN, "sso")
    assert line.level is OK
    assert line.says == f"{ARN} in account 111122223333, from a sign-in (IAM Identity Center)"
    assert judge.identity("1", ARN, None).says == f"{ARN} in account 1"
    assert "from something-new" in judge.identity("1", ARN, "something-new").says


def test_the_root_user_is_a_warning() -> None:
    line = judge.identity("1", "arn:aws:iam::1:root", "env")
    assert line.level is WARNING


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (DENIED, WARNING),
        (DENIED_ELSEWHERE, WARNING),
        (EXPIRED, WRONG),
        (UNREACHABLE, WRONG),
        (FAULT, WARNING),
    ],
)
def test_a_caller_that_sts_does_not_name(error: errors.OmicsError, level: Level) -> None:
    assert judge.no_identity(error).level is level


def test_regions() -> None:
    assert judge.region("eu-west-1", ["eu-west-1"]).level is OK
    assert judge.region("eu-west-1", ()).level is OK
    unknown = judge.region("eu-north-1", ["us-east-1", "eu-west-1"])
    assert unknown.level is WARNING
    assert "eu-west-1, us-east-1" in unknown.advice


# Rights ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", RIGHTS)
def test_a_right_is_there(action: str) -> None:
    assert judge.right(action, None).level is OK
    # Who may look at things is told that this one is not there.
    assert judge.right(action, NOT_FOUND, of_nothing=True).level is OK


def test_what_an_update_can_not_do_without_is_wrong() -> None:
    levels = {action: judge.right(action, DENIED).level for action in RIGHTS}
    assert {action for action, level in levels.items() if level is WRONG} == {
        "omics:ListRuns",
        "omics:GetRun",
    }
    line = judge.right("logs:GetLogEvents", DENIED)
    assert line.level is WARNING
    assert line.advice.startswith(
        "Allow the caller logs:GetLogEvents on the log group /aws/omics/WorkflowLog."
    )


def test_a_refusal_to_look_at_nothing_is_no_certainty() -> None:
    line = judge.right("omics:GetRun", DENIED, of_nothing=True)
    assert line.level is WARNING
    assert "condition" in line.says


@pytest.mark.parametrize(
    ("error", "level"), [(FAULT, WARNING), (UNREACHABLE, WRONG), (EXPIRED, WRONG)]
)
def test_a_right_that_could_not_be_asked_for(error: errors.OmicsError, level: Level) -> None:
    line = judge.right("omics:ListRuns", error)
    assert line.level is level
    assert "allowed" not in line.says


# What is given by option -------------------------------------------------------------------------

TRUSTING = {
    "Effect": "Allow",
    "Principal": {"Service": "omics.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


@pytest.mark.parametrize(
    ("answer", "level", "word"),
    [
        (Found({"region": "eu-west-1"}), OK, "eu-west-1"),
        (Found({"region": None}), OK, "there"),
        (Found({"region": "us-east-1"}), WRONG, "us-east-1"),
        (Missing(), WRONG, "no such bucket"),
        (Unseen("the caller is not allowed s3:ListBucket"), WARNING, "not allowed"),
    ],
)
def test_buckets(answer: Found | Missing | Unseen, level: Level, word: str) -> None:
    line = judge.bucket("results", answer, "eu-west-1")
    assert (line.level, word in line.says) == (level, True)


@pytest.mark.parametrize(
    ("statement", "level", "word"),
    [
        (TRUSTING, OK, "may assume"),
        ({**TRUSTING, "Principal": {"Service": "ec2.amazonaws.com"}}, WRONG, "does not trust"),
        (
            {**TRUSTING, "Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}},
            WRONG,
            "only for other runs",
        ),
        ({**TRUSTING, "Condition": {"Bool": {"x": "true"}}}, WARNING, "the doctor can't check"),
    ],
)
def test_roles_by_their_trust(statement: dict[str, object], level: Level, word: str) -> None:
    line = judge.role(ARN, Found({"trust": {"Statement": [statement]}}), RUNS)
    assert (line.level, word in line.says) == (level, True)


def test_roles_that_can_not_be_judged() -> None:
    assert judge.role(ARN, Missing(), RUNS).level is WRONG
    assert judge.role(ARN, Unseen("not allowed"), RUNS).level is WARNING
    other = judge.role(ARN, Found({"trust": {"Statement": [TRUSTING]}}), trust.Runs("9", "x"))
    assert other.level is WRONG
    assert "account 111122223333" in other.says
    renamed = judge.role(ARN, Found({"arn": f"{ARN}-2", "trust": {}}), RUNS)
    assert (renamed.level, f"{ARN}-2" in renamed.says) == (WRONG, True)
    abroad = judge.role(ARN.replace("aws", "aws-cn", 1), Found(), RUNS)
    assert (abroad.level, "partition aws-cn" in abroad.says) == (WRONG, True)


# Quotas ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("used", "level"), [(0, OK), (89, OK), (90, WARNING), (100, WARNING), (120, WARNING)]
)
def test_a_quota_that_is_nearly_used_up(used: int, level: Level) -> None:
    for subject in (judge.STORED, *judge.ACTIVE_WITH.values()):
        line = judge.quota(subject, "L-1", 100, Use(used))
        assert (line.level, line.says) == (level, f"{used} of 100 in use (L-1)")


def test_a_quota_of_which_something_is_not_known() -> None:
    line = judge.quota(judge.STORED, "L-1", DENIED, Use(5000, is_least=True))
    assert line.level is WARNING
    assert line.says.startswith("at least 5,000 in use; the quota (L-1) is not known")
    assert line.advice == "Allow the caller servicequotas:GetServiceQuota."
    assert judge.quota(judge.STORED, "L-1", 9, DENIED).advice == "Allow the caller omics:ListRuns."
    assert "InternalServerException" in judge.quota(judge.STORED, "L-1", FAULT, Use(1)).says


# The machine -------------------------------------------------------------------------------------


def test_the_engine_is_the_one_that_the_tests_run_with() -> None:
    pins = (ROOT / "tools" / "engine" / "cli" / "go.mod").read_text("utf-8")
    assert re.findall(r"github.com/pulumi/pulumi/pkg/v3 v(\S+)", pins) == [setup.ENGINE]


@pytest.mark.parametrize(
    ("program", "says", "lacks", "level", "word"),
    [
        ("/bin/pulumi", "v3.259.0\n", [], OK, "3.259.0"),
        ("/bin/pulumi", "v3.1000.2-alpha.1+dirty", [], OK, "3.1000.2"),
        ("/bin/pulumi", "v3.99.0", [], WARNING, "older"),
        ("/bin/pulumi", "v4.0.0", [], WRONG, "3.x"),
        ("/bin/pulumi", "v2.9.0", [], WRONG, "3.x"),
        ("/bin/pulumi", "what?", [], WRONG, "version"),
        ("/bin/pulumi", None, [], WRONG, "version"),
        ("/bin/pulumi", "v3.259.0", ["pulumi-language-python"], WRONG, "lacks"),
        (None, None, [], WRONG, "no `pulumi`"),
    ],
)
def test_engines(
    program: str | None, says: str | None, lacks: list[str], level: Level, word: str
) -> None:
    line = setup.engine(program, says, lacks)
    assert (line.level, word in line.says) == (level, True)
    assert line.level is OK or line.advice


def test_interpreters() -> None:
    assert setup.interpreter("/p", "/p", "X", is_there=True).level is OK
    other = setup.interpreter("/p", "/q", "X", is_there=True)
    assert (other.level, "X" in other.says) == (WARNING, True)
    assert setup.interpreter("/p", "/q", "X", is_there=False).level is WRONG


def test_pip() -> None:
    assert setup.pip(is_there=True, toolchain="pip").level is OK
    assert setup.pip(is_there=False, toolchain="uv").level is OK
    assert setup.pip(is_there=False, toolchain="pip").level is WRONG


def test_packages() -> None:
    assert setup.package("boto3", "1.44.5", ">=1.44.5", fits=True).level is OK
    old = setup.package("boto3", "1.0", ">=1.44.5", fits=False)
    assert (old.level, old.says) == (WRONG, "1.0 is installed, >=1.44.5 is needed")
    gone = setup.package("boto3", None, ">=1.44.5", fits=False)
    assert (gone.level, gone.advice) == (WRONG, "pip install 'boto3>=1.44.5'.")


THERE = Folder("/s", True)


@pytest.mark.parametrize(
    ("url", "folder", "signed_in", "level", "word"),
    [
        ("file:///s?metadata=skip", THERE, False, OK, "file:///s"),
        ("file:///s", THERE, False, WARNING, "side files"),
        ("file:///s?metadata=keep", THERE, False, WARNING, "side files"),
        ("file:///s?metadata=skip", Folder("/s", False), False, WRONG, "no such folder"),
        ("file:///s?metadata=skip", Folder("/s", True, False), False, WRONG, "not a folder"),
        ("file:///s?metadata=skip", Folder("/s", True, True, False), False, WRONG, "written"),
        ("file:///s", Folder("/s", True, cut_off=("a.attrs",)), False, WRONG, "a.attrs"),
        ("https://api.pulumi.com", None, True, OK, "api.pulumi.com"),
        ("https://api.pulumi.com", None, False, WRONG, "not signed in"),
        ("s3://bucket/x?region=eu-west-1", None, False, OK, "s3://bucket/x"),
        ("gs://bucket", None, False, OK, "gs"),
        ("folder", None, False, WRONG, "not the URL"),
        (None, None, True, WRONG, "none"),
    ],
)
def test_backends(
    url: str | None, folder: Folder | None, signed_in: bool, level: Level, word: str
) -> None:
    line = setup.backend(Backend(url, "PULUMI_BACKEND_URL"), folder, signed_in=signed_in)
    assert (line.level, word in line.says) == (level, True)
    assert line.level is OK or line.advice


def test_the_advice_of_side_files_is_a_command_that_helps() -> None:
    line = setup.backend(Backend("file:///s", "x"), THERE, signed_in=False)
    assert "PULUMI_BACKEND_URL='file:///s?metadata=skip'" in line.advice


def test_a_password_in_a_backend_s_url_is_not_shown() -> None:
    for url in ("https://u:hunter2@host/x?t=hunter2", "s3://b?x=hunter2", "odd://hunter2@x"):
        line = setup.backend(Backend(url, "x"), None, signed_in=True)
        assert "hunter2" not in str(line)


def test_folders_of_file_backends() -> None:
    folders = {
        "file:///a/b?metadata=skip": "/a/b",
        "file://~": "~",
        "file://./a%20b": "./a b",
        "https://x": None,
    }
    assert {url: Backend(url, "").folder for url in folders} == folders
    own = ["file:///a", "s3://b", "https://x", None]
    assert [Backend(url, "").is_own for url in own] == [True, True, False, False]


def test_passphrases() -> None:
    assert setup.passphrase(is_set=True, has_key=False).level is OK
    assert setup.passphrase(is_set=False, has_key=True).level is OK
    assert setup.passphrase(is_set=False, has_key=False).level is WARNING


@pytest.mark.parametrize(
    ("begins", "is_writable", "level"),
    [
        (b"SQLite format 3\x00", True, OK),
        (b"", True, OK),
        (None, True, OK),
        (None, False, WRONG),
        (b"SQLite format 3\x00", False, WRONG),
        (b"#!/bin/sh\n", True, WRONG),
    ],
)
def test_the_file_of_the_emulator(begins: bytes | None, is_writable: bool, level: Level) -> None:
    assert setup.local_file("/x", begins=begins, is_writable=is_writable).level is level


# Text and JSON -----------------------------------------------------------------------------------

LINES = [
    Line("engine", "pulumi", OK, "3.259.0"),
    Line("rights", "omics:GetRun", WRONG, "not allowed", "Allow it."),
    Line("rights", "logs:GetLogEvents", WARNING, "not allowed", "Allow it, too."),
]


def test_text_says_everything_by_area() -> None:
    assert write_lines(LINES, as_json=False) == (
        "engine\n"
        "  ok       pulumi: 3.259.0\n"
        "rights\n"
        "  wrong    omics:GetRun: not allowed\n"
        "           -> Allow it.\n"
        "  warning  logs:GetLogEvents: not allowed\n"
        "           -> Allow it, too.\n"
        "Only a change could test these rights: omics:StartRun, omics:CancelRun, omics:DeleteRun, "
        "omics:TagResource, omics:UntagResource, iam:PassRole.\n"
        "1 wrong, 1 warning, 1 ok.\n"
    )


def test_json_says_the_same() -> None:
    found = json.loads(write_lines(LINES, as_json=True))
    assert (found["version"], found["exitCode"]) == (1, 1)
    assert found["lines"][1] == {
        "area": "rights",
        "subject": "omics:GetRun",
        "level": "wrong",
        "says": "not allowed",
        "advice": "Allow it.",
    }
    assert "omics:StartRun" in found["notShown"]
