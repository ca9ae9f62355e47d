"""What is recorded of a resource of which only the id was known."""

from __future__ import annotations

from typing import Any

import pytest

from omics_provider.base.identity import Mark
from omics_provider.engine.call import Call, Recorded
from omics_provider.engine.update import Update
from omics_provider.native import imported
from omics_provider.native.kinds import KINDS
from omics_provider.runs.rules import lifecycle
from omics_provider.shared.rules import lasting, tables

STACK = "organization/trial/dev"
URN = "urn:pulumi:dev::trial::omics:index:Run::one"
HANDLER = KINDS["omics:index:Run"].handler
LIVE = {
    "id": "1234567",
    "arn": "arn:aws:omics:us-east-1:123456789012:run/1234567",
    "uuid": "u",
    "status": "COMPLETED",
    "workflowId": "7654321",
    "workflowType": "PRIVATE",
    "roleArn": "arn:aws:iam::123456789012:role/r",
    "outputUri": "s3://bucket/o",
    "parameters": {"a": 1},
    "storageType": "STATIC",
    "storageCapacity": 1200,
    "tags": {"aws:x": "1", "mine": "2", "omics-provider:stack": "other/p/s"},
}


def read(**more: Any) -> Recorded:
    live = {key: each for key, each in {**LIVE, **more}.items() if each is not None}
    call, known = Call(Update(), urn=URN), {"__stack": STACK}
    now = Recorded("1234567", lifecycle.looked_up(known, live, URN))
    return imported.with_inputs(HANDLER, call, now, known)


def inputs(**more: Any) -> dict[str, Any]:
    found = read(**more).inputs
    assert found is not None
    return found


def test_inputs_are_all_that_is_told_with_the_defaults() -> None:
    told = ("workflowId", "workflowType", "roleArn", "outputUri", "parameters")
    assert inputs() == {
        **{wire: LIVE[wire] for wire in told},
        "storageType": "STATIC",
        "storageCapacity": 1200,
        "tags": {"mine": "2"},
        "onDelete": "delete",
        "__stack": STACK,
    }


@pytest.mark.parametrize(
    ("more", "left_out"),
    [
        ({"workflowType": "READY2RUN"}, {"storageType", "storageCapacity"}),
        ({"storageType": "DYNAMIC"}, {"storageCapacity"}),
        # The run itself, or the one that it copies: either may be gone.
        ({"runId": "7654321"}, set()),
        ({"name": None, "priority": 5}, set()),
    ],
)
def test_what_no_declaration_may_say_is_left_out(more: Any, left_out: set[str]) -> None:
    found = read(**more)
    assert found.inputs is not None
    assert "runId" not in found.inputs
    assert "__attempt" not in found.inputs
    assert not left_out & found.inputs.keys()
    # A program that declares these inputs changes nothing, and asks for nothing new.
    call = Call(Update(), urn=URN)
    checked = HANDLER.check(call, found.inputs, dict(found.inputs))
    assert checked.failures == ()
    assert checked.inputs == found.inputs
    assert HANDLER.diff(call, found.id, found.outputs, checked.inputs).changes is False


@pytest.mark.parametrize(
    ("stack", "urn", "token"),
    [(STACK, URN, "t"), (STACK, URN.replace("one", "two"), None), ("other/trial/dev", URN, None)],
)
def test_a_run_of_this_very_resource_is_its_own_again(
    stack: str, urn: str, token: str | None
) -> None:
    live = {**LIVE, "tags": Mark.of(stack, urn, "t").tags(stack)}
    assert lifecycle.looked_up({"__stack": STACK}, live, URN).get("requestId") == token
    found = lasting.looked_up(tables.GROUP, {"__stack": STACK}, live, URN)
    assert found.get("__settled") == (token and [token])
