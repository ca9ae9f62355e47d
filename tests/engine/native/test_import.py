"""`pulumi import` and `get` of what is there already: nothing starts, and nothing else ends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.harness import ACTIVE, ENDED, Stack, name_of
from tests.engine.native.declared import (
    CACHE,
    COSTLY,
    GROUP,
    PROGRAM,
    RUN,
    WORKFLOW,
    declare,
    declared_as_recorded,
    import_file,
    run,
)


@pytest.fixture
def native(stack: Stack) -> Stack:
    stack.program(PROGRAM)
    declare(stack, {})
    return stack


def changes(counted: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counted.items() if name in COSTLY}


def imported(stack: Stack, resources: dict[str, tuple[str, str]]) -> None:
    file = import_file(stack, resources)
    stack.pulumi("import", "--file", file, "--yes", "--skip-preview", "--generate-code=false")


def states(stack: Stack) -> dict[str, str]:
    return stack.statuses()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_is_imported_is_the_stacks_own(native: Stack) -> None:
    aws: Any = native.service
    group = aws.create_run_group(name="g", maxRuns=3, requestId="g", tags={"of": "lab"})["id"]
    cache = aws.create_run_cache(cacheS3Location="s3://results/cache", requestId="c")["id"]
    ready = aws.start_run(**run(), requestId="1", tags=ACTIVE, name="ready")["id"]
    ended = aws.start_run(**run(), requestId="2", tags=ENDED)["id"]
    other = aws.start_run(**run(), requestId="3", tags=ACTIVE)["id"]
    zipped = "s3://workflows/w.zip"
    workflow = aws.create_workflow(name="w", engine="NEXTFLOW", definitionUri=zipped)["id"]
    before = len(native.log)
    kinds = {"g": (GROUP, group), "c": (CACHE, cache), "ready": (RUN, ready), "ended": (RUN, ended)}
    kinds["w"] = (WORKFLOW, workflow)
    imported(native, kinds)
    assert [each["protect"] for each in native.resources(RUN)] == [True, True]
    # The code that an import writes declares what is recorded, and no more.
    declared = declared_as_recorded(native, RUN, GROUP, CACHE, WORKFLOW)
    assert declared["g"]["properties"] == {"name": "g", "maxRuns": 3, "tags": {"of": "lab"}}
    assert declared["c"]["properties"]["cacheS3Location"] == "s3://results/cache"
    properties = declared["ready"]["properties"]
    expected = run(name="ready", tags=ACTIVE, onDelete="delete")
    assert {wire: properties.get(wire) for wire in expected} == expected
    twice = {"twin": (RUN, ready)}
    imported(native, twice)
    declared |= {"twin": {**declared["ready"], "opts": {}}}
    declare(native, declared)
    unchanged = native.preview()
    assert set(unchanged.summary) == {"same"}, unchanged.summary
    native.up()
    native.refresh()
    assert changes(native.counted(native.log[before - 1]["number"])) == {}

    # Other tags and a limit are changed in place; the second import goes, and its run stays.
    declared["ready"]["properties"] = {**properties, "tags": {**ACTIVE, "owner": "me"}}
    declared["g"]["properties"]["maxRuns"] = 4
    declared["w"]["properties"]["description"] = "of the lab"
    del declared["twin"]
    declare(native, declared)
    _, counted = native.calls(native.up)
    assert changes(counted) == {"TagResource": 1, "UpdateRunGroup": 1, "UpdateWorkflow": 1}
    assert states(native)[ready] in ("PENDING", "STARTING", "RUNNING")

    # A run that is read is never the stack's: neither a destroy nor its removal ends it.
    declare(native, {**declared, "seen": {"type": RUN, "opts": {"id": other}}})
    _, counted = native.calls(native.up)
    assert changes(counted) == {}
    (seen,) = (each for each in native.resources(RUN) if name_of(each["urn"]) == "seen")
    assert seen["external"]
    assert seen["outputs"]["status"] in ("PENDING", "STARTING", "RUNNING")
    _, counted = native.calls(native.destroy)
    assert changes(counted) == {
        "CancelRun": 1, "DeleteRun": 2, "DeleteRunGroup": 1, "DeleteRunCache": 1,
        "DeleteWorkflow": 1,
    }  # fmt: skip
    assert set(states(native)) == {other}


def test_a_changed_input_of_an_imported_run_starts_one_run(native: Stack) -> None:
    aws: Any = native.service
    first = aws.start_run(**run(), requestId="1", tags=ENDED)["id"]
    imported(native, {"one": (RUN, first)})
    declared = declared_as_recorded(native, RUN)
    declared["one"]["properties"]["parameters"]["depth"] = 60
    declare(native, declared)
    _, counted = native.calls(native.up)
    assert changes(counted) == {"StartRun": 1, "DeleteRun": 1}
    assert set(states(native)) == {native.resources(RUN)[0]["id"]} - {first}


# In `make test`: native/test_yaml.py.
@pytest.mark.slow
def test_the_code_that_an_import_writes_previews_without_changes(stack: Stack) -> None:
    aws: Any = stack.service
    arguments = run(parameters={"sample_name": "NA12878", "lanes": [1, {"paired": True}]})
    made = aws.start_run(**arguments, requestId="1", tags=ENDED)["id"]
    project = stack.home / "Pulumi.yaml"
    project.write_text("name: trial\nruntime: yaml\n")
    stack.pulumi("import", RUN, "ready", made, "--yes", "--skip-preview", "--out", "made.yaml")
    project.write_text(project.read_text() + (stack.home / "made.yaml").read_text())
    unchanged = stack.preview()
    assert unchanged.summary == {"same": 2}, unchanged.text
    assert set(stack.counted()) <= {"StartRun", "GetRun"}
