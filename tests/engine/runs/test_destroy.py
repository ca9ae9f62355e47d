"""Destroy: what becomes of a run, for each on_delete, from each state."""

from __future__ import annotations

from tests.engine.harness import ACTIVE, ENDED, FAILED, Stack, declaration, name_of, until

LIVES = {"active": ACTIVE, "completed": ENDED, "failed": FAILED, "gone": ENDED}
#: What a run of each name is in the end; the others are deleted.
LEFT = {
    "active-cancel": "CANCELLED",
    "completed-cancel": "COMPLETED",
    "completed-keep": "COMPLETED",
    "failed-cancel": "FAILED",
    "failed-keep": "FAILED",
}
GOES_ON = ("PENDING", "STARTING", "RUNNING")


def test_destroy_ends_each_run_as_its_on_delete_says_and_its_live_status(stack: Stack) -> None:
    stack.declare(
        {
            f"{life}-{on_delete}": declaration(tags=tags, on_delete=on_delete)
            for life, tags in LIVES.items()
            for on_delete in ("delete", "cancel", "keep")
        }
    )
    stack.up()
    names = {each["id"]: name_of(each["urn"]) for each in stack.resources()}
    assert len(names) == 12
    # The state knows of no end: what is done follows from the live status.
    assert {each["outputs"]["status"] for each in stack.resources()} == {"PENDING"}
    for run_id, name in names.items():
        if name.startswith("gone-"):
            stack.service.delete_run(id=run_id)

    outcome, calls = stack.calls(stack.destroy)

    assert stack.resources() == []
    left = until(
        lambda: {names[run_id]: status for run_id, status in stack.statuses().items()},
        lambda seen: seen.get("active-cancel") != "STOPPING",
    )
    goes_on = left.pop("active-keep", "gone")
    assert left == LEFT
    assert goes_on in GOES_ON
    assert calls["CancelRun"] == 2
    assert calls["DeleteRun"] == 3
    # One page tells which of the recorded runs are still active: those are cancelled first.
    assert calls["ListRuns"] == 1
    assert set(calls) == {"ListRuns", "GetRun", "CancelRun", "DeleteRun"}
    # That a run is gone already is no news.
    for word in ("error", "warning"):
        assert word not in outcome.text.lower()


def test_a_replaced_run_ends_as_its_own_on_delete_says(stack: Stack) -> None:
    both = {name: declaration(on_delete=name) for name in ("cancel", "keep")}
    stack.declare(both)
    stack.up()
    first = {name: stack.recorded(name)["id"] for name in both}

    other = {"parameters": {"sample_name": "NA12891"}}
    stack.declare({name: {**run, **other} for name, run in both.items()})
    stack.up()

    second = {name: stack.recorded(name)["id"] for name in both}
    assert stack.statuses().keys() == {*first.values(), *second.values()}
    assert len(stack.statuses()) == 4
    until(stack.statuses, lambda seen: seen[first["cancel"]] == "CANCELLED")
    for goes_on in (first["keep"], *second.values()):
        assert stack.statuses()[goes_on] in GOES_ON
