"""A state that the first release wrote is used by this one.

fixtures/state-v1.json is what `pulumi stack export` gave of a stack of release 0.1, with no path of
the machine that made it: a run that was done, one that went on, one at its second attempt, one
whose record was gone, an adopted one, one whose start was never confirmed, and one whose create was
interrupted. fixtures/runs-v1.json is what the service knew of them. Neither may ever be written
anew: a later release adds files of its own.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pulumi.dynamic.dynamic import serialize_provider

from omics_provider.providers.run import OmicsRunProvider
from tests.engine.harness import (
    ACTIVE,
    ENDED,
    PROJECT,
    STACK,
    Stack,
    declaration,
    is_secret,
    secret,
)

FIXTURES = Path(__file__).parents[1] / "fixtures"
EXPORTED = (FIXTURES / "state-v1.json").read_text("utf-8")
RUNS: list[dict[str, Any]] = json.loads((FIXTURES / "runs-v1.json").read_text("utf-8"))
RECORDED = {
    each["urn"].rpartition("::")[2]: each
    for each in json.loads(EXPORTED)["deployment"]["resources"]
    if each["type"].endswith("omics:Run")
}
DONE = ("done", "failed", "gone")
SURE = (*DONE, "active", "adopted")


def declared(**tags: str) -> dict[str, dict[str, Any]]:
    """Declare what the stack of the first release declared, with `tags` beside the active run's."""
    service_error = {"emulator:seconds": "0", "emulator:fails": "SERVICE_ERROR"}
    token = secret("a secret of the test")
    return {
        "done": declaration(
            name="done", tags=ENDED, priority=5, log_level="ALL", rerun={"because": ["first", 1]},
            parameters={"sample_name": "NA12878", "depth": 30, "token": token},
        ),
        "active": declaration(
            name="active", tags={**ACTIVE, "project": "trio", **tags}, on_delete="cancel"
        ),
        "failed": declaration(
            name="failed", tags=service_error, rerun_on=["FAILED"], max_attempts=2,
            retry={"attempts": 2},
        ),
        "gone": declaration(name="gone", tags=ENDED),
        "adopted": declaration(
            adopt_run_id=RECORDED["adopted"]["id"], workflow_id=None, workflow_type=None,
            parameters=None, tags=ACTIVE, on_delete="keep",
        ),
        "doubtful": declaration(name="doubtful", parameters={"sample_name": "doubtful"}),
        "interrupted": declaration(name="interrupted", parameters={"sample_name": "interrupted"}),
    }  # fmt: skip


def bring_in(stack: Stack) -> None:
    """Import the state of the first release, and declare the same."""
    path = stack.home / "state-v1.json"
    path.write_text(EXPORTED.replace("@LOCAL_STATE@", str(stack.emulator_state)))
    stack.pulumi("stack", "import", "--file", str(path))
    # An import throws the engine's notes of interrupted creates away; an upgrade does not.
    checkpoint = stack.home / "backend" / ".pulumi" / "stacks" / PROJECT / f"{STACK}.json"
    kept = json.loads(checkpoint.read_text())
    pending = json.loads(EXPORTED)["deployment"]["pending_operations"]
    kept["checkpoint"]["latest"]["pending_operations"] = pending
    checkpoint.write_text(json.dumps(kept))
    stack.declare(declared())


def plant(stack: Stack) -> None:
    """Have the service know the runs of the first release, under their ids and uuids."""
    made = {
        run["uuid"]: stack.service.start_run(**run["request"], requestId=run["uuid"])["uuid"]
        for run in RUNS
    }
    with closing(sqlite3.connect(stack.emulator_state, timeout=30)) as file, file:
        file.execute("UPDATE runs SET id = 'made ' || id")
        for run in RUNS:
            changed = file.execute(
                "UPDATE runs SET id = ?, uuid = ? WHERE uuid = ?",
                (run["id"], run["uuid"], made[run["uuid"]]),
            )
            assert changed.rowcount == 1


def uuid(name: str) -> str:
    """Give the uuid of the run that was started for resource `name`."""
    (found,) = (r["uuid"] for r in RUNS if r["request"].get("name") == name)
    return str(found)


def test_the_provider_of_every_state_is_the_one_of_today() -> None:
    recorded = {each[half]["__provider"] for each in RECORDED.values() for half in ("inputs",)}
    assert recorded == {serialize_provider(OmicsRunProvider())}
    assert {each["outputs"]["stateVersion"] for each in RECORDED.values()} == {1}


def test_a_stack_of_the_first_release_goes_on(stack: Stack) -> None:
    plant(stack)
    bring_in(stack)

    preview = stack.preview()
    # The stack itself and the five sure runs stay; the doubtful start is resolved, the interrupted
    # one taken up.
    assert preview.summary == {"same": len(SURE) + 1, "replace": 1, "create": 1}
    assert preview.steps().keys() >= {"replace doubtful", "create interrupted"}
    assert preview.warnings.keys() == {"failed"}
    assert "All 2 attempts are used." in preview.warnings["failed"]

    _, calls = stack.calls(stack.up)
    # The doubtful request may be sent again: it is the same.
    assert calls.get("CancelRun", 0) == calls.get("DeleteRun", 0) == 0
    assert len(stack.statuses()) == len(RUNS)
    for name in ("doubtful", "interrupted"):
        assert stack.recorded(name)["outputs"]["uuid"] == uuid(name)
    for name in SURE:
        assert stack.recorded(name)["id"] == RECORDED[name]["id"]

    stack.refresh()
    for name in SURE:
        now, then = stack.recorded(name)["outputs"], RECORDED[name]["outputs"]
        same = {"uuid", "arn", "attempts", "earlierAttempts", "recordGone", "requestId", "rerun"}
        assert {k: now.get(k) for k in same} == {k: then.get(k) for k in same}
    assert is_secret(stack.recorded("done")["outputs"]["parameters"]["token"])
    stack.preview("--expect-no-changes")

    stack.declare(declared(project="quartet"))
    _, calls = stack.calls(stack.up)
    assert calls == {"GetRun": 1, "TagResource": 1}

    stack.destroy()
    assert stack.resources() == []
    left = {run["uuid"] for run in RUNS} & {
        stack.service.get_run(id=run_id)["uuid"] for run_id in stack.statuses()
    }
    assert left == {uuid("active"), uuid("by hand")}


@pytest.mark.slow
def test_a_stack_of_the_first_release_whose_runs_are_gone_stays_quiet(stack: Stack) -> None:
    bring_in(stack)
    targets = [part for name in SURE for part in ("--target", RECORDED[name]["urn"])]
    everything = (*SURE, "doubtful")
    all_of_them = [part for name in everything for part in ("--target", RECORDED[name]["urn"])]

    preview, calls = stack.calls(lambda: stack.preview(*targets, "--expect-no-changes"))
    assert calls == {}
    assert preview.warnings.keys() == {"failed"}
    stack.refresh(*all_of_them)
    for name in SURE:
        outputs, then = stack.recorded(name)["outputs"], RECORDED[name]["outputs"]
        assert outputs["recordGone"] is True
        assert outputs["status"] == (then["status"] if name in DONE else "DELETED")
        assert outputs["uuid"] == then["uuid"]
    assert stack.recorded("doubtful")["id"] == RECORDED["doubtful"]["id"]

    stack.declare(declared(project="quartet"))
    _, calls = stack.calls(lambda: stack.up(*targets))
    # A wait may have carried out the retry of one that is gone: its attempt is looked for.
    assert calls.keys() <= {"GetRun", "ListRuns"}

    _, calls = stack.calls(stack.destroy)
    assert calls.keys() <= {"GetRun", "ListRuns"}
    assert stack.resources() == []
    assert stack.statuses() == {}
