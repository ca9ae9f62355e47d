"""What both doors tell of their looks."""

from __future__ import annotations

from collections import Counter
from typing import Final

from omics_provider.base.words import some

from .answers import Answers, Unseen

HEADLINE: Final = "Preflight"


def unseen(answers: Answers) -> dict[str, bool]:
    """Say what could not be looked up, once a reason, and whether a start fails of it, too."""
    kinds: dict[str, Counter[str]] = {}
    stops: dict[str, bool] = {}
    for look, answer in answers.items():
        if isinstance(answer, Unseen):
            kinds.setdefault(answer.why, Counter())[look.kind.value] += 1
            stops[answer.why] = stops.get(answer.why, False) or answer.stops
    return {
        f"{some(list(counts))} could not be checked: {why}.": stops[why]
        for why, counts in kinds.items()
    }


def blind(error: Exception) -> str:
    """Say that nothing could be looked up, and why."""
    return f"no check was possible. {error}"
