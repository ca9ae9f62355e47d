"""Runs that this stack did not start: read with get, taken over with adopt_run_id."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.harness import ACTIVE, ENDED, ROLE, Stack, declaration, is_secret, secret, until


def started_by_hand(stack: Stack, tags: dict[str, str], **arguments: object) -> str:
    """Start a run as a person would, beside any stack, and give its id."""
    answer = stack.service.start_run(
        workflowId="9500764",
        workflowType="READY2RUN",
        roleArn=ROLE,
        outputUri="s3://results/runs",
        parameters={"sample_name": "NA12878"},
        requestId=f"by hand {len(stack.statuses())}",
        tags=tags,
        **arguments,  # type: ignore[arg-type]
    )
    return answer["id"]


def test_get_reads_a_run_and_leaves_it_alone(stack: Stack) -> None:
    run_id = started_by_hand(stack, {**ENDED, "project": "trio"}, name="by hand", priority=3)
    stack.declare({"theirs": {"$get": run_id}})

    _, calls = stack.calls(stack.up)

    assert calls == {"GetRun": 1}
    outputs = stack.recorded("theirs")["outputs"]
    live = stack.service.get_run(id=run_id)
    assert (outputs["uuid"], outputs["status"]) == (live["uuid"], "COMPLETED")
    assert outputs["runOutputUri"] == live["runOutputUri"]
    assert outputs["workflowId"] == "9500764"
    assert outputs["priority"] == 3
    stack.preview("--expect-no-changes")
    _, calls = stack.calls(stack.destroy)
    assert calls.keys() <= {"GetRun"}
    assert stack.service.get_run(id=run_id)["uuid"] == live["uuid"]


def test_get_of_a_run_that_is_not_there_says_so(stack: Stack) -> None:
    stack.declare({"theirs": {"$get": "1234567"}})

    for outcome in (stack.preview(expect=None), stack.up(expect=None)):
        assert "theirs" in outcome.message
        assert "there is no run 1234567 in us-east-1" in outcome.message
        assert "aws omics list-runs" in outcome.message
    assert "StartRun" not in stack.counted()
    assert stack.resources() == []


@pytest.mark.parametrize("on_delete", ["delete", "cancel", "keep"])
def test_an_adopted_run_is_taken_over_and_destroyed_like_any_other(
    stack: Stack, on_delete: str
) -> None:
    run_id = started_by_hand(stack, ACTIVE, name="by hand")
    declared: dict[str, Any] = {"adopt_run_id": run_id, "workflow_id": None, "on_delete": on_delete}
    stack.declare(**declared)

    preview, calls = stack.calls(stack.preview)
    assert preview.summary["create"] == 2
    assert calls == {}
    _, calls = stack.calls(stack.up)

    assert calls == {"GetRun": 1}
    recorded = stack.recorded()
    assert recorded["id"] == run_id
    assert recorded["outputs"]["uuid"] == stack.service.get_run(id=run_id)["uuid"]
    stack.up("--expect-no-changes")
    stack.refresh()
    stack.preview("--expect-no-changes")
    if on_delete == "delete":
        stack.declare(**declared, tags={**ACTIVE, "project": "trio"})
        _, calls = stack.calls(stack.up)
        assert calls["TagResource"] == 1
        assert stack.tags() == {**ACTIVE, "project": "trio"}

    stack.destroy()

    ended = until(stack.statuses, lambda seen: "STOPPING" not in seen.values())
    assert ended == {"delete": {}, "cancel": {run_id: "CANCELLED"}}.get(
        on_delete, {run_id: "RUNNING"}
    )
    assert stack.counted()["StartRun"] == 1


def test_adoption_of_a_run_with_other_inputs_is_refused(stack: Stack) -> None:
    run_id = started_by_hand(stack, ACTIVE, priority=3)
    stack.declare(
        adopt_run_id=run_id,
        workflow_id=None,
        parameters={"sample_name": secret("NA00000-hush")},
        priority=4,
    )

    outcome, calls = stack.calls(lambda: stack.up(expect=None))

    assert calls == {"GetRun": 1}
    assert "NA12878" in outcome.message
    assert f"run {run_id}" in outcome.message
    assert "parameters" in outcome.message
    assert "priority" in outcome.message
    assert "NA00000-hush" not in outcome.text
    assert stack.resources() == []
    assert stack.service.get_run(id=run_id)["status"] in ("PENDING", "STARTING", "RUNNING")


def test_adoption_of_a_run_that_is_not_there_says_so(stack: Stack) -> None:
    stack.declare(adopt_run_id="1234567", workflow_id=None)
    stack.configure(preflight="warn")
    preview, calls = stack.calls(stack.preview)
    assert calls == {"GetRun": 1}
    assert "there is no run 1234567 in us-east-1 to take over" in preview.text

    outcome, calls = stack.calls(lambda: stack.up(expect=None))

    assert calls == {"GetRun": 1}
    assert "there is no run 1234567 in us-east-1" in outcome.message
    assert stack.resources() == []


def test_an_adopted_run_can_be_declared_in_full_and_replaced(stack: Stack) -> None:
    run_id = started_by_hand(stack, ENDED, sessionPolicy='{"Version": "2012-10-17"}')
    session_policy = secret('{"Version": "2012-10-17"}')
    stack.declare(
        adopt_run_id=run_id, workflow_id=None, tags=ENDED, session_policy=session_policy,
        parameters={"sample_name": secret("NA12878")},
    )  # fmt: skip
    stack.up()
    outputs = stack.recorded()["outputs"]
    assert is_secret(outputs["parameters"]["sample_name"])
    assert is_secret(outputs["sessionPolicy"])

    # Once taken over, a run may be declared as if this stack had started it.
    stack.declare(
        tags=ENDED, session_policy=session_policy, parameters={"sample_name": secret("NA12878")}
    )
    assert stack.preview("--expect-no-changes").summary == {"same": 2}

    # And any change of it starts another one in its place.
    stack.declare(
        tags=ENDED, session_policy=session_policy, parameters={"sample_name": secret("NA12891")}
    )
    stack.up()
    assert stack.recorded()["outputs"]["uuid"] != outputs["uuid"]
    assert stack.live()["parameters"] == {"sample_name": "NA12891"}
    assert stack.counted()["StartRun"] == 2


def test_two_declarations_are_two_runs(stack: Stack) -> None:
    stack.declare({"one": declaration(), "other": declaration()})
    stack.up()
    assert len(stack.statuses()) == 2


@pytest.mark.parametrize("at_once", [True, False])
def test_a_run_that_another_resource_has_adopted_outlives_the_one_that_started_it(
    stack: Stack, at_once: bool
) -> None:
    """As where a run gets another name, by adoption in place of an alias."""
    stack.declare({"first": declaration()})
    stack.up()
    run_id, uuid = stack.recorded("first")["id"], stack.recorded("first")["outputs"]["uuid"]
    adopted = declaration(adopt_run_id=run_id, workflow_id=None)
    if not at_once:
        stack.declare({"first": declaration(), "second": adopted})
        stack.up()
    stack.declare({"second": adopted})

    _, calls = stack.calls(stack.up)

    assert not calls.keys() & {"StartRun", "CancelRun", "DeleteRun"}
    (left,) = stack.resources()
    assert (left["urn"].rpartition("::")[2], left["outputs"]["uuid"]) == ("second", uuid)
    assert stack.statuses()[run_id] in ("PENDING", "STARTING", "RUNNING")
    stack.destroy()
    assert stack.statuses() == {}


def test_a_run_that_two_resources_have_adopted_ends_with_both(stack: Stack) -> None:
    run_id = started_by_hand(stack, ACTIVE)
    adopted = declaration(adopt_run_id=run_id, workflow_id=None)
    stack.declare({"one": adopted, "two": adopted})
    stack.up()

    stack.destroy()

    assert stack.statuses() == {}


def test_a_run_that_get_reads_as_well_ends_with_its_resource(stack: Stack) -> None:
    stack.declare({"own": declaration()})
    stack.up()
    reader = {"$get": stack.recorded("own")["id"]}
    stack.declare({"own": declaration(), "reader": reader})
    stack.up()
    stack.declare({"reader": reader})

    _, calls = stack.calls(lambda: stack.up("--target", stack.recorded("own")["urn"]))

    assert calls["CancelRun"] == calls["DeleteRun"] == 1


#: Each run after the ones above it, with a Provider of its own where `$apart` is set.
IN_ORDER = """
import json
import pathlib
from pulumi import ResourceOptions
from omics_provider import OmicsRun, Provider

runs = []
for name, given in json.loads(pathlib.Path("runs.json").read_text()).items():
    apart = Provider("apart", endpoint="local") if given.pop("$apart", False) else None
    opts = ResourceOptions(depends_on=runs[-1:], provider=apart)
    runs.append(OmicsRun(name, **given, opts=opts))
"""


def started_first(stack: Stack, other: dict[str, Any]) -> str:
    """Start two runs, `other` and `first`; give the id of `first`."""
    stack.program(IN_ORDER)
    stack.declare({"other": other, "first": declaration()})
    stack.up()
    run_id: str = stack.recorded("first")["id"]
    return run_id


def test_a_run_adopted_through_another_provider_outlives_the_one_that_started_it(
    stack: Stack,
) -> None:
    """The process of the one has read the state before that of the other adopts the run."""
    other = declaration(parameters={"sample_name": "other"})
    run_id = started_first(stack, other)
    adopted = declaration(adopt_run_id=run_id, workflow_id=None, **{"$apart": True})
    stack.declare({"other": other, "second": adopted})

    _, calls = stack.calls(stack.up)

    assert not calls.keys() & {"StartRun", "CancelRun", "DeleteRun"}
    assert stack.recorded("second")["id"] == run_id


def test_a_run_ends_with_the_last_of_the_resources_that_stand_for_it(stack: Stack) -> None:
    other = declaration(parameters={"sample_name": "other"})
    run_id = started_first(stack, other)
    adopted = declaration(adopt_run_id=run_id, workflow_id=None)
    stack.declare({"other": other, "first": declaration(), "second": adopted})
    stack.up()
    stack.declare({"other": other})
    stack.up()
    assert run_id not in stack.statuses()
