"""Starting a run exactly once, whatever became of an earlier start of the same resource."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple

from omics_provider.base import diff, errors
from omics_provider.base.identity import START_MARK, Mark, with_marks
from omics_provider.base.keys import NAME, STACK
from omics_provider.base.status import RunStatus
from omics_provider.engine.call import Call
from omics_provider.engine.state import EarlierStart, StackState
from omics_provider.service import start_loop
from omics_provider.service.polling import Pace, TimeLimitReached, poll

from .calls import Runs
from .rules import declaration, lifecycle
from .search import Live, Marks, Search

#: Ends a run that was started for inputs which are no longer declared; takes those, too.
End = Callable[[Live, Mapping[str, Any]], None]

#: Seconds that a run's end is waited for which an interrupted update may have asked for.
STOP_LIMIT: Final = 120.0
#: How much of a time the service may leave out.
_ROUNDING: Final = timedelta(minutes=1)


class Started(NamedTuple):
    """A run and the properties to record for it."""

    run_id: str
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Start(Search):
    """The start of a run, with checked, fully known inputs; `token` is its requestId."""

    runs: Runs
    #: After a try without an answer, give up rather than repeat it where the run can't be looked
    #: for: for callers that can come back later.
    must_look: bool = False

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
        if live is not None:
            live = self.stopped(live)
            if live["status"] not in lifecycle.USELESS:
                return self._taken(live)
        return self.started_or_found()

    def stopped(self, live: Live) -> Live:
        """Return a run as it is once it stops no more: it may complete, or be cancelled.

        As it was, where it does not end within the limit.
        """
        if live["status"] != RunStatus.STOPPING:
            return live

        def look() -> Live:
            now = self.runs.find(live["id"])
            is_there = now is not None and lifecycle.same_run(live, now)
            return now if now and is_there else {**live, "status": str(RunStatus.DELETED)}

        try:
            return poll(
                look,
                lambda found: found["status"] != RunStatus.STOPPING,
                limit=STOP_LIMIT,
                pace=Pace(0.5),
            )
        except TimeLimitReached:
            return live

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

    def _interrupted(self, earlier: tuple[EarlierStart, ...], end: End) -> Live | None:
        """Return the newest run of interrupted starts for what is declared; end all others."""
        sources, taken = {start.token: start for start in earlier}, None
        unseen = set(sources)
        for live, token in self.interrupted(earlier):
            if taken is None and sources[token].is_for(self.inputs):
                taken = live
            else:
                end(live, sources[token].inputs)
            unseen.discard(token)
            if not unseen:
                # Each look costs a call.
                break
        return taken

    def _tags(self, token: str) -> dict[str, str]:
        marks = Mark.of(self.stack, self.urn, token).tags(self.stack)
        return with_marks(marks, self.inputs.get("tags", {}))

    def _repeated(self, earlier: tuple[EarlierStart, ...]) -> Live | None:
        """Send an earlier start for the same inputs again; return its run as it is now."""
        same = next((start for start in earlier if start.is_for(self.inputs)), None)
        if same is None:
            return None
        # The very same request: what an earlier release sent had no name.
        own = {wire: value for wire, value in self.inputs.items() if wire != NAME}
        name = {NAME: same.inputs[NAME]} if NAME in same.inputs else {}
        then = replace(self, inputs={**own, **name})
        return start_loop.sent_again(
            lambda: then._sent(same.token),
            self.runs.find,
            lambda: self._marked_with({same.token}, [same.inputs]),
            # A run without the mark that it was given was released.
            lambda live: START_MARK in self._tags(same.token) and Mark.on(live) is None,
        )

    def _lost(self, earlier: tuple[EarlierStart, ...], end: End) -> Live | None:
        """Return the run that another update started for this resource, and that nothing names.

        One that was started for other inputs is ended.
        """
        for live, _ in itertools.chain(self.lost(earlier), self.unnoticed()):
            if lifecycle.adoption_mismatch(self.inputs, live):
                end(live, self.inputs)
                continue
            return live
        return None

    def _taken(self, live: Live) -> Started:
        if "tags" in self.inputs:
            change = diff.tag_change(lifecycle.live_tags(live), self.inputs["tags"])
            self.runs.retag(live["arn"], change)
        mark = Mark.on(live)
        token = mark.token if mark else self.token
        return Started(live["id"], lifecycle.started(self.inputs, live, token))


def start_of(
    call: Call, runs: Runs, inputs: Mapping[str, Any], token: str, state: StackState
) -> Start:
    """Return the start of the run that is the call's resource."""
    stack = str(inputs.get(STACK, ""))
    return Start(
        runs, state, stack, call.urn, inputs, token,
        partial(_recent, call, runs, state), marks=call.update.part(Marks),
    )  # fmt: skip


def _recent(call: Call, runs: Runs, state: StackState) -> list[Mapping[str, Any]]:
    since = state.lost_since or state.unnoticed_since(call.update.engine.began)
    if since is None:
        return []
    try:
        return call.update.recent(runs, since)
    except errors.Denied:
        if state.lost_since:
            raise
        # Nothing says that there is anything to find, and `doctor` names the right.
        return []


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
