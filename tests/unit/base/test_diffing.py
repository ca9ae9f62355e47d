"""What a changed input means for a run that exists."""

from typing import Any

import pytest

from omics_provider.base.diff import Difference, difference, tag_change
from omics_provider.base.values import UNKNOWN
from omics_provider.runs.rules import run_table

RUN = "1234567"


def of_run(id_: str, recorded: dict[str, Any], inputs: dict[str, Any]) -> Difference:
    """Compare what is recorded of a run with what is declared."""
    return difference(id_, recorded, inputs, run_table.TABLE)


IN_PLACE = {"tags", "onDelete", "rerunOn", "maxAttempts", "retry"}

# An old and a new value of each input.
CHANGED: dict[str, tuple[Any, Any]] = {
    "roleArn": ("arn:a", "arn:b"),
    "outputUri": ("s3://aaa", "s3://bbb"),
    "workflowId": ("1", "2"),
    "workflowType": ("PRIVATE", "READY2RUN"),
    "workflowOwnerId": ("111111111111", "222222222222"),
    "workflowVersionName": ("v1", "v2"),
    "runId": ("1", "2"),
    "name": ("a", "b"),
    "runGroupId": ("1", "2"),
    "priority": (1, 2),
    "parameters": ({"a": {"b": [1]}}, {"a": {"b": [2]}}),
    "storageType": ("STATIC", "DYNAMIC"),
    "storageCapacity": (1200, 2400),
    "scratchStorageMode": ("LOCAL", "SHARED"),
    "cacheId": ("1", "2"),
    "cacheBehavior": ("CACHE_ALWAYS", "CACHE_ON_FAILURE"),
    "logLevel": ("ALL", "OFF"),
    "retentionMode": ("RETAIN", "REMOVE"),
    "outputUriPrefixMode": ("SERVICE_DEFINED", "NONE_WITH_OVERWRITE"),
    "networkingMode": ("RESTRICTED", "VPC"),
    "configurationName": ("a", "b"),
    "engineSettings": ({"profile": "a"}, {"profile": "b"}),
    "sessionPolicy": ('{"a": 1}', '{"a": 2}'),
    "tags": ({"a": "1"}, {"a": "2"}),
    "rerun": (1, 2),
    "onDelete": ("delete", "keep"),
    "rerunOn": (["FAILED"], ["FAILED", "CANCELLED"]),
    "maxAttempts": (2, 3),
    "retry": ({"attempts": 2}, {"attempts": 2, "on": ["SERVICE_ERROR"]}),
    "adoptRunId": ("1", "2"),
}
FULL = {wire: old for wire, (old, _) in CHANGED.items()}


def test_every_property_has_a_row() -> None:
    assert CHANGED.keys() == run_table.BY_WIRE.keys()


@pytest.mark.parametrize("wire", CHANGED)
def test_a_changed_input_replaces_or_updates(wire: str) -> None:
    found = of_run(RUN, FULL, {**FULL, wire: CHANGED[wire][1]})
    assert found == (((), (wire,)) if wire in IN_PLACE else ((wire,), ()))
    assert found


@pytest.mark.parametrize("wire", CHANGED)
def test_a_new_input_differs(wire: str) -> None:
    recorded = {key: value for key, value in FULL.items() if key != wire}
    found = of_run(RUN, recorded, FULL)
    assert found.replaces + found.updates == (wire,)


@pytest.mark.parametrize("wire", CHANGED)
def test_an_unknown_input_may_differ(wire: str) -> None:
    found = of_run(RUN, FULL, {**FULL, wire: UNKNOWN})
    assert found.replaces + found.updates == (wire,)


@pytest.mark.parametrize("wire", CHANGED)
def test_an_unset_input_never_differs(wire: str) -> None:
    declared = {key: value for key, value in FULL.items() if key != wire}
    assert not of_run(RUN, FULL, declared)


def test_the_same_declaration_does_not_differ() -> None:
    assert not of_run(RUN, FULL, FULL)


def test_all_that_differs_is_named_in_the_order_of_the_table() -> None:
    found = of_run(RUN, FULL, {wire: new for wire, (_, new) in CHANGED.items()})
    assert found.replaces == tuple(w for w in run_table.BY_WIRE if w not in IN_PLACE)
    assert set(found.updates) == IN_PLACE


def test_what_the_service_fills_in_or_changes_never_differs() -> None:
    outputs = {wire: f"old {wire}" for wire in run_table.OUTPUT_WIRES}
    filled = {"storageCapacity": 1200, "storageType": "DYNAMIC", "workflowType": "PRIVATE"}
    assert not of_run(
        RUN,
        {**outputs, **filled, "roleArn": "arn:a"},
        {"roleArn": "arn:a", "status": "COMPLETED", "__attempt": "other", "stateVersion": 2},
    )


@pytest.mark.parametrize(
    ("wire", "old", "new", "differs"),
    [
        ("parameters", {"a": 1, "b": {"c": 1.0}}, {"b": {"c": 1}, "a": 1.0}, False),
        ("parameters", {"a": [1, 2]}, {"a": [2, 1]}, True),
        ("parameters", {"a": 1}, {"a": "1"}, True),
        ("parameters", {"a": True}, {"a": 1}, True),
        ("parameters", {"a": 1}, {"a": 1, "b": UNKNOWN}, True),
        ("parameters", {"a": [{"b": 1}]}, {"a": [{"b": UNKNOWN}]}, True),
        ("engineSettings", {"a": 2.0}, {"a": 2}, False),
        ("rerun", 1, 1.0, False),
        ("rerun", 1, "1", True),
        ("rerun", {"a": [1]}, {"a": [1.0]}, False),
        ("rerun", False, 0, True),
        ("priority", 5.0, 5, False),
        ("tags", {"a": "1", "b": "2"}, {"b": "2", "a": "1"}, False),
        ("tags", {"a": "1"}, {}, True),
    ],
)
def test_values_compare_by_meaning(wire: str, old: Any, new: Any, differs: bool) -> None:
    assert bool(of_run(RUN, {wire: old}, {wire: new})) is differs


def test_a_run_may_declare_that_it_adopts_itself() -> None:
    assert not of_run(RUN, {"workflowId": "1"}, {"adoptRunId": RUN})
    assert of_run(RUN, {"workflowId": "1"}, {"adoptRunId": "7654321"}).replaces == ("adoptRunId",)


@pytest.mark.parametrize(
    ("recorded", "wanted", "put", "remove"),
    [
        ({}, {}, {}, ()),
        ({"a": "1"}, {"a": "1"}, {}, ()),
        ({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": ""}, {"b": "3", "c": ""}, ()),
        ({"z": "1", "a": "1", "m": "1"}, {"m": "1"}, {}, ("a", "z")),
        ({"a": "1"}, {"b": "1"}, {"b": "1"}, ("a",)),
        ({"A": "1"}, {"a": "1"}, {"a": "1"}, ("A",)),
        ({"a": ""}, {"a": ""}, {}, ()),
    ],
)
def test_only_the_tags_that_changed(
    recorded: dict[str, str], wanted: dict[str, str], put: dict[str, str], remove: tuple[str, ...]
) -> None:
    assert tag_change(recorded, wanted) == (put, remove)
