"""Python values on their way into Pulumi's wire."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
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
        ({"a": datetime.date(2026, 1, 1)}, "p.a", "a date is no JSON value"),
        ({"a": {1, 2}}, "p.a", "a set is no JSON value"),
        (b"x", "p", "a bytes is no JSON value"),
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
