"""A refused declaration does not tell its secrets: the host hands them over as plain values.

The program says which values are Outputs, and so may be secret (tests/unit/resources).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from omics_provider.base.checks import CONCEALED
from omics_provider.providers.run import OmicsRunProvider
from tests.provider.harness import Inputs, bag

TOKEN = "hush-token-7f3a"
SESSION_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": TOKEN}]})

#: What check refuses, and the words that it must be refused with.
REFUSED: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "a good secret beside bad values": (
        {
            "parameters": {"portal": {"token": TOKEN}, "too_big": 2**60},
            "sessionPolicy": SESSION_POLICY,
            "priority": -1,
            "retensionMode": "REMOVE",
        },
        ("parameters.too_big", "0 to 100,000", "did you mean retention_mode?"),
    ),
    "secrets that are bad themselves": (
        {
            "sessionPolicy": f"{TOKEN} {{",
            "parameters": TOKEN,
            "priority": TOKEN,
            "outputUri": TOKEN,
            "roleArn": TOKEN,
            "workflowId": TOKEN,
            "logLevel": TOKEN,
            "tags": {"portal": TOKEN * 40},
            "pasword": TOKEN,
        },
        (
            "must hold a JSON object", "JSON object: names and values", "whole number", "S3 URI",
            "must match arn:", "must be one of", "256 characters", "is not an argument",
        ),
    ),
    "secrets that are too long": (
        {
            "sessionPolicy": json.dumps({"Sid": TOKEN * 200}),
            "parameters": {"token": TOKEN, "padding": "x" * 50_001},
            "name": TOKEN * 20,
        },
        ("2048 characters", "50,000 bytes", "128 characters"),
    ),
    "a secret number": (
        {"parameters": {"pin": 10**17 + 4242}, "storageCapacity": 4242.5},
        ("parameters.pin", "whole number"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_declaration_does_not_tell_its_secrets(
    provider: OmicsRunProvider, declared: Inputs, case: str
) -> None:
    changed, words = REFUSED[case]

    checked = provider.check({}, bag({**declared, **changed, CONCEALED: [*changed]}))
    failures = checked.failures
    assert CONCEALED not in checked.inputs

    # Beside a property's name the engine would print its value.
    assert {failure.property for failure in failures} == {""}
    told = "\n".join(failure.reason for failure in failures)
    assert [each for each in words if each not in told] == [], told
    for value in (TOKEN, "4242", "1e+17"):
        assert value not in told
