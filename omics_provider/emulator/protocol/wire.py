"""HTTP to operation and back, by botocore's model of the service.

This is the rest-json protocol, as much of it as omics uses. Moto has a parser and a
serializer of its own; this door does without them for three reasons: importing them brings
in the whole of moto (0.2 s in every process that only wants the endpoint `local`), its
request parser drops the members of document types such as a run's `parameters`, and a
member of a wrong type ends there in a Python error, not in an answer.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qs, unquote

from .exceptions import ServiceError, UnknownOperationException, ValidationException

if TYPE_CHECKING:
    from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape
    from botocore.model import StructureShape as Structure


#: The header that names an error.
ERROR_TYPE: Final = "x-amzn-ErrorType"
#: The header that gives each answer an identity of its own, as those of AWS have.
REQUEST_ID: Final = "x-amzn-RequestId"


@dataclass(frozen=True)
class HttpRequest:
    """What a door hands over: the raw, still quoted path, the query, the body and the headers."""

    method: str
    path: str
    query: str
    body: bytes
    headers: Mapping[str, str | bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class HttpAnswer:
    """What a door gives back to its client."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Route:
    operation: str
    pattern: re.Pattern[str]
    labels: tuple[str, ...]


class Router:
    """Finds the operation for a method and a path."""

    def __init__(self, model: ServiceModel) -> None:
        self._routes: dict[tuple[str, str], list[_Route]] = {}
        for name in model.operation_names:
            http = model.operation_model(name).http
            route = _route(name, http["requestUri"])
            key = (http["method"], http["requestUri"].split("/")[1])
            self._routes.setdefault(key, []).append(route)
        for routes in self._routes.values():
            routes.sort(key=lambda route: len(route.labels))

    def match(self, request: HttpRequest) -> tuple[str, dict[str, str]]:
        """Give the operation's name and the labels in its path, unquoted."""
        path = request.path.rstrip("/")
        key = (request.method, path.split("/")[1] if "/" in path else "")
        for route in self._routes.get(key, ()):
            found = route.pattern.fullmatch(path)
            if found:
                values = (unquote(value) for value in found.groups())
                return route.operation, dict(zip(route.labels, values, strict=True))
        raise UnknownOperationException(
            f"HealthOmics has no operation at {request.method} {request.path}."
        )


def _route(name: str, uri: str) -> _Route:
    path = uri.split("?", 1)[0]
    labels = tuple(re.findall(r"\{(\w+)\+?\}", path))
    # An ARN holds slashes, which some servers hand on unquoted.
    parts = [
        "(.+)"
        if part == "{resourceArn}"
        else "([^/]+)"
        if part.startswith("{")
        else re.escape(part)
        for part in path.strip("/").split("/")
    ]
    return _Route(name, re.compile("/" + "/".join(parts)), labels)


def parse_request(
    operation: OperationModel, request: HttpRequest, labels: Mapping[str, str]
) -> dict[str, Any]:
    """Give the operation's parameters, typed as the model says; null counts as absent."""
    shape = operation.input_shape
    if shape is None:
        return {}
    query = parse_qs(request.query, keep_blank_values=True)
    body = _body(request.body)
    parsed: dict[str, Any] = {}
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        if member.serialization.get("location") == "header":
            value = _header(request, wire_name)
        else:
            value = _located(member, wire_name, labels, query, body)
        if value is not None:
            parsed[name] = parse_value(member, value, name)
    return parsed


def _header(request: HttpRequest, wanted: str) -> str | None:
    """Give a header's value as text: botocore has some of them as bytes."""
    for name, value in request.headers.items():
        if name.lower() == wanted.lower():
            return value.decode("latin-1") if isinstance(value, bytes) else value
    return None


def _located(
    member: Shape,
    wire_name: str,
    labels: Mapping[str, str],
    query: Mapping[str, list[str]],
    body: Mapping[str, Any],
) -> Any:
    location = member.serialization.get("location")
    if location == "uri":
        return _from_text(member, labels[wire_name], wire_name)
    if location == "querystring":
        values = query.get(wire_name)
        if values is None:
            return None
        if member.type_name == "list":
            return values
        return _from_text(member, values[-1], wire_name)
    return body.get(wire_name)


def _from_text(member: Shape, text: str, name: str) -> Any:
    if member.type_name in ("integer", "long"):
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise ValidationException(f"Value {text!r} at '{name}' is not an integer.")
        return int(text)
    if member.type_name == "boolean":
        if text not in ("true", "false"):
            raise ValidationException(f"Value {text!r} at '{name}' is not true or false.")
        return text == "true"
    return text


def _body(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        parsed = json.loads(body, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise ValidationException("The body of the request is not valid JSON.") from error
    if not isinstance(parsed, dict):
        raise ValidationException("The body of the request is not a JSON object.")
    return parsed


def _no_number(text: str) -> float:
    raise ValueError(f"JSON has no number {text}")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large")
    return number


def parse_value(shape: Shape, value: Any, path: str) -> Any:
    """Give a JSON value typed as a shape says, or refuse it."""
    if getattr(shape, "is_document_type", False):
        return value
    return _PARSERS[shape.type_name](shape, value, path)


def _wrong_type(value: Any, path: str, wanted: str) -> ValidationException:
    return ValidationException(f"Value at '{path}' is {type(value).__name__}, not {wanted}.")


def _parse_structure(shape: Shape, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong_type(value, path, "an object")
    members = cast("Structure", shape).members
    return {
        name: parse_value(member, value[name], f"{path}.{name}")
        for name, member in members.items()
        if value.get(name) is not None
    }


def _parse_list(shape: Shape, value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong_type(value, path, "a list")
    member = cast("ListShape", shape).member
    return [parse_value(member, item, f"{path}.{index}") for index, item in enumerate(value, 1)]


def _parse_map(shape: Shape, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong_type(value, path, "an object")
    member = cast("MapShape", shape).value
    return {key: parse_value(member, item, f"{path}.{key}") for key, item in value.items()}


def _parse_scalar(shape: Shape, value: Any, path: str) -> Any:
    kind, wanted = _SCALARS[shape.type_name]
    # A boolean is an int in Python, and no number in JSON.
    if type(value) is not kind:
        raise _wrong_type(value, path, wanted)
    return value


def _parse_blob(shape: Shape, value: Any, path: str) -> bytes:
    try:
        return base64.b64decode(_parse_scalar(shape, value, path), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _wrong_type(value, path, "base64") from error


def _parse_timestamp(shape: Shape, value: Any, path: str) -> float:
    try:
        moment = datetime.fromisoformat(_parse_scalar(shape, value, path))
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError) as error:
        raise _wrong_type(value, path, "a time in ISO 8601") from error


_SCALARS: Final[dict[str, tuple[type, str]]] = {
    "string": (str, "a string"),
    "blob": (str, "a string"),
    "integer": (int, "an integer"),
    "long": (int, "an integer"),
    "boolean": (bool, "a boolean"),
    "timestamp": (str, "a string"),
}
_PARSERS: Final[dict[str, Callable[[Shape, Any, str], Any]]] = {
    **dict.fromkeys(_SCALARS, _parse_scalar),
    "structure": _parse_structure,
    "list": _parse_list,
    "map": _parse_map,
    "blob": _parse_blob,
    "timestamp": _parse_timestamp,
}


def serialize_answer(operation: OperationModel, result: Mapping[str, Any]) -> HttpAnswer:
    """Give the answer to a call that went well. A member that the model does not have is a bug."""
    status = int(operation.http["responseCode"])
    shape = operation.output_shape
    if shape is None or status == 204:
        return HttpAnswer(status, b"", {REQUEST_ID: str(uuid.uuid4())})
    payload = shape.serialization.get("payload")
    if payload is not None:
        standing = {"Content-Type": "application/octet-stream", REQUEST_ID: str(uuid.uuid4())}
        return HttpAnswer(status, result[payload], standing)
    return json_answer(status, _serialize(shape, result))


def json_answer(status: int, document: Any, **headers: str) -> HttpAnswer:
    """Give a JSON document as an answer; each answer gets an id of its own."""
    standing = {"Content-Type": "application/json", REQUEST_ID: str(uuid.uuid4())}
    return HttpAnswer(status, json.dumps(document).encode(), {**standing, **headers})


def _serialize(shape: Shape, value: Any) -> Any:
    kind = shape.type_name
    if kind in ("string", "integer", "long", "boolean") or getattr(
        shape, "is_document_type", False
    ):
        return value
    if kind == "timestamp":
        return iso8601(value)
    if kind == "structure":
        members = cast("Structure", shape).members
        return {
            members[name].serialization.get("name", name): _serialize(members[name], item)
            for name, item in value.items()
            if item is not None
        }
    if kind == "list":
        return [_serialize(cast("ListShape", shape).member, item) for item in value]
    member = cast("MapShape", shape).value
    return {key: _serialize(member, item) for key, item in value.items()}


def iso8601(seconds: float) -> str:
    """Give a time in seconds since 1970 as the service writes it: ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def serialize_error(error: ServiceError) -> HttpAnswer:
    """Give the answer to a call that failed: the code in a header, the message in the body."""
    return json_answer(error.status, {"message": error.message}, **{ERROR_TYPE: error.code})
