"""What a table of a resource's properties is made of."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

#: Tags of a run (model: "up to 50 tags per run"; TagMap's keys and values).
MAX_TAGS: Final = 50
MAX_TAG_KEY: Final = 128
MAX_TAG_VALUE: Final = 256


class Kind(Enum):
    """How a value is checked and compared."""

    TEXT = "text"
    S3_URI = "s3 uri"
    INTEGER = "integer"
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
    `sent` says whether the value is a member of the API's request.
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


@dataclass(frozen=True)
class Table:
    """The inputs and outputs of one kind of resource; `resource` is its class in a program.

    `outputs` are pairs (attribute, wire name) that the service fills in.
    """

    resource: str
    fields: tuple[Field, ...]
    outputs: tuple[tuple[str, str], ...] = ()

    @functools.cached_property
    def by_wire(self) -> Mapping[str, Field]:
        """The inputs by the API's names."""
        return {field.wire: field for field in self.fields}

    @functools.cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The inputs by their names in a program."""
        return {field.name: field for field in self.fields}
