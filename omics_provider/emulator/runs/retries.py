"""Tasks that are tried again: after a fault of the service, twice at most, by WDL and CWL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from omics_provider.emulator.protocol.exceptions import ValidationException
from omics_provider.emulator.world.life import FAILED, Life

TAG: Final = "emulator:retries"
#: The failureReason of a task that the service itself failed.
REASON: Final = "SERVICE_ERROR"
_MOST: Final = 2
_ENGINES: Final = frozenset({"WDL", "WDL_LENIENT", "CWL"})


def planned(tags: Mapping[str, str], engine: str | None, failure: str | None) -> int:
    """Give how many times the last task of a run fails before the time that counts.

    A run's tag says it. A run that fails by a fault of the service has used up all tries.
    """
    asked = tags.get(TAG)
    if asked is None:
        return _MOST if failure == REASON and engine in _ENGINES else 0
    if engine not in _ENGINES:
        raise ValidationException(
            f"The tag {TAG} is for WDL and CWL: tasks of {engine} are not tried again."
        )
    if asked not in map(str, range(_MOST + 1)):
        raise ValidationException(
            f"The tag {TAG} directs the emulator and takes a number up to {_MOST}, not {asked!r}."
        )
    return int(asked)


def tries(life: Life, failed: int) -> list[Life]:
    """Give the life of each try of a task: `failed` ones, and the one that counts.

    Together they take as long as the task.
    """
    many = failed + 1
    span = ((life.ended or life.created) - life.created) / many
    return [
        _moved(life, many, number * span, life.outcome if number == failed else FAILED)
        for number in range(many)
    ]


def _moved(life: Life, many: int, later: float, outcome: str) -> Life:
    def moved(time: float | None) -> float | None:
        return None if time is None else life.created + later + (time - life.created) / many

    return Life(
        life.created + later, moved(life.starting), moved(life.running), moved(life.stopping),
        moved(life.ended), outcome,
    )  # fmt: skip
