"""Which starts of a run are one and the same."""

import re
from typing import Any

import pytest

from omics_provider.base.identity import Mark, attempt, region_of, request_id, start_token
from omics_provider.engine.urn import stack_name
from omics_provider.runs.rules import run_table
from omics_provider.runs.rules.run_table import TABLE

URN = "urn:pulumi:prod::omics-runs::pulumi-python:dynamic/omics:Run::HG002"
INPUTS: dict[str, Any] = {
    "roleArn": "arn:aws:iam::111122223333:role/omics",
    "outputUri": "s3://results/trio",
    "workflowId": "9500764",
    "parameters": {"a": [1, {"b": 2}], "c": "x"},
    "tags": {"sample": "HG002"},
    "onDelete": "delete",
}
OF_A_STACK = {**INPUTS, "__attempt": "0011223344556677", "__stack": "lab/omics-runs/prod"}

# A changed value starts runs a second time: an `up` that was cut off in one release and is repeated
# in the next must ask for the same start.
PINNED = "12e51a988e6fc2458d6a3a40e45d896ea5f21cf26796af066efa265990eb6392"
PINNED_WITHOUT_ATTEMPT = "d6154606e3eb6d89bdaa8571e9933c01ae6a2cf157eede75bd39853361ebaf51"


@pytest.mark.parametrize(
    ("inputs", "token"), [(OF_A_STACK, PINNED), (INPUTS, PINNED_WITHOUT_ATTEMPT)]
)
def test_it_is_the_same_in_every_release(inputs: dict[str, Any], token: str) -> None:
    assert request_id(URN, inputs, TABLE) == token


def test_it_fits_the_api() -> None:
    assert re.fullmatch("[0-9a-f]{64}", request_id(URN, OF_A_STACK, TABLE))
    assert re.fullmatch("[0-9a-f]{64}", request_id("", {}, TABLE))


# With an attempt: stack, resource and attempt --------------------------------------------------


def test_the_attempt_stands_for_the_inputs() -> None:
    assert request_id(URN, {**OF_A_STACK, "parameters": {"secret": "x"}}, TABLE) == PINNED
    assert request_id(
        URN, {"__attempt": "0011223344556677", "__stack": "lab/omics-runs/prod"}, TABLE
    ) == (PINNED)


URNS = ["", URN.replace("prod", "dev"), URN.replace("omics-runs", "other"), URN[:-1], URN + " "]


@pytest.mark.parametrize("urn", URNS)
@pytest.mark.parametrize("inputs", [OF_A_STACK, INPUTS])
def test_another_resource(urn: str, inputs: dict[str, Any]) -> None:
    assert request_id(urn, inputs, TABLE) != request_id(URN, inputs, TABLE)


@pytest.mark.parametrize(
    "change", [{"__attempt": "8899aabbccddeeff"}, {"__stack": "lab/omics-runs/dev"}]
)
def test_another_start_or_stack(change: dict[str, str]) -> None:
    assert request_id(URN, {**OF_A_STACK, **change}, TABLE) != PINNED


def test_parts_do_not_run_into_each_other() -> None:
    parts = [
        ("a", "b", "c"), ("ab", "", "c"), ("", "ab", "c"), ("a", "bc", ""), ('a","b', "", "c"),
    ]  # fmt: skip
    assert len({start_token(*each) for each in parts}) == len(parts)


# Without one: resource and inputs --------------------------------------------------------------


@pytest.mark.parametrize(
    "same",
    [
        {**INPUTS, "parameters": {"c": "x", "a": [1.0, {"b": 2.0}]}},
        dict(reversed(INPUTS.items())),
        {**INPUTS, "onDelete": "keep"},
        {wire: value for wire, value in INPUTS.items() if wire != "onDelete"},
        {**INPUTS, "status": "RUNNING", "requestId": "x", "stateVersion": 1},
    ],
)
def test_the_same_start(same: dict[str, Any]) -> None:
    assert request_id(URN, same, TABLE) == PINNED_WITHOUT_ATTEMPT


@pytest.mark.parametrize("wire", [f.wire for f in run_table.FIELDS if f.wire != "onDelete"])
def test_another_input(wire: str) -> None:
    assert request_id(URN, {**INPUTS, wire: {"changed": wire}}, TABLE) != PINNED_WITHOUT_ATTEMPT


@pytest.mark.parametrize("wire", sorted(INPUTS.keys() - {"onDelete"}))
def test_a_missing_input(wire: str) -> None:
    rest = {key: value for key, value in INPUTS.items() if key != wire}
    assert request_id(URN, rest, TABLE) != PINNED_WITHOUT_ATTEMPT


# Marks -----------------------------------------------------------------------------------------


def test_a_run_is_marked_with_its_start_and_its_stack() -> None:
    mark = Mark.of("lab/omics-runs/prod", URN, "token")
    tags = mark.tags("lab/omics-runs/prod")
    assert tags == {
        "omics-provider:start": f"{mark.resource}.token",
        "omics-provider:stack": "lab/omics-runs/prod",
    }
    assert Mark.on({"tags": tags}) == mark
    assert set(mark.tags("")) == {"omics-provider:start"}


def test_a_mark_tells_resources_and_stacks_apart() -> None:
    mark = Mark.of("lab/omics-runs/prod", URN, "token")
    assert re.fullmatch("[0-9a-f]{32}", mark.resource)
    assert mark.resource != Mark.of("lab/omics-runs/dev", URN, "token").resource
    assert mark.resource != Mark.of("lab/omics-runs/prod", f"{URN}2", "token").resource


@pytest.mark.parametrize("tags", [None, {}, {"omics-provider:start": ""}, {"a": "b"}])
def test_a_run_without_a_mark(tags: dict[str, str] | None) -> None:
    assert Mark.on({"tags": tags}) is None


def test_an_attempt_is_short_and_follows_the_seed() -> None:
    assert re.fullmatch("[0-9a-f]{16}", attempt(b"seed"))
    assert attempt(b"seed") == attempt(b"seed")
    assert len({attempt(seed) for seed in (b"", b"seed", b"Seed", b"seed ")}) == 4


@pytest.mark.parametrize(
    ("arn", "region"),
    [
        ("arn:aws:omics:eu-west-1:111122223333:run/1", "eu-west-1"),
        ("arn:aws-cn:omics:cn-north-1:1:run/1:2", "cn-north-1"),
        ("", ""),
        ("arn:aws:omics:eu-west-1:run/1", ""),
        ("run/1", ""),
    ],
)
def test_where_a_run_is(arn: str, region: str) -> None:
    assert region_of(arn) == region


@pytest.mark.parametrize(
    ("urn", "stack"),
    [
        (URN, "lab/omics-runs/prod"),
        (URN.replace(":prod:", ":earlier:"), "lab/omics-runs/earlier"),
        (URN.replace(":omics-runs:", ":runs:"), "lab/runs/prod"),
        ("", "lab/omics-runs/prod"),
    ],
)
def test_a_renamed_stack_is_known_by_its_urn(urn: str, stack: str) -> None:
    assert stack_name(urn, "lab/omics-runs/prod") == stack
