"""Python values on their way into Pulumi's wire."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from omics_provider.base.values import CANNOT_CROSS, misfits
from omics_provider.resources._declare import crossing


@pytest.mark.parametrize(
    ("value", "made"),
    [
        ({"a": [1, 2.5, "x", True]}, {"a": [1, 2.5, "x", True]}),
        ((1, (2,)), [1, [2]]),
        (MappingProxyType({"a": MappingProxyType({})}), {"a": {}}),
        ("text", "text"),
        (0, 0),
        (None, None),
    ],
)
def test_json_goes_as_it_is(value: Any, made: Any) -> None:
    assert crossing(value) == made


@pytest.mark.parametrize(
    ("value", "path", "why"),
    [
        ({"a": {"b": None}}, "p.a.b", "null"),
        ({"a": [None]}, "p.a[0]", "null"),
        ({"a": 2**53}, "p.a", "as a string"),
        ({"a": math.nan}, "p.a", "not a number"),
        ({"a": datetime.date(2026, 1, 1)}, "p.a", "a date is not a JSON value"),
        ({"a": {1, 2}}, "p.a", "a set is not a JSON value"),
        (b"x", "p", "a bytes is not a JSON value"),
    ],
)
def test_what_would_be_lost_is_marked_at_its_place(value: Any, path: str, why: str) -> None:
    ((found, reason),) = misfits(crossing(value), "p")
    assert found == path
    assert why in reason


def test_the_mark_is_plain_json() -> None:
    made = crossing({"a": None})
    assert isinstance(made["a"], Mapping)
    assert list(made["a"]) == [CANNOT_CROSS]
    assert crossing(made) == made


def test_what_is_awaited_is_left_to_pulumi() -> None:
    async def later() -> int:
        return 1

    awaited = later()
    assert crossing({"a": awaited})["a"] is awaited
    awaited.close()


class OfNumpy:
    """Like a scalar or an array of numpy, which is no dependency."""

    def __init__(self, value: Any, ndim: int = 0) -> None:
        self._value, self.ndim = value, ndim

    def item(self) -> Any:
        return self._value

    def tolist(self) -> Any:
        return self._value


class NaTType:
    """Like pandas.NaT."""

    def isoformat(self) -> str:
        return "NaT"


class Timestamp(datetime.datetime):
    """Like pandas.Timestamp."""


OfNumpy.__module__ = "numpy"
NaTType.__module__ = "pandas._libs.tslibs.nattype"
Timestamp.__module__ = "pandas._libs.tslibs.timestamps"


def test_scalars_of_numpy_are_taken() -> None:
    value = {"depth": OfNumpy(30), "rate": [OfNumpy(0.5)], "deep": OfNumpy(True)}
    assert crossing(value) == {"depth": 30, "rate": [0.5], "deep": True}
    assert crossing(OfNumpy(30)) == 30


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (OfNumpy([1, 2], ndim=1), "a numpy.OfNumpy is not a JSON value: give what its tolist()"),
        (OfNumpy(2**60), "give it as a string"),
        (OfNumpy(math.nan), "not a number"),
        (NaTType(), "a pandas.NaTType is not a JSON value: it is a missing value"),
        (
            Timestamp(2026, 1, 1),
            "a pandas.Timestamp is not a JSON value: give what its isoformat()",
        ),
        (datetime.date(2026, 1, 1), "give what its isoformat() returns"),
        (Path("x"), "give it as a text, with str()"),
        ("\ud800", "half of a surrogate pair as character 1"),
        ({1: "a"}, "the name 1 must be a string"),
        ({"": 1}, "it has an empty name"),
        ({"\udfff": 1}, "the name '\\udfff' has half of a surrogate pair"),
    ],
)
def test_what_can_not_travel_is_told_with_its_place(value: Any, why: str) -> None:
    ((path, reason),) = misfits(crossing({"a": [value]}), "p")
    assert path == "p.a[0]"
    assert why in reason
    # What goes to the provider must be text, whatever the program gave.
    json.dumps(crossing({"a": [value]}), ensure_ascii=False, allow_nan=False).encode()
