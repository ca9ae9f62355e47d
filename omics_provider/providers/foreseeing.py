"""What an update will find of an interrupted one, told in the preview of it.

A killed update may have started a run that nothing records. The next one takes that run in place of
a start, so a preview that counts a start there would be wrong, and so would its cost. What is found
goes into a hidden input, from which the report on the preview counts. It is there in a preview
alone: a plan that is saved holds the inputs of the update.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from omics_provider.core import errors, facts, fields
from omics_provider.core.values import contains_unknown

from . import engine_process, host, left_behind, own_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from omics_provider.core.recorded import StackState

    from .starting import Start

_VERBS: Final = frozenset({"preview", "pre"})


def is_asked() -> bool:
    """Tell whether this process works for `pulumi preview`, and for no plan."""
    is_plan = any(word.startswith("--save-plan") for word in engine_process.command())
    return engine_process.verb() in _VERBS and not is_plan


def note(
    inputs: Mapping[str, Any], make: Callable[[StackState], Start]
) -> dict[str, list[dict[str, Any]]]:
    """Return, as a hidden input, what interrupted starts of a run about to be made have left.

    `make` gives its start with the stack's state. Reads the state once a process, and asks the
    service only where an update was interrupted or has failed.
    """
    state = own_state.readable(inputs)
    own, urn = str(inputs.get(fields.ATTEMPT, "")), host.urn()
    if contains_unknown(inputs) or state is None:
        return {}
    if not (state.failing_since or state.unconfirmed(urn, own)):
        return {}
    try:
        state = own_state.read(inputs, secrets=True)
        found = left_behind.look(make(state), state.unconfirmed(urn, own))
    except errors.OmicsError as error:
        host.warn(facts.unforeseen(error.detail))
        return {}
    if not found:
        return {}
    # One run at most takes its place; the update ends what does not fit.
    told = [(run.live["id"], run.live["status"], run.fits) for run in found]
    host.warn(facts.foreseen(told))
    return {
        fields.LEFT: [{"id": id_, "status": status, "fits": fits} for id_, status, fits in told]
    }
