"""What earlier starts of a resource have made, found by its mark in the tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from omics_provider.base.identity import Mark, retry_number
from omics_provider.base.keys import NAME, STACK
from omics_provider.engine.call import Call
from omics_provider.engine.state import EarlierStart, StackState
from omics_provider.engine.urn import stack_name, urn_in, urn_name

Live = dict[str, Any]
Item = Mapping[str, Any]


class Marks(dict[tuple[str, str], Mark | None]):
    """The marks of runs, by ARN and creation time, as far as an update has asked; None for none."""

    def __init__(self) -> None:
        super().__init__()
        self._last: tuple[list[Item], StackState, list[Item]] | None = None

    def loose(self, items: list[Item], state: StackState) -> list[Item]:
        """Return the items that no resource holds, found once for all who ask of one list."""
        last = self._last
        if last is None or last[0] is not items or last[1] is not state:
            last = self._last = (items, state, _not_held(items, state.held("")))
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
    #: Gives the items of `runs` in place of a call for each search.
    listed: Callable[[], Iterable[Mapping[str, Any]]] | None = None
    #: Gives what an update may have started of which neither note nor history tells.
    recent: Callable[[], list[Item]] = list
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
        since = self.state.lost_since
        if since is not None:
            yield from self._marked(
                lambda item: datetime.fromisoformat(item["creationTime"]) >= since,
                self.state.lost(self.stack, self.urn, earlier),
            )

    def unnoticed(self) -> Iterator[tuple[Live, str]]:
        """Give the runs that an update started of which neither note nor history tells.

        They have the name and the workflow that are declared: to look at all costs too many calls.
        """
        loose = self.marks.loose(self.recent(), self.state)
        yield from replace(self, listed=lambda: loose)._marked(
            self._candidates([self.inputs]),
            self.state.lost(self.stack, self.urn, ()),
        )

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
        """Give the runs whose mark fits and that the stack does not record, newest first.

        With each comes the requestId in its mark.

        ListRuns shows no tags, so each candidate costs one GetRun, once in an update.
        """
        listed = self.listed or self.runs.list
        candidates = _not_held(filter(wanted, listed()), self.state.held(self.urn))
        for item in sorted(candidates, key=lambda i: str(i["creationTime"]), reverse=True):
            known = self.marks.get(_key(item))
            if _key(item) in self.marks and (known is None or not fits(known)):
                continue
            live = self.runs.find(item["id"])
            if live is not None:
                mark = self.marks[_key(item)] = Mark.on(live)
                if mark is not None and fits(mark):
                    yield live, mark.token


def _not_held(items: Iterable[Item], held: Callable[[str], bool]) -> list[Item]:
    return [each for each in items if not held(str(each["id"])) and not held(str(each.get("arn")))]


def search_of(
    call: Call, runs: Listed, inputs: Mapping[str, Any], token: str, state: StackState
) -> Search:
    """Return the search for the call's resource."""
    stack = str(inputs.get(STACK, ""))
    return Search(runs, state, stack, call.urn, inputs, token, marks=call.update.part(Marks))


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    return str(item.get("arn") or item["id"]), str(item["creationTime"])
