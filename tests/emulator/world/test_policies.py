"""Policies of roles and of repositories: what they let HealthOmics do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from omics_provider.emulator.world.policies import lets

ALLOWED: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "omics.amazonaws.com"},
    "Action": "sts:AssumeRole",
}
ACCOUNT = {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def condition(arn: str) -> dict[str, Any]:
    return {"Condition": {**ACCOUNT, "ArnLike": {"aws:SourceArn": arn}}}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, True),
        ({"Principal": {"Service": ["ec2.amazonaws.com", "omics.amazonaws.com"]}}, True),
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Action": ["sts:TagSession", "sts:*"]}, True),
        (condition("arn:aws:omics:us-east-1:123456789012:run/*"), True),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
        ({"Effect": "Deny"}, False),
        ({"Principal": {"Service": "ec2.amazonaws.com"}}, False),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}, False),
        ({"Action": "sts:TagSession"}, False),
        (condition("arn:aws:omics:eu-west-1:123456789012:run/*"), False),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": ["1"]}}}, False),
    ],
)
def test_a_statement(changes: dict[str, Any], wanted: bool) -> None:
    policy = json.dumps({"Statement": {**ALLOWED, **changes}})
    assert lets(policy, "sts:AssumeRole", "123456789012", "us-east-1") is wanted


def test_what_is_denied_is_not_allowed() -> None:
    policy = json.dumps({"Statement": [ALLOWED, {**ALLOWED, "Effect": "Deny"}]})
    assert not lets(policy, "sts:AssumeRole", "123456789012", "us-east-1")


@pytest.mark.parametrize("policy", [None, "", "{}"])
def test_without_a_statement_nothing_is_let(policy: str | None) -> None:
    assert not lets(policy, "sts:AssumeRole", "123456789012", "us-east-1")
