"""The tables of groups and caches, and their public names, against botocore's model."""

from __future__ import annotations

import inspect
import re
from typing import Any

import botocore.session
import pytest
from botocore.model import ServiceModel

import omics_provider
from omics_provider.core import checks, run_cache, run_group, table
from omics_provider.core.table import Change, Field, Kind
from omics_provider.resources.run_cache import OmicsRunCache
from omics_provider.resources.run_group import OmicsRunGroup

MODEL: ServiceModel = botocore.session.get_session().get_service_model("omics")
# What the model writes for "any printable text".
PRINTABLE = r"[\p{L}||\p{M}||\p{Z}||\p{S}||\p{N}||\p{P}]+"
TABLES = {"RunGroup": run_group.TABLE, "RunCache": run_cache.TABLE}
CLASSES: dict[str, Any] = {"RunGroup": OmicsRunGroup, "RunCache": OmicsRunCache}
FIELDS = [(kind, field) for kind, each in TABLES.items() for field in each.fields if field.sent]
IDS = [f"{kind}.{field.wire}" for kind, field in FIELDS]
KINDS = {
    "string": {Kind.TEXT, Kind.S3_URI},
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
    assert sent == shape(f"Create{kind}").members.keys() - {"requestId"}


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=IDS)
def test_limits_patterns_enums_and_kinds_are_the_models(kind: str, field: Field) -> None:
    model = shape(f"Create{kind}").members[field.wire]
    assert field.kind in KINDS[model.type_name]
    assert set(field.enum) == set(model.metadata.get("enum", ()))
    assert field.name == snake(field.wire)
    if field.enum or field.kind in (Kind.TAGS, Kind.S3_URI):
        assert (field.low, field.high) == (None, None)
        return
    assert (field.low, field.high) == (model.metadata.get("min"), model.metadata.get("max"))
    pattern = model.metadata.get("pattern")
    assert field.pattern == (None if pattern == PRINTABLE else pattern)


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=IDS)
def test_what_changes_in_place_is_what_the_update_takes(kind: str, field: Field) -> None:
    takes = shape(f"Update{kind}").members.keys() | {"tags"}
    assert (field.change is Change.UPDATE) is (field.wire in takes)


@pytest.mark.parametrize("kind", TABLES)
def test_required_and_outputs(kind: str) -> None:
    rules = {"RunCache": run_cache.RULES}.get(kind, ())
    missing = {problem.property for problem in checks.problems(TABLES[kind], {}, rules)}
    assert missing == set(shape(f"Create{kind}").required_members) - {"requestId"}
    answer = shape(f"Get{kind}", "output_shape").members
    assert all(wire in answer for _, wire in TABLES[kind].outputs)
    assert all(name == snake(wire) for name, wire in TABLES[kind].outputs)


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
    attributes = [*each.by_name, *(name for name, _ in each.outputs)]
    assert all(inspect.getdoc(inspect.getattr_static(cls, name)) for name in attributes)
    assert list(inspect.signature(cls.get).parameters) == ["resource_name", "id", "opts"]
