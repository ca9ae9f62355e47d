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

from omics_provider.core import diffing, errors, facts, fields, identity, lifecycle, settings, spec
from omics_provider.core.recorded import EarlierStart, StackState, is_placeholder
from omics_provider.core.settings import Settings
from omics_provider.core.status import ACTIVE, UNSUCCESSFUL

from . import ending, host, wire

if TYPE_CHECKING:
    from omics_provider.aws.gateway import Runs

    from .starting import Started

#: uuids of the runs that this process, which is this update, has started or adopted.
_made_here: set[str] = set()
#: By URN, the number of the start that rerun_on asks for in this update.
_attempts: dict[str, int] = {}


class OmicsRunProvider(ResourceProvider):
    """Runs of AWS HealthOmics."""

    serialize_as_secret_always = False
    _settings = Settings()

    def __getstate__(self) -> None:
        """Carry nothing into the state: the pickle is an address, not a program.

        An empty dict would be a state, too, and Pulumi's pickler wraps the saving of dicts once
        more at each resource, until Python's recursion limit.
        """
        return

    @host.told_plainly
    def configure(self, req: ConfigureRequest) -> None:
        """Take region, profile and endpoint from the stack's configuration."""
        self._settings = settings.from_config(req.config.get)

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Find everything that is wrong with the declaration; the service is not asked."""
        old, inputs = wire.received(_olds), wire.received(news)
        # Beside a property's name the engine prints its value, secrets in plain text, too.
        failures = [CheckFailure("", str(problem)) for problem in spec.problems(inputs)]
        inputs = spec.keep_spelling(old, inputs)
        inputs.setdefault("onDelete", fields.DEFAULT_ON_DELETE)
        return CheckResult(wire.sent({**inputs, **_attempt(old)}), failures)

    @host.told_plainly
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell a new run from a change in place.

        The engine compares the inputs itself, with nested detail, wherever an input differs. With
        rerun_on, a run that ended as it says is replaced; the key `status` and a warning say why.
        """
        recorded = wire.received(_olds)
        if is_placeholder(recorded):
            return DiffResult(changes=True, replaces=["startUnconfirmed"])
        inputs = wire.received(_news)
        found = diffing.difference(_id, recorded, inputs)
        if not found.replaces:
            now = self._now(_id, recorded, inputs)
            if now.get("status") in UNSUCCESSFUL:
                host.warn(facts.outlook(_id, now, inputs))
            if lifecycle.rerun_wanted(now, inputs):
                _attempts[host.urn()] = lifecycle.attempts(now) + 1
                return DiffResult(changes=True, replaces=["status"])
        return DiffResult(changes=None if found else False, replaces=list(found.replaces))

    @host.told_plainly
    def create(self, props: dict[str, Any]) -> CreateResult:
        """Start the run, with one call, and return; or take over the run of adopt_run_id.

        Where an earlier start of this resource was interrupted, its run is taken.
        """
        inputs = wire.received(props)
        take = self._adopted if "adoptRunId" in inputs else self._started
        found = take(inputs)
        _made_here.add(str(found.properties.get("uuid")))
        attempts = {"attempts": _attempts[urn]} if (urn := host.urn()) in _attempts else {}
        return CreateResult(found.run_id, {**found.properties, **attempts})

    @host.told_plainly
    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Bring the recorded facts up to date. A run whose record is gone stays, marked so."""
        recorded = wire.received(props)
        runs = self._runs_of(recorded, "GetRun")
        if is_placeholder(recorded):
            return self._read_placeholder(runs, id_, recorded)
        live = runs.find(id_)
        if not recorded.get("uuid"):
            return ReadResult(id_, lifecycle.adopted({}, _required(live, id_, runs.region)))
        now = lifecycle.seen(recorded, live)
        return ReadResult(id_, now, lifecycle.declared_with_drift(recorded, now))

    @host.told_plainly
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Change the tags that changed, if it still is this run, and remember on_delete."""
        recorded, inputs = wire.received(_olds), wire.received(_news)
        now = {**recorded, **inputs}
        change = diffing.tag_change(recorded.get("tags", {}), now.get("tags", {}))
        if any(change) and not recorded.get("recordGone"):
            runs = self._runs_of(recorded, "TagResource")
            live = runs.find(_id)
            if live is None or not lifecycle.same_run(recorded, live):
                return UpdateResult(lifecycle.gone(now))
            runs.retag(live["arn"], change)
        return UpdateResult(now)

    @host.told_plainly
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """End the run as on_delete says, on its live status, if it still is this run."""
        recorded = wire.received(_props)
        if recorded.get("onDelete") == "keep" or recorded.get("recordGone"):
            return
        if is_placeholder(recorded):
            self._delete_placeholder(recorded)
        elif not recorded.get("uuid"):
            raise errors.RunError(
                "Delete",
                f"no uuid is recorded for run id {_id}, so nothing tells whether it is this run",
                advice="Run `pulumi refresh` first, or remove the run by hand.",
            )
        elif not _still_declared(recorded):
            ending.end(self._runs_of(recorded, "Delete"), _id, recorded)

    def _now(self, run_id: str, recorded: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
        """Return the recorded facts; brought up to date where rerun_on has to know them."""
        asked = inputs.get("rerunOn") and lifecycle.attempts_left(recorded, inputs)
        if not asked or recorded.get("status") not in ACTIVE:
            return recorded
        return lifecycle.seen(recorded, self._runs_of(recorded, "GetRun").find(run_id))

    def _started(self, inputs: dict[str, Any]) -> Started:
        from . import starting

        urn, runs = host.urn(), self._runs()
        token = identity.request_id(urn, inputs)
        state = _state(inputs)
        earlier = state.unconfirmed(urn, str(inputs.get(fields.ATTEMPT, "")))
        try:
            if not earlier:
                found = starting.start_or_find(runs, inputs, token, state)
            else:
                known = _state(inputs, secrets=True)
                earlier = known.unconfirmed(urn, str(inputs.get(fields.ATTEMPT, "")))
                found = starting.resume(runs, inputs, token, earlier, known, _ender(runs))
            return found.settling([*state.settled(urn), *(start.token for start in earlier)])
        except errors.Unconfirmed as unclear:
            tokens = [start.token for start in earlier if start.is_for(inputs)]
            properties = lifecycle.placeholder(inputs, token, tokens)
            host.record_unfinished(f"unconfirmed-{token[:12]}", properties, _in_doubt(unclear))

    def _read_placeholder(self, runs: Runs, id_: str, recorded: dict[str, Any]) -> ReadResult:
        from . import starting

        start = EarlierStart(str(recorded["requestId"]), recorded)
        live = starting.find(runs, (start,), StackState((), ()))
        if live is None:
            return ReadResult(id_, recorded)
        return ReadResult(live["id"], lifecycle.started(recorded, live, start.token))

    def _delete_placeholder(self, recorded: dict[str, Any]) -> None:
        from . import starting

        if _state(recorded).keeps(host.urn()):
            # The start is in the hands of the resource that took this one's place.
            return
        runs = self._runs()
        start = EarlierStart(str(recorded["requestId"]), recorded)
        live = starting.find(runs, (start,), StackState((), ()))
        if live is not None:
            _ender(runs)(live, start)

    def _adopted(self, inputs: dict[str, Any]) -> Started:
        from .starting import Started

        runs, run_id = self._runs(), str(inputs["adoptRunId"])
        live = _required(runs.find(run_id), run_id, runs.region)
        wrong = [fields.BY_WIRE[w].name for w in lifecycle.adoption_mismatch(inputs, live)]
        if wrong:
            raise errors.RunError(
                "Adoption",
                f"run {run_id} was started with another {', '.join(wrong)} than declared",
                advice="Declare what the run was started with, or leave it out. Nothing was done.",
            )
        if "tags" in inputs:
            runs.retag(live["arn"], diffing.tag_change(lifecycle.live_tags(live), inputs["tags"]))
        return Started(run_id, lifecycle.adopted(inputs, live))

    def _runs(self) -> Runs:
        # boto3 costs a quarter of a second, which previews need not pay.
        from omics_provider.aws.gateway import Runs

        return Runs(self._settings)

    def _runs_of(self, recorded: dict[str, Any], operation: str) -> Runs:
        runs = self._runs()
        region = identity.region_of(str(recorded.get("arn", "")))
        if region and region != runs.region:
            raise errors.SettingsError(
                operation,
                f"the run was started in {region}, the configuration now says {runs.region}",
                advice=f"Set it back with: pulumi config set omics:region {region}. "
                "Nothing was done.",
            )
        return runs


def _attempt(old: dict[str, Any]) -> dict[str, str]:
    """Return what tells this start of the run from any earlier one, kept while the run lives.

    The engine checks a resource without its old inputs exactly when it is about to create it, for
    the first time or in place of another.
    """
    if old:
        return {fields.ATTEMPT: old[fields.ATTEMPT]} if fields.ATTEMPT in old else {}
    call = host.current_call()
    return {fields.ATTEMPT: identity.attempt(call.random_seed)} if call else {}


def _required(live: dict[str, Any] | None, run_id: str, region: str) -> dict[str, Any]:
    if live is None:
        raise errors.RunError(
            "GetRun",
            f"there is no run {run_id} in {region}",
            advice="Check the id, the Region and the account: `aws omics list-runs` shows them.",
        )
    return live


def _state(properties: Mapping[str, Any], *, secrets: bool = False) -> StackState:
    """Return the stack's recorded state; an empty one outside of a stack."""
    if fields.STACK not in properties or host.current_call() is None:
        return StackState((), ())
    from .stack_export import state_of

    return state_of(str(properties[fields.STACK]), secrets=secrets)


def _still_declared(recorded: Mapping[str, Any]) -> bool:
    """Tell whether another resource of the stack stands for this very run: then it stays.

    Only an adopted run can be met twice, where its adoption was replaced by another.
    """
    uuid = str(recorded["uuid"])
    if "requestId" in recorded:
        return False
    return uuid in _made_here or _state(recorded).keeps_run(uuid)


def _ender(runs: Runs) -> Callable[[dict[str, Any], EarlierStart], None]:
    def end(live: dict[str, Any], start: EarlierStart) -> None:
        on_delete = start.inputs.get("onDelete", fields.DEFAULT_ON_DELETE)
        ending.end(runs, live["id"], {**live, "onDelete": on_delete})

    return end


def _in_doubt(unclear: errors.Unconfirmed) -> str:
    call = host.current_call()
    return (
        f"{unclear.cause.about(f'run {call.name}' if call else '')}\n"
        "Whether the run has started is not known. The state remembers the request: the next "
        "`pulumi up` finds the run or starts it, and never starts a second."
    )
