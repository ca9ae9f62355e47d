"""What a table of a resource's properties is made of."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from .shapes import Shape

#: Tags of a run (model: "up to 50 tags per run"; TagMap's keys and values).
MAX_TAGS: Final = 50
MAX_TAG_KEY: Final = 128
MAX_TAG_VALUE: Final = 256


class Kind(Enum):
    """How a value is checked and compared."""

    TEXT = "text"
    S3_URI = "s3 uri"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    #: A JSON object.
    DOCUMENT = "document"
    #: A string that holds a JSON object.
    JSON_TEXT = "json text"
    TAGS = "tags"
    #: Any JSON value.
    JSON = "json"
    #: A list of values of `enum`.
    CHOICES = "choices"
    #: An object: `attempts`, and optionally `on`, a list of failure codes.
    RETRY = "retry"


class Change(Enum):
    """What a changed value means for what exists."""

    REPLACE = "replace"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Field:
    r"""One input of a resource.

    `low` and `high` are lengths of a text, values of an integer. `pattern` must match the whole
    text; None means printable text (the model's `[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]+`).
    `sent` says whether the value is a member of the API's request, `required` that a declaration
    has it, `filled` that a resource has it though the program gives none. `shape` is what the model
    says of a document. `doc` is what a program's author reads, `type` the argument's type where
    `kind` does not tell it.
    """

    name: str
    wire: str
    kind: Kind = Kind.TEXT
    change: Change = Change.REPLACE
    low: int | None = None
    high: int | None = None
    pattern: str | None = None
    enum: tuple[str, ...] = ()
    sent: bool = True
    required: bool = False
    filled: bool = False
    shape: Shape | None = None
    type: str = ""
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One output of a resource: what the service, or this package, tells of it."""

    name: str
    wire: str
    doc: str
    type: str = "str | None"


@dataclass(frozen=True, slots=True)
class Argument:
    """What a class of the program takes beside the inputs; the provider never sees it."""

    name: str
    type: str
    doc: str
    required: bool = False


@dataclass(frozen=True)
class Table:
    """All that is told of one kind of resource; `resource` is its class in a program.

    `outputs` are filled in by the service, `own_outputs` by this package. The class's signature and
    docstring are written from it by tools/arguments.
    """

    resource: str
    fields: tuple[Field, ...]
    outputs: tuple[Fact, ...] = ()
    own_outputs: tuple[Fact, ...] = ()
    arguments: tuple[Argument, ...] = ()

    @functools.cached_property
    def by_wire(self) -> Mapping[str, Field]:
        """The inputs by the API's names."""
        return {field.wire: field for field in self.fields}

    @functools.cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The inputs by their names in a program."""
        return {field.name: field for field in self.fields}

    def named(self, wire: str) -> str:
        """Return what a program calls the input of this name in the API."""
        return self.by_wire[wire].name

    def in_api_names(self) -> Table:
        """Return the table of a program that calls each input as the API does."""
        return replace(self, fields=tuple(replace(each, name=each.wire) for each in self.fields))

    @functools.cached_property
    def facts(self) -> tuple[Fact, ...]:
        """All outputs."""
        return (*self.outputs, *self.own_outputs)
