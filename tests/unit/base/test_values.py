"""JSON values as they cross Pulumi's wire."""

import datetime
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omics_provider.base.values import (
    CANNOT_CROSS,
    UNKNOWN,
    UNSAFE_INTEGER,
    cannot_cross,
    canonical,
    contains_unknown,
    equal,
    misfits,
    whole,
)

SAFE = UNSAFE_INTEGER - 1
LEAVES = (
    st.booleans()
    | st.text(max_size=5)
    | st.integers(-SAFE, SAFE)
    | st.floats(-1e15, 1e15, allow_nan=False)
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


def as_pulumi_sends(value: Any) -> Any:
    """Every number a double, keys in another order."""
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, dict):
        return {key: as_pulumi_sends(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return [as_pulumi_sends(item) for item in value]
    return value


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (1.0, 1),
        (0.0, 0),
        (-0.0, 0),
        (-3.0, -3),
        (float(SAFE), SAFE),
        (2.5, 2.5),
        (True, True),
        ("1.0", "1.0"),
        ([1.0, [2.0]], [1, [2]]),
        ({"a": {"b": 3.0, "c": 0.5}}, {"a": {"b": 3, "c": 0.5}}),
        (None, None),
    ],
)
def test_whole_numbers_are_whole_again(sent: Any, meant: Any) -> None:
    made = whole(sent)
    assert json.dumps(made) == json.dumps(meant)


@pytest.mark.parametrize("value", [float(UNSAFE_INTEGER), 1e300, math.inf, -math.inf, UNKNOWN])
def test_what_can_not_be_made_whole_is_left_alone(value: Any) -> None:
    assert whole(value) is value


@given(DOCUMENTS)
def test_the_wire_and_back_is_the_same_document(document: Any) -> None:
    received = whole(as_pulumi_sends(document))
    assert equal(received, document)
    assert canonical(received) == canonical(document)
    assert not list(misfits(received, "parameters"))


@given(DOCUMENTS, DOCUMENTS)
def test_equal_is_exactly_one_spelling(left: Any, right: Any) -> None:
    assert equal(left, right) == (canonical(left) == canonical(right))


@given(DOCUMENTS)
def test_whole_is_done_once(document: Any) -> None:
    assert canonical(whole(whole(document))) == canonical(whole(document))


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (1, 1.0, True),
        ({"a": 1, "b": 2}, {"b": 2.0, "a": 1.0}, True),
        ([1, 2], (1, 2), True),
        ([1, 2], [2, 1], False),
        ([1], [1, 1], False),
        ("1", 1, False),
        (True, 1, False),
        (False, 0, False),
        (0, False, False),
        (True, True, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1}, {"b": 1}, False),
        ({}, [], False),
        ("ab", ["a", "b"], False),
        (None, None, True),
        (None, 0, False),
        (UNKNOWN, UNKNOWN, False),
        (UNKNOWN, "x", False),
        ({"a": [UNKNOWN]}, {"a": [UNKNOWN]}, False),
    ],
)
def test_equal_by_meaning(left: Any, right: Any, same: bool) -> None:
    assert equal(left, right) is same
    assert equal(right, left) is same


def test_canonical_is_short_sorted_and_unescaped() -> None:
    assert canonical({"b": [1.0, True], "a": "é"}) == '{"a":"é","b":[1,true]}'


def test_canonical_refuses_what_json_does_not_know() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical({"a": math.nan})


@pytest.mark.parametrize(
    ("value", "unknown"),
    [
        (UNKNOWN, True),
        ({"a": [{"b": UNKNOWN}]}, True),
        ([1, (UNKNOWN,)], True),
        ({"a": [1, {"b": "x"}]}, False),
        (None, False),
        ("unknown", False),
    ],
)
def test_contains_unknown(value: Any, unknown: bool) -> None:
    assert contains_unknown(value) is unknown


LOST = "Pulumi carries numbers as doubles"


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"a": 1, "b": ["x", {"c": 2.5}]}, {}),
        ({"a": UNSAFE_INTEGER}, {"p.a": LOST}),
        ({"a": -float(UNSAFE_INTEGER)}, {"p.a": LOST}),
        ({"a": SAFE, "b": -SAFE}, {}),
        ({"a": [1, {"b": 1e300}]}, {"p.a[1].b": LOST}),
        ({"a": math.nan, "b": math.inf}, {"p.a": "not a number", "p.b": "not a number"}),
        ({"a": {CANNOT_CROSS: "null is dropped"}}, {"p.a": "null is dropped"}),
        ({CANNOT_CROSS: "a set is not a JSON value"}, {"p": "a set is not a JSON value"}),
        ({CANNOT_CROSS: "x", "other": 1}, {}),
        ({"a": UNKNOWN, "b": [UNKNOWN]}, {}),
        ({"a": True, "b": ""}, {}),
        ([0.1, UNSAFE_INTEGER], {"p[1]": LOST}),
    ],
)
def test_misfits_name_the_place(document: Any, found: dict[str, str]) -> None:
    seen = dict(misfits(document, "p"))
    assert seen.keys() == found.keys()
    assert all(found[path] in seen[path] for path in found)


@pytest.mark.parametrize("value", [True, "x", {}, [], (), 0, 1.5, SAFE, -SAFE])
def test_plain_json_crosses(value: Any) -> None:
    assert cannot_cross(value) is None


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "null"),
        (UNSAFE_INTEGER, "give it as a string"),
        (10**400, "give it as a string"),
        (math.nan, "not a number"),
        (datetime.date(2026, 1, 1), "a date is not a JSON value"),
        ({1, 2}, "a set is not a JSON value"),
        (b"x", "a bytes is not a JSON value"),
        ({1: "a"}, "the name 1 must be a string, it is a int"),
        ({"": 1}, "it has an empty name"),
        ("a\ud800", "half of a surrogate pair as character 2"),
        ({"\ud800": 1}, "the name '\\ud800' has half of a surrogate pair"),
    ],
)
def test_what_can_not_cross_is_told(value: Any, why: str) -> None:
    assert why in (cannot_cross(value) or "")


def test_unknown_prints_as_itself() -> None:
    assert repr(UNKNOWN) == "UNKNOWN"
