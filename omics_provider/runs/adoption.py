"""Taking over runs that were started elsewhere, and whose a run is that two resources have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omics_provider.base import diff, errors, identity, keys
from omics_provider.engine import records
from omics_provider.engine.call import Call

from .calls import Runs
from .rules import lifecycle, run_table
from .starts import Started


def adopted(call: Call, runs: Runs, inputs: dict[str, Any]) -> Started:
    """Take over the run of adopt_run_id, with one call, and one or two more for declared tags.

    Raises RunError where it is not there, is another stack's or is not as declared.
    """
    run_id = str(inputs["adoptRunId"])
    live = required(runs, run_id)
    _require_unowned(live, str(inputs.get(keys.STACK, "")))
    wrong = [run_table.BY_WIRE[w].name for w in lifecycle.adoption_mismatch(inputs, live)]
    if wrong:
        raise errors.RunError(
            "Adoption",
            f"run {run_id} was started with another {', '.join(wrong)} than declared",
            advice="Declare the value that the run was started with, or leave the argument out. "
            "Nothing was done.",
        )
    if "tags" in inputs:
        runs.retag(live["arn"], diff.tag_change(lifecycle.live_tags(live), inputs["tags"]))
    call.update.adopted.add(str(live["uuid"]))
    return Started(run_id, lifecycle.adopted(inputs, live))


def is_still_declared(call: Call, recorded: Mapping[str, Any]) -> bool:
    """Tell whether another resource of the stack stands for this very run: then it stays.

    A run is met twice where a resource has adopted what another one started, or adopted before.
    """
    uuid = str(recorded["uuid"])
    # What this process has started is nobody else's yet, unless it has adopted it, too.
    if uuid in (call.update.adopted if "requestId" in recorded else call.update.made):
        return True
    is_adopted = "requestId" not in recorded
    if call.update.engine.is_whole_destroy:
        return is_adopted and records.read(call, recorded).keeps_run_in_destroy(uuid)
    if is_adopted:
        return records.current(call, recorded).keeps_run(uuid)
    # Another Provider's process may have adopted it in this update. The last one to go ends it.
    return (
        records.readable(call, recorded) is not None
        and records.late(call, recorded).keeps_run(uuid)
        and records.current(call, recorded).keeps_run(uuid)
    )


def required(runs: Runs, run_id: str) -> dict[str, Any]:
    """Return GetRun's answer for a run that must be there. Raises RunError where it is not."""
    live = runs.find(run_id)
    if live is None:
        raise errors.RunError(
            "GetRun",
            f"there is no run {run_id} in {runs.region}",
            advice="Check the id, the Region and the account: `aws omics list-runs` shows them.",
        )
    return live


def _require_unowned(live: Mapping[str, Any], stack: str) -> None:
    """Raise RunError where a run was started for another stack, which may still declare it."""
    owner = identity.Mark.stack_on(live)
    if owner and stack and owner != stack[: identity.MAX_STACK_MARK]:
        raise errors.RunError(
            "Adoption",
            f"run {live['id']} was started by stack {owner}, which may still declare it",
            advice="Read it with the resource's `get`. To hand it over, declare there that a "
            'delete is to "keep" it, and remove it there; then remove its tags '
            f"{identity.START_MARK} and {identity.STACK_MARK}. Nothing was done.",
        )
