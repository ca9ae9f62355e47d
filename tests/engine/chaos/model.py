"""What must hold of a stack's runs, whatever happened to its updates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..harness import name_of
from .ledger import Event
from .points import Life, OnDelete, Recorded

Key = tuple[str, str]
"""A run's name and the sample that it is declared for."""


@dataclass
class Promise:
    """What the declarations of one stack ask for, so far.

    - `samples`: what is declared now, by name; empty after a destroy.
    - `starts`: how many runs must have been started, by name and sample.
    - `abandoned`: how many more may have been: by updates that were killed and then not repeated.
    """

    on_delete: OnDelete
    life: Life
    samples: dict[str, str] = field(default_factory=dict)
    starts: Counter[Key] = field(default_factory=Counter)
    abandoned: Counter[Key] = field(default_factory=Counter)

    def ask(self, name: str, sample: str) -> None:
        """Ask for a new run of `sample` in the place of `name`."""
        self.samples[name] = sample
        self.starts[name, sample] += 1


class History:
    """The runs of one emulator, as its ledger tells them."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.events = tuple(events)
        self.ours = {e.uuid: e for e in self.events if e.what == "start" and e.marked}
        self.cancelled = self._uuids("cancel")
        self.deleted = self._uuids("delete")

    def ended_by_us(self) -> Iterable[Event]:
        """Give the cancellations, deletions and tags that the stack's updates asked for."""
        return (e for e in self.events if e.foreign and e.what != "start")

    def _uuids(self, what: str) -> frozenset[str]:
        return frozenset(e.uuid for e in self.events if e.what == what)


def always(history: History, state: Recorded, *, ending: bool) -> list[str]:
    """Give what is wrong at any moment; `ending`: runs of the state may be on their way out."""
    wrong = [
        f"WRONG RUN: {e.what} of a stranger's run {e.run_id} ({e.uuid})"
        for e in history.ended_by_us()
        if e.uuid not in history.ours
    ]
    if not ending:
        wrong += [
            f"DEAD: the state's {name_of(r['urn'])} points to run {r['id']}, which is {how}"
            for r in state.declared
            for how, uuids in (("cancelled", history.cancelled), ("deleted", history.deleted))
            if r["outputs"].get("uuid") in uuids
        ]
    return wrong


def settled(promise: Promise, history: History, state: Recorded) -> list[str]:
    """Give what is wrong once an update has gone through."""
    return [
        *always(history, state, ending=False),
        *_recorded(promise, history, state),
        *_started(promise, history),
        *_ended(promise, history, state),
    ]


def _recorded(promise: Promise, history: History, state: Recorded) -> list[str]:
    wrong = []
    names = Counter(name_of(r["urn"]) for r in state.resources)
    if names != Counter(promise.samples.keys()):
        wrong.append(f"STATE: records {dict(names)}, declared are {sorted(promise.samples)}")
    for resource in state.declared:
        name, uuid = name_of(resource["urn"]), resource["outputs"].get("uuid")
        run = history.ours.get(uuid)
        if run is None:
            wrong.append(f"STATE: {name} points to no run that was started for it ({uuid})")
        elif _key(run) != (name, promise.samples.get(name)):
            wrong.append(f"STATE: {name} points to the run of {_key(run)}")
    return wrong


def _started(promise: Promise, history: History) -> list[str]:
    counted = Counter(_key(run) for run in history.ours.values())
    wrong = []
    for key in sorted(counted.keys() | promise.starts.keys()):
        asked, seen = promise.starts[key], counted[key]
        if key in promise.abandoned and seen <= asked + promise.abandoned[key]:
            continue
        if seen != asked:
            kind = "TWICE" if seen > asked else "MISSING"
            wrong.append(f"{kind}: {key[0]} for {key[1]}: {seen} started, {asked} asked for")
    return wrong


def _ended(promise: Promise, history: History, state: Recorded) -> list[str]:
    recorded = state.uuids
    wrong = []
    for uuid, run in history.ours.items():
        cancelled, deleted = uuid in history.cancelled, uuid in history.deleted
        gone = uuid not in recorded
        problem = _end_problem(promise, gone=gone, cancelled=cancelled, deleted=deleted)
        if problem:
            wrong.append(f"{problem}: run {run.run_id} of {_key(run)}")
    return wrong


def _end_problem(promise: Promise, *, gone: bool, cancelled: bool, deleted: bool) -> str:
    if promise.on_delete == "keep":
        return "WRONG DELETE of a run to be kept" if cancelled or deleted else ""
    if not gone:
        return "WRONG DELETE of the declared run" if cancelled or deleted else ""
    if promise.on_delete == "delete":
        return "" if deleted else "LOST: recorded nowhere and not deleted"
    if deleted:
        return "WRONG DELETE of a run to be cancelled only"
    return "" if cancelled or promise.life == "ended" else "LOST: recorded nowhere and active"


def _key(run: Event) -> Key:
    parameters: Mapping[str, Any] = run.request.get("parameters") or {}
    return run.name, str(parameters.get("sample_name"))
