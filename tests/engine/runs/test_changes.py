"""Up, again, and changed: what each change of a declaration does to the run."""

from __future__ import annotations

from typing import Any

from tests.engine.harness import ACTIVE, ENDED, ROLE, Stack, declaration, name_of, until

NESTED: dict[str, Any] = {
    "sample_name": "NA12878", "reads": {"lanes": [1, 2], "insert": 350}, "depth": 1.0,
}  # fmt: skip
OPTIONS = {
    "ignore_changes": ["role_arn", "outputUri"],
    "replace_on_changes": ["max_attempts"],
    "additional_secret_outputs": ["run_output_uri"],
}
#: Arguments that a later declaration leaves away.
GIVEN: dict[str, Any] = {
    "name": "trio", "priority": 7, "log_level": "ALL", "retention_mode": "RETAIN", "rerun": "1",
}  # fmt: skip
PROJECT = {**ACTIVE, "project": "trio"}


def first_runs() -> dict[str, Any]:
    """Declare the runs as they are at first."""
    return {
        "same": declaration(),
        "nested": declaration(parameters=NESTED),
        "tagged": declaration(tags={**PROJECT, "owner": "ana"}),
        "let-go": declaration(on_delete="delete"),
        "dropped": declaration(**GIVEN, tags=PROJECT),
        "dropped-other": declaration(**GIVEN, tags=PROJECT),
        "again": declaration(tags=ENDED, rerun={"because": ["truth set", 1]}),
        "back": declaration(parameters={"sample_name": "A"}, on_delete="keep"),
        "options": {**declaration(), "$opts": OPTIONS},
        "forced": declaration(),
    }


def uuids(stack: Stack) -> dict[str, str]:
    """Give the uuid of each recorded run."""
    return {name_of(each["urn"]): each["outputs"]["uuid"] for each in stack.resources()}


def live_uuids(stack: Stack) -> set[str]:
    """Give the uuids of all runs that the service has."""
    return {stack.service.get_run(id=run_id)["uuid"] for run_id in stack.statuses()}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Give the resources that stand for another run than before."""
    return {name for name in after if before.get(name) != after[name]}


def test_each_change_does_what_its_argument_says_and_no_more(stack: Stack) -> None:
    runs = first_runs()
    stack.declare(runs)
    outcome, calls = stack.calls(stack.up)
    assert calls == {"StartRun": 10}
    assert "+ 11 created" in outcome.text
    first = uuids(stack)
    for name in runs:
        recorded, live = stack.recorded(name)["outputs"], stack.live(name)
        assert recorded["status"] == "PENDING", name
        assert (recorded["arn"], recorded["uuid"]) == (live["arn"], live["uuid"]), name
    # A secret of the state is a mapping with its signature.
    assert isinstance(stack.recorded("options")["outputs"]["runOutputUri"], dict)

    # The same again, an argument taken away, and what options ignore: no change, no call.
    runs["dropped"] = runs["dropped-other"] = declaration(tags=None)
    ignored = {"role_arn": f"{ROLE}-2", "output_uri": "s3://results/other"}
    runs["options"] = {**declaration(**ignored), "$opts": OPTIONS}
    stack.declare(runs)
    outcome, calls = stack.calls(lambda: stack.up("--expect-no-changes"))
    assert ("11 unchanged" in outcome.text, calls) == (True, {})
    assert uuids(stack) == first

    # The preview names each change, without a call.
    runs |= {
        "nested": declaration(
            parameters={**NESTED, "reads": {"insert": 351, "lanes": [1, 2]}, "depth": 1}
        ),
        "tagged": declaration(tags={**ACTIVE, "project": "quartet", "owner": "ana"}),
        "again": declaration(tags=ENDED, rerun={"because": ["truth set", 2]}),
        "back": declaration(parameters={"sample_name": "B"}, on_delete="keep"),
        # What was dropped and comes back as it was differs neither; with another value it does.
        "dropped": declaration(tags=None, priority=7),
        "dropped-other": declaration(tags=None, priority=8),
        "options": {**declaration(max_attempts=5, **ignored), "$opts": OPTIONS},
    }
    stack.declare(runs)
    preview, calls = stack.calls(stack.preview)
    assert calls == {}
    assert preview.summary == {"same": 5, "update": 1, "replace": 5}
    steps = preview.steps()
    assert set(steps["update tagged"]["detailedDiff"]) == {"tags.project"}
    assert {
        name: (
            steps[f"replace {name}"]["replaceReasons"],
            set(steps[f"replace {name}"]["detailedDiff"]),
        )
        for name in ("nested", "again", "back", "dropped-other")
    } == {
        "nested": (["parameters"], {"parameters.reads.insert"}),
        "again": (["rerun"], {"rerun.because[1]"}),
        "back": (["parameters"], {"parameters.sample_name"}),
        "dropped-other": (["priority"], {"priority"}),
    }
    assert steps["replace options"]["replaceReasons"] == ["maxAttempts"]

    # Up does it: one start for each run that is replaced, by force as well; the old one ends as
    # its on_delete says. One look, whether a tag's run is still this run; then one call.
    _, calls = stack.calls(lambda: stack.up("--replace", stack.recorded("forced")["urn"]))
    second = uuids(stack)
    replaced = {"nested", "again", "back", "dropped-other", "options", "forced"}
    assert changed(first, second) == replaced
    looks = ("GetRun", "ListRuns")
    assert {name: count for name, count in calls.items() if name not in looks} == {
        "StartRun": 6, "TagResource": 1, "CancelRun": 4, "DeleteRun": 5,
    }  # fmt: skip
    assert live_uuids(stack) == set(second.values()) | {first["back"]}
    assert stack.recorded("nested")["outputs"]["parameters"]["reads"]["insert"] == 351
    assert stack.tags("tagged") == {**ACTIVE, "project": "quartet", "owner": "ana"}
    assert stack.live("again")["parameters"] == {"sample_name": "NA12878"}
    until(lambda: stack.live("forced"), lambda run: run["status"] == "RUNNING")

    # There and back again is a third run; on_delete alone is no call.
    runs["tagged"] = declaration(tags={**ACTIVE, "batch": "7"})
    runs["back"] = declaration(parameters={"sample_name": "A"}, on_delete="keep")
    runs["let-go"] = declaration(on_delete="keep")
    stack.declare(runs)
    _, calls = stack.calls(stack.up)
    assert calls == {
        "ListRuns": 1, "GetRun": 1, "TagResource": 1, "UntagResource": 1, "StartRun": 1,
    }  # fmt: skip
    third = uuids(stack)
    assert changed(second, third) == {"back"}
    assert third["back"] != first["back"]
    assert stack.live("back")["parameters"] == {"sample_name": "A"}
    assert stack.tags("tagged") == {**ACTIVE, "batch": "7"}
    assert stack.recorded("let-go")["outputs"]["onDelete"] == "keep"
    stack.preview("--expect-no-changes")

    # Destroyed and declared again, each is a new run. The service gives the freed ids away again:
    # only the uuid tells old and new apart.
    stack.destroy()
    assert stack.resources() == []
    let_stay = {first["back"], second["back"], third["back"], third["let-go"]}
    assert live_uuids(stack) == let_stay
    _, calls = stack.calls(stack.up)
    assert calls == {"ListRuns": 1, "StartRun": 10}
    assert live_uuids(stack) == let_stay | set(uuids(stack).values())
    assert len(live_uuids(stack)) == 14
