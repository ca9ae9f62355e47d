"""What looks at the service say of a declaration: tables of (declared, found) -> problems."""

from __future__ import annotations

from typing import Any

import pytest

from omics_provider.base import errors, settings
from omics_provider.base.values import UNKNOWN
from omics_provider.preflight.rules.answers import Answer, Found, Kind, Look, Missing, Unseen
from omics_provider.preflight.rules.judge import Place, files, is_start, looks, problems, sample
from omics_provider.preflight.rules.quotas import STORED, quota_news, storage_of
from omics_provider.preflight.rules.trust import Runs, verdict

ROLE = "arn:aws:iam::123456789012:role/runs/omics"
HERE = Place("us-east-1", "123456789012")
WORKFLOW = Look(Kind.WORKFLOW, ("1234567", "PRIVATE", ""))
VERSION = Look(Kind.VERSION, ("1234567", "PRIVATE", "", "v2"))
TEMPLATE = {"sample": {}, "reads": {"optional": False}, "threads": {"optional": True}}


def declared(**changes: Any) -> dict[str, Any]:
    return {
        "roleArn": ROLE,
        "outputUri": "s3://results/trio",
        "workflowId": "1234567",
        "parameters": {"sample": "HG002", "reads": "s3://reads/HG002.fq"},
        **changes,
    }


def said(inputs: dict[str, Any], look: Look, answer: Answer, place: Place = HERE) -> list[str]:
    return [str(problem) for problem in problems(inputs, {look: answer}, place)]


# What is looked up ---------------------------------------------------------------------------


def test_each_thing_that_a_declaration_names_is_looked_up() -> None:
    inputs = declared(
        workflowType="READY2RUN", workflowOwnerId="210987654321", workflowVersionName="v2",
        runGroupId="1", cacheId="2", configurationName="c", runId="3",
    )  # fmt: skip
    assert set(looks(inputs)) == {
        Look(Kind.WORKFLOW, ("1234567", "READY2RUN", "210987654321")),
        Look(Kind.VERSION, ("1234567", "READY2RUN", "210987654321", "v2")),
        Look(Kind.GROUP, ("1",)),
        Look(Kind.CACHE, ("2",)),
        Look(Kind.CONFIGURATION, ("c",)),
        Look(Kind.RUN, ("3",)),
        Look(Kind.ROLE, (ROLE,)),
        Look(Kind.BUCKET, ("results",)),
    }


def test_nothing_unknown_is_looked_up_or_complained_about() -> None:
    for wire in declared():
        inputs = declared(**{wire: UNKNOWN}, workflowVersionName=UNKNOWN, runGroupId=UNKNOWN)
        asked = looks(inputs)
        assert not [look for look in asked if UNKNOWN in look.key]
        assert problems(inputs, {}, HERE) == []
    unknown_parts = declared(parameters={"sample": UNKNOWN, "reads": [UNKNOWN, {"a": UNKNOWN}]})
    assert files(unknown_parts) == {}
    found = {WORKFLOW: Found({"parameterTemplate": TEMPLATE})}
    assert problems(unknown_parts, found, HERE) == []
    assert problems(declared(parameters=UNKNOWN), found, HERE) == []


def test_an_adoption_starts_nothing() -> None:
    assert is_start(declared())
    adopted = declared(adoptRunId="7654321")
    assert not is_start(adopted)
    assert looks(adopted) == [Look(Kind.RUN, ("7654321",))]
    assert files(adopted) == {}
    assert problems(adopted, {Look(Kind.RUN, ("7654321",)): Found()}, HERE) == []
    assert looks({"adoptRunId": UNKNOWN}) == []


def test_a_run_to_take_over_that_is_not_there() -> None:
    (problem,) = said({"adoptRunId": "7654321"}, Look(Kind.RUN, ("7654321",)), Missing())
    assert problem.startswith("adopt_run_id: there is no run 7654321 in us-east-1 to take over")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("s3://reads/a.fq", {"s3://reads/a.fq": "parameters.p"}),
        ("s3://reads/folder/", {"s3://reads/folder/": "parameters.p"}),
        (["x", {"r1": "s3://b/1"}], {"s3://b/1": "parameters.p[1].r1"}),
        ("s3://reads", {}),
        ("s3://reads/", {}),
        ("s3://reads/*_{1,2}.fq", {}),
        ("omics://123/reference", {}),
        ({"outdir": "s3://results/x", "W.output_dir": "s3://results/y"}, {}),
        ({"publish_dir": "s3://results/x"}, {}),
        ({"final_workflow_outputs_dir": "s3://results/x", "finalOutDir": "s3://results/y"}, {}),
        ({"results_path": "s3://results/x", "destination": "s3://results/y"}, {}),
        (
            {"cutout_bed": "s3://b/1", "layout": "s3://b/2"},
            {"s3://b/1": "parameters.p.cutout_bed", "s3://b/2": "parameters.p.layout"},
        ),
    ],
)
def test_input_files_among_the_parameters(value: Any, found: dict[str, str]) -> None:
    assert files({"parameters": {"p": value}}) == found


def test_a_sample_of_files_is_from_all_parts() -> None:
    uris = [str(n) for n in range(1000)]
    chosen = sample(uris, 20)
    assert len(set(chosen)) == 20
    assert (chosen[0], chosen[-1]) == ("0", "999")
    assert sample(uris[:20], 20) == uris[:20]
    assert sample(uris, 0) == []
    assert sample(uris, 1) == ["0"]


# What is found -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "look", "answer", "words"),
    [
        ({}, WORKFLOW, Missing(), "workflow_id: there is no PRIVATE workflow 1234567 in us-east-1"),
        ({}, WORKFLOW, Found({"type": "READY2RUN"}), 'set workflow_type to "READY2RUN"'),
        (
            {},
            WORKFLOW,
            Found({"status": "FAILED", "statusMessage": "line 3."}),
            "is FAILED, not ACTIVE (line 3): correct",
        ),
        ({}, WORKFLOW, Found({"status": "CREATING"}), "CREATING, not ACTIVE: wait"),
        ({}, WORKFLOW, Found({"status": "DELETED"}), "name another that is ACTIVE"),
        ({"runGroupId": "9"}, Look(Kind.GROUP, ("9",)), Missing(), "there is no run group 9"),
        ({"cacheId": "9"}, Look(Kind.CACHE, ("9",)), Missing(), "there is no run cache 9"),
        (
            {"cacheId": "9"},
            Look(Kind.CACHE, ("9",)),
            Found({"status": "FAILED"}),
            "run cache 9 is FAILED",
        ),
        (
            {"configurationName": "c"},
            Look(Kind.CONFIGURATION, ("c",)),
            Missing(),
            "configuration_name: there is no configuration c",
        ),
        ({"runId": "9"}, Look(Kind.RUN, ("9",)), Missing(), "run_id: there is no run 9"),
        ({}, Look(Kind.ROLE, (ROLE,)), Missing(), f"role_arn: there is no role {ROLE}"),
        ({}, Look(Kind.BUCKET, ("results",)), Missing(), "there is no bucket results"),
        (
            {},
            Look(Kind.BUCKET, ("results",)),
            Found({"region": "eu-west-1"}),
            "bucket results is in eu-west-1, but the run is in us-east-1",
        ),
        (
            {},
            Look(Kind.FILE, ("s3://reads/HG002.fq",)),
            Missing(),
            "parameters: there is no file at s3://reads/HG002.fq (parameters.reads)",
        ),
    ],
)
def test_a_problem_and_how_to_mend_it(
    changes: dict[str, Any], look: Look, answer: Answer, words: str
) -> None:
    (problem,) = said(declared(**changes), look, answer)
    assert words in problem
    assert ": " in problem.partition(": ")[2]
    # Not allowed to look, and fine.
    assert said(declared(**changes), look, Unseen("no right")) == []
    assert said(declared(**changes), look, Found(_FINE.get(look.kind, {}))) == []


_FINE: dict[Kind, dict[str, Any]] = {
    Kind.WORKFLOW: {"type": "PRIVATE", "status": "ACTIVE", "parameterTemplate": TEMPLATE},
    Kind.BUCKET: {"region": "us-east-1"},
    Kind.ROLE: {
        "trust": {
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "omics.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        }
    },
}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, ["requires sample, reads as well"]),
        ({"sample": 1}, ["requires reads as well"]),
        ({"sample": 1, "reads": 2, "thread": 3}, ["no parameter thread: did you mean threads?"]),
        (
            {"sampl": 1, "reads": 2},
            ["requires sample as well", "no parameter sampl: did you mean sample?"],
        ),
        (
            {"sample": 1, "reads": 2, "zzz": 3},
            ["no parameter zzz: it takes reads, sample, threads"],
        ),
        ({"sample": 1, "reads": 2, "threads": 3}, []),
    ],
)
def test_parameters_against_the_template(given: dict[str, Any], words: list[str]) -> None:
    answer = Found({"type": "PRIVATE", "parameterTemplate": TEMPLATE})
    found = said(declared(parameters=given), WORKFLOW, answer)
    assert len(found) == len(words)
    assert all(word in problem for word, problem in zip(words, found, strict=True))
    # A value may be a secret.
    secret = dict.fromkeys(given, "hunter2")
    assert "hunter2" not in str(said(declared(parameters=secret), WORKFLOW, answer))


def test_no_parameters_at_all_and_no_template() -> None:
    inputs = declared()
    del inputs["parameters"]
    assert said(inputs, WORKFLOW, Found({"parameterTemplate": TEMPLATE})) != []
    assert said(inputs, WORKFLOW, Found({"parameterTemplate": {}})) == []
    assert said(inputs, WORKFLOW, Found()) == []


def test_the_template_of_the_version_holds() -> None:
    inputs = declared(workflowVersionName="v2")
    found: dict[Look, Answer] = {
        WORKFLOW: Found({"parameterTemplate": {"other": {}}}),
        VERSION: Found({"parameterTemplate": TEMPLATE}),
    }
    assert problems(inputs, found, HERE) == []
    found[VERSION] = Missing()
    (problem,) = problems(inputs, found, HERE)
    assert str(problem).startswith("workflow_version_name: there is no version v2 of workflow")
    found[VERSION] = Unseen("no right")
    assert problems(inputs, found, HERE) == []


def test_the_emulators_catalogue_may_lack_parameters() -> None:
    inputs = declared(workflowType="READY2RUN", parameters={"more": 1})
    look = Look(Kind.WORKFLOW, ("1234567", "READY2RUN", ""))
    answer = Found({"type": "READY2RUN", "parameterTemplate": {"a": {"optional": True}}})
    assert said(inputs, look, answer) != []
    assert said(inputs, look, answer, Place(None, is_emulated=True)) == []


def test_a_role_of_another_account() -> None:
    other = Place("us-east-1", "210987654321")
    (problem,) = said(declared(), Look(Kind.ROLE, (ROLE,)), Missing(), other)
    assert "is not a role of account 210987654321" in problem


@pytest.mark.parametrize(
    ("role", "region", "words"),
    [
        ("arn:aws-cn:iam::123456789012:role/omics", "us-east-1", "is of the partition aws-cn"),
        ("arn:aws:iam::123456789012:role/omics", "cn-north-1", "cn-north-1 is of aws-cn"),
        ("arn:aws:iam::123456789012:role/omics", "us-gov-west-1", "is of aws-us-gov: name"),
    ],
)
def test_a_role_of_another_partition(role: str, region: str, words: str) -> None:
    found = Found({"arn": role, "trust": policy()})
    (problem,) = said(
        declared(roleArn=role), Look(Kind.ROLE, (role,)), found, Place(region, "123456789012")
    )
    assert words in problem


def test_a_role_of_the_same_name_with_another_path() -> None:
    other = "arn:aws:iam::123456789012:role/service-role/omics"
    (problem,) = said(declared(), Look(Kind.ROLE, (ROLE,)), Found({"arn": other}))
    assert problem.startswith(f"role_arn: there is no role {ROLE}; the role of this name is")
    assert other in problem


def test_a_bucket_of_another_account_than_said() -> None:
    inputs = declared(outputBucketOwnerId="210987654321")
    look = Look(Kind.BUCKET, ("results", "210987654321"))
    assert look in looks(inputs)
    (problem,) = said(inputs, look, Found({"region": "us-east-1", "owned": False}))
    assert problem == (
        "output_bucket_owner_id: bucket results does not belong to account 210987654321: correct "
        "one of them"
    )
    assert said(inputs, look, Found({"region": "us-east-1", "owned": True})) == []


# Leftovers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "String <REQUIRED>", "<REQUIRED>", "File (optional)", "File? (optional)", "Array[File]+",
        'String (optional, default = "hg38")', "Map[String, Array[File]] (optional)", "Int",
        "Float? (optional, default = 0.5)", "Boolean", "Pair[File, File]",
    ],
)  # fmt: skip
def test_a_value_of_a_template_of_inputs_is_a_finding(value: str) -> None:
    (problem,) = problems(declared(parameters={"W.reads": [value]}), {}, HERE)
    assert str(problem).startswith(f"parameters: parameters.W.reads[0] has {value[:40]!r}, which")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("s3://bucket/<file>.cram", "<file>"), ("<file>.cram", "<file>"),
        ("<sample-id>.bam", "<sample-id>"), ("s3://<bucket>/x", "<bucket>"),
        ("inputs/<sample_name>", "<sample_name>"),
    ],
)  # fmt: skip
def test_a_name_to_fill_in_is_a_finding(value: str, shown: str) -> None:
    inputs = declared(parameters={"reads": value})
    (problem,) = problems(inputs, {}, HERE)
    assert f"parameters.reads has {shown!r}, which is from a template" in str(problem)
    assert files(inputs) == {}


@pytest.mark.parametrize(
    "value",
    [
        "<DEL>", "a < b > c", "String theory", "Int. J. Cancer", "N_ALT<3 && QUAL>20", "File.bam",
        "s3://bucket/a.cram", "x <y> z", 7, None, True, {"type": "strings"}, "integer", "",
    ],
)  # fmt: skip
def test_other_values_are_none(value: Any) -> None:
    assert problems(declared(parameters={"reads": value}), {}, HERE) == []


# Trust ---------------------------------------------------------------------------------------


def policy(**changes: Any) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "omics.amazonaws.com"},
        "Action": "sts:AssumeRole",
        **changes,
    }
    return {"Statement": [statement]}


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return policy(Condition={operator: {key: value}})


DENIED = {"Statement": [*policy()["Statement"], *policy(Effect="Deny")["Statement"]]}
RUNS = "arn:aws:omics:us-east-1:123456789012:run/*"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (policy(), "trusts"),
        (policy(Principal={"Service": ["ec2.amazonaws.com", "omics.amazonaws.com"]}), "trusts"),
        (policy(Principal="*"), "trusts"),
        (policy(Principal={"AWS": "*"}), "trusts"),
        (policy(Principal={"AWS": ["*"], "Service": "ec2.amazonaws.com"}), "trusts"),
        (policy(Action=["sts:TagSession", "sts:assumerole"]), "trusts"),
        (policy(Action="sts:*"), "trusts"),
        (policy(Principal={"Service": "ec2.amazonaws.com"}), "service"),
        (policy(Principal={"AWS": "arn:aws:iam::123456789012:root"}), "service"),
        (policy(Action="sts:TagSession"), "service"),
        ({"Statement": []}, "service"),
        ({}, "service"),
        (DENIED, "condition"),
        (when("StringEquals", "aws:SourceAccount", "123456789012"), "trusts"),
        (when("StringEquals", "AWS:sourceaccount", ["1", "123456789012"]), "trusts"),
        (when("StringEqualsIfExists", "aws:SourceAccount", "123456789012"), "trusts"),
        (when("StringEquals", "aws:SourceAccount", "210987654321"), "condition"),
        (when("ArnLike", "aws:SourceArn", RUNS), "trusts"),
        (when("StringLike", "aws:SourceArn", "arn:aws:omics:*:123456789012:*"), "trusts"),
        (when("ArnLike", "aws:SourceArn", RUNS.replace("us-east-1", "us-west-2")), "condition"),
        (when("ArnLike", "aws:SourceArn", RUNS.replace("1234", "4321")), "condition"),
        (when("ArnLike", "aws:SourceArn", RUNS.replace("run/", "workflow/")), "condition"),
        (when("ArnLike", "aws:SourceArn", [RUNS.replace("east", "west"), RUNS]), "trusts"),
        (when("ArnLike", "aws:SourceArn", RUNS.replace("run/*", "run/1*")), None),
        (when("StringEquals", "aws:SourceArn", RUNS), None),
        (when("StringLike", "aws:SourceAccount", "${aws:PrincipalAccount}"), None),
        (when("Bool", "aws:SecureTransport", "true"), None),
        (when("StringEquals", "aws:PrincipalOrgID", "o-1"), None),
        ({"Statement": {"Effect": "Allow", "NotPrincipal": {}, "Action": "*"}}, None),
    ],
)
def test_trust(document: dict[str, Any], expected: str | None) -> None:
    assert verdict(document, Runs("123456789012", "us-east-1")) == expected


def test_trust_where_the_account_is_not_known() -> None:
    assert verdict(when("ArnLike", "aws:SourceArn", RUNS), Runs(None, "us-east-1")) is None
    account = when("StringEquals", "aws:SourceAccount", "123456789012")
    assert verdict(account, Runs(None, "us-east-1")) is None


# Quotas --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "facts", "expected"),
    [
        ({"storageType": "STATIC"}, {"storageType": "DYNAMIC"}, "STATIC"),
        ({}, {"storageType": "DYNAMIC"}, "DYNAMIC"),
        ({}, {}, None),
        ({"storageType": UNKNOWN}, {"storageType": "DYNAMIC"}, None),
    ],
)
def test_the_storage_of_a_run(
    changes: dict[str, Any], facts: dict[str, Any], expected: str | None
) -> None:
    assert storage_of(declared(**changes), {WORKFLOW: Found(facts)}) == expected


def test_what_quotas_say() -> None:
    dynamic = Look(Kind.QUOTA, ("L-BE38079A",))
    answers: dict[Look, Answer] = {
        dynamic: Found({"value": 10, "active": 7}),
        Look(Kind.QUOTA, (STORED,)): Found({"value": 5000}),
    }
    assert quota_news(["DYNAMIC"] * 3, answers) == ([], [])
    assert quota_news(["STATIC"] * 30, answers) == ([], [])
    troubles, (news,) = quota_news(["DYNAMIC"] * 8, answers)
    assert troubles == []
    assert news.startswith("5 of 8 runs with DYNAMIC storage will wait as PENDING")
    (trouble,), _ = quota_news([None] * 5001, answers)
    assert "5,001 runs are to start" in trouble
    answers = dict.fromkeys(answers, Unseen("no right"))
    assert quota_news(["DYNAMIC"] * 9000, answers) == ([], [])


# Configuration -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "mode"),
    [(None, "warn"), ("", "warn"), ("fail", "fail"), ("off", "off"), ("false", "off")],
)
def test_the_mode_of_a_stack(text: str | None, mode: str) -> None:
    assert settings.preflight_mode({"omics:preflight": text}.get) == mode


def test_a_mode_that_is_none() -> None:
    with pytest.raises(errors.SettingsError, match="omics:preflight is none of off, warn, fail"):
        settings.preflight_mode({"omics:preflight": "on"}.get)
