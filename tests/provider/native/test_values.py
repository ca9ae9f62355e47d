"""Property bags of the engine against plain dicts, there and back."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.rpc import UNKNOWN as UNKNOWN_TEXT

from omics_provider.base.values import CANNOT_CROSS, UNKNOWN
from omics_provider.native.values import received, sent

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
OUTPUT = {"4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4"}


def struct(properties: dict[str, Any]) -> struct_pb2.Struct:
    """Give what the engine sends."""
    return json_format.ParseDict(properties, struct_pb2.Struct())


def test_values_come_back_as_they_were() -> None:
    given = {
        "text": "x",
        "empty": "",
        "yes": True,
        "whole": 3,
        "large": 2**53,
        "share": 0.5,
        "none": None,
        "list": [1, [], {}, [None, "a"]],
        "object": {"in": {"deep": [{"a": 1}]}, "empty": {}},
        "nothing": {},
        "no items": [],
    }
    bag = received(sent(given))
    assert bag.properties == given
    assert bag.secrets == frozenset()
    # The engine's numbers are doubles: a whole one is no float here.
    assert isinstance(bag.properties["whole"], int)
    assert isinstance(bag.properties["share"], float)


def test_a_secret_is_plain_here_and_a_secret_again_on_the_way_back() -> None:
    given = {
        "whole": {**SECRET, "value": {"a": 1}},
        "deep": {"list": [{"token": {**SECRET, "value": "hush"}}, "plain"]},
        "within": {**SECRET, "value": {"inner": {**SECRET, "value": "hush"}}},
    }
    bag = received(struct(given))
    assert bag.properties == {
        "whole": {"a": 1},
        "deep": {"list": [{"token": "hush"}, "plain"]},
        "within": {"inner": "hush"},
    }
    assert bag.concealed == ["deep", "whole", "within"]
    back = json_format.MessageToDict(sent(bag.properties, bag.secrets))
    assert back["deep"] == given["deep"]
    assert back["whole"] == given["whole"]
    # One mark hides all that is in it.
    assert back["within"]["value"]["inner"]["value"] == "hush"


def test_an_output_value_is_its_value_and_a_secret_where_it_says_so() -> None:
    bag = received(
        struct(
            {
                "known": {**OUTPUT, "value": "x", "dependencies": ["urn"]},
                "hidden": {**OUTPUT, "value": "hush", "secret": True},
                "open": {**OUTPUT},
            }
        )
    )
    assert bag.properties == {"known": "x", "hidden": "hush", "open": UNKNOWN}
    assert bag.concealed == ["hidden"]


def test_what_is_not_known_yet_is_not_known_on_the_way_back() -> None:
    bag = received(struct({"id": UNKNOWN_TEXT, "deep": {"list": ["a", UNKNOWN_TEXT]}}))
    assert bag.properties == {"id": UNKNOWN, "deep": {"list": ["a", UNKNOWN]}}
    back = json_format.MessageToDict(sent(bag.properties))
    assert back == {"id": UNKNOWN_TEXT, "deep": {"list": ["a", UNKNOWN_TEXT]}}


def test_a_secret_that_is_gone_marks_nothing() -> None:
    bag = received(struct({"a": {"b": {**SECRET, "value": "x"}}, "l": [{**SECRET, "value": "y"}]}))
    assert json_format.MessageToDict(sent({"a": {"c": 1.0}, "l": []}, bag.secrets)) == {
        "a": {"c": 1.0},
        "l": [],
    }


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        ("c44067f5952c0a294b673a41bacd8c17", "an asset"),
        ("0def7320c3a5731c473e5ecbe6d01bc7", "an archive"),
        ("5cf8f73096256a8f31e491e813e4eb8e", "a resource"),
        ("something of a later release", "something else"),
    ],
)
def test_what_is_no_json_value_is_named(signature: str, words: str) -> None:
    bag = received(struct({"x": {"4dabf18193072939515e22adb298388d": signature}}))
    assert set(bag.properties["x"]) == {CANNOT_CROSS}
    assert bag.properties["x"][CANNOT_CROSS].startswith(words)
