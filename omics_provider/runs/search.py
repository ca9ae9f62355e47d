"""What earlier starts of a resource have made, found by its mark in the tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, Protocol

from omics_provider.base.identity import Mark, retry_number
from omics_provider.base.keys import NAME, STACK
from omics_provider.engine.call import Call
from omics_provider.engine.state import EarlierStart, StackState
from omics_provider.engine.urn import stack_name, urn_in, urn_name

Live = dict[str, Any]
Item = Mapping[str, Any]


class Held(NamedTuple):
    """Listed items by who records them; those of several resources are left out."""

    by_none: list[Item]
    by_one: dict[str, list[Item]]

    @staticmethod
    def of(items: Iterable[Item], state: StackState) -> Held:
        """Ask the stack's state for who records each item."""
        found = Held([], {})
        for each in items:
            holders = state.holders(str(each["id"])) | state.holders(str(each.get("arn")))
            if not holders:
                found.by_none.append(each)
            elif len(holders) == 1:
                found.by_one.setdefault(next(iter(holders)), []).append(each)
        return found

    def by_none_but(self, urn: str) -> list[Item]:
        """Return the items that no resource records, or `urn` alone."""
        return [*self.by_none, *self.by_one.get(urn, ())]


class Marks(dict[tuple[str, str], Mark | None]):
    """The marks of runs, by ARN and creation time, as far as an update has asked; None for none."""

    def __init__(self) -> None:
        super().__init__()
        self._last: tuple[list[Item], StackState, Held] | None = None

    def by_holder(self, items: list[Item], state: StackState) -> Held:
        """Return the items by who holds them, sorted out once for all who ask of one list."""
        last = self._last
        if last is None or last[0] is not items or last[1] is not state:
            last = self._last = (items, state, Held.of(items, state))
        return last[2]


class Listed(Protocol):
    """The calls on one kind of thing that carries marks."""

    def list(self) -> Iterable[Mapping[str, Any]]:
        """Give all of them, without their tags."""

    def find(self, id_: str, /) -> Live | None:
        """Return one by its id with its tags, None where there is none."""


@dataclass(frozen=True, slots=True)
class Search:
    """The search for what starts of resource `urn` of `stack`, declared with `inputs`, have made.

    `runs` are the calls on what is looked for. `token` is the requestId of the start that is to be
    made, `state` what the stack recorded before this update created anything.
    """

    runs: Listed
    state: StackState
    stack: str
    urn: str
    inputs: Mapping[str, Any]
    token: str
    #: Gives the items of what earlier updates may have started that nothing names. The same list
    #: serves all searches of an update.
    recent: Callable[[], list[Item]]
    #: Gives the items of `runs` in place of a call for each search.
    listed: Callable[[], Iterable[Item]] | None = None
    marks: Marks = field(default_factory=Marks)

    def find(self) -> Live | None:
        """Return the run that this very start made, or None."""
        return self._marked_with({self.token}, [self.inputs])

    def interrupted(self, earlier: tuple[EarlierStart, ...]) -> Iterator[tuple[Live, str]]:
        """Give the runs that `earlier` starts made, newest first, each with its requestId."""
        tokens = {start.token for start in earlier}
        yield from self._marked(
            self._candidates([start.inputs for start in earlier]),
            lambda mark: mark.token in tokens,
        )

    def lost(self, earlier: tuple[EarlierStart, ...]) -> Iterator[tuple[Live, str]]:
        """Give the runs that failed updates started for this resource, and that nothing names.

        `earlier` are the starts that the state names: they are no part of it.
        """
        if self.state.lost_since is not None:
            held = self.marks.by_holder(self.recent(), self.state)
            fits = self.state.lost(self.stack, self.urn, earlier)
            yield from self._fitting(held.by_none_but(self.urn), fits)

    def unnoticed(self) -> Iterator[tuple[Live, str]]:
        """Give the runs that an update started of which neither note nor history tells.

        They have the name and the workflow that are declared: to look at all costs too many calls.
        """
        if self.state.lost_since is None:
            held = self.marks.by_holder(self.recent(), self.state)
            named = filter(self._candidates([self.inputs]), held.by_none)
            yield from self._fitting(named, self.state.lost(self.stack, self.urn, ()))

    def successors(self, uuid: str, before: str) -> list[tuple[int, Live]]:
        """Return the runs that waits started in place of the recorded one, in order.

        `uuid` is the recorded run's, `before` the name of the stack when it was recorded. With each
        comes the number of its attempt.
        """
        now = stack_name(self.urn, self.stack)
        names = {(self.stack, self.urn), (now, self.urn), (before, urn_in(before, self.urn))}
        mine = {Mark.of(*name, "").resource for name in names}
        found = self._marked(
            self._candidates([self.inputs]),
            lambda mark: mark.resource in mine and retry_number(mark.token, uuid) is not None,
        )
        numbered = [(retry_number(token, uuid) or 0, live) for live, token in found]
        return sorted(numbered, key=lambda each: each[0])

    def _marked_with(self, tokens: set[str], hints: list[Mapping[str, Any]]) -> Live | None:
        """Return the newest run that one of `tokens` started; it has the name of one of `hints`."""
        marked = self._marked(
            self._candidates(hints),
            lambda mark: mark.token in tokens,
        )
        return next((live for live, _ in marked), None)

    def _candidates(
        self, hints: Iterable[Mapping[str, Any]]
    ) -> Callable[[Mapping[str, Any]], bool]:
        """Return what tells ListRuns' items that may have been started for one of `hints`.

        A run of no declared name has that of its resource, or none where an earlier release has
        started it.
        """
        own = urn_name(self.urn) if self.urn else None
        wanted = [
            (
                (each["name"],) if "name" in each else (None, each.get(NAME), own),
                each.get("workflowId"),
            )
            for each in hints
        ]
        return lambda item: any(
            item.get("name") in names and workflow in (None, item.get("workflowId"))
            for names, workflow in wanted
        )

    def _marked(
        self,
        wanted: Callable[[Mapping[str, Any]], bool],
        fits: Callable[[Mark], bool],
    ) -> Iterator[tuple[Live, str]]:
        """Give the wanted runs whose mark fits and that no other resource records, newest first."""
        listed = self.listed or self.runs.list
        held = Held.of(filter(wanted, listed()), self.state)
        yield from self._fitting(held.by_none_but(self.urn), fits)

    def _fitting(
        self, items: Iterable[Item], fits: Callable[[Mark], bool]
    ) -> Iterator[tuple[Live, str]]:
        """Give the runs whose mark fits, newest first. With each comes the requestId in its mark.

        ListRuns shows no tags, so each item costs one GetRun, once in an update.
        """
        for item in sorted(items, key=lambda i: str(i["creationTime"]), reverse=True):
            known = self.marks.get(_key(item))
            if _key(item) in self.marks and (known is None or not fits(known)):
                continue
            live = self.runs.find(item["id"])
            if live is not None:
                mark = self.marks[_key(item)] = Mark.on(live)
                if mark is not None and fits(mark):
                    yield live, mark.token


def search_of(
    call: Call, runs: Listed, inputs: Mapping[str, Any], token: str, state: StackState
) -> Search:
    """Return the search for the call's resource."""
    stack, recent = str(inputs.get(STACK, "")), partial(since_failure, runs, state)
    marks = call.update.part(Marks)
    return Search(runs, state, stack, call.urn, inputs, token, recent, marks=marks)


def since_failure(runs: Listed, state: StackState) -> list[Item]:
    """List what was created since updates have failed; nothing where the last one succeeded."""
    since = state.lost_since
    if since is None:
        return []
    return [i for i in runs.list() if datetime.fromisoformat(str(i["creationTime"])) >= since]


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    return str(item.get("arn") or item["id"]), str(item["creationTime"])
