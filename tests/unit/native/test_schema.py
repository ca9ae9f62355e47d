"""The native provider's schema says all that the tables say, by the names of this door."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from omics_provider.base import settings
from omics_provider.base.table import Change, Field, Kind
from omics_provider.native import tables
from omics_provider.native.schema import configuration, document, words
from omics_provider.runs.rules import run_table
from omics_provider.sheets import plain

SCHEMA = document.schema()
RESOURCES = SCHEMA["resources"]
TYPES = SCHEMA["types"]
METASCHEMA = Path(__file__).parents[3] / "tools" / "schemas" / "pulumi-package.json"
LANGUAGES = ("yaml", "typescript", "python", "go")
#: Every object of the schema with properties, and the rows that they are made from.
OBJECTS: list[tuple[str, dict[str, Any], tuple[tables.Row, ...]]] = [
    *(
        (f"{token}.inputs", RESOURCES[token]["inputProperties"], resource.given.fields)
        for token, resource in tables.RESOURCES.items()
    ),
    *(
        (
            f"{token}.outputs",
            RESOURCES[token]["properties"],
            (*resource.recorded.fields, *resource.recorded.facts),
        )
        for token, resource in tables.RESOURCES.items()
    ),
    *(
        (f"{token}.inputs", RESOURCES[token]["inputProperties"], table.fields)
        for token, table in tables.COMPONENTS.items()
    ),
    *(
        (f"{token}.outputs", RESOURCES[token]["properties"], table.facts)
        for token, table in tables.COMPONENTS.items()
    ),
    *(
        (f"{token}.inputs", SCHEMA["functions"][token]["inputs"]["properties"],
         function.given.fields)
        for token, function in tables.FUNCTIONS.items()
    ),
    *(
        (f"{token}.outputs", SCHEMA["functions"][token]["outputs"]["properties"], function.told)
        for token, function in tables.FUNCTIONS.items()
    ),
    *(
        (name, TYPES[f"omics:index:{name}"]["properties"], rows)
        for name, rows in tables.TYPES.items()
    ),
    ("config", SCHEMA["config"]["variables"], configuration.CONFIG),
    ("provider", SCHEMA["provider"]["inputProperties"], configuration.CONFIG),
]  # fmt: skip


def texts(part: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each description, with where it stands; examples are programs and no part of it."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "description" and isinstance(value, str):
                yield path, value.partition("{{% examples %}}")[0]
            yield from texts(value, f"{path}/{name}")


def values_of(spec: dict[str, Any]) -> list[str]:
    """Return the values of the enum that a property, or the items of a list, refer to."""
    found = spec.get("items", spec).get("$ref", "").removeprefix("#/types/")
    return [each["value"] for each in TYPES.get(found, {}).get("enum", [])]


# What the tables say -----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "properties", "rows"), OBJECTS, ids=[each[0] for each in OBJECTS])
def test_every_row_is_a_property_with_a_description(
    name: str, properties: dict[str, Any], rows: tuple[tables.Row, ...]
) -> None:
    assert list(properties) == [row.wire for row in rows]
    assert all(spec["description"].strip() for spec in properties.values())


@pytest.mark.parametrize(("name", "properties", "rows"), OBJECTS, ids=[each[0] for each in OBJECTS])
def test_a_choice_is_an_enum_and_what_is_secret_is_marked(
    name: str, properties: dict[str, Any], rows: tuple[tables.Row, ...]
) -> None:
    for row in rows:
        choices = row.enum if isinstance(row, Field) and row.kind is not Kind.RETRY else ()
        assert values_of(properties[row.wire]) == list(choices), row.wire
        assert properties[row.wire].get("secret", False) is (row.wire == "sessionPolicy")


def test_a_run_takes_all_that_startrun_takes_and_two_inputs_more() -> None:
    inputs = RESOURCES["omics:index:Run"]["inputProperties"]
    assert inputs.keys() == {*run_table.BY_WIRE, "waitForCompletion", "onFailure"}
    assert inputs["waitForCompletion"]["type"] == "boolean"
    assert inputs["waitForCompletion"]["default"] is False
    assert inputs["onFailure"]["default"] == "fail"
    assert inputs["onDelete"]["default"] == "delete"
    assert inputs["parameters"] == {
        "type": "object",
        "additionalProperties": {"$ref": "pulumi.json#/Any"},
        "description": run_table.BY_WIRE["parameters"].doc,
        "willReplaceOnChanges": True,
    }
    assert inputs["rerun"]["$ref"] == "pulumi.json#/Any"
    assert inputs["tags"]["additionalProperties"] == {"type": "string"}
    assert inputs["retry"]["$ref"] == "#/types/omics:index:RunRetry"
    assert values_of(inputs["rerunOn"]) == ["FAILED", "CANCELLED", "DELETED"]


def test_a_row_that_is_added_appears_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Field("new_thing", "newThing", enum=("A_B", "C"), doc="A_B or C; see run_id.")
    given, recorded = tables.RESOURCES["omics:index:Run"]
    more = tables.Resource(
        given.__class__(given.resource, (*given.fields, row), given.outputs, given.own_outputs),
        recorded,
    )
    monkeypatch.setattr(tables, "RESOURCES", {**tables.RESOURCES, "omics:index:Run": more})
    found = document.schema()
    assert found["resources"]["omics:index:Run"]["inputProperties"]["newThing"] == {
        "$ref": "#/types/omics:index:NewThing",
        "description": "`A_B` or `C`; see `runId`.",
        "willReplaceOnChanges": True,
    }
    assert found["types"]["omics:index:NewThing"]["enum"] == [
        {"name": "AB", "value": "A_B"},
        {"name": "C", "value": "C"},
    ]


@pytest.mark.parametrize("token", tables.RESOURCES)
def test_what_replaces_a_resource_is_said_and_left_to_the_provider(token: str) -> None:
    fields = {field.wire: field for field in tables.RESOURCES[token].given.fields}
    for wire, spec in RESOURCES[token]["inputProperties"].items():
        replaces = fields[wire].change is Change.REPLACE
        assert spec.get("willReplaceOnChanges", False) is replaces, wire
    assert '"replaceOnChanges"' not in json.dumps(RESOURCES[token])


@pytest.mark.parametrize("token", [*tables.RESOURCES, *tables.COMPONENTS])
def test_what_a_program_has_to_give_is_required_and_what_is_always_told(token: str) -> None:
    required = RESOURCES[token]["requiredInputs"]
    assert required == {
        "omics:index:Run": ["roleArn", "outputUri"],
        "omics:index:RunBatch": ["samples", "template"],
        "omics:index:RunCache": ["cacheS3Location"],
        "omics:index:RunCohort": ["samples", "template"],
    }.get(token, [])
    told = {
        "omics:index:Run": {"arn", "uuid", "status", "runOutputUri"},
        "omics:index:RunCohort": {"runs"},
    }.get(token, {"arn"})
    assert told <= set(RESOURCES[token]["required"])
    assert set(RESOURCES[token]["required"]) <= RESOURCES[token]["properties"].keys()


def test_a_cohorts_runs_are_told_by_sample() -> None:
    cohort = RESOURCES["omics:index:RunCohort"]
    assert cohort["isComponent"] is True
    assert cohort["properties"]["runs"]["additionalProperties"] == {
        "$ref": "#/types/omics:index:CohortRun"
    }
    assert list(TYPES["omics:index:CohortRun"]["properties"]) == [
        "id", "arn", "uuid", "status", "runOutputUri",
    ]  # fmt: skip
    template = TYPES["omics:index:RunTemplate"]
    assert template["properties"].keys() == tables.RUN.by_wire.keys()
    assert "required" not in template
    assert TYPES["omics:index:RunBatchTemplate"]["required"] == ["roleArn", "workflowId"]


def test_the_configuration_is_that_of_the_stack() -> None:
    # The progress line is the Python program's own.
    assert {field.wire for field in configuration.CONFIG} == {*settings.KEYS} - {"progress"}
    assert SCHEMA["config"]["variables"]["localRunSeconds"]["type"] == "number"
    assert SCHEMA["provider"]["properties"].keys() == SCHEMA["config"]["variables"].keys()


def test_the_docs_of_parameters_name_each_type_of_a_cell() -> None:
    for token in ("omics:index:RunCohort", "omics:index:RunBatch"):
        text = RESOURCES[token]["inputProperties"]["parameters"]["description"]
        named = re.search(r"\(([a-z, ]+) or ([a-z]+)\)", text)
        assert named
        assert [*named[1].split(", "), named[2]] == list(plain.TYPES)


# The document ------------------------------------------------------------------------------------


def test_pulumis_metaschema_holds() -> None:
    # Python writes the name of a group in another way than the schema's patterns.
    text = METASCHEMA.read_text("utf-8").replace("(?<", "(?P<")
    jsonschema.Draft202012Validator(json.loads(text)).validate(SCHEMA)


def test_every_type_is_used_and_every_reference_leads_to_one() -> None:
    used = set(re.findall(r'"#/types/([^"]+)"', json.dumps(SCHEMA)))
    assert used == TYPES.keys()
    assert set(re.findall(r'"\$ref": "(pulumi[^"]+)"', json.dumps(SCHEMA))) == {"pulumi.json#/Any"}


def test_the_text_is_made_once() -> None:
    assert document.text() is document.text()
    assert json.loads(document.text()) == SCHEMA


# Words -------------------------------------------------------------------------------------------


def test_no_description_has_a_name_of_python() -> None:
    assert words.NAMES["wait_for_completion"] == "waitForCompletion"
    of_python = re.compile(
        rf"\b({'|'.join(map(re.escape, words.NAMES))}|Omics[A-Z]\w+|None|True|False|Mapping)\b"
    )
    found = [(path, text) for path, text in texts(SCHEMA) if of_python.search(text)]
    assert found == []


@pytest.mark.parametrize(
    ("doc", "choices", "text"),
    [
        ("needs cache_id, as name does", (), "needs `cacheId`, as name does"),
        ("`cache_id: 1` in code", (), "`cacheId: 1` in code"),
        ("output_uri's bucket", (), "`outputUri`'s bucket"),
        ("columns sample_id and `sample_name`", (), "columns sample_id and `sample_name`"),
        ("OFF or ALL; OFFER", ("OFF", "ALL"), "`OFF` or `ALL`; OFFER"),
        ('"delete" or "keep"', ("delete", "keep"), '"delete" or "keep"'),
        ("such as RUN_TASK_FAILED", (), "such as `RUN_TASK_FAILED`"),
        ("True for an OmicsRunBatch, None else", (), "true for an RunBatch, unset else"),
    ],
)
def test_a_doc_of_python_reads_well_in_markdown(
    doc: str, choices: tuple[str, ...], text: str
) -> None:
    assert words.description(doc, choices) == text


# Pages -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", document.names())
def test_a_page_has_words_and_an_example_in_each_language(name: str) -> None:
    page = document.page(name)
    assert page.text
    assert tuple(page.examples) == LANGUAGES
    assert all(code.strip() for code in page.examples.values())


@pytest.mark.parametrize("name", document.names())
def test_an_example_in_yaml_gives_what_the_schema_takes(name: str) -> None:
    program = yaml.safe_load(document.page(name).examples["yaml"])
    used = [(each["type"], each["properties"]) for each in program.get("resources", {}).values()]
    for kind, given in used:
        resource = RESOURCES[kind.replace("omics:", "omics:index:")]
        fits(given, resource["inputProperties"], resource["requiredInputs"])
    called = [each["fn::invoke"] for each in program.get("variables", {}).values()]
    for call in called:
        function = SCHEMA["functions"][call["function"].replace("omics:", "omics:index:")]
        fits(call["arguments"], function["inputs"]["properties"],
             function["inputs"].get("required", []))  # fmt: skip
    assert [kind for kind, _ in used] + [call["function"] for call in called]


def fits(given: dict[str, Any], properties: dict[str, Any], required: list[str]) -> None:
    """Hold a program's values against the properties of an object, at any depth."""
    assert given.keys() <= properties.keys()
    assert set(required) <= given.keys()
    for wire, value in given.items():
        spec = properties[wire]
        if choices := values_of(spec):
            assert value in choices, wire
        inner = TYPES.get(spec.get("$ref", "").removeprefix("#/types/"), {})
        if "properties" in inner:
            fits(value, inner["properties"], inner.get("required", []))
