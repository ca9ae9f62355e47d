"""Taking over runs that were started elsewhere, and whose a run is that two resources have."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Any

from omics_provider.base import diff, errors, identity
from omics_provider.engine import own_state

from . import destroying
from .rules import lifecycle, table

if TYPE_CHECKING:
    from .calls import Runs
    from .starts import Started

#: uuids of the runs that this process, which is this update, has adopted.
_adopted_here: set[str] = set()


def adopted(runs: Runs, inputs: dict[str, Any]) -> Started:
    """Take over the run of adopt_run_id, with one call, and one or two more for declared tags.

    Raises RunError where it is not there, is another stack's or is not as declared.
    """
    from .starts import Started

    run_id = str(inputs["adoptRunId"])
    live = required(runs, run_id)
    _require_unowned(live, str(inputs.get(table.STACK, "")))
    wrong = [table.BY_WIRE[w].name for w in lifecycle.adoption_mismatch(inputs, live)]
    if wrong:
        raise errors.RunError(
            "Adoption",
            f"run {run_id} was started with another {', '.join(wrong)} than declared",
            advice="Declare what the run was started with, or leave it out. Nothing was done.",
        )
    if "tags" in inputs:
        runs.retag(live["arn"], diff.tag_change(lifecycle.live_tags(live), inputs["tags"]))
    _adopted_here.add(str(live["uuid"]))
    return Started(run_id, lifecycle.adopted(inputs, live))


def is_still_declared(recorded: Mapping[str, Any], made_here: Container[str]) -> bool:
    """Tell whether another resource of the stack stands for this very run: then it stays.

    A run is met twice where a resource has adopted what another one started, or adopted before.
    `made_here` are the uuids of the runs that this process has started or adopted.
    """
    uuid = str(recorded["uuid"])
    # What this process has started is nobody else's yet, unless it has adopted it, too.
    if uuid in (_adopted_here if "requestId" in recorded else made_here):
        return True
    is_adopted = "requestId" not in recorded
    if destroying.is_whole_stack():
        return is_adopted and own_state.read(recorded).keeps_run_in_destroy(uuid)
    if is_adopted:
        return own_state.current(recorded).keeps_run(uuid)
    # Another Provider's process may have adopted it in this update. The last one to go ends it.
    return (
        own_state.readable(recorded) is not None
        and own_state.late(recorded).keeps_run(uuid)
        and own_state.current(recorded).keeps_run(uuid)
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
            advice="Read it with OmicsRun.get. To hand it over, remove it there with "
            'on_delete="keep", then remove its tags '
            f"{identity.START_MARK} and {identity.STACK_MARK}. Nothing was done.",
        )
