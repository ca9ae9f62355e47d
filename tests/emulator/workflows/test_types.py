"""Types of a WDL's inputs: the emulator takes the values that miniwdl takes, and no others."""

from __future__ import annotations

import json
from typing import Any

import pytest
import WDL

from omics_provider.emulator.workflows import types

_WDL = """
version 1.0
struct Sample { String id  File reads  Int? lanes }
workflow w {
  input {
    Boolean b  Int i  Float f  String s  File p  String? optional
    Array[File] files  Array[Array[Int]] rows  Map[String, File] by_name
    Pair[File, Int] pair  Sample sample  Array[Sample]+ samples
  }
}
"""
VALUES: list[Any] = [
    None, True, 0, 7, -1, 2.5, "x", "s3://bucket/key", [], ["a"], ["a", 1], [[1], [2, 3]], [["a"]],
    {}, {"a": "b"}, {"a": 1}, {"1": 2}, {"left": "a", "right": 1}, {"left": "a"},
    {"left": "a", "right": "b"}, {"id": "one", "reads": "s3://b/k"},
    {"id": "one", "reads": "s3://b/k", "lanes": None}, {"id": "one", "reads": 1},
    {"id": "one", "lanes": 2}, {"id": "one", "reads": "s3://b/k", "more": 1},
    [{"id": "one", "reads": "s3://b/k"}], [{"id": "one"}], '{"id": "one"}',
]  # fmt: skip


def inputs() -> dict[str, Any]:
    tree = WDL.parse_document(_WDL)
    tree.typecheck()
    assert tree.workflow is not None
    return {each.name: each.type for each in tree.workflow.inputs or []}


INPUTS = inputs()


def taken_by_miniwdl(wdl_type: Any, value: Any) -> bool:
    try:
        WDL.Value.from_json(wdl_type, value)
    except WDL.Error.InputError:
        return False
    return True


@pytest.mark.parametrize("name", INPUTS)
def test_it_takes_what_miniwdl_takes(name: str) -> None:
    kept = json.loads(json.dumps(types.kept(INPUTS[name])))
    # miniwdl takes 0 for false; the guide has true and false alone (starting-a-run).
    for value in [each for each in VALUES if not (name == "b" and each == 0)]:
        told = types.problem(kept, value)
        assert (told is None) == taken_by_miniwdl(INPUTS[name], value), (name, value, told)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("sample", '{"id": "one"}', 'couldn\'t construct Sample from "{\\"id\\": \\"one\\"}"'),
        ("optional", 7, "couldn't construct String? from 7"),
        ("rows", [[1], ["a"]], 'couldn\'t construct Int from "a"'),
        ("sample", {"lanes": 1}, "omits required field(s): 'id', 'reads'"),
        ("s", ["x" * 500], "..."),
    ],
)
def test_its_words_are_those_of_miniwdl(name: str, value: Any, told: str) -> None:
    assert told in (types.problem(types.kept(INPUTS[name]), value) or "")


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("p", "s3://b/k", ["s3://b/k"]),
        ("s", "s3://b/k", []),
        ("files", ["s3://b/1", "s3://b/2"], ["s3://b/1", "s3://b/2"]),
        ("by_name", {"a": "s3://b/1"}, ["s3://b/1"]),
        ("pair", {"left": "s3://b/1", "right": 1}, ["s3://b/1"]),
        ("samples", [{"id": "one", "reads": "s3://b/1"}], ["s3://b/1"]),
    ],
)
def test_it_finds_the_files_in_a_value(name: str, value: Any, found: list[str]) -> None:
    assert [uri for _, uri in types.files(types.kept(INPUTS[name]), value)] == found
