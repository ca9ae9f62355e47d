"""Which episodes a campaign plays: the same for the same seed, every point in its turn."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ..doors import DYNAMIC, NATIVE, Door
from .episode import RequestId, Setting, Step
from .points import POINTS, RECOVERY, Deed, Life, OnDelete, Point, Situation, Victims

_REQUEST_IDS: Final[tuple[RequestId, ...]] = ("replay", "conflict", "forget")
_KINDS: Final[tuple[tuple[OnDelete, Life, bool], ...]] = (
    ("delete", "active", False),
    ("delete", "slow to stop", False),
    ("cancel", "active", False),
    ("delete", "ended", False),
    ("keep", "active", False),
    ("delete", "active", True),
    ("cancel", "ended", False),
    ("keep", "ended", False),
)
_CHANGES: Final[tuple[Deed, ...]] = (
    "change", "force", "taint", "rerun", "switch", "give up", "take back",
)  # fmt: skip
#: What follows is another command: there is nothing to kill again.
_ONCE: Final[frozenset[Deed]] = frozenset({"give up", "take back"})


@dataclass(frozen=True)
class Play:
    """One episode to play: its label is the seed of everything random in it."""

    label: str
    setting: Setting
    steps: tuple[Step, ...]


class _Dealer:
    """Deals points and victims: of those that apply, the one that was dealt least."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._dealt: Counter[tuple[str, Victims]] = Counter()

    def kill(self, points: tuple[Point, ...], situation: Situation) -> tuple[Point, Victims]:
        choices = [(p, v) for p in points if p.applies(situation) for v in sorted(p.victims)]
        self._chance.shuffle(choices)
        point, victims = min(choices, key=lambda c: self._dealt[c[0].name, c[1]])
        self._dealt[point.name, victims] += 1
        return point, victims


def plays(seed: int, *, changes: int = 3, door: Door = DYNAMIC) -> Iterator[Play]:
    """Give episodes without end: up, `changes` changes, destroy, up, each killed once or more.

    What waits is a program of the first door, and a create of the native one.
    """
    chance = random.Random(seed)
    dealer = _Dealer(chance)
    # Three and eight have no common divisor: every pair comes up once in 24 episodes.
    pairs = zip(itertools.cycle(_REQUEST_IDS), itertools.cycle(_KINDS))
    for number, (request_id, (on_delete, life, delete_first)) in enumerate(pairs):
        # Five and seven have no common divisor with those: each meets every pair.
        setting = Setting(
            request_id, on_delete, life, runs=chance.randint(1, 3), delete_first=delete_first,
            waits=door is DYNAMIC and number % 5 in (1, 3),
            blocks=door is NATIVE and number % 5 in (1, 3), main=number % 7 in (2, 4, 5),
            door=door,
        )  # fmt: skip
        # Deleted first, the old run is gone before the new one is thought of: no way back.
        possible = [deed for deed in _CHANGES if not (delete_first and deed in _ONCE)]
        deeds: tuple[Deed, ...] = (
            "up", *chance.sample(possible, changes), "destroy", "up",
        )  # fmt: skip
        steps = []
        for deed in deeds:
            situation = Situation(
                deed, on_delete, life, delete_first, setting.waits, setting.blocks
            )
            kills = [dealer.kill(POINTS, situation)]
            again = situation.creates and deed not in _ONCE
            while again and chance.random() < 0.4 and len(kills) < 3:
                kills.append(dealer.kill(RECOVERY, situation))
            steps.append(Step(deed, tuple(kills)))
        yield Play(f"{seed}-{number}", setting, tuple(steps))
