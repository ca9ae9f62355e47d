"""The schema of the native provider, as Pulumi's engine and SDK generators read it.

It is made from the tables of arguments, and from a page for each resource and function: its words,
and its examples in four languages.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final, NamedTuple

from omics_provider.base.table import Table
from omics_provider.engine.urn import native
from omics_provider.native import tables
from omics_provider.native.tables import Row

from .configuration import CONFIG
from .types import Types, is_required

Spec = dict[str, Any]

#: Names of the generated packages. None of them is published: `make languages` builds them.
_LANGUAGES: Final[Mapping[str, Spec]] = {
    "nodejs": {
        "packageName": "pulumi-omics",
        "packageDescription": "Runs of AWS HealthOmics as Pulumi resources.",
        "dependencies": {"@pulumi/pulumi": "^3.0.0"},
        "respectSchemaVersion": True,
    },
    "python": {
        "packageName": "pulumi_omics",
        "requires": {"pulumi": ">=3.0.0,<4.0.0"},
        "pyproject": {"enabled": True},
        "respectSchemaVersion": True,
    },
    "go": {
        "importBasePath": "omics-provider/sdk/go/omics",
        "generateResourceContainerTypes": True,
        "respectSchemaVersion": True,
    },
    "csharp": {
        "rootNamespace": "OmicsProvider",
        "packageReferences": {"Pulumi": "3.*"},
        "respectSchemaVersion": True,
    },
    "java": {"basePackage": "omicsprovider", "dependencies": {"com.pulumi:pulumi": "1.0.0"}},
}
_DESCRIPTION: Final = (
    "Runs of AWS HealthOmics: you review them in a preview, each starts once, and repeats are safe."
)
_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXAMPLES: Final = "\n## Example\n"


class Page(NamedTuple):
    """What is said of a resource or a function, and a program with it in each language."""

    text: str
    examples: Mapping[str, str]


@functools.cache
def text() -> str:
    """Return the schema as JSON."""
    return json.dumps(schema(), ensure_ascii=False)


def schema() -> Spec:
    """Return the schema of the package `omics`."""
    types = Types()
    found: Spec = {
        "name": "omics",
        "displayName": "AWS HealthOmics",
        "version": version("omics-provider"),
        "description": _DESCRIPTION,
        "keywords": ["pulumi", "aws", "healthomics", "omics", "genomics", "category/cloud"],
        "license": "Apache-2.0",
        "config": {"variables": types.properties(CONFIG, is_input=True)},
        "provider": {
            "description": "Where the resources of this provider reach HealthOmics.",
            "properties": types.properties(CONFIG, is_input=False),
            "inputProperties": types.properties(CONFIG, is_input=True),
        },
        "resources": {
            token: _resource(types, token) for token in (*tables.RESOURCES, *tables.COMPONENTS)
        },
        "functions": {token: _function(types, token) for token in tables.FUNCTIONS},
        "language": {**_LANGUAGES},
    }
    named = sorted(types.specs.items())
    return {**found, "types": {native(name): spec for name, spec in named}}


def _resource(types: Types, token: str) -> Spec:
    if token in tables.COMPONENTS:
        table = tables.COMPONENTS[token]
        return {**_declared(types, table, table.facts), "isComponent": True}
    given, recorded = tables.RESOURCES[token]
    return _declared(types, given, (*recorded.fields, *recorded.facts))


def _declared(types: Types, given: Table, told: tuple[Row, ...]) -> Spec:
    required = [row.wire for row in told if is_required(row, is_input=False)]
    return {
        "description": _described(given.resource),
        "properties": types.properties(told, is_input=False),
        "required": required,
        "inputProperties": types.inputs(given.fields),
        "requiredInputs": [field.wire for field in given.fields if field.required],
    }


def _function(types: Types, token: str) -> Spec:
    function = tables.FUNCTIONS[token]
    return {
        "description": _described(function.given.resource),
        "inputs": types.object(function.given.fields, is_input=True),
        "outputs": types.object(function.told, is_input=False),
    }


# Pages -------------------------------------------------------------------------------------------


def names() -> tuple[str, ...]:
    """Return the names of all resources and functions, each of which has a page."""
    return tuple(table.resource for table in tables.declared())


def page(name: str) -> Page:
    """Return the page of a resource or a function."""
    content = (
        files("omics_provider.native.schema").joinpath("pages", f"{name}.md").read_text("utf-8")
    )
    said, _, shown = content.partition(_EXAMPLES)
    return Page(said.strip(), dict(_BLOCK.findall(shown)))


def _described(name: str) -> str:
    """Return the page as Pulumi's documents have it: an SDK shows the example of its language."""
    said, examples = page(name)
    shown = "\n\n".join(f"```{language}\n{code}```" for language, code in examples.items())
    return (
        f"{said}\n\n{{{{% examples %}}}}\n## Example Usage\n{{{{% example %}}}}\n\n{shown}\n\n"
        "{{% /example %}}\n{{% /examples %}}\n"
    )
