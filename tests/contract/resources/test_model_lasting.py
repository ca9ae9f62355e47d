"""The tables of groups and caches, and their public names, against botocore's model."""

from __future__ import annotations

import inspect
import re
import runpy
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.model import ServiceModel

import omics_provider
from omics_provider.base import checks, table
from omics_provider.base.table import Change, Field, Kind
from omics_provider.resources.shared import OmicsRunCache, OmicsRunGroup
from omics_provider.resources.workflow import OmicsWorkflow
from omics_provider.shared.rules.tables import CACHE, GROUP
from omics_provider.workflows.rules import workflow_table

MODEL: ServiceModel = botocore.session.get_session().get_service_model("omics")
# What the model writes for "any printable text".
PRINTABLE = r"[\p{L}||\p{M}||\p{Z}||\p{S}||\p{N}||\p{P}]+"
TABLES = {
    "RunGroup": GROUP,
    "RunCache": CACHE,
    "Workflow": workflow_table.TABLE,
}
CLASSES: dict[str, Any] = {
    "RunGroup": OmicsRunGroup,
    "RunCache": OmicsRunCache,
    "Workflow": OmicsWorkflow,
}
TOOL = runpy.run_path(str(Path(__file__).parents[3] / "tools" / "shapes.py"))
RULES = {"Workflow": workflow_table.RULES}
# What the program makes of a local definition in place of a zip, and what belongs to versions.
OWN = {"definitionZip"}
OF_VERSIONS = {"versionArn": "arn", "versionUuid": "uuid"}
FIELDS = [(kind, field) for kind, each in TABLES.items() for field in each.fields if field.sent]
IDS = [f"{kind}.{field.wire}" for kind, field in FIELDS]
KINDS = {
    "string": {Kind.TEXT, Kind.S3_URI, Kind.JSON},
    "integer": {Kind.INTEGER},
    "structure": {Kind.DOCUMENT},
    "map": {Kind.TAGS, Kind.DOCUMENT},
}


def snake(wire: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", wire).lower()


def shape(operation: str, side: str = "input_shape") -> Any:
    return getattr(MODEL.operation_model(operation), side)


@pytest.mark.parametrize("kind", TABLES)
def test_every_member_of_create_is_there_but_the_request_id(kind: str) -> None:
    sent = {field.wire for field in TABLES[kind].fields if field.sent}
    assert sent == shape(f"Create{kind}").members.keys() - {"requestId"} - OWN


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=IDS)
def test_limits_patterns_enums_and_kinds_are_the_models(kind: str, field: Field) -> None:
    model = shape(f"Create{kind}").members[field.wire]
    assert field.kind in KINDS[model.type_name]
    assert set(field.enum) == set(model.metadata.get("enum", ()))
    assert field.name == snake(field.wire)
    if field.enum or field.kind in (Kind.TAGS, Kind.DOCUMENT):
        # Enums fit the lengths; tags and templates are tested below.
        assert (field.low, field.high) == (None, None)
        return
    assert (field.low, field.high) == (model.metadata.get("min"), model.metadata.get("max"))
    if field.kind is Kind.JSON:
        return
    pattern = model.metadata.get("pattern")
    assert field.pattern == (None if pattern == PRINTABLE else pattern)


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=IDS)
def test_what_changes_in_place_is_what_the_update_takes(kind: str, field: Field) -> None:
    takes = shape(f"Update{kind}").members.keys() | {"tags"}
    if kind == "Workflow":
        # The rest is fixed with a version, and makes another.
        assert field.change is Change.UPDATE
        assert (field.wire in (*workflow_table.IN_PLACE, "tags")) is (field.wire in takes)
        assert (field.wire in workflow_table.FIXED) is (field.wire not in takes)
    else:
        assert (field.change is Change.UPDATE) is (field.wire in takes)


@pytest.mark.parametrize("kind", TABLES)
def test_required_and_outputs(kind: str) -> None:
    missing = {
        problem.property for problem in checks.problems(TABLES[kind], {}, RULES.get(kind, ()))
    }
    assert missing - {"definition"} == set(shape(f"Create{kind}").required_members) - {"requestId"}
    answer = shape(f"Get{kind}", "output_shape").members
    wires = [fact.wire for fact in TABLES[kind].outputs]
    assert all(OF_VERSIONS.get(wire, wire) in answer for wire in wires)
    assert all(fact.name == snake(fact.wire) for fact in TABLES[kind].outputs)


@pytest.mark.parametrize("kind", TABLES)
def test_the_limits_of_tags(kind: str) -> None:
    tags = shape(f"Create{kind}").members["tags"]
    assert tags.key.metadata == {"min": 1, "max": table.MAX_TAG_KEY}
    assert tags.value.metadata == {"min": 0, "max": table.MAX_TAG_VALUE}


@pytest.mark.parametrize("kind", TABLES)
def test_the_public_class(kind: str) -> None:
    cls, each = CLASSES[kind], TABLES[kind]
    assert getattr(omics_provider, f"Omics{kind}") is cls
    assert f"Omics{kind}" in omics_provider.__all__
    assert cls._resource_type_name == f"dynamic/omics:{kind}"
    first, *rest = inspect.signature(cls).parameters.values()
    assert first.name == "resource_name"
    named = [p for p in rest if p.kind is inspect.Parameter.KEYWORD_ONLY]
    assert {p.name for p in named} == {*each.by_name, "opts"}
    doc = inspect.getdoc(cls.__init__) or ""
    assert [p.name for p in named if f"    {p.name}: " not in doc] == []
    attributes = [*each.by_name, *(fact.name for fact in each.outputs)]
    assert all(inspect.getdoc(inspect.getattr_static(cls, name)) for name in attributes)
    assert list(inspect.signature(cls.get).parameters) == ["resource_name", "id", "opts"]


def test_a_version_takes_what_is_sent_for_it() -> None:
    inputs = {
        field.wire: "x" for field in workflow_table.TABLE.fields if field.kind is not Kind.TAGS
    }
    sent = workflow_table.version_arguments({**inputs, "tags": {}}, "1", b"zip", "identity")
    takes = shape("CreateWorkflowVersion").members.keys()
    assert sent.keys() == takes - {"requestId"}
    name = workflow_table.TABLE.by_wire["versionName"]
    model = shape("CreateWorkflowVersion").members["versionName"].metadata
    assert (name.low, name.high, name.pattern) == (model["min"], model["max"], model["pattern"])
    in_place = shape("UpdateWorkflowVersion").members.keys() - {"workflowId", "versionName"}
    assert in_place | {"name"} == set(workflow_table.IN_PLACE)


def test_the_shapes_of_nested_values_are_the_models() -> None:
    written = TOOL["FILE"].read_text("utf-8")
    assert written == TOOL["text"](), "run: python tools/shapes.py"


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=IDS)
def test_each_nested_value_has_a_shape(kind: str, field: Field) -> None:
    model = shape(f"Create{kind}").members[field.wire]
    is_nested = model.type_name in ("structure", "map", "list") and field.kind is not Kind.TAGS
    assert (field.shape is not None) is is_nested
