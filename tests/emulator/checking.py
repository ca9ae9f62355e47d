"""Holds every answer of the emulator against botocore's model: the output shape or the error."""

import json
import re
from datetime import datetime

from omics_provider.emulator.protocol.validation import matches

# Answered for operations that the emulator does not have; the model knows nothing of it.
OWN_ERRORS = {"NotEmulatedException": 501}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Disagreement(AssertionError):
    """An answer is not what botocore's model says."""


def check_answer(http_response, model, **_):
    """A handler of botocore's event `after-call`."""
    request_id = http_response.headers.get("x-amzn-RequestId")
    expect(UUID.fullmatch(request_id or ""), model.name, f"request id {request_id}")
    if http_response.status_code >= 300:
        check_error(http_response, model)
        return
    expect(http_response.status_code == model.http["responseCode"], model.name, "status")
    if model.output_shape is not None and "payload" in model.output_shape.serialization:
        return  # a stream, which is the client's to read
    content = http_response.content
    if content == b"" and http_response.headers.get("Content-Length", "0") != "0":
        return  # a torn answer, planned by the test
    if model.output_shape is None or http_response.status_code == 204:
        expect(content == b"", model.name, f"a body where there is none: {content!r}")
    else:
        check(model.output_shape, json.loads(content), model.name)


def check_error(http_response, model):
    code = http_response.headers["x-amzn-ErrorType"]
    declared = {
        shape.name: shape.metadata["error"]["httpStatusCode"] for shape in model.error_shapes
    }
    status = {**declared, **OWN_ERRORS}.get(code)
    expect(status == http_response.status_code, model.name, f"{code} {http_response.status_code}")
    body = json.loads(http_response.content)
    expect(set(body) == {"message"} and isinstance(body["message"], str), model.name, body)


def check(shape, value, path):
    if getattr(shape, "is_document_type", False):
        return
    CHECKS[shape.type_name](shape, value, path)


def check_structure(shape, value, path):
    expect(isinstance(value, dict), path, "no object")
    expect(set(value) <= set(shape.members), path, f"unknown {set(value) - set(shape.members)}")
    expect(set(shape.required_members) <= set(value), path, "a required member is missing")
    for name, item in value.items():
        check(shape.members[name], item, f"{path}.{name}")


def check_list(shape, value, path):
    expect(isinstance(value, list), path, "no list")
    check_size(shape, len(value), path)
    for index, item in enumerate(value):
        check(shape.member, item, f"{path}[{index}]")


def check_map(shape, value, path):
    expect(isinstance(value, dict), path, "no object")
    check_size(shape, len(value), path)
    for key, item in value.items():
        check(shape.key, key, f"{path}.{key}")
        check(shape.value, item, f"{path}.{key}")


# The model says at most 64 characters; the service gives more (sha256:…, in all its examples).
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def check_string(shape, value, path):
    expect(isinstance(value, str), path, "no string")
    if shape.name == "WorkflowDigest":
        expect(DIGEST.fullmatch(value), path, f"{value} is no digest")
        return
    if shape.enum:
        expect(value in shape.enum, path, f"{value} is not in {shape.enum}")
    check_size(shape, len(value), path)
    pattern = shape.metadata.get("pattern")
    expect(pattern is None or matches(pattern, value), path, f"{value!r} has not {pattern}")


def check_number(shape, value, path):
    expect(type(value) is int, path, f"{value!r} is no integer")
    check_size(shape, value, path)


def check_boolean(_shape, value, path):
    expect(isinstance(value, bool), path, f"{value!r} is no boolean")


def check_timestamp(_shape, value, path):
    expect(value.endswith("Z"), path, f"{value} is not in UTC")
    datetime.fromisoformat(value)


def check_size(shape, size, path):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    expect(low is None or size >= low, path, f"{size} < {low}")
    expect(high is None or size <= high, path, f"{size} > {high}")


def expect(holds, path, what):
    if not holds:
        raise Disagreement(f"{path}: {what}")


CHECKS = {
    "structure": check_structure,
    "list": check_list,
    "map": check_map,
    "string": check_string,
    "integer": check_number,
    "long": check_number,
    "boolean": check_boolean,
    "timestamp": check_timestamp,
}
