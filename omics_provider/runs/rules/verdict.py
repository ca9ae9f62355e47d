"""What becomes of a recorded run when its declaration is compared with it: one total table.

This is the costliest decision of the package: a replacement starts a run. It is pure. The handler
looks up what it is made of, and stops looking where an earlier row has decided.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from .lifecycle import Fate


class Left(Enum):
    """What interrupted starts of the resource have left behind."""

    NOTHING = "nothing"
    #: Runs for inputs that are no longer declared: the update ends them.
    UNFIT = "unfit"
    #: Among them one that stands for what is declared: it takes the recorded run's place.
    FITS = "fits"


class Evidence(NamedTuple):
    """What a verdict is made of.

    Recorded: `placeholder`, a start whose outcome is not known. Declared: `replaces`, the inputs
    that differ and ask for a new run, and `updates`, those that change in place. Seen:
    `next_attempt`, a rule asks for another attempt or a wait has started it; `left`, what
    interrupted starts have left; `torn`, what an interrupted delete has done to the run; `renamed`,
    the run is marked with an older name of the stack.
    """

    placeholder: bool = False
    replaces: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    next_attempt: bool = False
    left: Left = Left.NOTHING
    torn: Fate | None = None
    renamed: bool = False


class Verdict(Enum):
    """What the next update does with the run."""

    SAME = "same"
    UPDATE = "update"
    REPLACE = "replace"


class Decision(NamedTuple):
    """A verdict and the properties that stand for its reason.

    `is_by_inputs` tells whether the engine can find the change by comparing inputs itself; else no
    input shows it.
    """

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    is_by_inputs: bool = True


#: Properties that a reviewer sees as the reason of a replacement that no input asks for.
UNCONFIRMED = ("startUnconfirmed",)
ENDED = ("status",)


def decide(evidence: Evidence) -> Decision:
    """Return what becomes of the run; the first row that holds decides."""
    by_inputs = bool(evidence.updates)
    if evidence.placeholder:
        return Decision(Verdict.REPLACE, UNCONFIRMED, is_by_inputs=False)
    if evidence.replaces:
        return Decision(Verdict.REPLACE, evidence.replaces)
    if evidence.next_attempt:
        return Decision(Verdict.REPLACE, ENDED, is_by_inputs=False)
    if evidence.left is Left.FITS:
        return Decision(Verdict.REPLACE, UNCONFIRMED, is_by_inputs=by_inputs)
    if evidence.left is Left.UNFIT:
        return Decision(Verdict.UPDATE, is_by_inputs=by_inputs)
    if evidence.torn is Fate.REPLACE:
        return Decision(Verdict.REPLACE, ENDED, is_by_inputs=False)
    if by_inputs:
        return Decision(Verdict.UPDATE)
    if evidence.renamed:
        return Decision(Verdict.UPDATE, is_by_inputs=False)
    return Decision(Verdict.SAME)
