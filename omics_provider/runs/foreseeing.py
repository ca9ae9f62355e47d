"""What an update will find of an interrupted one, told in the preview of it.

A killed update may have started a run that nothing records. The next one takes that run in place of
a start, so a preview that counts a start there would be wrong, and so would its cost. What is found
goes into a hidden input, from which the report on the preview counts. It is there in a preview
alone: a plan that is saved holds the inputs of the update.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from omics_provider.base import errors
from omics_provider.base.values import contains_unknown
from omics_provider.engine import own_state, process
from omics_provider.providers import _host

from . import interrupted
from .rules import table, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from omics_provider.engine.state import StackState

    from .starts import Start

_VERBS: Final = frozenset({"preview", "pre"})


def is_asked() -> bool:
    """Tell whether this process works for `pulumi preview`, and for no plan."""
    is_plan = any(word.startswith("--save-plan") for word in process.command())
    return process.verb() in _VERBS and not is_plan


def note(
    inputs: Mapping[str, Any], make: Callable[[StackState], Start]
) -> dict[str, list[dict[str, Any]]]:
    """Return, as a hidden input, what interrupted starts of a run about to be made have left.

    `make` gives its start with the stack's state. Reads the state once a process, and asks the
    service only where an update was interrupted or has failed.
    """
    state = own_state.readable(inputs)
    own, urn = str(inputs.get(table.ATTEMPT, "")), _host.urn()
    if contains_unknown(inputs) or state is None:
        return {}
    if not (state.failing_since or state.unconfirmed(urn, own)):
        return {}
    try:
        state = own_state.read(inputs, secrets=True)
        found = interrupted.look(make(state), state.unconfirmed(urn, own))
    except errors.OmicsError as error:
        _host.warn(words.unforeseen(error.detail))
        return {}
    if not found:
        return {}
    # One run at most takes its place; the update ends what does not fit.
    told = [(run.live["id"], run.live["status"], run.fits) for run in found]
    _host.warn(words.foreseen(told))
    return {table.LEFT: [{"id": id_, "status": status, "fits": fits} for id_, status, fits in told]}
