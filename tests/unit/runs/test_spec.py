"""What a declaration says: every rule with what it lets through and what it refuses."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omics_provider.base import checks
from omics_provider.base.checks import CONCEALED
from omics_provider.base.table import Kind
from omics_provider.base.values import CANNOT_CROSS, UNKNOWN, UNSAFE_INTEGER
from omics_provider.runs.rules import declaration, run_table

GOOD: dict[str, Any] = {
    "roleArn": "arn:aws:iam::111122223333:role/omics",
    "outputUri": "s3://results/trio",
    "workflowId": "9500764",
}


def declared(**changes: Any) -> dict[str, Any]:
    """A good declaration with changes; None takes a property away."""
    return {wire: value for wire, value in {**GOOD, **changes}.items() if value is not None}


def found(**changes: Any) -> list[tuple[str, str]]:
    return [tuple(problem) for problem in declaration.problems(declared(**changes))]


def test_a_good_declaration_has_no_problem() -> None:
    assert found() == []


# What each property takes: (property, [good values], [(bad value, words of the reason)]).
ID_GOOD = ["1", "0", "123456789012345678"]
ID_BAD = [
    ("", "1 to 18 characters, has 0"),
    ("1234567890123456789", "1 to 18 characters, has 19"),
    ("12a", "must match [0-9]+"),
    ("１２", "must match [0-9]+"),  # noqa: RUF001  # digits, but not ASCII
    ("1\n", "must match [0-9]+"),
    (1234567, 'must be a string, such as "1234567"'),
    (["1"], "must be a string"),
]
LABEL_BAD = [("", "1 to"), (".x", "must match"), ("a b", "must match"), (True, "a string")]
DOCUMENT_BAD = [
    ("{}", "must be a JSON object"),
    ([1], "must be a JSON object"),
    (3, "must be a JSON object"),
    ({"a": [{"b": UNSAFE_INTEGER}]}, ".a[0].b Pulumi carries numbers as doubles"),
    (
        {"a": {CANNOT_CROSS: "Pulumi drops null inside a document"}},
        ".a Pulumi drops null inside a document",
    ),
    ({CANNOT_CROSS: "a date is not a JSON value"}, "a date is not a JSON value"),
    ({"a": math.nan}, ".a is not a number"),
]

VALUES: dict[str, tuple[list[Any], list[tuple[Any, str]]]] = {
    "roleArn": (
        ["arn:aws:iam::111122223333:role/x", "arn:aws-cn:iam::1:role/x", "arn:" + "x" * 124],
        [
            ("role/x", "must match arn:.+"),
            ("arn:", "must match"),
            ("arn:" + "x" * 125, "1 to 128 characters, has 129"),
            ("", "1 to 128 characters, has 0"),
            (5, "must be a string"),
        ],
    ),
    "outputUri": (
        ["s3://abc", "s3://abc/", "s3://my-bucket.x/a/b c/é", "s3://abc/" + "x" * 741],
        [
            ("https://abc/x", "must be an S3 URI"),
            ("s3://", "must be an S3 URI"),
            ("s3://ab", '"s3://ab": a bucket\'s name has 3 to 63 characters, this one 2'),
            ("s3://Upper/x", "a bucket's name has lower-case letters"),
            ("s3:/abc/x", "must be an S3 URI"),
            ("abc/x", "must be an S3 URI"),
            ("s3://abc/" + "x" * 742, "1 to 750 characters, has 751"),
            ("s3://abc/\x07", "control or invisible"),
            (7, "must be a string"),
        ],
    ),
    "workflowId": (ID_GOOD, ID_BAD),
    "runId": (ID_GOOD, ID_BAD),
    "adoptRunId": (ID_GOOD, ID_BAD),
    "runGroupId": (ID_GOOD, ID_BAD),
    "cacheId": (ID_GOOD, ID_BAD),
    "workflowType": (
        ["PRIVATE", "READY2RUN"],
        [("ready2run", "did you mean READY2RUN?"), ("SHARED", "PRIVATE, READY2RUN"), (1, "string")],
    ),
    "workflowOwnerId": (
        ["111122223333"],
        [
            ("11112222333", "must match [0-9]{12}"),
            ("", "must match"),
            (111122223333, "must be a string"),
        ],
    ),
    "workflowVersionName": (["v1.0-2_x", "A" * 64], [*LABEL_BAD, ("a" * 65, "1 to 64")]),
    "name": (
        ["trio 1 (ä, 日本, ⚗)", "x" * 128],
        [
            ("", "1 to 128 characters, has 0"),
            ("x" * 129, "1 to 128 characters, has 129"),
            ("a\tb", "control or invisible"),
            ("a\u200bb", "control or invisible"),
            (4, "must be a string"),
        ],
    ),
    "priority": (
        [0, 100_000],
        [
            (-1, "0 to 100,000"),
            (100_001, "0 to 100,000"),
            (1.5, "whole number"),
            ("1", "whole number"),
            (True, "whole number"),
        ],
    ),
    "storageCapacity": (
        [0, 1200, 100_000],
        [(-1, "0 to 100,000"), (100_001, "0 to 100,000"), ("1200", "whole number")],
    ),
    "parameters": ([{}, {"a": [1, 2.5, "x", True, {"b": {}}]}], DOCUMENT_BAD),
    "engineSettings": ([{}, {"profile": "test"}], DOCUMENT_BAD),
    "rerun": (
        [1, "x", [1], {"a": 1}, False, 0],
        [(UNSAFE_INTEGER, "give it as a string"), ({CANNOT_CROSS: "no"}, "no")],
    ),
    "storageType": (["STATIC", "DYNAMIC"], [("dynamic", "did you mean DYNAMIC?"), ("", "one of")]),
    "scratchStorageMode": (["LOCAL", "SHARED"], [("LOCALLY", "did you mean LOCAL?")]),
    "cacheBehavior": (["CACHE_ON_FAILURE", "CACHE_ALWAYS"], [("ALWAYS", "CACHE_ALWAYS")]),
    "logLevel": (["OFF", "FATAL", "ERROR", "ALL"], [("DEBUG", "OFF, FATAL, ERROR, ALL")]),
    "retentionMode": (["RETAIN", "REMOVE"], [("KEEP", "RETAIN, REMOVE")]),
    "outputUriPrefixMode": (
        ["SERVICE_DEFINED", "NONE_WITH_OVERWRITE"],
        [("NONE", "SERVICE_DEFINED, NONE_WITH_OVERWRITE")],
    ),
    "networkingMode": (["RESTRICTED", "VPC"], [("vpc", "did you mean VPC?")]),
    "configurationName": (["net.1", "A" * 128], [*LABEL_BAD, ("a" * 129, "1 to 128")]),
    "sessionPolicy": (
        ["{}", '{\n\t"Statement": []\r\n}', json.dumps({"Sid": "x" * 2000})],
        [
            ("", "1 to 2048"),
            ("[]", "must hold a JSON object"),
            ("{", "must hold a JSON object"),
            ('{"a": NaN}', "must hold a JSON object"),
            ("[" * 2048, "must hold a JSON object"),
            (json.dumps({"Sid": "x" * 2048}), "1 to 2048 characters"),
            ('{"a": "\x00"}', "control or invisible"),
            ({"Statement": []}, "string of JSON"),
        ],
    ),
    "tags": (
        [{}, {"a": ""}, {"k" * 128: "v" * 256}, {f"k{i}": "v" for i in range(50)}],
        [
            ({f"k{i}": "v" for i in range(51)}, "at most 50, are 51"),
            ({"": "v"}, "1 to 128 characters"),
            ({"k" * 129: "v"}, "1 to 128 characters"),
            ({"a": "v" * 257}, "at most 256 characters"),
            ({"a": 1}, "must be a string"),
            ({"aws:x": "v"}, "belong to AWS"),
            ({"AWS:x": "v"}, "belong to AWS"),
            (["a"], "must be names and values"),
            ("a=b", "must be names and values"),
            ({CANNOT_CROSS: "a date is not a JSON value"}, "a date is not a JSON value"),
        ],
    ),
    "rerunOn": (
        [[], ["FAILED"], ["FAILED", "CANCELLED", "DELETED"], [UNKNOWN, "FAILED"]],
        [
            (["failed"], "did you mean FAILED?"),
            (["COMPLETED"], "FAILED, CANCELLED, DELETED"),
            ([1], "must be a string"),
            ("FAILED", "must be a list of FAILED"),
            ({"FAILED": True}, "must be a list of FAILED"),
        ],
    ),
    "maxAttempts": ([1, 100], [(0, "1 to 100"), (101, "1 to 100"), (1.5, "whole number")]),
    "retry": (
        [
            {"attempts": 1},
            {"attempts": 10, "on": []},
            {"attempts": 2, "on": list(run_table.RETRYABLE)},
            {"attempts": UNKNOWN, "on": UNKNOWN},
            {"attempts": 2, "on": [UNKNOWN, "SERVICE_ERROR"]},
        ],
        [
            ({}, 'must be {"attempts": number of runs in all'),
            ({"on": ["SERVICE_ERROR"]}, 'must be {"attempts"'),
            (3, 'must be {"attempts"'),
            (["SERVICE_ERROR"], 'must be {"attempts"'),
            ({"attempts": 0}, "1 to 10"),
            ({"attempts": 11}, "1 to 10"),
            ({"attempts": True}, "whole number"),
            ({"attempts": "2"}, "whole number"),
            ({"attempts": 2, "codes": ["SERVICE_ERROR"]}, "not codes"),
            ({"attempts": 2, "on": "SERVICE_ERROR"}, "must be a list of INSTANCE_RESERVATION"),
            ({"attempts": 2, "on": ["service_error"]}, "did you mean SERVICE_ERROR?"),
            # A fault of the user's own is not worth a second payment.
            ({"attempts": 2, "on": ["RUN_TASK_FAILED"]}, "must be one of INSTANCE_RESERVATION"),
            ({"attempts": 2, "on": ["SERVICE_ERROR", 1]}, "must be a string"),
        ],
    ),
    "onDelete": (
        ["delete", "cancel", "keep"],
        [("KEEP", "did you mean keep?"), ("stop", "one of")],
    ),
}
# What else a property needs beside it, so that the rules on several stay quiet.
BESIDE: dict[str, dict[str, Any]] = {
    "cacheBehavior": {"cacheId": "1"},
    "networkingMode": {"configurationName": "net"},
    "runId": {"workflowId": None},
    "adoptRunId": {"workflowId": None},
}


def test_every_property_has_a_row() -> None:
    assert VALUES.keys() == run_table.BY_WIRE.keys()


def beside(wire: str, value: Any) -> dict[str, Any]:
    return {**BESIDE.get(wire, {}), wire: value}


@pytest.mark.parametrize(
    ("wire", "value"), [(wire, value) for wire, (good, _) in VALUES.items() for value in good]
)
def test_good_values(wire: str, value: Any) -> None:
    assert found(**beside(wire, value)) == []


@pytest.mark.parametrize(
    ("wire", "value", "words"),
    [(wire, value, words) for wire, (_, bad) in VALUES.items() for value, words in bad],
)
def test_bad_values(wire: str, value: Any, words: str) -> None:
    problems = found(**beside(wire, value))
    assert {name for name, _ in problems} == {wire}
    assert any(words in reason for _, reason in problems), problems


# Values together: the declaration and what is found, as {property: words}.
TOGETHER: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"roleArn": None}, {"roleArn": "is required"}),
    ({"outputUri": None}, {"outputUri": "is required"}),
    ({"workflowId": None}, {"workflowId": "got none"}),
    ({"runId": "1"}, {"workflowId": "got workflow_id and run_id"}),
    ({"workflowId": None, "runId": "1", "adoptRunId": "2"}, {"runId": "run_id and adopt_run_id"}),
    (
        {"runId": "1", "adoptRunId": "2"},
        {"workflowId": "got workflow_id and run_id and adopt_run_id"},
    ),
    ({"workflowId": None, "runId": "1"}, {}),
    ({"workflowId": None, "adoptRunId": "1"}, {}),
    ({"workflowId": None, "adoptRunId": "1", "rerun": 1}, {"rerun": "starts a new run"}),
    ({"rerun": 1}, {}),
    (
        {"workflowId": None, "adoptRunId": "1", "rerunOn": ["FAILED"]},
        {"rerunOn": "adopt_run_id starts none"},
    ),
    ({"rerunOn": ["FAILED"], "maxAttempts": 2}, {}),
    (
        {"workflowId": None, "adoptRunId": "1", "retry": {"attempts": 2}},
        {"retry": "retry starts a new run, and adopt_run_id starts none"},
    ),
    ({"rerunOn": ["FAILED"], "retry": {"attempts": 2}}, {}),
    (
        {"workflowType": "READY2RUN", "storageType": "STATIC", "storageCapacity": 1200},
        {"storageType": "have their own storage", "storageCapacity": "have their own storage"},
    ),
    ({"workflowType": "READY2RUN"}, {}),
    ({"workflowType": "PRIVATE", "storageType": "STATIC", "storageCapacity": 1200}, {}),
    ({"storageType": "DYNAMIC", "storageCapacity": 1200}, {"storageCapacity": "STATIC"}),
    ({"storageType": "DYNAMIC"}, {}),
    ({"storageCapacity": 1200}, {}),
    ({"cacheBehavior": "CACHE_ALWAYS"}, {"cacheBehavior": "needs cache_id"}),
    ({"cacheBehavior": "CACHE_ALWAYS", "cacheId": "1"}, {}),
    ({"cacheBehavior": "CACHE_ALWAYS", "workflowId": None, "runId": "1"}, {}),
    ({"networkingMode": "VPC"}, {"networkingMode": "needs configuration_name"}),
    ({"networkingMode": "VPC", "configurationName": "net"}, {}),
    ({"networkingMode": "RESTRICTED"}, {}),
    ({"networkingMode": "VPC", "workflowId": None, "runId": "1"}, {}),
    (
        {"workflowOwnerId": "111122223333", "workflowId": None, "runId": "1"},
        {"runId": "shared workflows"},
    ),
    ({"workflowOwnerId": "111122223333"}, {}),
]


@pytest.mark.parametrize(("changes", "expected"), TOGETHER)
def test_values_together(changes: dict[str, Any], expected: dict[str, str]) -> None:
    problems = dict(found(**changes))
    assert problems.keys() == expected.keys()
    assert all(words in problems[wire] for wire, words in expected.items()), problems


@pytest.mark.parametrize(("size", "fits"), [(50_000, True), (50_001, False)])
@pytest.mark.parametrize("letter", ["x", "é"])
def test_parameters_are_counted_in_bytes(size: int, fits: bool, letter: str) -> None:
    room = size - len('{"a":""}')
    width = len(letter.encode())
    text = letter * (room // width) + "x" * (room % width)
    problems = found(parameters={"a": text})
    assert (problems == []) is fits
    if not fits:
        assert "at most 50,000 bytes of JSON, are 50,001" in problems[0][1]


# Names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("worklow_id", "did you mean workflow_id?"),
        ("outputURI", "did you mean output_uri?"),
        ("tag", "did you mean tags?"),
        ("requestId", "is not an argument of OmicsRun"),
        ("zzz", "is not an argument of OmicsRun"),
        ("status", "not an argument of OmicsRun"),
        ("runOutputUri", "not an argument of OmicsRun"),
    ],
)
def test_names_that_are_no_arguments(name: str, words: str) -> None:
    problems = found(**{name: "x"})
    assert [wire for wire, _ in problems] == [name]
    assert words in problems[0][1]


def test_pulumis_own_names_are_left_alone() -> None:
    assert found(__attempt="0123", __provider="gASV") == []


# All at once, unknown values, secrets ------------------------------------------------------------


def test_all_problems_at_once_each_with_its_property() -> None:
    problems = declaration.problems(
        {
            "outputUri": "results",
            "workflowId": 12,
            "adoptRunId": "x",
            "priority": -1,
            "logLevel": "LOUD",
            "cacheBehavior": "CACHE_ALWAYS",
            "networkingMode": "VPC",
            "tags": {"aws:a": 1},
            "prioritty": 1,
        }
    )
    assert [problem.property for problem in problems] == [
        "prioritty",
        "outputUri",
        "workflowId",
        "priority",
        "logLevel",
        "tags",
        "tags",
        "adoptRunId",
        "roleArn",
        "workflowId",
        "cacheBehavior",
        "networkingMode",
    ]


@pytest.mark.parametrize("wire", [field.wire for field in run_table.FIELDS])
def test_an_unknown_value_is_never_complained_about(wire: str) -> None:
    for changes in ({}, *(changes for changes, _ in TOGETHER)):
        assert wire not in dict(found(**{**changes, wire: UNKNOWN})), changes


def test_a_declaration_that_is_unknown_throughout_is_fine() -> None:
    assert declaration.problems(dict.fromkeys(run_table.BY_WIRE, UNKNOWN)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": {"a": UNKNOWN, "b": ["x" * 60_000, UNKNOWN]}},
        {"engineSettings": {"a": [{"b": UNKNOWN}]}},
        {"rerun": [UNKNOWN]},
        {"tags": {"a": UNKNOWN}},
        {"runId": UNKNOWN},
        {"workflowId": None, "runId": UNKNOWN, "adoptRunId": UNKNOWN},
        {"workflowId": None, "adoptRunId": "1", "rerun": UNKNOWN},
        {"workflowType": "READY2RUN", "storageType": UNKNOWN, "storageCapacity": UNKNOWN},
        {"workflowType": UNKNOWN, "storageType": "STATIC"},
        {"storageType": "DYNAMIC", "storageCapacity": UNKNOWN},
        {"storageType": UNKNOWN, "storageCapacity": 1},
        {"cacheBehavior": UNKNOWN},
        {"cacheBehavior": "CACHE_ALWAYS", "cacheId": UNKNOWN},
        {"networkingMode": UNKNOWN},
        {"networkingMode": "VPC", "configurationName": UNKNOWN},
    ],
)
def test_what_may_yet_turn_out_right_is_let_through(changes: dict[str, Any]) -> None:
    assert found(**changes) == []


def test_beside_an_unknown_value_the_known_ones_are_still_checked() -> None:
    problems = dict(found(tags={"a": UNKNOWN, "b": 1}, parameters={"a": UNKNOWN, "b": math.inf}))
    assert problems.keys() == {"tags", "parameters"}


SECRET = "hunter2-S3CRET"
SECRETS = [
    SECRET,
    SECRET * 4000,
    f"{SECRET}\x00",
    f'{{"a": "{SECRET}"',
    [SECRET, UNSAFE_INTEGER],
    {"key": SECRET},
    {"key": SECRET * 4000},
    {"key": [SECRET, {"deeper": math.nan, "secret": SECRET}]},
]


@pytest.mark.parametrize("wire", [field.wire for field in run_table.FIELDS])
def test_no_reason_shows_a_value_that_may_be_secret(wire: str) -> None:
    concealed = {CONCEALED: [wire]}
    for value in SECRETS:
        for changes in ({}, *(changes for changes, _ in TOGETHER)):
            assert SECRET not in str(found(**{**changes, wire: value, **concealed}))


SHOWN = [field.wire for field in run_table.FIELDS if field.kind in checks.SHOWN]


@pytest.mark.parametrize("wire", [wire for wire in run_table.BY_WIRE if wire not in SHOWN])
def test_documents_policies_and_tags_are_shown_in_no_case(wire: str) -> None:
    for value in SECRETS:
        assert SECRET not in str(found(**{wire: value}))


@pytest.mark.parametrize(
    ("wire", "value", "told"),
    [
        (
            "outputUri",
            "s3://b/r",
            '"s3://b/r": a bucket\'s name has 3 to 63 characters, this one 1',
        ),
        ("priority", -1, "-1: must be 0 to 100,000"),
        ("storageCapacity", 2.5, "2.5: must be a whole number"),
        ("logLevel", "all", '"all": must be one of OFF, FATAL, ERROR, ALL: did you mean ALL?'),
        ("workflowId", 12, '12: must be a string, such as "1234567"'),
        ("workflowId", "12\u200b", '"12\\u200b": must match [0-9]+'),
        (
            "name",
            "a\u200bb",
            '"a\\u200bb": must not have control or invisible characters, has U+200B as character 2',
        ),
    ],
)
def test_a_reason_names_the_value_and_the_rule(wire: str, value: Any, told: str) -> None:
    assert dict(found(**{wire: value}))[wire] == told


@pytest.mark.parametrize(
    ("arn", "what"),
    [
        ("arn:aws:iam::111122223333:user/anna", "user"),
        ("arn:aws:iam::111122223333:group/lab", "group"),
        ("arn:aws:sts::111122223333:assumed-role/omics/anna", "assumed role"),
        ("arn:aws:iam::111122223333:root", "root"),
    ],
)
def test_a_run_takes_on_a_role_and_nobody_else(arn: str, what: str) -> None:
    told = dict(found(roleArn=arn))["roleArn"]
    assert told.startswith(f'"{arn}": is the ARN of a {what}: a run assumes a role')
    assert arn not in dict(found(roleArn=arn, **{CONCEALED: ["roleArn"]}))["roleArn"]
    assert found(roleArn="arn:aws:iam::111122223333:role/path/omics") == []


def test_of_a_long_value_the_beginning_is_shown() -> None:
    told = dict(found(name="x" * 129))["name"]
    assert told == f'"{"x" * 60}…": must have 1 to 128 characters, has 129'


ANYTHING = st.recursive(
    st.none()
    | st.just(UNKNOWN)
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=4),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([f.wire for f in run_table.FIELDS]), ANYTHING, max_size=6))
def test_check_never_fails_itself(inputs: dict[str, Any]) -> None:
    assert all(problem.reason for problem in declaration.problems(inputs))
    declaration.keep_spelling(inputs, inputs)


# StartRun's arguments ----------------------------------------------------------------------------


def test_start_arguments_are_what_was_declared_and_the_request_id() -> None:
    inputs = declared(
        name="trio", tags={"a": "b"}, onDelete="keep", rerun=3, __attempt="abc", priority=0
    )
    assert declaration.start_arguments(inputs, "token") == {
        **GOOD,
        "name": "trio",
        "tags": {"a": "b"},
        "priority": 0,
        "requestId": "token",
    }


def test_nothing_unset_is_sent() -> None:
    assert declaration.start_arguments(declared(), "t").keys() == {*GOOD, "requestId"}


def test_declared_are_the_inputs_among_the_recorded_properties() -> None:
    recorded = {**GOOD, "status": "RUNNING", "arn": "arn:x", "requestId": "t", "onDelete": "keep"}
    assert declaration.declared(recorded) == {**GOOD, "onDelete": "keep"}


# Spelling ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ('{"a": 1, "b": 2}', '{"b":2,"a":1.0}', True),
        ('{"a": 1}', '{"a": 2}', False),
        ('{"a": 1}', "no json", False),
        ("no json", '{"a": 1}', False),
        (None, '{"a": 1}', False),
        ('{"a": 1}', UNKNOWN, False),
        ('{"a": NaN}', '{"a":NaN}', False),
        ("[1, 2]", "[1,2]", False),
    ],
)
def test_a_json_text_in_another_spelling_stays_as_it_was(old: Any, new: Any, kept: bool) -> None:
    recorded = {"sessionPolicy": old} if old is not None else {}
    result = declaration.keep_spelling(recorded, {"sessionPolicy": new, "name": "x"})
    assert result == {"sessionPolicy": old if kept else new, "name": "x"}


def test_only_json_texts_keep_their_spelling() -> None:
    assert declaration.keep_spelling({"name": "{}"}, {"name": "{ }"}) == {"name": "{ }"}
    texts = [field.wire for field in run_table.FIELDS if field.kind is Kind.JSON_TEXT]
    assert texts == ["sessionPolicy"]


def test_a_dropped_json_text_does_not_come_back() -> None:
    assert declaration.keep_spelling({"sessionPolicy": "{}"}, {}) == {}
