"""Starting a run exactly once, whatever became of an earlier start of the same resource."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from omics_provider.base import diff, errors
from omics_provider.base.identity import START_MARK, Mark, retry_number, with_marks
from omics_provider.base.keys import STACK
from omics_provider.engine.call import Call
from omics_provider.engine.state import EarlierStart, StackState
from omics_provider.engine.urn import stack_name, urn_in
from omics_provider.service import start_loop

from .calls import Runs
from .rules import declaration, lifecycle

Live = dict[str, Any]
#: Ends a run that was started for inputs which are no longer declared; takes those, too.
End = Callable[[Live, Mapping[str, Any]], None]

#: How much of a time the service may leave out.
_ROUNDING: Final = timedelta(minutes=1)


class Marks(dict[tuple[str, str], Mark | None]):
    """The marks of runs, by ARN and creation time, as far as an update has asked; None for none."""


class Started(NamedTuple):
    """A run and the properties to record for it."""

    run_id: str
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Start:
    """The start of resource `urn` of `stack` with checked, fully known `inputs`.

    `token` is its requestId, `state` what the stack recorded before this update created anything.
    """

    runs: Runs
    state: StackState
    stack: str
    urn: str
    inputs: Mapping[str, Any]
    token: str
    #: Gives ListRuns' items in place of a call for each start.
    listed: Callable[[], Iterable[Mapping[str, Any]]] | None = None
    #: After a try without an answer, give up rather than repeat it where the run can't be looked
    #: for: for callers that can come back later.
    must_look: bool = False
    marks: Marks = field(default_factory=Marks)

    def once(
        self, earlier: tuple[EarlierStart, ...], end: End, successor: Live | None = None
    ) -> Started:
        """Start the run, or take the one that an earlier start of the resource made.

        `earlier` are the starts that the state names and no resource records, oldest first;
        `successor` is the run that a wait has started in place of the recorded one. Raises
        errors.Unconfirmed where no answer tells whether a run has started.
        """
        live = self._interrupted(earlier, end) if earlier else None
        if live is None and successor is not None:
            return self._taken(successor)
        if live is None:
            live = self._lost(earlier, end)
        if live is None and earlier:
            live = self._repeated(earlier)
        if live is not None and live["status"] not in lifecycle.USELESS:
            return self._taken(live)
        return self.started_or_found()

    def find(self) -> Live | None:
        """Return the run that this very start made, or None."""
        return self._marked_with({self.token}, [self.inputs])

    def started_or_found(self) -> Started:
        """Start the run with this very token, whatever was started for the resource before.

        Raises errors.Unconfirmed where no answer tells whether it has started.
        """
        try:
            return self._started(self.token)
        except errors.Unconfirmed as unclear:
            try:
                live = self.find()
            except errors.OmicsError:
                raise unclear from None
            if live is None:
                raise
            return self._taken(live)

    def _started(self, token: str) -> Started:
        answer = self._sent(token)
        return Started(answer["id"], lifecycle.started(self.inputs, answer, token))

    def _sent(self, token: str) -> Live:
        arguments = declaration.start_arguments(self.inputs, token)
        return self.runs.start(
            {**arguments, "tags": self._tags(token)}, look=lambda: self._seen(token)
        )

    def _seen(self, token: str) -> Live | None:
        """Return the run that a try without an answer made, None also where it can't be looked for.

        What is left then is to repeat the request.
        """
        try:
            return self._marked_with({token}, [self.inputs])
        except errors.OmicsError:
            if self.must_look:
                raise
            return None

    def interrupted(self, earlier: tuple[EarlierStart, ...]) -> Iterator[tuple[Live, str]]:
        """Give the runs that `earlier` starts made, newest first, each with its requestId."""
        tokens = {start.token for start in earlier}
        yield from self._marked(
            lambda item: any(_may_be(item, start.inputs) for start in earlier),
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

    def successors(self, uuid: str, before: str) -> list[tuple[int, Live]]:
        """Return the runs that waits started in place of the recorded one, in order.

        `uuid` is the recorded run's, `before` the name of the stack when it was recorded. With each
        comes the number of its attempt.
        """
        now = stack_name(self.urn, self.stack)
        names = {(self.stack, self.urn), (now, self.urn), (before, urn_in(before, self.urn))}
        mine = {Mark.of(*name, "").resource for name in names}
        found = self._marked(
            lambda item: _may_be(item, self.inputs),
            lambda mark: mark.resource in mine and retry_number(mark.token, uuid) is not None,
        )
        numbered = [(retry_number(token, uuid) or 0, live) for live, token in found]
        return sorted(numbered, key=lambda each: each[0])

    def _interrupted(self, earlier: tuple[EarlierStart, ...], end: End) -> Live | None:
        """Return an interrupted start's run; end it where its inputs are no longer declared."""
        live, token = next(self.interrupted(earlier), (None, ""))
        source = next((start for start in earlier if start.token == token), None)
        if live is not None and source is not None and not source.is_for(self.inputs):
            end(live, source.inputs)
            return None
        return live

    def _tags(self, token: str) -> dict[str, str]:
        marks = Mark.of(self.stack, self.urn, token).tags(self.stack)
        return with_marks(marks, self.inputs.get("tags", {}))

    def _repeated(self, earlier: tuple[EarlierStart, ...]) -> Live | None:
        """Send an earlier start for the same inputs again; return its run as it is now."""
        same = next((start for start in earlier if start.is_for(self.inputs)), None)
        if same is None:
            return None
        return start_loop.sent_again(
            lambda: self._sent(same.token),
            self.runs.find,
            lambda: self._marked_with({same.token}, [same.inputs]),
            # A run without the mark that it was given was released.
            lambda live: START_MARK in self._tags(same.token) and Mark.on(live) is None,
        )

    def _lost(self, earlier: tuple[EarlierStart, ...], end: End) -> Live | None:
        """Return the run that a failed update started for this resource, and that nothing names.

        One that was started for other inputs is ended.
        """
        for live, _ in self.lost(earlier):
            if lifecycle.adoption_mismatch(self.inputs, live):
                end(live, self.inputs)
                continue
            return live
        return None

    def _marked_with(self, tokens: set[str], hints: list[Mapping[str, Any]]) -> Live | None:
        """Return the newest run that one of `tokens` started; it has the name of one of `hints`."""
        marked = self._marked(
            lambda item: any(_may_be(item, inputs) for inputs in hints),
            lambda mark: mark.token in tokens,
        )
        return next((live for live, _ in marked), None)

    def _marked(
        self,
        wanted: Callable[[Mapping[str, Any]], bool],
        fits: Callable[[Mark], bool],
    ) -> Iterator[tuple[Live, str]]:
        """Give the runs whose mark fits and that the stack does not record, newest first.

        With each comes the requestId in its mark.

        ListRuns shows no tags, so each candidate costs one GetRun, once in an update.
        """
        held = self.state.held(self.urn)
        listed = self.listed or self.runs.list
        candidates = [
            item
            for item in listed()
            if item["id"] not in held and item.get("arn") not in held and wanted(item)
        ]
        for item in sorted(candidates, key=lambda i: str(i["creationTime"]), reverse=True):
            known = self.marks.get(_key(item))
            if _key(item) in self.marks and (known is None or not fits(known)):
                continue
            live = self.runs.find(item["id"])
            if live is not None:
                mark = self.marks[_key(item)] = Mark.on(live)
                if mark is not None and fits(mark):
                    yield live, mark.token

    def _taken(self, live: Live) -> Started:
        if "tags" in self.inputs:
            change = diff.tag_change(lifecycle.live_tags(live), self.inputs["tags"])
            self.runs.retag(live["arn"], change)
        mark = Mark.on(live)
        token = mark.token if mark else self.token
        return Started(live["id"], lifecycle.started(self.inputs, live, token))


def start_of(
    call: Call, runs: Any, inputs: Mapping[str, Any], token: str, state: StackState
) -> Start:
    """Return the start of the call's resource; `runs` are the calls on what is to be made."""
    stack = str(inputs.get(STACK, ""))
    return Start(runs, state, stack, call.urn, inputs, token, marks=call.update.part(Marks))


def standing(call: Call, start: Start, run_id: str, ended: Mapping[str, Any]) -> lifecycle.Standing:
    """Return the attempt that takes the place of run `run_id`, whose end a rule names.

    `start` is the resource as it is declared, `ended` what is known of the run.
    """
    return lifecycle.standing(run_id, ended, start.inputs, successors(call, start, ended))


def successors(call: Call, start: Start, ended: Mapping[str, Any]) -> list[tuple[int, Live]]:
    """Return the attempts that earlier waits have started after a recorded run, in order."""
    if "requestId" not in ended or not lifecycle.may_have_successors(ended):
        return []
    listed = replace(start, listed=lambda: since(ended, call.update.listed(start.runs)))
    return listed.successors(str(ended["uuid"]), str(ended.get(STACK, start.stack)))


def since(
    ended: Mapping[str, Any] | None, items: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Leave out of ListRuns' items those that were created before a run had ended."""
    end = (ended or {}).get("stopTime")
    if not end:
        return list(items)
    begin = datetime.fromisoformat(end) - _ROUNDING
    return [i for i in items if datetime.fromisoformat(i["creationTime"]) >= begin]


def _may_be(item: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    named = item.get("name") == inputs.get("name")
    return named and inputs.get("workflowId") in (None, item.get("workflowId"))


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    return str(item.get("arn") or item["id"]), str(item["creationTime"])
