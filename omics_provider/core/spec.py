"""What a declaration says, checked as a whole, and the StartRun call it asks for.

Everything here can be known without the service. A value that a preview does not know yet is never
complained about. No reason shows a value: it may be a secret.
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, Never

from . import fields
from .fields import Field, Kind
from .identity import MARK
from .values import CANNOT_CROSS, UNKNOWN, canonical, contains_unknown, misfits

Inputs = Mapping[str, Any]


class Problem(NamedTuple):
    """One thing wrong with a declaration: the property (wire name) and the reason."""

    property: str
    reason: str

    def __str__(self) -> str:
        """Return it with the argument's name in a program."""
        field = fields.BY_WIRE.get(self.property)
        return f"{field.name if field else self.property}: {self.reason}"


def problems(inputs: Inputs) -> list[Problem]:
    """Return everything that is wrong with the declared `inputs`, in the table's order."""
    found = [*_unknown_names(inputs)]
    for field in fields.FIELDS:
        if field.wire in inputs and inputs[field.wire] is not UNKNOWN:
            found += [Problem(field.wire, why) for why in _CHECKS[field.kind](field, inputs)]
    for rule in _RULES:
        found += rule(inputs)
    return found


def start_arguments(inputs: Inputs, request_id: str) -> dict[str, Any]:
    """Return StartRun's arguments for checked, fully known `inputs`."""
    arguments = {
        field.wire: inputs[field.wire]
        for field in fields.FIELDS
        if field.sent and field.wire in inputs
    }
    return {**arguments, "requestId": request_id}


def declared(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs among a run's recorded properties."""
    return {wire: properties[wire] for wire in fields.BY_WIRE if wire in properties}


def keep_spelling(old: Inputs, new: dict[str, Any]) -> dict[str, Any]:
    """Return `new` with the old text wherever a JSON text changed in spelling only."""
    kept = dict(new)
    for field in fields.FIELDS:
        if field.kind is Kind.JSON_TEXT and _same_json(old.get(field.wire), new.get(field.wire)):
            kept[field.wire] = old[field.wire]
    return kept


def _same_json(old: Any, new: Any) -> bool:
    left, right = _parsed_object(old), _parsed_object(new)
    return left is not None and right is not None and canonical(left) == canonical(right)


def _parsed_object(text: Any) -> dict[str, Any] | None:
    if not isinstance(text, str):
        return None
    try:
        parsed = json.loads(text, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _no_json(constant: str) -> Never:
    # Python reads NaN and Infinity, JSON does not know them.
    raise ValueError(constant)


# Names ---------------------------------------------------------------------------------------


def _unknown_names(inputs: Inputs) -> Iterator[Problem]:
    outputs = {wire for _, wire in fields.OUTPUTS}
    known = {**fields.BY_NAME, **fields.BY_WIRE}
    for name in inputs:
        if name in outputs:
            yield Problem(name, "is what the service tells of a run, no argument of OmicsRun")
        elif name not in fields.BY_WIRE and not name.startswith("__"):
            near = difflib.get_close_matches(name, known, n=1)
            hint = f": did you mean {known[near[0]].name}?" if near else ""
            yield Problem(name, f"is no argument of OmicsRun{hint}")


# One value -----------------------------------------------------------------------------------


def _check_text(field: Field, inputs: Inputs) -> Iterator[str]:
    value = inputs[field.wire]
    if not isinstance(value, str):
        digits = ', such as "1234567"' if field.pattern == "[0-9]+" else ""
        yield f"must be a string{digits}"
    elif field.enum:
        yield from _check_enum(field, value)
    else:
        yield from _check_length(field, value)
        yield from _check_pattern(field, value)


def _check_enum(field: Field, value: str) -> Iterator[str]:
    if value not in field.enum:
        near = difflib.get_close_matches(value.upper(), [e.upper() for e in field.enum], n=1)
        meant = next((e for e in field.enum if near and e.upper() == near[0]), None)
        hint = f": did you mean {meant}?" if meant else ""
        yield f"must be one of {', '.join(field.enum)}{hint}"


def _check_length(field: Field, value: str) -> Iterator[str]:
    low, high = field.low or 0, field.high
    if len(value) < low or (high is not None and len(value) > high):
        yield f"must have {low} to {high} characters, has {len(value)}"


def _check_pattern(field: Field, value: str) -> Iterator[str]:
    if not value:
        return
    if field.pattern is not None:
        if re.fullmatch(field.pattern, value) is None:
            yield f"must match {field.pattern}"
    elif _unprintable(value, allowed=""):
        yield "must not have control or invisible characters"


def _unprintable(value: str, *, allowed: str) -> bool:
    return any(unicodedata.category(c).startswith("C") and c not in allowed for c in value)


_BUCKET: Final = r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]"


def _check_s3_uri(field: Field, inputs: Inputs) -> Iterator[str]:
    value = inputs[field.wire]
    yield from _check_text(field, inputs)
    if isinstance(value, str) and re.fullmatch(rf"s3://{_BUCKET}(/.*)?", value) is None:
        yield "must be an S3 URI, s3://bucket or s3://bucket/prefix"


def _check_integer(field: Field, inputs: Inputs) -> Iterator[str]:
    value = inputs[field.wire]
    if isinstance(value, bool) or not isinstance(value, int):
        yield "must be a whole number"
    elif not (field.low or 0) <= value <= (field.high or 0):
        yield f"must be {field.low:,} to {field.high:,}"


def _check_document(field: Field, inputs: Inputs) -> Iterator[str]:
    value = inputs[field.wire]
    bad = [f"{path} {reason}" for path, reason in misfits(value, field.name)]
    yield from bad
    if not bad and not isinstance(value, Mapping):
        yield "must be a JSON object: names and values"


def _check_json_text(field: Field, inputs: Inputs) -> Iterator[str]:
    value = inputs[field.wire]
    if not isinstance(value, str):
        yield "must be a string of JSON, as json.dumps makes it"
        return
    yield from _check_length(field, value)
    if _unprintable(value, allowed="\t\n\r"):
        yield "must not have control or invisible characters"
    if _parsed_object(value) is None:
        yield "must hold a JSON object"


def _check_json(field: Field, inputs: Inputs) -> Iterator[str]:
    for path, reason in misfits(inputs[field.wire], field.name):
        yield f"{path} {reason}"


def _check_tags(field: Field, inputs: Inputs) -> Iterator[str]:
    tags = inputs[field.wire]
    if isinstance(tags, Mapping) and set(tags) == {CANNOT_CROSS}:
        yield f"tags: {tags[CANNOT_CROSS]}"
        return
    if not isinstance(tags, Mapping):
        yield "must be names and values"
        return
    if len(tags) > fields.MAX_TAGS:
        yield f"must be at most {fields.MAX_TAGS}, are {len(tags)}"
    for key, value in tags.items():
        yield from _check_tag(key, value)


def _check_tag(key: str, value: Any) -> Iterator[str]:
    if not 1 <= len(key) <= fields.MAX_TAG_KEY:
        yield f"tag {key[:20]!r}…: the name must have 1 to {fields.MAX_TAG_KEY} characters"
    if key.lower().startswith("aws:"):
        yield f"tag {key!r}: names that begin with aws: belong to AWS"
    if key.startswith(MARK):
        yield f"tag {key!r}: names that begin with {MARK} belong to this package"
    if value is not UNKNOWN and not isinstance(value, str):
        yield f"tag {key!r}: the value must be a string"
    elif value is not UNKNOWN and len(value) > fields.MAX_TAG_VALUE:
        yield f"tag {key!r}: the value must have at most {fields.MAX_TAG_VALUE} characters"


def _check_choices(field: Field, inputs: Inputs) -> Iterator[str]:
    values = inputs[field.wire]
    if not isinstance(values, list):
        yield f"must be a list of {', '.join(field.enum)}"
        return
    for value in values:
        if value is not UNKNOWN:
            yield from _check_text(field, {field.wire: value})


def _check_retry(field: Field, inputs: Inputs) -> Iterator[str]:
    retry = inputs[field.wire]
    if not isinstance(retry, Mapping) or "attempts" not in retry:
        yield 'must be {"attempts": number of runs in all, "on": failure codes (optional)}'
        return
    for name in retry.keys() - {"attempts", "on"}:
        yield f"knows attempts and on, not {name}"
    if retry["attempts"] is not UNKNOWN:
        yield from _check_integer(field, {field.wire: retry["attempts"]})
    if retry.get("on", UNKNOWN) is not UNKNOWN:
        yield from _check_choices(field, {field.wire: retry["on"]})


_CHECKS: Final[dict[Kind, Callable[[Field, Inputs], Iterator[str]]]] = {
    Kind.TEXT: _check_text,
    Kind.S3_URI: _check_s3_uri,
    Kind.INTEGER: _check_integer,
    Kind.DOCUMENT: _check_document,
    Kind.JSON_TEXT: _check_json_text,
    Kind.TAGS: _check_tags,
    Kind.JSON: _check_json,
    Kind.CHOICES: _check_choices,
    Kind.RETRY: _check_retry,
}


# Values together -----------------------------------------------------------------------------
# An unknown value may turn out to be unset: it satisfies a need, and nothing is held against it.


def _given(inputs: Inputs, *wires: str) -> list[str]:
    return [wire for wire in wires if inputs.get(wire, UNKNOWN) is not UNKNOWN]


def _required(inputs: Inputs) -> Iterator[Problem]:
    for wire in ("roleArn", "outputUri"):
        if wire not in inputs:
            yield Problem(wire, "is required")


def _one_source(inputs: Inputs) -> Iterator[Problem]:
    sources = ("workflowId", "runId", "adoptRunId")
    given = _given(inputs, *sources)
    if len(given) > 1 or not inputs.keys() & set(sources):
        names = [fields.BY_WIRE[wire].name for wire in given]
        got = f"got {' and '.join(names)}" if given else "got none"
        yield Problem(
            given[0] if given else "workflowId",
            f"exactly one of workflow_id, run_id and adopt_run_id must be given; {got}",
        )


def _adoption_starts_nothing(inputs: Inputs) -> Iterator[Problem]:
    for wire in ("rerun", "rerunOn", "retry"):
        if len(_given(inputs, "adoptRunId", wire)) == 2:
            name = fields.BY_WIRE[wire].name
            why = f"{name} starts a new run, adopt_run_id starts none: give one of them"
            yield Problem(wire, why)


def _ready2run_storage(inputs: Inputs) -> Iterator[Problem]:
    if inputs.get("workflowType") == "READY2RUN":
        for wire in _given(inputs, "storageType", "storageCapacity"):
            yield Problem(wire, "Ready2Run workflows bring their own storage: leave it out")


def _dynamic_storage(inputs: Inputs) -> Iterator[Problem]:
    if inputs.get("storageType") == "DYNAMIC" and _given(inputs, "storageCapacity"):
        yield Problem(
            "storageCapacity",
            "DYNAMIC storage ignores a capacity: leave it out, or set storage_type to STATIC",
        )


def _cache(inputs: Inputs) -> Iterator[Problem]:
    # A duplicate inherits the cache of the run it copies.
    if _given(inputs, "cacheBehavior") and not {"cacheId", "runId"} & inputs.keys():
        yield Problem("cacheBehavior", "cache_behavior needs cache_id")


def _network(inputs: Inputs) -> Iterator[Problem]:
    # A duplicate inherits the configuration of the run it copies.
    if inputs.get("networkingMode") == "VPC" and not {"configurationName", "runId"} & inputs.keys():
        yield Problem("networkingMode", "VPC networking needs configuration_name")


def _shared_workflow(inputs: Inputs) -> Iterator[Problem]:
    # Developer guide, rerun-a-run: runs of shared workflows can't be duplicated.
    if len(_given(inputs, "workflowOwnerId", "runId")) == 2:
        yield Problem("runId", "runs of shared workflows can't be duplicated: use workflow_id")


def _parameters_size(inputs: Inputs) -> Iterator[Problem]:
    parameters = inputs.get("parameters")
    if not isinstance(parameters, Mapping) or contains_unknown(parameters):
        return
    if any(misfits(parameters, "parameters")):
        return
    size = len(canonical(parameters).encode())
    if size > fields.MAX_PARAMETERS_BYTES:
        yield Problem(
            "parameters",
            f"must be at most {fields.MAX_PARAMETERS_BYTES:,} bytes of JSON, are {size:,}: "
            "put long lists into a file in S3 and give its URI",
        )


_RULES: Final[tuple[Callable[[Inputs], Iterator[Problem]], ...]] = (
    _required,
    _one_source,
    _adoption_starts_nothing,
    _ready2run_storage,
    _dynamic_storage,
    _cache,
    _network,
    _shared_workflow,
    _parameters_size,
)
