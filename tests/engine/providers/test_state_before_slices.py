"""The state of a stack that the commit before the slices left, taken up by the code of today.

fixtures/before_slices/README.md says how that state was made.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from tests.engine.harness import TYPE, Stack, is_secret, name_of, own_tags

FIXTURE: Final = Path(__file__).parents[1] / "fixtures" / "before_slices"
EXPORTED: Final = (FIXTURE / "state.json").read_text("utf-8")
RECORDED: Final[dict[str, dict[str, Any]]] = {
    name_of(each["urn"]): each
    for each in json.loads(EXPORTED)["deployment"]["resources"]
    if "omics:" in each["type"]
}
READS: Final = {"Get", "List"}
COHORT: Final = "pulumi-python:dynamic/omics:RunBatch"


def service_records(path: Path) -> Path:
    """Make the emulator's file; its time goes on a minute after the records were made."""
    with closing(sqlite3.connect(path)) as file:
        file.executescript((FIXTURE / "emulator.sql").read_text("utf-8"))
        (made,) = file.execute("SELECT max(created) FROM runs").fetchone()
        file.execute(
            "UPDATE meta SET value = json_set(value, '$.clock.real', ?, '$.clock.emulated', ?)"
            " WHERE key = 'settings'",
            (time.time(), made + 60),
        )
        file.commit()
    return path


def bring_in(stack: Stack) -> None:
    """Give the stack the program and the state of that commit."""
    stack.program((FIXTURE / "program.py").read_text("utf-8"))
    shutil.copytree(FIXTURE / "align", stack.home / "align")
    path = stack.home / "state.json"
    path.write_text(EXPORTED.replace("@LOCAL_STATE@", str(stack.emulator_state)))
    stack.pulumi("stack", "import", "--file", str(path))


def declare(stack: Stack, **changes: Any) -> None:
    (stack.home / "changes.json").write_text(json.dumps(changes))


def writes(calls: dict[str, int]) -> dict[str, int]:
    """Give the calls that change something."""
    return {name: n for name, n in calls.items() if not name.startswith(tuple(READS))}


def uuids(stack: Stack) -> dict[str, str]:
    """Give the uuid of each recorded run."""
    return {name_of(each["urn"]): each["outputs"]["uuid"] for each in stack.resources()}


# In `make test` a state of the first release: runs/test_promises_upgrade.py.
@pytest.mark.slow
def test_a_stack_of_the_commit_before_the_slices_goes_on(
    make: Callable[..., Stack], tmp_path: Path
) -> None:
    stack = make("project", emulator_state=service_records(tmp_path / "omics.db"))
    bring_in(stack)
    then = {name: RECORDED[name]["outputs"]["uuid"] for name in ("active", "done")}
    runs = set(stack.statuses())

    declare(stack)
    _, calls = stack.calls(lambda: stack.up("--expect-no-changes"))
    assert writes(calls) == {}

    _, calls = stack.calls(stack.refresh)
    assert writes(calls) == {}
    assert uuids(stack) == then
    assert {name: stack.recorded(name)["outputs"]["status"] for name in then} == {
        "active": "RUNNING",
        "done": "COMPLETED",
    }
    assert is_secret(stack.recorded("done")["outputs"]["parameters"]["token"])

    # Tags are changed in place; `done` is replaced, and its record goes as on_delete says.
    declare(stack, tags={"project": "trio"}, rerun="again")
    _, calls = stack.calls(stack.up)
    assert writes(calls) == {"StartRun": 1, "DeleteRun": 1, "TagResource": 3}
    assert uuids(stack)["active"] == then["active"]
    assert uuids(stack)["done"] != then["done"]
    assert own_tags(stack.live("active")["tags"])["project"] == "trio"
    assert set(stack.statuses()) >= runs - {RECORDED["done"]["id"]}

    _, calls = stack.calls(stack.destroy)
    assert "StartRun" not in calls
    assert calls["CancelRun"] == 1
    assert stack.resources(TYPE) == stack.resources(COHORT) == []
    assert stack.statuses() == {}
    assert "Traceback" not in stack.transcript
