"""What the classes of a program say of themselves is what their tables say."""

from __future__ import annotations

import inspect
import runpy
from pathlib import Path
from typing import Any

import pytest

import omics_provider
from omics_provider.base.table import Table
from omics_provider.resources import _arguments

TOOL = runpy.run_path(str(Path(__file__).parents[3] / "tools" / "arguments.py"))
CLASSES: list[Table] = [each.table for each in TOOL["CLASSES"]]


def test_what_is_written_from_the_tables_is_up_to_date() -> None:
    old = [path.name for path, text in TOOL["texts"]().items() if path.read_text("utf-8") != text]
    assert old == [], "run: python tools/arguments.py"


@pytest.mark.parametrize("table", CLASSES, ids=lambda table: table.resource)
def test_a_docstring_lists_arguments_and_attributes(table: Table) -> None:
    cls: Any = getattr(omics_provider, table.resource)
    arguments, _, attributes = (inspect.getdoc(cls) or "").partition("Attributes:\n")
    names = [parameter.name for parameter in named(cls)]
    assert [name for name in names if f"\n    {name}: " not in arguments] == []
    facts = [fact.name for fact in table.facts]
    assert [name for name in facts if f"    {name}: " not in attributes] == []
    assert inspect.getdoc(cls.__init__) == inspect.getdoc(cls)


@pytest.mark.parametrize("table", CLASSES, ids=lambda table: table.resource)
def test_the_types_have_the_names_of_the_signature(table: Table) -> None:
    name = "Cohort" if table.resource == "RunCohort" else table.resource.removeprefix("Omics")
    typed = getattr(_arguments, f"{name}Arguments").__annotations__
    parameters = named(getattr(omics_provider, table.resource))
    given = {p.name: p.default is inspect.Parameter.empty for p in parameters if p.name != "opts"}
    assert given.keys() <= typed.keys()
    assert given.keys() == typed.keys() or name == "Cohort"
    required = {key for key in given if typed[key].__forward_arg__.startswith("Required[")}
    assert required == {key for key, is_required in given.items() if is_required}


@pytest.mark.parametrize("table", CLASSES, ids=lambda table: table.resource)
def test_each_row_says_what_it_is(table: Table) -> None:
    for row in (*table.fields, *table.facts, *table.arguments):
        assert row.doc.endswith("."), row.name
        assert row.doc == " ".join(row.doc.split()), row.name


def named(cls: type) -> list[inspect.Parameter]:
    parameters = inspect.signature(cls).parameters.values()
    return [p for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]
