"""A create that a kill has left in the state, and the import of what it has made."""

from __future__ import annotations

import json

import pytest

from tests.engine.harness import ACTIVE, Stack
from tests.engine.native.declared import COSTLY, PROGRAM, RUN, declare, import_file, run


@pytest.mark.slow
def test_what_a_killed_create_has_made_is_imported_and_nothing_starts(stack: Stack) -> None:
    stack.program(PROGRAM)
    declare(stack, {"one": {"type": RUN, "properties": run(tags=ACTIVE)}})
    stack.up()
    (made,) = stack.resources(RUN)
    # What a kill leaves behind StartRun: the engine's note of the create, and no resource.
    export = json.loads(stack.pulumi("stack", "export").stdout)
    deployment = export["deployment"]
    resources = deployment["resources"]
    deployment["resources"] = [each for each in resources if each["type"] != RUN]
    note = {key: made[key] for key in ("urn", "custom", "type", "inputs", "parent", "provider")}
    deployment["pending_operations"] = [{"resource": note, "type": "creating"}]
    (stack.home / "killed.json").write_text(json.dumps(export))
    stack.pulumi("stack", "import", "--file", "killed.json")

    def recover() -> None:
        file = import_file(stack, {"one": (RUN, made["id"])})
        stack.pulumi("import", "--file", file, "--yes", "--skip-preview", "--generate-code=false")
        stack.up()

    _, counted = stack.calls(recover)
    assert not COSTLY & counted.keys(), counted
    (found,) = stack.resources(RUN)
    assert (found["id"], found["outputs"]["uuid"]) == (made["id"], made["outputs"]["uuid"])
    assert found["outputs"]["requestId"] == made["outputs"]["requestId"]
    # It is the run of the resource's own start again: a search for what a failed update has left
    # does not take it for one that nothing records.
    declare(stack, {"one": {"type": RUN, "properties": run(tags=ACTIVE, priority=-1)}})
    stack.up(expect=None)
    declare(stack, {"one": {"type": RUN, "properties": run(tags=ACTIVE)}})
    _, counted = stack.calls(stack.up)
    assert not COSTLY & counted.keys(), counted
