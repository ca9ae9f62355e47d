"""Values against the shapes of the service's model: each misfit with its path, value and rule."""

from __future__ import annotations

from typing import Any

import pytest

from omics_provider.base import checks
from omics_provider.base.shapes import Misfit, misfits, shown
from omics_provider.base.values import CANNOT_CROSS, UNKNOWN
from omics_provider.workflows.rules.shapes import SHAPES
from omics_provider.workflows.rules.workflow_table import TABLE

REGISTRY = {"upstreamRegistryUrl": "quay.io", "ecrRepositoryPrefix": "quay"}


def of_map(mapping: Any) -> list[Misfit]:
    return list(misfits(SHAPES["containerRegistryMap"], {"registryMappings": [mapping]}, "m"))


def of_template(template: Any) -> list[Misfit]:
    return list(misfits(SHAPES["parameterTemplate"], template, "t"))


@pytest.mark.parametrize(
    ("mapping", "found"),
    [
        (REGISTRY, []),
        ({**REGISTRY, "ecrAccountId": "123456789012"}, []),
        ({**REGISTRY, "ecrAccountId": UNKNOWN}, []),
        (
            {**REGISTRY, "ecrAccountId": 123456789012},
            [(".ecrAccountId", 123456789012, "must be a string: put it in quotes")],
        ),
        (
            {**REGISTRY, "ecrAccountId": "12"},
            [(".ecrAccountId", "12", "must have 12 characters, has 2")],
        ),
        (
            {**REGISTRY, "credentialArn": "arn:aws:ssm:us-east-1:123456789012:x"},
            [(".credentialArn", "arn:aws:ssm:us-east-1:123456789012:x", "must match arn:aws")],
        ),
        (
            {"upstreamRegistryURL": "quay.io", "ecrRepositoryPrefix": "quay"},
            [
                (".upstreamRegistryUrl", None, "is required"),
                (".upstreamRegistryURL", None, "did you mean upstreamRegistryUrl?"),
            ],
        ),
        ("quay.io", [("", "quay.io", "must be names and values")]),
        (
            {**REGISTRY, "ecrRepositoryPrefix": {CANNOT_CROSS: "null is dropped"}},
            [(".ecrRepositoryPrefix", None, "null is dropped")],
        ),
    ],
)
def test_a_registry_mapping(mapping: Any, found: list[tuple[str, Any, str]]) -> None:
    seen = of_map(mapping)
    places = [(f"m.registryMappings[0]{path}", value) for path, value, _ in found]
    assert [(each.path, each.value) for each in seen] == places
    assert all(rule in each.rule for each, (_, _, rule) in zip(seen, found, strict=True))


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ({"reads": {}}, []),
        ({"reads": {"description": "Reads, in pairs", "optional": True}}, []),
        ({"reads": {"description": ""}}, ["t.reads.description: must have 1 to 256 characters"]),
        (
            {"reads": {"description": "a\nb"}},
            ["t.reads.description: must not have control or invisible characters, has U+000A"],
        ),
        ({"reads": {"optional": "yes"}}, ["t.reads.optional: must be true or false"]),
        ({"": {}}, ["t: a name must have 1 to 128 characters, has 0"]),
        ({}, ["t: must have 1 to 2,000 entries, has 0"]),
        ([], ["t: must be names and values"]),
    ],
)
def test_a_parameter_template(template: Any, found: list[str]) -> None:
    seen = [f"{each.path}: {each.rule}" for each in of_template(template)]
    assert len(seen) == len(found)
    assert all(text.startswith(start) for text, start in zip(seen, found, strict=True))


def test_a_repository() -> None:
    value = {"connectionArn": "x", "sourceReference": {"type": "Branch"}, "excludeFilePatterns": []}
    told = checks.problems(TABLE, {"definitionRepository": value})
    assert [each.told(TABLE) for each in told] == [
        "definition_repository: fullRepositoryId: is required",
        'definition_repository: connectionArn: "x": must match '
        r"arn:aws(-[\w]+)*:.+:.+:[0-9]{12}:.+",
        "definition_repository: sourceReference.value: is required",
        'definition_repository: sourceReference.type: "Branch": must be one of BRANCH, TAG, '
        "COMMIT: did you mean BRANCH?",
        "definition_repository: excludeFilePatterns: must have 1 to 50 entries, has 0",
    ]


def test_nothing_is_shown_of_what_may_be_secret() -> None:
    mapping = {**REGISTRY, "ecrAccountId": 123456789012, "credentialArn": "hush-token"}
    inputs = {
        "containerRegistryMap": {"registryMappings": [mapping]},
        checks.CONCEALED: ["containerRegistryMap"],
    }
    told = str(checks.problems(TABLE, inputs))
    assert "ecrAccountId: must be a string" in told
    assert "1234" not in told
    assert "hush" not in told


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a b", '"a b"'),
        ("a\u200bb\xa0", '"a\\u200bb\\u00a0"'),
        (True, "true"),
        (-1, "-1"),
        (None, ""),
        ({"a": 1}, ""),
        ("x" * 61, f'"{"x" * 60}…"'),
    ],
)
def test_a_value_as_a_message_shows_it(value: Any, text: str) -> None:
    assert shown(value) == text
