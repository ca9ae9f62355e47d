"""Up, again, and changed: what each change of a declaration does to the run."""

from __future__ import annotations

from tests.engine.harness import ACTIVE, ENDED, ROLE, Stack, declaration, until


def test_the_first_up_starts_one_run_and_the_second_changes_nothing(stack: Stack) -> None:
    stack.declare()

    outcome, calls = stack.calls(stack.up)

    assert calls == {"StartRun": 1}
    assert "+ 2 created" in outcome.text
    recorded = stack.recorded()["outputs"]
    assert recorded["status"] == "PENDING"
    live = stack.live()
    assert (recorded["arn"], recorded["uuid"]) == (live["arn"], live["uuid"])
    assert recorded["runOutputUri"] == live["runOutputUri"]

    preview, calls = stack.calls(lambda: stack.preview("--expect-no-changes"))
    assert calls == {}
    assert preview.summary == {"same": 2}
    again, calls = stack.calls(lambda: stack.up("--expect-no-changes"))
    assert calls == {}
    assert "2 unchanged" in again.text
    assert len(stack.statuses()) == 1


def test_a_changed_parameter_is_named_by_the_preview_and_replaces_the_run(stack: Stack) -> None:
    nested = {"sample_name": "NA12878", "reads": {"lanes": [1, 2], "insert": 350}, "depth": 1.0}
    stack.declare(parameters=nested)
    stack.up()
    first = stack.recorded()

    stack.declare(parameters={**nested, "reads": {"insert": 351, "lanes": [1, 2]}, "depth": 1})
    preview, calls = stack.calls(stack.preview)

    assert calls == {}
    step = preview.steps()["replace NA12878"]
    assert set(step["detailedDiff"]) == {"parameters.reads.insert"}
    assert step["replaceReasons"] == ["parameters"]

    stack.up()

    second = stack.recorded()
    assert second["outputs"]["uuid"] != first["outputs"]["uuid"]
    assert second["outputs"]["parameters"]["reads"]["insert"] == 351
    # The old run was active; on_delete's default ends it and drops its record.
    assert stack.statuses().keys() == {second["id"]}
    assert stack.live()["uuid"] == second["outputs"]["uuid"]
    counted = stack.counted()
    assert {name: counted[name] for name in ("StartRun", "CancelRun", "DeleteRun")} == {
        "StartRun": 2,
        "CancelRun": 1,
        "DeleteRun": 1,
    }


def test_what_is_ignored_or_secret_or_replaces_has_its_name_in_python(stack: Stack) -> None:
    options = {
        "ignore_changes": ["role_arn", "outputUri"],
        "replace_on_changes": ["max_attempts"],
        "additional_secret_outputs": ["run_output_uri"],
    }
    stack.declare({"NA12878": {**declaration(), "$opts": options}})
    stack.up()
    first = stack.recorded()
    # A secret of the state is a mapping with its signature.
    assert isinstance(first["outputs"]["runOutputUri"], dict)

    other = {"role_arn": f"{ROLE}-2", "output_uri": "s3://results/other"}
    stack.declare({"NA12878": {**declaration(**other), "$opts": options}})
    assert stack.preview("--expect-no-changes").summary == {"same": 2}

    stack.declare({"NA12878": {**declaration(max_attempts=5), "$opts": options}})
    assert stack.preview().steps()["replace NA12878"]["replaceReasons"] == ["maxAttempts"]


def test_a_changed_tag_is_one_call_on_the_same_run(stack: Stack) -> None:
    stack.declare(tags={**ACTIVE, "project": "trio", "owner": "ana"})
    stack.up()
    first = stack.recorded()

    stack.declare(tags={**ACTIVE, "project": "quartet", "owner": "ana"})
    step = stack.preview().steps()["update NA12878"]
    assert set(step["detailedDiff"]) == {"tags.project"}
    _, calls = stack.calls(stack.up)

    # One look, whether the run is still this run; then one call.
    assert calls == {"GetRun": 1, "TagResource": 1}
    assert stack.recorded()["id"] == first["id"]
    assert stack.tags() == {**ACTIVE, "project": "quartet", "owner": "ana"}

    stack.declare(tags={**ACTIVE, "batch": "7"})
    _, calls = stack.calls(stack.up)
    assert calls == {"GetRun": 1, "TagResource": 1, "UntagResource": 1}
    assert stack.tags() == {**ACTIVE, "batch": "7"}
    assert stack.recorded()["outputs"]["uuid"] == first["outputs"]["uuid"]

    stack.declare(tags={**ACTIVE, "batch": "7"}, on_delete="keep")
    _, calls = stack.calls(stack.up)
    assert calls == {}
    assert stack.recorded()["outputs"]["onDelete"] == "keep"
    stack.preview("--expect-no-changes")


def test_an_argument_taken_away_is_no_change(stack: Stack) -> None:
    stack.declare(
        name="trio", priority=7, log_level="ALL", retention_mode="RETAIN", rerun="1",
        tags={**ACTIVE, "project": "trio"},
    )  # fmt: skip
    stack.up()
    first = stack.recorded()

    stack.declare(tags=None)
    preview, calls = stack.calls(lambda: stack.preview("--expect-no-changes"))
    assert preview.summary == {"same": 2}
    _, up_calls = stack.calls(lambda: stack.up("--expect-no-changes"))

    assert (calls, up_calls) == ({}, {})
    assert stack.recorded()["outputs"]["uuid"] == first["outputs"]["uuid"]
    # What was dropped and comes back as it was differs neither; with another value it does.
    stack.declare(tags=None, priority=7)
    stack.preview("--expect-no-changes")
    stack.declare(tags=None, priority=8)
    assert stack.preview().steps()["replace NA12878"]["replaceReasons"] == ["priority"]


def test_another_rerun_starts_the_same_again(stack: Stack) -> None:
    stack.declare(tags=ENDED, rerun={"because": ["truth set", 1]})
    stack.up()
    first = stack.recorded()

    stack.declare(tags=ENDED, rerun={"because": ["truth set", 2]})
    step = stack.preview().steps()["replace NA12878"]
    assert step["replaceReasons"] == ["rerun"]
    assert set(step["detailedDiff"]) == {"rerun.because[1]"}
    stack.up()

    second = stack.recorded()
    assert second["outputs"]["uuid"] != first["outputs"]["uuid"]
    assert second["inputs"]["parameters"] == first["inputs"]["parameters"]
    assert stack.statuses().keys() == {second["id"]}


def test_there_and_back_again_is_three_runs(stack: Stack) -> None:
    uuids = set()
    for sample in ("A", "B", "A"):
        stack.declare(parameters={"sample_name": sample}, on_delete="keep")
        stack.up()
        uuids.add(stack.recorded()["outputs"]["uuid"])
        assert stack.live()["parameters"] == {"sample_name": sample}

    assert len(uuids) == 3
    assert len(stack.statuses()) == 3
    assert stack.counted()["StartRun"] == 3
    stack.preview("--expect-no-changes")


def test_a_forced_replacement_is_one_new_run_that_lives(stack: Stack) -> None:
    stack.declare()
    stack.up()
    first = stack.recorded()

    stack.up("--replace", first["urn"])

    second = stack.recorded()
    assert second["outputs"]["uuid"] != first["outputs"]["uuid"]
    assert stack.counted()["StartRun"] == 2
    assert stack.statuses().keys() == {second["id"]}
    until(stack.live, lambda run: run["status"] == "RUNNING")
    stack.preview("--expect-no-changes")


def test_destroy_and_up_again_is_one_new_run(stack: Stack) -> None:
    stack.declare()
    stack.up()
    first = stack.recorded()

    stack.destroy()
    assert stack.statuses() == {}
    assert stack.resources() == []
    stack.up()

    second = stack.recorded()
    # The service gives the freed id away again: only the uuid tells the two runs apart.
    assert second["outputs"]["uuid"] != first["outputs"]["uuid"]
    assert stack.counted()["StartRun"] == 2
    assert stack.statuses().keys() == {second["id"]}


def test_one_changed_run_among_others_is_the_only_one_replaced(stack: Stack) -> None:
    samples = ("NA12878", "NA12891", "NA12892")
    runs = {name: declaration(parameters={"sample_name": name}) for name in samples}
    stack.declare(runs)
    stack.up()
    before = {name: stack.recorded(name)["outputs"]["uuid"] for name in samples}

    runs["NA12891"] = declaration(parameters={"sample_name": "NA12891", "depth": 30})
    stack.declare(runs)
    preview = stack.preview()
    assert preview.summary == {"same": 3, "replace": 1}
    step = preview.steps()["replace NA12891"]
    assert set(step["detailedDiff"]) == {"parameters.depth"}
    _, calls = stack.calls(stack.up)

    assert calls["StartRun"] == 1
    after = {name: stack.recorded(name)["outputs"]["uuid"] for name in samples}
    assert [name for name in samples if after[name] != before[name]] == ["NA12891"]
