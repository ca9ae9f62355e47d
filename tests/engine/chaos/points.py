"""The moments at which an update is killed: what is arranged for it, and how it is recognised."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from ..harness import Stack
from .ledger import Call, Ledger

Victims = Literal["both", "engine", "plugin", "late plugin"]
OnDelete = Literal["delete", "cancel", "keep"]
Life = Literal["active", "slow to stop", "ended"]
Deed = Literal[
    "up", "change", "rerun", "force", "taint", "switch", "give up", "take back", "destroy"
]  # fmt: skip

#: Seconds between two looks.
_LOOK: Final = 0.02
#: Seconds after which a moment is not waited for any more.
_LATEST: Final = 90.0
_USUAL: Final[frozenset[Victims]] = frozenset({"both", "engine", "plugin"})
#: Also an orphaned plugin that is stopped, and continues after the next update has gone through.
_WITH_LATE: Final[frozenset[Victims]] = _USUAL | frozenset[Victims]({"late plugin"})


@dataclass(frozen=True)
class Situation:
    """What is being done to which kind of run."""

    deed: Deed
    on_delete: OnDelete
    life: Life
    delete_first: bool = False
    waits: bool = False
    blocks: bool = False

    @property
    def creates(self) -> bool:
        return self.deed != "destroy"

    @property
    def looks(self) -> bool:
        """Tell whether an old run is looked at, to be ended."""
        is_blocked = self.blocks and self.holds
        return self.deed != "up" and self.on_delete != "keep" and not is_blocked

    @property
    def cancels(self) -> bool:
        return self.looks and self.life != "ended"

    @property
    def deletes(self) -> bool:
        return self.looks and self.on_delete == "delete" and not self.holds

    @property
    def holds(self) -> bool:
        """Tell whether a wait keeps the update from deleting anything before it is killed."""
        is_held = self.creates and self.life != "ended" and not self.delete_first
        return is_held and (self.waits or self.blocks)


class Watch:
    """What is seen of one command since it began."""

    def __init__(self, stack: Stack, ledger: Ledger) -> None:
        self._stack = stack
        self._ledger = ledger
        self._after = ledger.last_call()
        self._before = recorded(stack)

    def calls(self, operation: str) -> list[Call]:
        return [c for c in self._ledger.calls(self._after) if c.operation == operation]

    def has_read(self) -> bool:
        """Tell whether the engine has read what it reads before the program: runs at work."""
        read = [run for run in self._before.resources if run.get("refreshBeforeUpdate")]
        return len(self.calls("GetRun")) >= len(read)

    def waited(self) -> bool:
        """Tell whether a run was looked at after a cancellation."""
        names = [call.operation for call in self._ledger.calls(self._after)]
        return "CancelRun" in names and "GetRun" in names[names.index("CancelRun") :]

    def creating(self) -> bool:
        """Tell whether the engine has written down a create that it had not before."""
        return bool(recorded(self._stack).creating - self._before.creating)

    def started(self) -> bool:
        """Tell whether a start was answered."""
        return any(call.status == 201 and not call.fault for call in self.calls("StartRun"))

    def saved(self) -> bool:
        """Tell whether a run is recorded that was not before."""
        return bool(recorded(self._stack).uuids - self._before.uuids)


@dataclass(frozen=True)
class Recorded:
    """What the checkpoint says of runs."""

    resources: tuple[Mapping[str, Any], ...]
    creating: frozenset[str]

    @property
    def uuids(self) -> frozenset[str]:
        return frozenset(
            str(r["outputs"]["uuid"]) for r in self.resources if r["outputs"].get("uuid")
        )

    @property
    def declared(self) -> tuple[Mapping[str, Any], ...]:
        """The resources that the state stands for: none that is to be deleted or replaced."""
        return tuple(
            r for r in self.resources if not r.get("delete") and not r.get("pendingReplacement")
        )


def recorded(stack: Stack) -> Recorded:
    """Read the checkpoint; while the engine writes it, look again."""
    for _ in range(50):
        try:
            latest = json.loads(stack.checkpoint)["checkpoint"]["latest"] or {}
            break
        except (FileNotFoundError, json.JSONDecodeError):
            time.sleep(_LOOK)
    else:
        raise AssertionError("the checkpoint can't be read")
    pending = latest.get("pending_operations") or []
    kind = stack.door.type
    runs = [r for r in latest.get("resources") or [] if r["type"] == kind]
    return Recorded(
        tuple(runs),
        frozenset(
            f"{o['resource']['urn']} {o['resource']['inputs'].get('__attempt')}"
            for o in pending
            if o["type"] == "creating" and o["resource"]["type"] == kind
        ),
    )


@dataclass(frozen=True)
class Point:
    """A moment of an update.

    - `fault`: planned at the emulator's `operation` so that the moment lasts, or happens at all.
    - `gate`: no request of the program's resources takes effect before the kill.
    - `seen`: whether the moment is there; None for a random one.
    - `held`: the engine is stopped when the moment is seen, and killed that many seconds later:
      the plugin has answered, and the engine has done nothing with the answer.
    - `after`: so many seconds pass between the moment and the kill.
    """

    name: str
    applies: Callable[[Situation], bool]
    seen: Callable[[Watch], bool] | None = None
    operation: str = ""
    fault: str = ""
    count: int = 1
    gate: bool = False
    held: float = 0.0
    after: float = 0.0
    victims: frozenset[Victims] = _USUAL

    def plans(self, victims: Victims) -> list[dict[str, Any]]:
        """Give the faults to plan. An answer is late enough to be never seen by who is killed."""
        if not self.fault:
            return []
        late = 0.4 if self.held else (2.5 if victims == "engine" else 30.0)
        seconds = {"seconds": late} if self.fault == "slow" else {}
        return [{"operation": self.operation, "fault": self.fault, "count": self.count, **seconds}]


def _at(operation: str) -> Callable[[Watch], bool]:
    return lambda watch: any(call.fault for call in watch.calls(operation))


def _struck(
    name: str,
    operation: str,
    fault: str,
    applies: Callable[[Situation], bool],
    *,
    count: int = 1,
    held: float = 0.0,
    late: bool = False,
) -> Point:
    victims = _WITH_LATE if late else _USUAL
    return Point(
        name, applies, _at(operation), operation, fault, count=count, held=held,
        victims=victims,
    )  # fmt: skip


def _creates_first(situation: Situation) -> bool:
    """Tell whether StartRun is the first call: the gate lets none through."""
    return situation.creates and (situation.deed == "up" or not situation.delete_first)


def _creates(situation: Situation) -> bool:
    return situation.creates


def _looks(situation: Situation) -> bool:
    return situation.looks


def _cancels(situation: Situation) -> bool:
    return situation.cancels


def _deletes(situation: Situation) -> bool:
    return situation.deletes


POINTS: Final[tuple[Point, ...]] = (
    Point("a random moment", lambda _: True),
    Point(
        "before StartRun leaves", _creates_first, Watch.creating, gate=True,
        victims=_WITH_LATE,
    ),
    _struck("StartRun cut before it took effect", "StartRun", "cut-before", _creates, late=True),
    _struck("StartRun throttled", "StartRun", "throttle", _creates, count=2, late=True),
    _struck("StartRun refused with a 500", "StartRun", "error-500", _creates, late=True),
    _struck("StartRun took effect, its answer under way", "StartRun", "slow", _creates),
    _struck(
        "StartRun took effect, its answer lost", "StartRun", "lost-answer", _creates, late=True
    ),
    _struck("StartRun took effect, answered with a 500", "StartRun", "late-500", _creates),
    _struck("StartRun answered, state not saved", "StartRun", "slow", _creates, held=0.8),
    Point(
        "waiting in create",
        lambda s: s.blocks and s.creates and s.life != "ended",
        Watch.started,
        after=1.5,
    ),
    Point("new run saved, old run not yet ended", _looks, Watch.saved),
    _struck("the old run looked at", "GetRun", "slow", _looks),
    _struck("CancelRun cut before it took effect", "CancelRun", "cut-before", _cancels),
    _struck("CancelRun took effect, its answer under way", "CancelRun", "slow", _cancels),
    _struck("CancelRun took effect, its answer lost", "CancelRun", "lost-answer", _cancels),
    Point(
        "waiting for the cancelled run's end",
        lambda s: s.deletes and s.life == "slow to stop",
        Watch.waited,
    ),
    _struck("DeleteRun cut before it took effect", "DeleteRun", "cut-before", _deletes),
    _struck("DeleteRun took effect, its answer under way", "DeleteRun", "slow", _deletes),
    _struck("DeleteRun took effect, its answer lost", "DeleteRun", "lost-answer", _deletes),
    _struck("DeleteRun answered, state not saved", "DeleteRun", "slow", _deletes, held=0.8),
)  # fmt: skip

#: Further ones for an update that takes up an interrupted start.
RECOVERY: Final[tuple[Point, ...]] = (
    POINTS[0],
    _struck("looking for the interrupted start", "ListRuns", "slow", _creates),
    _struck("looking at a candidate", "GetRun", "slow", _creates),
    _struck("an earlier StartRun repeated", "StartRun", "slow", _creates),
    _struck("an earlier StartRun repeated, its answer lost", "StartRun", "lost-answer", _creates),
)


def wait_until(seen: Callable[[], bool], ended: Callable[[], bool]) -> bool:
    """Wait until a moment comes, and tell whether it was before the command ended."""
    end = time.monotonic() + _LATEST
    while time.monotonic() < end and not ended():
        if seen():
            return True
        time.sleep(_LOOK)
    return False


def wait_for(point: Point, watch: Watch, ended: Callable[[], bool], chance: random.Random) -> bool:
    """Wait until the point is reached, and tell whether it was before the command ended."""
    end = time.monotonic() + (chance.uniform(0.4, 3.5) if point.seen is None else _LATEST)
    while time.monotonic() < end:
        if ended():
            return False
        if point.seen is not None and point.seen(watch):
            time.sleep(chance.uniform(0.0, 0.9) if point.gate else point.after)
            return not ended()
        time.sleep(_LOOK)
    return not ended()
