"""What can be wrong with one value of a resource's input, whatever the resource.

A value that a preview does not know yet is never complained about. A reason shows the value where
it is one of a name, a place or a number, and the program gave it in plain: others may be secret.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, Never

from . import shapes
from .identity import MARK
from .table import MAX_TAG_KEY, MAX_TAG_VALUE, MAX_TAGS, Field, Kind, Table
from .values import CANNOT_CROSS, UNKNOWN, misfits

Inputs = Mapping[str, Any]
#: A rule sees the table for the names that a program has.
Rule = Callable[[Table, Inputs], Iterator["Problem"]]

#: Input of the program: names that it gave and the class does not take.
MISNAMED: Final = "__misnamed"
#: Input of the program: wire names of values that may be secret, which no reason shows.
CONCEALED: Final = "__concealed"
#: What is wrong where a value is missing.
REQUIRED: Final = "is required"


class Problem(NamedTuple):
    """One thing wrong with a declaration: a property (wire name), if it is about one, and why."""

    property: str
    reason: str

    def told(self, table: Table) -> str:
        """Return it with the argument's name in a program."""
        if not self.property:
            return self.reason
        field = table.by_wire.get(self.property)
        return f"{field.name if field else self.property}: {self.reason}"


def problems(table: Table, inputs: Inputs, rules: tuple[Rule, ...] = ()) -> list[Problem]:
    """Return everything that is wrong with the declared `inputs`, in the table's order.

    `rules` look at several values together.
    """
    found = [*_unknown_names(table, inputs)]
    for field in table.fields:
        if field.wire in inputs and inputs[field.wire] is not UNKNOWN:
            found += [Problem(field.wire, why) for why in _reasons(field, inputs)]
    found += [
        Problem(field.wire, REQUIRED)
        for field in table.fields
        if field.required and field.wire not in inputs
    ]
    for rule in rules:
        found += rule(table, inputs)
    return found


def given(inputs: Inputs, *wires: str) -> list[str]:
    """Return those of the inputs that have a known value.

    An unknown value may turn out to be unset: it satisfies a need, and nothing is held against it.
    """
    return [wire for wire in wires if inputs.get(wire, UNKNOWN) is not UNKNOWN]


def one_source(*sources: str) -> Rule:
    """Return the rule that exactly one of three inputs is given; one that lacks is the first."""

    def rule(table: Table, inputs: Inputs) -> Iterator[Problem]:
        named = given(inputs, *sources)
        if len(named) > 1 or not inputs.keys() & set(sources):
            first, second, third = map(table.named, sources)
            got = f"got {' and '.join(map(table.named, named))}" if named else "got none"
            yield Problem(
                named[0] if named else sources[0],
                f"exactly one of {first}, {second} and {third} must be given; {got}",
            )

    return rule


def _unknown_names(table: Table, inputs: Inputs) -> Iterator[Problem]:
    for name in inputs.get(MISNAMED, ()):
        # As an argument it may have the name of another one's property.
        yield Problem("", f"{name}: {misnamed(table, name)}")
    for name in inputs:
        if name not in table.by_wire and not name.startswith("__"):
            yield Problem(name, misnamed(table, name))


def misnamed(table: Table, name: str) -> str:
    """Say why `name` is no argument of the class, and which one may be meant."""
    if any(name in (fact.name, fact.wire) for fact in table.outputs):
        return f"is a value that the service gives, not an argument of {table.resource}"
    own = {argument.name: argument.name for argument in table.arguments}
    known = {field.wire: field.name for field in table.fields}
    known |= {**{field.name: field.name for field in table.fields}, **own, "opts": "opts"}
    near = difflib.get_close_matches(name, known, n=1)
    hint = f": did you mean {known[near[0]]}?" if near else ""
    return f"is not an argument of {table.resource}{hint}"


def role_only(_: Table, inputs: Inputs) -> Iterator[Problem]:
    """Complain about a `roleArn` that is the ARN of something else in IAM or STS."""
    arn = inputs.get("roleArn")
    found = _IDENTITY.match(arn) if isinstance(arn, str) else None
    if found and found[1] != "role":
        what = found[1].replace("-", " ")
        before = "" if "roleArn" in inputs.get(CONCEALED, ()) else _before(arn)
        reason = f"is the ARN of a {what}: a run assumes a role, arn:aws:iam::ACCOUNT:role/NAME"
        yield Problem("roleArn", f"{before}{reason}")


_IDENTITY: Final = re.compile(r"arn:[^:]+:(?:iam|sts)::[^:]*:([a-z-]+)(?:/|$)")


# One value -----------------------------------------------------------------------------------

#: Kinds of which a reason shows the value.
SHOWN: Final = frozenset({Kind.TEXT, Kind.S3_URI, Kind.INTEGER, Kind.BOOLEAN})


def _reasons(field: Field, inputs: Inputs) -> Iterator[str]:
    value = inputs[field.wire]
    if isinstance(value, Mapping) and set(value) == {CANNOT_CROSS}:
        yield str(value[CANNOT_CROSS])
    elif field.kind in SHOWN and field.wire not in inputs.get(CONCEALED, ()):
        before = _before(value)
        yield from (before + why for why in _CHECKS[field.kind](field, inputs))
    else:
        yield from _CHECKS[field.kind](field, inputs)


def _before(value: Any) -> str:
    text = shapes.shown(value)
    return f"{text}: " if text else ""


def _check_text(field: Field, inputs: Inputs) -> Iterator[str]:
    value = inputs[field.wire]
    if isinstance(value, str):
        yield from shapes.text(field, value)
    else:
        digits = ', such as "1234567"' if field.pattern == "[0-9]+" else ""
        yield f"must be a string{digits}"


def _check_s3_uri(field: Field, inputs: Inputs) -> Iterator[str]:
    value = inputs[field.wire]
    if not isinstance(value, str):
        yield "must be a string"
        return
    yield from shapes.length(field, value)
    yield from shapes.printable(value)
    found = re.match(r"s3://([^/]+)", value)
    if found is None:
        yield "must be an S3 URI, s3://bucket or s3://bucket/prefix"
    elif not 3 <= len(found[1]) <= 63:
        yield f"a bucket's name has 3 to 63 characters, this one {len(found[1])}"
    elif re.fullmatch(r"[a-z0-9][a-z0-9.\-]*[a-z0-9]", found[1]) is None:
        yield (
            "a bucket's name has lower-case letters, digits, '.' and '-', a letter or digit first "
            "and last"
        )
    elif field.pattern and re.fullmatch(field.pattern, value) is None:
        yield f"must match {field.pattern}"


def _check_integer(field: Field, inputs: Inputs) -> Iterator[str]:
    value = inputs[field.wire]
    if isinstance(value, bool) or not isinstance(value, int):
        yield "must be a whole number"
    elif not (field.low or 0) <= value <= (field.high or 0):
        yield f"must be {field.low:,} to {field.high:,}"


def _check_boolean(field: Field, inputs: Inputs) -> Iterator[str]:
    if not isinstance(inputs[field.wire], bool):
        yield "must be true or false"


def _check_document(field: Field, inputs: Inputs) -> Iterator[str]:
    value = inputs[field.wire]
    if field.shape is not None:
        yield from _check_shape(field, field.shape, inputs)
        return
    bad = [f"{path} {reason}" for path, reason in misfits(value, field.name)]
    yield from bad
    if not bad and not isinstance(value, Mapping):
        yield "must be a JSON object: names and values"


def _check_shape(field: Field, shape: shapes.Shape, inputs: Inputs) -> Iterator[str]:
    is_shown = field.wire not in inputs.get(CONCEALED, ())
    for path, value, rule in shapes.misfits(shape, inputs[field.wire], ""):
        where = path.removeprefix(".")
        yield ": ".join(filter(None, (where, shapes.shown(value) if is_shown else "", rule)))


def _check_json_text(field: Field, inputs: Inputs) -> Iterator[str]:
    value = inputs[field.wire]
    if not isinstance(value, str):
        yield "must be a string of JSON, as json.dumps makes it"
        return
    yield from shapes.length(field, value)
    yield from shapes.printable(value, allowed="\t\n\r")
    if parsed_object(value) is None:
        yield "must hold a JSON object"


def parsed_object(text: Any) -> dict[str, Any] | None:
    """Return the JSON object that a text holds, None where it holds none."""
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


def _check_json(field: Field, inputs: Inputs) -> Iterator[str]:
    for path, reason in misfits(inputs[field.wire], field.name):
        yield f"{path} {reason}"


def _check_tags(field: Field, inputs: Inputs) -> Iterator[str]:
    tags = inputs[field.wire]
    if not isinstance(tags, Mapping):
        yield "must be names and values"
        return
    if len(tags) > MAX_TAGS:
        yield f"must be at most {MAX_TAGS}, are {len(tags)}"
    for key, value in tags.items():
        yield from _check_tag(key, value)


def _check_tag(key: str, value: Any) -> Iterator[str]:
    if not 1 <= len(key) <= MAX_TAG_KEY:
        yield f"tag {key[:20]!r}…: the name must have 1 to {MAX_TAG_KEY} characters"
    if key.lower().startswith("aws:"):
        yield f"tag {key!r}: names that begin with aws: belong to AWS"
    if key.startswith(MARK):
        yield f"tag {key!r}: names that begin with {MARK} belong to this package"
    if value is not UNKNOWN and not isinstance(value, str):
        yield f"tag {key!r}: the value must be a string"
    elif value is not UNKNOWN and len(value) > MAX_TAG_VALUE:
        yield f"tag {key!r}: the value must have at most {MAX_TAG_VALUE} characters"


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
        yield f"takes attempts and on, not {name}"
    if retry["attempts"] is not UNKNOWN:
        yield from _check_integer(field, {field.wire: retry["attempts"]})
    if retry.get("on", UNKNOWN) is not UNKNOWN:
        yield from _check_choices(field, {field.wire: retry["on"]})


_CHECKS: Final[dict[Kind, Callable[[Field, Inputs], Iterator[str]]]] = {
    Kind.TEXT: _check_text,
    Kind.S3_URI: _check_s3_uri,
    Kind.INTEGER: _check_integer,
    Kind.BOOLEAN: _check_boolean,
    Kind.DOCUMENT: _check_document,
    Kind.JSON_TEXT: _check_json_text,
    Kind.TAGS: _check_tags,
    Kind.JSON: _check_json,
    Kind.CHOICES: _check_choices,
    Kind.RETRY: _check_retry,
}
