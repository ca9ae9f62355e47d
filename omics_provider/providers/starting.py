"""Starting a run exactly once, whatever became of an earlier start of the same resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from omics_provider.aws.gateway import Runs
from omics_provider.core import diffing, errors, fields, identity, lifecycle, spec
from omics_provider.core.recorded import EarlierStart, StackState
from omics_provider.core.status import RunStatus

Live = dict[str, Any]
End = Callable[[Live, EarlierStart], None]

#: States of an interrupted start's run that can't stand for the declaration.
_USELESS: Final = frozenset({RunStatus.CANCELLED, RunStatus.DELETED})

#: Runs, by id and creation time, that are known to carry no mark: no need to ask twice.
_unmarked: set[tuple[str, str]] = set()


class Started(NamedTuple):
    """A run and the properties to record for it."""

    run_id: str
    properties: dict[str, Any]

    def settling(self, tokens: list[str]) -> Started:
        """Return it with the note that the starts of `tokens` have been dealt with."""
        return (
            self._replace(properties={**self.properties, fields.SETTLED: tokens})
            if tokens
            else self
        )


def start(runs: Runs, inputs: Mapping[str, Any], token: str) -> Started:
    """Start the run with one call; `token` is its requestId, `inputs` are checked and known.

    Raises errors.Unconfirmed where no answer tells whether it started.
    """
    arguments = spec.start_arguments(inputs, token)
    tags = {**identity.marks(inputs, token), **arguments.get("tags", {})}
    answer = runs.start({**arguments, "tags": dict(list(tags.items())[-fields.MAX_TAGS :])})
    return Started(answer["id"], lifecycle.started(inputs, answer, token))


def start_or_find(runs: Runs, inputs: Mapping[str, Any], token: str, state: StackState) -> Started:
    """Start the run; where no answer came, look whether it is there.

    Raises errors.Unconfirmed where it is not to be found, or can't be looked for.
    """
    try:
        return start(runs, inputs, token)
    except errors.Unconfirmed as unclear:
        try:
            live = find(runs, (EarlierStart(token, inputs),), state)
        except errors.OmicsError:
            raise unclear from None
        if live is None:
            raise
        return _taken(runs, inputs, live)


def resume(
    runs: Runs,
    inputs: Mapping[str, Any],
    token: str,
    earlier: tuple[EarlierStart, ...],
    state: StackState,
    end: End,
) -> Started:
    """Return the run that an `earlier` start of this resource made, or else start one.

    `earlier` are the starts that nothing records, oldest first. A run that one of them started for
    inputs which are no longer declared is ended with `end`.
    """
    live = find(runs, earlier, state) or _repeated(runs, inputs, earlier, state)
    source = next((e for e in earlier if live and e.token == _mark(live)), None)
    if live is not None and source is not None and not source.is_for(inputs):
        end(live, source)
        live = None
    if live is not None and live["status"] not in _USELESS:
        found = _taken(runs, inputs, live)
    else:
        found = start_or_find(runs, inputs, token, state)
    return found


def find(runs: Runs, starts: tuple[EarlierStart, ...], state: StackState) -> Live | None:
    """Return the newest run that carries the mark of one of `starts`, or None.

    ListRuns shows no tags, so each candidate costs one GetRun. Runs that the stack records are no
    candidates, nor are those of another name or workflow.
    """
    tokens = {start.token for start in starts}
    recorded = state.run_ids()
    candidates = [
        item
        for item in runs.list()
        if item["id"] not in recorded
        and _key(item) not in _unmarked
        and any(_may_be(item, start.inputs) for start in starts)
    ]
    for item in sorted(candidates, key=lambda i: str(i.get("creationTime", "")), reverse=True):
        live = runs.find(item["id"])
        if live is not None and _mark(live) in tokens:
            return live
        if live is not None and _mark(live) is None:
            _unmarked.add(_key(item))
    return None


def _repeated(
    runs: Runs, inputs: Mapping[str, Any], earlier: tuple[EarlierStart, ...], state: StackState
) -> Live | None:
    """Send an earlier start again, for its process may still be about to send it.

    Returns the run as it is now: the service may answer a repeat with the first answer, of a run
    that is long gone.
    """
    same = next((start for start in earlier if start.is_for(inputs)), None)
    if same is None:
        return None
    try:
        again = start(runs, inputs, same.token)
    except (errors.Conflict, errors.Invalid):
        # The token is taken; or the inputs are wrong, which a start of their own will say, too.
        return find(runs, (same,), state)
    live = runs.find(again.run_id)
    return live if live and lifecycle.same_run(again.properties, live) else None


def _taken(runs: Runs, inputs: Mapping[str, Any], live: Live) -> Started:
    if "tags" in inputs:
        runs.retag(live["arn"], diffing.tag_change(lifecycle.live_tags(live), inputs["tags"]))
    return Started(live["id"], lifecycle.started(inputs, live, str(_mark(live))))


def _mark(live: Live) -> str | None:
    mark: str | None = (live.get("tags") or {}).get(identity.START_MARK)
    return mark


def _may_be(item: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    named = item.get("name") == inputs.get("name")
    return named and inputs.get("workflowId") in (None, item.get("workflowId"))


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    return str(item["id"]), str(item.get("creationTime", ""))
