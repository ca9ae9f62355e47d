"""The table of a run's properties against botocore's model of the API."""

from __future__ import annotations

import re
from typing import Any

import botocore.session
import pytest
from botocore.model import ServiceModel, Shape

from omics_provider.base import status, table
from omics_provider.base.table import Fact, Field, Kind
from omics_provider.runs.rules import declaration, run_table

MODEL: ServiceModel = botocore.session.get_session().get_service_model("omics")
START_RUN: Any = MODEL.operation_model("StartRun").input_shape
GET_RUN: Any = MODEL.operation_model("GetRun").output_shape
SENT = [field for field in run_table.FIELDS if field.sent]

# What the model writes for "any printable text", in its two spellings.
PRINTABLE = r"[\p{L}||\p{M}||\p{Z}||\p{S}||\p{N}||\p{P}]+"
PRINTABLE_LINES = r"[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}\t\n\r]+"


def member(field: Field) -> Shape:
    return START_RUN.members[field.wire]  # type: ignore[no-any-return]


def test_every_member_of_start_run_is_there_but_the_request_id() -> None:
    assert {field.wire for field in SENT} == START_RUN.members.keys() - {"requestId"}


def test_the_required_members() -> None:
    problems = declaration.problems({"workflowId": "1"})
    required = {problem.property for problem in problems}
    assert required == set(START_RUN.required_members) - {"requestId"}


@pytest.mark.parametrize("field", SENT, ids=lambda field: field.wire)
def test_a_limit_is_the_models(field: Field) -> None:
    model = member(field).metadata
    if field.enum or field.kind is Kind.TAGS:
        # Every value of an enum fits the lengths; TagMap's limits are tested below.
        assert field.low is None
        assert field.high is None
        return
    assert (field.low, field.high) == (model.get("min"), model.get("max"))


@pytest.mark.parametrize("field", SENT, ids=lambda field: field.wire)
def test_a_pattern_is_the_models(field: Field) -> None:
    pattern = member(field).metadata.get("pattern")
    if pattern in (PRINTABLE, PRINTABLE_LINES):
        assert field.pattern is None
        assert (field.kind is Kind.JSON_TEXT) is (pattern == PRINTABLE_LINES)
    else:
        assert field.pattern == pattern


@pytest.mark.parametrize("field", SENT, ids=lambda field: field.wire)
def test_an_enum_is_the_models(field: Field) -> None:
    assert set(field.enum) == set(member(field).metadata.get("enum", ()))


KINDS = {
    "string": {Kind.TEXT, Kind.S3_URI, Kind.JSON_TEXT},
    "integer": {Kind.INTEGER},
    "structure": {Kind.DOCUMENT},
    "map": {Kind.TAGS},
}


@pytest.mark.parametrize("field", SENT, ids=lambda field: field.wire)
def test_a_kind_is_the_models(field: Field) -> None:
    shape = member(field)
    assert field.kind in KINDS[shape.type_name]
    assert (field.kind is Kind.DOCUMENT) is bool(getattr(shape, "is_document_type", False))


def test_the_limits_of_tags() -> None:
    tags: Any = START_RUN.members["tags"]
    assert tags.key.metadata == {"min": 1, "max": table.MAX_TAG_KEY}
    assert tags.value.metadata == {"min": 0, "max": table.MAX_TAG_VALUE}


def test_the_number_of_tags_is_what_the_model_says_in_words() -> None:
    text = re.sub(r"<[^>]+>", "", START_RUN.members["tags"].documentation)
    assert f"{table.MAX_TAGS} tags" in text


def test_an_id_to_adopt_is_checked_as_get_run_checks_it() -> None:
    wanted: Any = MODEL.operation_model("GetRun").input_shape
    model = wanted.members["id"].metadata
    field = run_table.BY_NAME["adopt_run_id"]
    assert (field.low, field.high, field.pattern) == (model["min"], model["max"], model["pattern"])


def test_the_request_id_fits() -> None:
    from omics_provider.base.identity import request_id

    limits = START_RUN.members["requestId"].metadata
    assert limits["min"] <= len(request_id("urn", {}, run_table.TABLE)) <= limits["max"]


@pytest.mark.parametrize("fact", run_table.OUTPUTS, ids=lambda fact: fact.wire)
def test_every_output_is_one_of_get_run(fact: Fact) -> None:
    assert fact.wire in GET_RUN.members
    assert fact.name == snake(fact.wire)


@pytest.mark.parametrize("field", SENT, ids=lambda field: field.wire)
def test_a_name_is_the_wire_name_in_python(field: Field) -> None:
    assert field.name == snake(field.wire)


def snake(wire: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", wire).lower()


def test_the_states_are_the_models() -> None:
    states: Any = MODEL.shape_for("RunStatus")
    assert {str(state) for state in status.RunStatus} == set(states.enum)


def test_inputs_that_an_adoption_compares_are_told_by_get_run() -> None:
    # GetRun says the configuration's name in a structure of its own.
    told = GET_RUN.members.keys() | {"configurationName"}
    assert {field.wire for field in SENT} <= told
    assert "name" in GET_RUN.members["configuration"].members
