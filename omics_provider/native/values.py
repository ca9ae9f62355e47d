"""Property bags of the engine against the plain dicts that handlers work on.

Pulumi marks what is not known yet by a fixed text, and a secret by a struct with a signature
(pulumi, sdk/go/common/resource/plugin/rpc.go). Handlers see a secret in plain; its path stays with
the bag, and marks the same value again where it is sent back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from google.protobuf import struct_pb2

from omics_provider.base.values import CANNOT_CROSS, UNKNOWN, whole
from omics_provider.engine.state import SIGNATURE

Path: TypeAlias = tuple[str | int, ...]

_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  # a mark, not a secret
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
#: What a bag can hold beside values: an asset, an archive, a resource.
_OTHERS: Final = {
    "c44067f5952c0a294b673a41bacd8c17": "an asset",
    "0def7320c3a5731c473e5ecbe6d01bc7": "an archive",
    "5cf8f73096256a8f31e491e813e4eb8e": "a resource",
}
#: A text, a boolean, a number, a list, an asset, an archive, an object that is not known yet.
_UNKNOWNS: Final = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class Bag(NamedTuple):
    """Properties in plain, and the paths of those that are secret."""

    properties: dict[str, Any]
    secrets: frozenset[Path] = frozenset()

    @property
    def concealed(self) -> list[str]:
        """The properties that are secret, or have a secret in them."""
        return sorted({str(path[0]) for path in self.secrets})

    @property
    def public(self) -> dict[str, Any]:
        """The properties, each secret in them taken for unknown."""
        found: Any = self.properties
        for path in self.secrets:
            found = _changed(found, path, lambda _: UNKNOWN)
        return dict(found)


def received(struct: struct_pb2.Struct) -> Bag:
    """Return the properties of a request, with whole numbers and this package's unknown."""
    secrets: set[Path] = set()
    found = {name: _in(value, (name,), secrets) for name, value in struct.fields.items()}
    return Bag({name: whole(value) for name, value in found.items()}, frozenset(secrets))


def sent(properties: Mapping[str, Any], secrets: Iterable[Path] = ()) -> struct_pb2.Struct:
    """Return properties for the engine; what is at one of the paths `secrets` is marked."""
    marked: Any = dict(properties)
    for path in sorted(secrets, key=len, reverse=True):
        marked = _changed(marked, path, _Secret)
    struct = struct_pb2.Struct()
    for name, value in marked.items():
        _out(struct.fields[name], value)
    return struct


class _Secret(NamedTuple):
    value: Any


def _in(value: struct_pb2.Value, path: Path, secrets: set[Path]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    if kind == "number_value":
        return value.number_value
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        values = value.list_value.values
        return [_in(item, (*path, index), secrets) for index, item in enumerate(values)]
    if kind == "struct_value":
        return _in_struct(value.struct_value.fields, path, secrets)
    return None


def _in_struct(fields: Mapping[str, struct_pb2.Value], path: Path, secrets: set[Path]) -> Any:
    signature = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
    if signature == _SECRET:
        secrets.add(path)
        return _in(fields["value"], path, secrets)
    if signature == _OUTPUT:
        if "secret" in fields and fields["secret"].bool_value:
            secrets.add(path)
        return _in(fields["value"], path, secrets) if "value" in fields else UNKNOWN
    if signature:
        what = _OTHERS.get(signature, "something else")
        return {
            CANNOT_CROSS: f"{what} is not a JSON value: give a text, a number, a list or an object"
        }
    return {name: _in(item, (*path, name), secrets) for name, item in fields.items()}


def _changed(value: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    """Return `value` with what is at `path` changed, the same where nothing is there."""
    if isinstance(value, _Secret):
        return value
    if not path:
        return change(value)
    step, rest = path[0], path[1:]
    if isinstance(value, Mapping) and step in value:
        return {**value, step: _changed(value[step], rest, change)}
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return [*value[:step], _changed(value[step], rest, change), *value[step + 1 :]]
    return value


def _out(into: struct_pb2.Value, value: Any) -> None:
    if isinstance(value, _Secret):
        fields = into.struct_value.fields
        fields[SIGNATURE].string_value = _SECRET
        _out(fields["value"], value.value)
    elif value is UNKNOWN:
        into.string_value = _TEXT
    elif value is None:
        into.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, str):
        into.string_value = value
    elif isinstance(value, bool):
        into.bool_value = value
    elif isinstance(value, int | float):
        into.number_value = value
    elif isinstance(value, Mapping):
        into.struct_value.SetInParent()
        for name, item in value.items():
            _out(into.struct_value.fields[name], item)
    else:
        into.list_value.SetInParent()
        for item in _items(value):
            _out(into.list_value.values.add(), item)


def _items(value: Any) -> Iterator[Any]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"a {type(value).__name__} is not a property")
    yield from value
