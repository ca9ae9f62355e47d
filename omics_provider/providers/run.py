"""OmicsRun's provider: what the engine asks of a run, carried out.

The pickled class in every stack's state is this module's path and this class's name, nothing else.
Neither may ever change, and an instance carries nothing into the pickle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from omics_provider.base import diff as diffing
from omics_provider.base import errors, identity, settings
from omics_provider.base.settings import Settings
from omics_provider.base.status import ACTIVE, UNSUCCESSFUL
from omics_provider.engine import own_state, process
from omics_provider.engine.state import StackState, is_placeholder
from omics_provider.runs import (
    adoption,
    destroying,
    ending,
    foreseeing,
    interrupted,
    lookup,
    refreshing,
    torn_delete,
)
from omics_provider.runs.rules import declaration, lifecycle, table, words

from . import _host, _wire

if TYPE_CHECKING:
    from omics_provider.runs.calls import Runs
    from omics_provider.runs.starts import Start, Started

#: uuids of the runs that this process, which is this update, has started or adopted.
_made_here: set[str] = set()
#: By URN, the attempt that rerun_on or retry asks for in this update, until it is created.
_attempts: dict[str, lifecycle.Standing] = {}


class OmicsRunProvider(ResourceProvider):
    """Runs of AWS HealthOmics."""

    serialize_as_secret_always = False
    _settings = Settings()
    _looks = True

    def __getstate__(self) -> None:
        """Carry nothing into the state: the pickle is an address, not a program.

        An empty dict would be a state, too, and Pulumi's pickler wraps the saving of dicts once
        more at each resource, until Python's recursion limit.
        """
        return

    @_host.told_plainly
    def configure(self, req: ConfigureRequest) -> None:
        """Take region, profile and endpoint from the stack's configuration."""
        self._settings = settings.from_config(req.config.get)
        self._looks = req.config.get("omics:preflight") not in settings.NO_PREFLIGHT
        # The engine waits for this call, so it is alive and can be told from one that came later.
        process.command()

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Find everything that is wrong with the declaration; the service is not asked."""
        old, inputs = _wire.received(_olds), _wire.received(news)
        # Beside a property's name the engine prints its value, secrets in plain text, too.
        failures = [CheckFailure("", p.told(table.TABLE)) for p in declaration.problems(inputs)]
        inputs = declaration.keep_spelling(old, inputs)
        inputs.setdefault("onDelete", table.DEFAULT_ON_DELETE)
        inputs |= own_state.attempt(old)
        makes = not old and not failures and "adoptRunId" not in inputs
        if makes and self._looks and foreseeing.is_asked():
            inputs |= foreseeing.note(inputs, lambda state: _first(self._runs(), inputs, state))
        return CheckResult(_wire.sent(inputs), failures)

    @_host.told_plainly
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell a new run from a change in place.

        The engine compares the inputs itself, with nested detail, wherever an input differs. With
        rerun_on or retry, a run that ended so is replaced; the key `status` and a warning say why.
        """
        recorded = _wire.received(_olds)
        if is_placeholder(recorded):
            return DiffResult(changes=True, replaces=["startUnconfirmed"])
        inputs = _wire.received(_news)
        found = diffing.difference(_id, recorded, inputs)
        if not found.replaces:
            lookup.require_provider_of(self._settings, recorded)
            now = self._now(_id, recorded, inputs)
            standing = self._standing(_id, now, inputs)
            if now.get("status") in UNSUCCESSFUL:
                _host.warn(words.outlook(_id, now, inputs, standing))
            if standing:
                _attempts[_host.urn()] = standing
                return DiffResult(changes=True, replaces=["status"])
            if interrupted.is_looked_for():
                if left := self._left_behind(recorded, inputs):
                    told = [(run.live["id"], run.live["status"], run.fits) for run in left]
                    _host.warn(words.left_behind(_id, told))
                    taken = any(run.fits for run in left)
                    return DiffResult(
                        changes=None if found else True,
                        replaces=["startUnconfirmed"] if taken else [],
                    )
                if self._torn(_id, recorded, inputs) is lifecycle.Fate.REPLACE:
                    return DiffResult(changes=True, replaces=["status"])
        return DiffResult(changes=None if found else False, replaces=list(found.replaces))

    @_host.told_plainly
    def create(self, props: dict[str, Any]) -> CreateResult:
        """Start the run, with one call, and return; or take over the run of adopt_run_id.

        Where an earlier start of this resource was interrupted, its run is taken.
        """
        inputs = _wire.received(props)
        if "adoptRunId" in inputs:
            found = adoption.adopted(self._runs(), inputs)
        else:
            found = self._started(inputs)
        _made_here.add(str(found.properties.get("uuid")))
        standing = _attempts.pop(_host.urn(), None)
        return CreateResult(
            found.run_id, {**found.properties, **(standing.note if standing else {})}
        )

    @_host.told_plainly
    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Bring the recorded facts up to date. A run whose record is gone stays, marked so."""
        recorded = _wire.received(props)
        runs = self._runs_of(recorded, "GetRun")
        if is_placeholder(recorded):
            return self._read_placeholder(runs, id_, recorded)
        if not recorded.get("uuid"):
            return ReadResult(id_, lifecycle.adopted({}, adoption.required(runs, id_)))
        if refreshing.is_as_recorded(runs, id_, recorded):
            return ReadResult(id_, recorded)
        now = _seen(runs, id_, recorded)
        return ReadResult(id_, now, lifecycle.declared_with_drift(recorded, now))

    @_host.told_plainly
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Change the tags that changed, if it still is this run, and remember on_delete."""
        recorded, inputs = _wire.received(_olds), _wire.received(_news)
        now = {**recorded, **inputs, **self._ended_left_behind(recorded)}
        change = diffing.tag_change(recorded.get("tags", {}), now.get("tags", {}))
        if any(change):
            runs = self._runs_of(recorded, "TagResource")
            live = lookup.find_recorded(runs, _id, recorded)
            if live is None:
                return UpdateResult(lookup.last_facts(runs, _id, now))
            runs.retag(live["arn"], change)
        return UpdateResult(now)

    @_host.told_plainly
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """End the run as on_delete says, on its live status, if it still is this run."""
        recorded = _wire.received(_props)
        if is_placeholder(recorded):
            self._delete_placeholder(recorded)
        elif recorded.get("onDelete") == "keep":
            self._release(_id, recorded)
        elif not recorded.get("uuid"):
            raise errors.RunError(
                "Delete",
                f"no uuid is recorded for run id {_id}, so nothing tells whether it is this run",
                advice="Run `pulumi refresh` first, or remove the run by hand.",
            )
        elif not adoption.is_still_declared(recorded, _made_here):
            runs = self._runs_of(recorded, "Delete")
            if destroying.is_whole_stack() and (state := own_state.readable(recorded)):
                destroying.cancel_all(runs, state, recorded)
            self._end_successors(runs, _id, recorded)
            ending.end(runs, _id, recorded)
            if recorded.get("onDelete") == "cancel":
                self._release(_id, recorded)

    def _release(self, run_id: str, recorded: dict[str, Any]) -> None:
        """Take our mark off a run that outlives its resource, where the engine notes its start.

        The engine's note of an interrupted start stays until a refresh. With it, the next create
        would take the run for the one that it is about to start.
        """
        state = own_state.readable(recorded)
        if state is None or recorded.get("requestId") not in state.settled(_host.urn()):
            return
        runs = self._runs_of(recorded, "UntagResource")
        live = lookup.find_recorded(runs, run_id, recorded)
        if live is not None:
            runs.retag(live["arn"], diffing.TagChange({}, (identity.START_MARK,)))

    def _left_behind(
        self, recorded: dict[str, Any], inputs: dict[str, Any]
    ) -> tuple[interrupted.LeftBehind, ...]:
        """Return the runs that interrupted starts of this resource have left, if any."""
        urn, own = _host.urn(), str(recorded.get(table.ATTEMPT, ""))
        state = own_state.readable(recorded)
        if state is None or not (state.failing_since or state.unconfirmed(urn, own)):
            return ()
        state = own_state.read(recorded, secrets=True)
        start = _start(self._runs(), inputs, str(recorded.get("requestId", "")), state)
        return interrupted.look(start, state.unconfirmed(urn, own))

    def _torn(
        self, run_id: str, recorded: dict[str, Any], inputs: dict[str, Any]
    ) -> lifecycle.Fate | None:
        """Return what becomes of a run whose delete was interrupted; None for any other run."""
        if not lifecycle.may_be_torn(recorded, inputs):
            return None
        state = own_state.readable(recorded)
        if state is None or not state.deleting:
            return None
        runs = self._runs_of(recorded, "GetRun")
        if state.is_ending(_host.urn(), run_id):
            return torn_delete.fate(runs, run_id, recorded)
        torn_delete.tell_of_others(runs, state, run_id, recorded)
        return None

    def _ended_left_behind(self, recorded: dict[str, Any]) -> dict[str, Any]:
        """End the runs that diff found left behind; return the note that they are dealt with."""
        left = interrupted.remembered(_host.urn())
        for run in left:
            _ender(self._runs())(run.live, run.inputs)
        settled = [*recorded.get(table.SETTLED, ()), *(run.token for run in left)]
        return {table.SETTLED: settled} if left else {}

    def _standing(
        self, run_id: str, now: dict[str, Any], inputs: dict[str, Any]
    ) -> lifecycle.Standing | None:
        """Return the attempt that takes the run's place: a rule asks for one, or a wait made it."""
        wanted = lifecycle.rerun_wanted(now, inputs)
        unseen = now.get("recordGone") and lifecycle.may_have_successors(now)
        if not wanted and not unseen:
            return None
        from omics_provider.waits import attempts

        start = _start(self._runs(), inputs, "", own_state.readable(inputs) or StackState())
        standing = attempts.standing(start, run_id, now)
        return standing if wanted or standing.live else None

    def _end_successors(self, runs: Runs, run_id: str, recorded: dict[str, Any]) -> None:
        """End the attempts that waits have started after this run, but one that is recorded."""
        from omics_provider.waits import attempts

        unseen = recorded.get("status") in ACTIVE and "retry" in recorded
        ended = _seen(runs, run_id, recorded) if unseen else recorded
        if not lifecycle.may_have_successors(ended) or not (state := own_state.readable(recorded)):
            return
        to_be_taken = _attempts.get(_host.urn())
        for _, live in attempts.successors(_start(runs, recorded, "", state), ended):
            kept = live["uuid"] in _made_here or state.records(live["uuid"])
            taken = to_be_taken is not None and to_be_taken.stands(live)
            if not kept and not taken and not own_state.current(recorded).records(live["uuid"]):
                _ender(runs)(live, recorded)

    def _now(self, run_id: str, recorded: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
        """Return the recorded facts; brought up to date where rerun_on or retry asks for them."""
        if recorded.get("status") not in ACTIVE or not lifecycle.rerun_may_come(recorded, inputs):
            return recorded
        runs = self._runs_of(recorded, "GetRun")
        if not refreshing.may_have_failed(runs, run_id):
            return recorded
        return _seen(runs, run_id, recorded)

    def _started(self, inputs: dict[str, Any]) -> Started:
        own_state.ask_early(inputs)
        urn, runs = _host.urn(), self._runs()
        state = own_state.read(inputs)
        own = str(inputs.get(table.ATTEMPT, ""))
        earlier = state.unconfirmed(urn, own)
        if earlier:
            state = own_state.read(inputs, secrets=True)
            earlier = state.unconfirmed(urn, own)
        start = _first(runs, inputs, state)
        try:
            standing = _attempts.get(urn)
            found = start.once(earlier, _ender(runs), standing.live if standing else None)
        except errors.Unconfirmed as unclear:
            tokens = [e.token for e in earlier if e.is_for(inputs)]
            properties = lifecycle.placeholder(inputs, start.token, tokens)
            _host.record_unfinished(f"unconfirmed-{start.token[:12]}", properties, _doubt(unclear))
        ended = (*state.outlived(urn), *state.settled(urn), *(e.token for e in earlier))
        settled = list(dict.fromkeys(ended))
        note = {table.SETTLED: settled} if settled else {}
        return found._replace(properties={**found.properties, **note})

    def _read_placeholder(self, runs: Runs, id_: str, recorded: dict[str, Any]) -> ReadResult:
        token = str(recorded["requestId"])
        live = _start(runs, recorded, token, StackState()).find()
        if live is None:
            return ReadResult(id_, recorded)
        return ReadResult(live["id"], lifecycle.started(recorded, live, token))

    def _delete_placeholder(self, recorded: dict[str, Any]) -> None:
        if own_state.current(recorded).keeps(_host.urn()):
            # The start is in the hands of the resource that took this one's place.
            return
        runs = self._runs()
        live = _start(runs, recorded, str(recorded["requestId"]), StackState()).find()
        # What this process has made may not be recorded yet.
        if live is not None and live["uuid"] not in _made_here:
            _ender(runs)(live, recorded)

    def _runs(self) -> Runs:
        # boto3 costs a quarter of a second, which previews need not pay.
        from omics_provider.runs.calls import Runs

        return Runs(self._settings, process.require_alive)

    def _runs_of(self, recorded: dict[str, Any], operation: str) -> Runs:
        runs = self._runs()
        lookup.require_region(runs, recorded, operation)
        return runs


def _seen(runs: Runs, run_id: str, recorded: dict[str, Any]) -> dict[str, Any]:
    live = lookup.find_recorded(runs, run_id, recorded)
    if live is None:
        return lookup.last_facts(runs, run_id, recorded)
    return lifecycle.refreshed(recorded, live)


def _start(runs: Runs, inputs: Mapping[str, Any], token: str, state: StackState) -> Start:
    from omics_provider.runs.starts import Start

    return Start(runs, state, str(inputs.get(table.STACK, "")), _host.urn(), inputs, token)


def _first(runs: Runs, inputs: Mapping[str, Any], state: StackState) -> Start:
    """Return the start that `create` will make."""
    return _start(runs, inputs, identity.request_id(_host.urn(), inputs), state)


def _ender(runs: Runs) -> Callable[[dict[str, Any], Mapping[str, Any]], None]:
    def end(live: dict[str, Any], inputs: Mapping[str, Any]) -> None:
        on_delete = inputs.get("onDelete", table.DEFAULT_ON_DELETE)
        ending.end(runs, live["id"], {**live, "onDelete": on_delete})

    return end


def _doubt(unclear: errors.Unconfirmed) -> str:
    call = _host.current_call()
    return (
        f"{unclear.cause.about(call.subject if call else '')}\n"
        "Whether the run has started is not known. The state remembers the request: the next "
        "`pulumi up` finds the run or starts it, and never starts a second."
    )
