"""The Ready2Run catalogue: entries are shaped as the API has them and say where they come from."""

import json
import re
import unicodedata
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.session import Session

CATALOGUE: dict[str, Any] = json.loads(
    resources.files("omics_provider.emulator.workflows")
    .joinpath("ready2run.json")
    .read_text("utf-8")
)
WORKFLOWS: list[dict[str, Any]] = CATALOGUE["workflows"]
KEYS = {
    "id",
    "name",
    "description",
    "engine",
    "publisher",
    "parameterTemplate",
    "estimatedDuration",
    "priceUSD",
    "maximumInputGiB",
    "subscriptionRequired",
    "source",
}
VISIBLE = r"[\p{L}||\p{M}||\p{Z}||\p{S}||\p{N}||\p{P}]+"  # Python's re has no Unicode classes.
GET_WORKFLOW: Any = Session().get_service_model("omics").shape_for("GetWorkflowResponse")
EVERY = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: str(workflow["id"]))


def allows(shape: Any, text: str) -> bool:
    """Whether a string shape of the model allows this text."""
    limits = shape.metadata
    fits = limits.get("min", 0) <= len(text) <= limits.get("max", len(text))
    if limits.get("pattern") == VISIBLE:
        return fits and all(unicodedata.category(character)[0] in "LMZSNP" for character in text)
    return fits and re.fullmatch(limits.get("pattern", ".*"), text) is not None


def get_workflow(member: str) -> Any:
    return GET_WORKFLOW.members[member]


def test_the_guard_itself_refuses_what_the_model_refuses() -> None:
    assert not allows(get_workflow("id"), "wf-1")
    assert not allows(get_workflow("name"), "")
    assert not allows(get_workflow("name"), "two\nlines")


def test_ids_and_names_are_unique() -> None:
    assert len({workflow["id"] for workflow in WORKFLOWS}) == len(WORKFLOWS)
    assert len({workflow["name"] for workflow in WORKFLOWS}) == len(WORKFLOWS)


def test_the_note_names_every_field_that_was_looked_up() -> None:
    looked_up = KEYS - {"description", "publisher", "source"}
    assert [key for key in sorted(looked_up) if key not in CATALOGUE["note"]] == []
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", CATALOGUE["retrieved"])


@EVERY
def test_an_entry_is_shaped_as_the_api_has_it(workflow: dict[str, Any]) -> None:
    assert set(workflow) == KEYS
    assert allows(get_workflow("id"), workflow["id"])
    assert allows(get_workflow("name"), workflow["name"])
    assert workflow["engine"] is None or workflow["engine"] in get_workflow("engine").enum


@EVERY
def test_a_parameter_template_is_one_that_the_api_would_give(workflow: dict[str, Any]) -> None:
    template = workflow["parameterTemplate"]
    if template is None:
        return
    shape = get_workflow("parameterTemplate")
    assert template
    for name, parameter in template.items():
        assert allows(shape.key, name)
        assert set(parameter) == {"description", "optional"}
        assert allows(shape.value.members["description"], parameter["description"])
        assert isinstance(parameter["optional"], bool)


@EVERY
def test_figures_are_believable(workflow: dict[str, Any]) -> None:
    assert re.fullmatch(r"\d{1,2}:[0-5]\d", workflow["estimatedDuration"])
    assert 0 < workflow["priceUSD"] < 100
    assert workflow["maximumInputGiB"] >= 1
    assert isinstance(workflow["subscriptionRequired"], bool)


@EVERY
def test_an_entry_says_where_it_comes_from(workflow: dict[str, Any]) -> None:
    assert workflow["source"]
    for source in workflow["source"]:
        address = urlsplit(source)
        assert address.scheme == "https"
        assert address.netloc in {"docs.aws.amazon.com", "github.com"}
        assert re.search(r"/(blob|tree)/(main|master)/", address.path) is None, "pin the commit"


@EVERY
def test_a_template_comes_with_the_sample_that_shows_it(workflow: dict[str, Any]) -> None:
    samples = [source for source in workflow["source"] if "github.com/aws-samples/" in source]
    assert workflow["parameterTemplate"] is None or len(samples) >= 2
