"""What is recorded of groups, caches and workflows, and what a change sends."""

from __future__ import annotations

from typing import Any

import pytest

from omics_provider.base import checks
from omics_provider.base.identity import MARK, START_MARK, Mark
from omics_provider.base.values import UNKNOWN
from omics_provider.shared.rules import lasting
from omics_provider.shared.rules.tables import CACHE, GROUP
from omics_provider.workflows.rules import workflow_table
from omics_provider.workflows.rules.workflow_table import DIGEST

LIVE = {
    "id": "1", "arn": "arn:x", "name": "n", "maxRuns": 3, "creationTime": "t",
    "tags": {"a": "b", START_MARK: "x.y", "aws:z": "1"},
}  # fmt: skip


def test_a_create_carries_the_mark_and_the_token() -> None:
    inputs = {"name": "n", "tags": {"a": "b"}, "__stack": "o/p/s", "__attempt": "1"}
    sent = lasting.create_arguments(GROUP, inputs, "urn", "token")
    assert sent.keys() == {"name", "tags", "requestId"}
    assert sent["requestId"] == "token"
    assert sent["tags"]["a"] == "b"
    assert Mark.on(sent) == Mark.of("o/p/s", "urn", "token")


def test_declared_tags_go_before_the_marks() -> None:
    tags = {f"t{number}": "x" for number in range(50)}
    sent = lasting.create_arguments(GROUP, {"tags": tags}, "urn", "token")
    assert sent["tags"] == tags


def test_what_is_made_is_recorded_as_declared() -> None:
    made = lasting.made(GROUP, {"maxRuns": 3, "__attempt": "1"}, LIVE, ["token"])
    assert made == {
        "maxRuns": 3, "__attempt": "1", "arn": "arn:x", "creationTime": "t",
        "__settled": ["token"], "stateVersion": 1,
    }  # fmt: skip


def test_what_is_looked_up_is_recorded_whole() -> None:
    assert lasting.looked_up(GROUP, {}, LIVE, "") == {
        "name": "n", "maxRuns": 3, "tags": {"a": "b"}, "arn": "arn:x", "creationTime": "t",
        "stateVersion": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("recorded", "drift"),
    [
        ({"name": "n", "maxRuns": 3, "tags": {"a": "b"}}, None),
        ({}, None),
        ({"maxRuns": 4, "__stack": "s"}, {"maxRuns": 3, "__stack": "s"}),
        ({"tags": {}}, {"tags": {"a": "b"}}),
        ({"maxCpus": 4, "name": "n"}, {"name": "n"}),
    ],
)
def test_drift_shows_in_what_is_declared_alone(
    recorded: dict[str, Any], drift: dict[str, Any] | None
) -> None:
    now = lasting.refreshed(GROUP, recorded, LIVE)
    assert lasting.drifted(GROUP, recorded, now) == drift


def test_what_can_not_change_does_not_drift() -> None:
    # The service may spell a location in another way.
    recorded = {"cacheS3Location": "s3://b/cache"}
    live = {"arn": "a", "cacheS3Location": "s3://b/cache/"}
    now = lasting.refreshed(CACHE, recorded, live)
    assert now["cacheS3Location"] == "s3://b/cache"
    assert lasting.drifted(CACHE, recorded, now) is None


def test_a_change_sends_what_differs_but_tags() -> None:
    recorded = {"name": "n", "maxRuns": 3, "tags": {}}
    inputs = {"name": "n", "maxRuns": 4, "maxGpus": 1, "tags": {"a": "b"}}
    assert lasting.changes(GROUP, recorded, inputs) == {"maxRuns": 4, "maxGpus": 1}


def test_tags_of_others_stay() -> None:
    change = lasting.tag_change(
        {"tags": {"old": "1", "kept": "1"}},
        {"tags": {"kept": "1", "new": "1"}},
        {"tags": {"old": "1", "kept": "1", "theirs": "1", f"{MARK}start": "x"}},
    )
    assert (change.put, change.remove) == ({"new": "1"}, ("old",))


@pytest.mark.parametrize(
    ("recorded", "live", "same"),
    [
        ({"creationTime": "t"}, LIVE, True),
        ({}, LIVE, True),
        ({"creationTime": "u"}, LIVE, False),
        ({"uuid": "1"}, {"uuid": "1"}, True),
        ({"uuid": "1"}, {"uuid": "2"}, False),
        ({"uuid": "1"}, {}, False),
    ],
)
def test_whose_id_it_is(recorded: dict[str, Any], live: dict[str, Any], same: bool) -> None:
    assert lasting.same(recorded, live) is same


def test_what_is_in_the_way_of_taking_one() -> None:
    live = {"cacheS3Location": "s3://b/a", "cacheBehavior": "CACHE_ALWAYS"}
    wanted = {"cacheS3Location": "s3://b/b", "cacheBehavior": "CACHE_ON_FAILURE"}
    assert lasting.in_the_way(CACHE, wanted, live) == ("cacheS3Location",)
    assert lasting.in_the_way(CACHE, {**wanted, **live}, live) == ()


# Workflows --------------------------------------------------------------------------------------


def test_a_versions_identity_is_of_what_is_fixed_with_it() -> None:
    base = {"engine": "WDL", DIGEST: "d"}
    identity = workflow_table.identity(base)
    for wire in (*workflow_table.IN_PLACE, "tags", "definition", "versionName"):
        assert workflow_table.identity({**base, wire: "x"}) == identity
    for wire in workflow_table.FIXED:
        assert workflow_table.identity({**base, wire: "x"}) != identity
    assert workflow_table.identity({**base, DIGEST: "e"}) != identity


def test_numbers_and_key_order_do_not_change_an_identity() -> None:
    # Pulumi carries numbers as doubles and forgets the order of keys.
    one = {"containerRegistryMap": {"a": 1, "b": [2]}}
    other = {"containerRegistryMap": {"b": [2.0], "a": 1.0}}
    assert workflow_table.identity(one) == workflow_table.identity(other)


def test_a_version_that_was_there_before_is_brought_up_to_date() -> None:
    inputs = {"description": "d", "storageType": "STATIC", "storageCapacity": 1200}
    live = {"description": "d", "storageType": "DYNAMIC"}
    changed = {"name": "n", "readmeMarkdown": "# x"}
    assert workflow_table.version_changes(inputs, live, changed) == {
        "readmeMarkdown": "# x", "storageType": "STATIC", "storageCapacity": 1200,
    }  # fmt: skip


def test_a_workflow_without_its_version_is_not_finished() -> None:
    recorded = {
        "versionName": "1",
        "versionArn": "a",
        "status": "ACTIVE",
        "name": "n",
        "engine": "WDL",
    }
    live = {"id": "1", "arn": "x", "name": "m", "status": "ACTIVE", "engine": "NEXTFLOW"}
    now = workflow_table.refreshed(recorded, live, None)
    # The engine is the version's: it does not follow the workflow's.
    assert now == {"arn": "x", "name": "m", "status": "ACTIVE", "engine": "WDL"}
    assert workflow_table.unfinished(recorded).keys() == {"status", "name", "engine"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({"versionName": "1", DIGEST: "a"}, {"versionName": "1", DIGEST: "b"}, True),
        ({"versionName": "1", DIGEST: "a"}, {"versionName": "1", DIGEST: "a"}, False),
        ({"versionName": "1", DIGEST: "a"}, {"versionName": "2", DIGEST: "b"}, False),
        ({"versionName": "1"}, {"versionName": "1", "engine": "WDL"}, True),
        ({"versionName": "1"}, {"versionName": "1", "engine": UNKNOWN}, False),
        ({"versionName": "1"}, {"versionName": UNKNOWN}, False),
        ({}, {}, False),
    ],
)  # fmt: skip
def test_a_name_that_is_kept_for_another_version(
    old: dict[str, Any], new: dict[str, Any], told: bool
) -> None:
    assert bool(list(workflow_table.reused_name(workflow_table.TABLE, old, new))) is told


@pytest.mark.parametrize(
    ("template", "count"),
    [
        ({"reads": {}}, 0),
        ({"reads": {"description": "FASTQ", "optional": True}}, 0),
        ({}, 1),
        ({"": {}}, 1),
        ({"a": "FASTQ"}, 1),
        ({"a": {"description": "x" * 257, "optional": 1}}, 2),
        ({f"p{number}": {} for number in range(2001)}, 1),
        ({"a": UNKNOWN}, 0),
    ],
)
def test_templates(template: dict[str, Any], count: int) -> None:
    inputs = {"definition": "wf", "parameterTemplate": template}
    found = checks.problems(workflow_table.TABLE, inputs, workflow_table.RULES)
    assert len(found) == count
    assert {p.property for p in found} <= {"parameterTemplate"}
