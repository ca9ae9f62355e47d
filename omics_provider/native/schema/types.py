"""Rows of the tables as Pulumi's schema has them: properties, enums, objects."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Any, Final

from omics_provider.base.shapes import Shape
from omics_provider.base.table import Change, Field, Kind
from omics_provider.engine.urn import native
from omics_provider.native import tables
from omics_provider.native.tables import Row

from .words import description

Spec = dict[str, Any]

_ANY: Final = {"$ref": "pulumi.json#/Any"}
_PLAIN: Final = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_OF_KIND: Final = {
    Kind.INTEGER: "integer",
    Kind.BOOLEAN: "boolean",
    Kind.TEXT: "string",
    Kind.S3_URI: "string",
    Kind.JSON_TEXT: "string",
}
#: Names of enums and objects that the name of their property does not tell.
_NAMES: Final = {
    "format": "SheetFormat",
    "engine": "WorkflowEngine",
    "accelerators": "Accelerator",
    "on": "RetryCode",
    "rerunOn": "RerunState",
    "status": "RunStatus",
    "type": "WorkflowType",
    "preflight": "PreflightMode",
    "sourceReference.type": "SourceReferenceType",
    "parameterTemplate.": "WorkflowParameter",
    "registryMappings.": "RegistryMapping",
    "imageMappings.": "ImageMapping",
}
#: Docs of members that the API's model gives no table for.
_MEMBERS: Final = {
    "connectionArn": "ARN of the connection to the code host.",
    "fullRepositoryId": "Owner and name of the repository: owner/name.",
    "sourceReference": "The branch, tag or commit that is used; by default the default branch.",
    "type": "BRANCH, TAG or COMMIT.",
    "value": "Name of the branch or tag, or the commit's id.",
    "excludeFilePatterns": "Patterns of files to leave out.",
    "registryMappings": "Registries, each with the registry that replaces it.",
    "imageMappings": "Images, each with the image that replaces it.",
    "upstreamRegistryUrl": "Address of the registry, such as quay.io.",
    "ecrRepositoryPrefix": "Prefix of the repositories in the private registry.",
    "upstreamRepositoryPrefix": "Prefix of the repositories in the registry.",
    "ecrAccountId": "Account id, 12 digits, of the private registry.",
    "credentialArn": "ARN of the secret with the registry's credentials.",
    "sourceImage": "The image as the workflow names it.",
    "destinationImage": "The image that is used instead.",
}


class Types:
    """The enums and objects that properties refer to, as they are met."""

    def __init__(self) -> None:
        self.specs: dict[str, Spec] = {}

    def properties(self, rows: Iterable[Row], *, is_input: bool) -> dict[str, Spec]:
        """Return the properties by name. Those of inputs have their defaults."""
        return {row.wire: self._property(row, is_input=is_input) for row in rows}

    def inputs(self, fields: Sequence[Field]) -> dict[str, Spec]:
        """Return the inputs of a resource. The provider alone decides what replaces it."""
        found = self.properties(fields, is_input=True)
        for field in fields:
            if field.change is Change.REPLACE:
                found[field.wire]["willReplaceOnChanges"] = True
        return found

    def object(self, rows: Iterable[Row], *, is_input: bool) -> Spec:
        """Return the spec of an object with these rows."""
        rows = tuple(rows)
        required = [row.wire for row in rows if is_required(row, is_input=is_input)]
        found = {"type": "object", "properties": self.properties(rows, is_input=is_input)}
        return {**found, "required": required} if required else found

    def _property(self, row: Row, *, is_input: bool) -> Spec:
        choices = row.enum if isinstance(row, Field) else ()
        text = {"description": description(row.doc, choices)}
        if not isinstance(row, Field):
            return {**self._of_text(row.type), **text}
        spec = {**self._of_field(row), **text}
        if row.wire in tables.SECRET:
            spec["secret"] = True
        if is_input and row.wire in tables.DEFAULTS:
            spec["default"] = tables.DEFAULTS[row.wire]
        return spec

    # Types of values -----------------------------------------------------------------------------

    def _of_field(self, field: Field) -> Spec:
        if field.shape is not None:
            return self._of_shape(field.shape, field.wire)
        if field.enum and field.kind is Kind.TEXT:
            return self._enum(field.wire, field.enum)
        if field.kind is Kind.CHOICES:
            return {"type": "array", "items": self._enum(field.wire, field.enum)}
        if field.kind is Kind.RETRY:
            return self._named("RunRetry")
        if field.kind is Kind.TAGS:
            return {"type": "object", "additionalProperties": {"type": "string"}}
        if field.kind in _OF_KIND:
            return {"type": _OF_KIND[field.kind]}
        if field.type:
            return self._of_text(field.type)
        is_document = field.kind is Kind.DOCUMENT
        return {"type": "object", "additionalProperties": _ANY} if is_document else _ANY

    def _of_text(self, text: str) -> Spec:
        return self._of_node(ast.parse(text, mode="eval").body)

    def _of_node(self, node: ast.expr) -> Spec:
        """Return the type that an annotation of Python stands for; `| None` says nothing."""
        match node:
            case ast.BinOp(left=left):
                return self._of_node(left)
            case ast.Subscript(value=ast.Name(id="Input"), slice=inner):
                return self._of_node(inner)
            case ast.Subscript(value=ast.Name(id="Sequence"), slice=inner):
                return {"type": "array", "items": self._of_node(inner)}
            case ast.Subscript(value=ast.Name(id="Mapping"), slice=ast.Tuple(elts=[_, inner])):
                return {"type": "object", "additionalProperties": self._of_node(inner)}
            case ast.Name(id="Any"):
                return _ANY
            case ast.Name(id=name) if name in _PLAIN:
                return {"type": _PLAIN[name]}
            case ast.Name(id=name):
                return self._named(name)
        raise TypeError(
            f"a row's type is not an annotation that the schema knows: {ast.unparse(node)}"
        )

    def _of_shape(self, shape: Shape, *path: str) -> Spec:
        if shape.kind == "structure":
            return self._structure(shape, *path)
        if shape.item is not None:
            inner = self._of_shape(shape.item, *path, "")
            as_list = {"type": "array", "items": inner}
            return (
                as_list
                if shape.kind == "list"
                else {"type": "object", "additionalProperties": inner}
            )
        if shape.enum:
            return self._enum(".".join(path[-2:]), shape.enum)
        return {"type": "boolean" if shape.kind == "boolean" else "string"}

    def _structure(self, shape: Shape, *path: str) -> Spec:
        name = _name(".".join(path[-2:]))
        if name in tables.TYPES:
            return self._named(name)
        if name not in self.specs:
            members = {
                wire: {
                    **self._of_shape(member, *path, wire),
                    "description": description(_MEMBERS[wire], member.enum),
                }
                for wire, member in shape.members.items()
            }
            required = {"required": list(shape.required)} if shape.required else {}
            self.specs[name] = {"type": "object", "properties": members, **required}
        return _reference(name)

    def _named(self, name: str) -> Spec:
        if name not in self.specs:
            self.specs[name] = {}
            self.specs[name] = self.object(tables.TYPES[name], is_input=False)
        return _reference(name)

    def _enum(self, path: str, values: Iterable[str]) -> Spec:
        name = _name(path)
        spec = {
            "type": "string",
            "enum": [{"name": _pascal(value), "value": value} for value in values],
        }
        if self.specs.setdefault(name, spec) != spec:
            raise TypeError(f"two enums are called {name}")
        return _reference(name)


def is_required(row: Row, *, is_input: bool) -> bool:
    """Tell whether a program has to give a value, or whether there always is one to be told."""
    if isinstance(row, Field):
        return row.required or (row.filled and not is_input)
    return "None" not in row.type


def _name(path: str) -> str:
    last = path.rpartition(".")[2]
    found = _NAMES.get(path) or _NAMES.get(last)
    return found or f"{last[:1].upper()}{last[1:]}"


def _reference(name: str) -> Spec:
    return {"$ref": f"#/types/{native(name)}"}


def _pascal(value: str) -> str:
    return "".join(part.capitalize() for part in value.split("_"))
