"""Runs that this stack did not start: read with get, taken over with adopt_run_id."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.harness import ACTIVE, ENDED, ROLE, Stack, declaration, is_secret, secret, until

WORKING = ("PENDING", "STARTING", "RUNNING")
POLICY = '{"Version": "2012-10-17"}'


def started_by_hand(stack: Stack, tags: dict[str, str] = ACTIVE, **arguments: object) -> str:
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


def adopting(run_id: str, **arguments: Any) -> dict[str, Any]:
    """Declare that the resource takes over this run."""
    return declaration(**{"adopt_run_id": run_id, "workflow_id": None, **arguments})


def in_full(**arguments: Any) -> dict[str, Any]:
    """Declare a run that has ended with all that it was started with."""
    parameters = {"sample_name": secret("NA12878")}
    policy = secret(POLICY)
    return declaration(
        **{"tags": ENDED, "session_policy": policy, "parameters": parameters, **arguments}
    )


def test_a_run_that_is_read_is_left_alone_and_an_adopted_one_is_like_any_other(
    stack: Stack,
) -> None:
    ids = {
        "theirs": started_by_hand(stack, {**ENDED, "project": "trio"}, name="by hand", priority=3),
        "whole": started_by_hand(stack, ENDED, sessionPolicy=POLICY),
        **{name: started_by_hand(stack) for name in ("delete", "cancel", "keep", "shared")},
    }
    uuids = {name: stack.service.get_run(id=run_id)["uuid"] for name, run_id in ids.items()}
    adopted = {
        **{name: adopting(ids[name], on_delete=name) for name in ("delete", "cancel", "keep")},
        "one": adopting(ids["shared"]),
        "two": adopting(ids["shared"]),
    }
    theirs = {"theirs": {"$get": ids["theirs"]}}
    whole = in_full(adopt_run_id=ids["whole"], workflow_id=None)
    stack.declare({**adopted, "whole": whole})

    # A preview of adoptions asks nobody.
    preview, calls = stack.calls(stack.preview)
    assert (preview.summary, calls) == ({"create": 7}, {})

    stack.declare({**theirs, **adopted, "whole": whole})
    _, calls = stack.calls(stack.up)
    assert calls == {"GetRun": 7}
    for name in ("delete", "cancel", "keep", "theirs"):
        assert stack.recorded(name)["id"] == ids[name], name
        assert stack.recorded(name)["outputs"]["uuid"] == uuids[name], name
    live = stack.service.get_run(id=ids["theirs"])
    outputs = stack.recorded("theirs")["outputs"]
    assert outputs["status"] == "COMPLETED"
    assert outputs["runOutputUri"] == live["runOutputUri"]
    assert (outputs["workflowId"], outputs["priority"]) == ("9500764", 3)
    outputs = stack.recorded("whole")["outputs"]
    assert is_secret(outputs["parameters"]["sample_name"])
    assert is_secret(outputs["sessionPolicy"])

    # No difference, even where a run is now declared as if this stack had started it.
    stack.refresh()
    stack.declare({**theirs, **adopted, "whole": in_full()})
    preview = stack.preview("--expect-no-changes")
    assert preview.summary["same"] == 7

    # A changed tag goes to the adopted run; another input starts another run in its place.
    adopted["delete"]["tags"] = {**ACTIVE, "project": "trio"}
    stack.declare(
        {**theirs, **adopted, "whole": in_full(parameters={"sample_name": secret("NA12891")})}
    )
    _, calls = stack.calls(stack.up)
    assert (calls["TagResource"], calls["StartRun"]) == (1, 1)
    assert stack.tags("delete") == {**ACTIVE, "project": "trio"}
    assert stack.recorded("whole")["outputs"]["uuid"] != uuids["whole"]
    assert stack.live("whole")["parameters"] == {"sample_name": "NA12891"}

    # Each ends as its on_delete says. What two have adopted ends, what was read stays.
    _, calls = stack.calls(stack.destroy)
    assert calls.get("StartRun", 0) == 0
    left = until(stack.statuses, lambda seen: "STOPPING" not in seen.values())
    assert left == {
        ids["theirs"]: "COMPLETED",
        ids["cancel"]: "CANCELLED",
        ids["keep"]: "RUNNING",
    }
    assert stack.service.get_run(id=ids["theirs"])["uuid"] == uuids["theirs"]


# In `make test`: tests/provider/runs/test_run.py.
@pytest.mark.slow
def test_what_can_not_be_read_or_adopted_is_told_and_nothing_starts(stack: Stack) -> None:
    run_id = started_by_hand(stack, priority=3)
    hushed = {"sample_name": secret("NA00000-hush")}
    adoptions = {
        "missing": adopting("7654321"),
        "other": adopting(run_id, parameters=hushed, priority=4),
    }
    stack.declare(adoptions)
    stack.configure(preflight="warn")
    assert "there is no run 7654321 in us-east-1 to take over" in stack.preview().text

    outcome, calls = stack.calls(lambda: stack.up("--continue-on-error", expect=None))

    assert calls == {"GetRun": 2}
    for words in (
        "there is no run 7654321 in us-east-1",
        f"run {run_id} was started with another priority, parameters",
        "run missing",
        "run other",
    ):
        assert words in outcome.message, words
    assert "NA00000-hush" not in outcome.text
    assert stack.resources() == []
    assert stack.service.get_run(id=run_id)["status"] in WORKING

    stack.declare({"theirs": {"$get": "1234567"}})
    outcome = stack.preview(expect=None)
    for words in ("theirs", "there is no run 1234567 in us-east-1", "aws omics list-runs"):
        assert words in outcome.message, words
    assert stack.counted()["StartRun"] == 1  # by hand


#: Each run after the ones above it, with a Provider of its own where `$apart` is set.
IN_ORDER = """
import json
import pathlib
from pulumi import ResourceOptions
from omics_provider import OmicsRun, Provider

runs = []
for name, given in json.loads(pathlib.Path("runs.json").read_text()).items():
    if "$get" in given:
        OmicsRun.get(name, given["$get"])
        continue
    apart = Provider("apart", endpoint="local") if given.pop("$apart", False) else None
    opts = ResourceOptions(depends_on=runs[-1:], provider=apart)
    runs.append(OmicsRun(name, **given, opts=opts))
"""


def ended_or_started(calls: dict[str, int]) -> dict[str, int]:
    """Give how many runs the calls started, cancelled and deleted."""
    return {name: calls.get(name, 0) for name in ("StartRun", "CancelRun", "DeleteRun")}


def test_a_run_ends_with_the_last_resource_that_stands_for_it(stack: Stack) -> None:
    """As where a run gets another name, by adoption in place of an alias."""
    stack.program(IN_ORDER)
    first = ("other", "both", "later", "read", "apart", "at-once")
    stack.declare({name: declaration() for name in first})
    stack.up()
    # The declarations are alike; still each has a run of its own.
    ids = {name: stack.recorded(name)["id"] for name in first}
    uuids = {name: stack.recorded(name)["outputs"]["uuid"] for name in first}
    assert len(set(uuids.values())) == len(stack.statuses()) == 6
    reader = {"$get": ids["read"]}

    def declare(*names: str, **more: dict[str, Any]) -> None:
        """Declare these in their order: a name with -2 adopts what the one without started."""
        runs = {
            name: adopting(ids[name.removesuffix("-2")]) if "-2" in name else declaration()
            for name in names
        }
        stack.declare(runs | more)

    # Adopted under another name, at once or beside the first name: it goes on.
    beside = ("other", "both", "both-2", "later", "later-2", "read", "apart", "at-once-2")
    declare(*beside, reader=reader)
    _, calls = stack.calls(stack.up)
    assert ended_or_started(calls) == {"StartRun": 0, "CancelRun": 0, "DeleteRun": 0}
    assert stack.recorded("at-once-2")["outputs"]["uuid"] == uuids["at-once"]

    # Without the first name as well, or without any: then it ends. Who only reads keeps nothing.
    declare("other", "later-2", "apart", "at-once-2", reader=reader)
    _, calls = stack.calls(stack.up)
    assert ended_or_started(calls) == {"StartRun": 0, "CancelRun": 2, "DeleteRun": 2}
    left = stack.statuses()
    assert left.keys() == {ids[name] for name in ("other", "later", "apart", "at-once")}
    assert set(left.values()) <= set(WORKING)
    assert stack.recorded("later-2")["outputs"]["uuid"] == uuids["later"]

    # Adopted through another provider. The process of the first one, which ends runs, has read
    # the state before that of the other adopts this one.
    moved = adopting(ids["apart"], **{"$apart": True})
    declare("other", "later-2", "at-once-2", moved=moved)
    _, calls = stack.calls(stack.up)
    assert ended_or_started(calls) == {"StartRun": 0, "CancelRun": 0, "DeleteRun": 0}
    assert stack.recorded("moved")["outputs"]["uuid"] == uuids["apart"]

    stack.destroy()
    assert stack.statuses() == {}
