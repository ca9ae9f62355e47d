"""OmicsRun's provider: what the engine asks of a run, carried out.

The pickled class in every stack's state is this module's path and this class's name, nothing else.
Neither may ever change, and an instance carries nothing into the pickle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

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

from omics_provider.core import diffing, errors, fields, identity, lifecycle, settings, spec
from omics_provider.core.lifecycle import Step
from omics_provider.core.settings import Settings
from omics_provider.core.status import RunStatus, status_of

from . import host, wire

if TYPE_CHECKING:
    from omics_provider.aws.gateway import Runs

#: Seconds that a delete waits for a cancelled run's end, where customTimeouts says nothing.
DELETE_LIMIT: Final = 1200.0


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
        failures = [CheckFailure(p.property, p.reason) for p in spec.problems(inputs)]
        inputs = spec.keep_spelling(old, inputs)
        inputs.setdefault("onDelete", fields.DEFAULT_ON_DELETE)
        return CheckResult(wire.sent({**inputs, **_attempt(old)}), failures)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell a new run from a change in place.

        The engine compares the inputs itself, with nested detail, wherever anything differs.
        """
        found = diffing.difference(_id, wire.received(_olds), wire.received(_news))
        return DiffResult(changes=None if found else False, replaces=list(found.replaces))

    @host.told_plainly
    def create(self, props: dict[str, Any]) -> CreateResult:
        """Start the run, with one call, and return; or take over the run of adopt_run_id."""
        inputs = wire.received(props)
        if "adoptRunId" in inputs:
            return self._adopt(inputs)
        request_id = identity.request_id(host.urn(), inputs)
        answer = self._runs().start(spec.start_arguments(inputs, request_id))
        return CreateResult(answer["id"], lifecycle.started(inputs, answer, request_id))

    @host.told_plainly
    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Bring the recorded facts up to date. A run whose record is gone stays, marked so."""
        recorded = wire.received(props)
        runs = self._runs_of(recorded, "GetRun")
        live = _find(runs, id_)
        if not recorded.get("uuid"):
            return ReadResult(id_, lifecycle.adopted({}, _required(live, id_, runs.region)))
        if live is None or not lifecycle.same_run(recorded, live):
            return ReadResult(id_, lifecycle.gone(recorded))
        now = lifecycle.refreshed(recorded, live)
        return ReadResult(id_, now, lifecycle.declared_with_drift(recorded, now))

    @host.told_plainly
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Change the tags that changed, in at most two calls, and remember on_delete."""
        recorded, inputs = wire.received(_olds), wire.received(_news)
        now = {**recorded, **inputs}
        change = diffing.tag_change(recorded.get("tags", {}), now.get("tags", {}))
        if not recorded.get("recordGone"):
            try:
                self._retag(recorded, change)
            except errors.NotFound:
                now = lifecycle.gone(now)
        return UpdateResult(now)

    @host.told_plainly
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """End the run as on_delete says, on its live status, if it still is this run."""
        recorded = wire.received(_props)
        if recorded.get("onDelete") == "keep" or recorded.get("recordGone"):
            return
        if not recorded.get("uuid"):
            raise errors.RunError(
                "Delete",
                f"no uuid is recorded for run id {_id}, so nothing tells whether it is this run",
                advice="Run `pulumi refresh` first, or remove the run by hand.",
            )
        _end(self._runs_of(recorded, "Delete"), _id, recorded)

    def _adopt(self, inputs: dict[str, Any]) -> CreateResult:
        runs, run_id = self._runs(), str(inputs["adoptRunId"])
        live = _required(_find(runs, run_id), run_id, runs.region)
        wrong = [fields.BY_WIRE[w].name for w in lifecycle.adoption_mismatch(inputs, live)]
        if wrong:
            raise errors.RunError(
                "Adoption",
                f"run {run_id} was started with another {', '.join(wrong)} than declared",
                advice="Declare what the run was started with, or leave it out. Nothing was done.",
            )
        return CreateResult(run_id, lifecycle.adopted(inputs, live))

    def _retag(self, recorded: dict[str, Any], change: diffing.TagChange) -> None:
        arn = str(recorded.get("arn", ""))
        if change.put:
            self._runs_of(recorded, "TagResource").tag(arn, change.put)
        if change.remove:
            self._runs_of(recorded, "UntagResource").untag(arn, change.remove)

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


def _find(runs: Runs, run_id: str) -> dict[str, Any] | None:
    try:
        return runs.get(run_id)
    except errors.NotFound:
        return None


def _required(live: dict[str, Any] | None, run_id: str, region: str) -> dict[str, Any]:
    if live is None:
        raise errors.RunError(
            "GetRun",
            f"there is no run {run_id} in {region}",
            advice="Check the id, the Region and the account: `aws omics list-runs` shows them.",
        )
    return live


def _end(runs: Runs, run_id: str, recorded: dict[str, Any]) -> None:
    from omics_provider.aws.polling import Pace, TimeLimitReached, poll

    call = host.current_call()
    ending = _Ending(runs, run_id, recorded)
    try:
        poll(
            ending.advance,
            lambda step: step is Step.DONE,
            limit=(call and call.timeout) or DELETE_LIMIT,
            pace=Pace(first=0.5),
        )
    except TimeLimitReached as late:
        raise errors.RunError(
            "Delete",
            f"run {run_id} is still {ending.status} after {late.seconds:.0f} s",
            advice="The cancellation goes on. Run the same command again to continue, or give it "
            "longer with ResourceOptions(custom_timeouts=CustomTimeouts(delete='1h')).",
        ) from late


class _Ending:
    """One delete of one run, step by step, each decided on the live status."""

    def __init__(self, runs: Runs, run_id: str, recorded: dict[str, Any]) -> None:
        self._runs = runs
        self._id = run_id
        self._recorded = recorded
        self._cancelled = False
        self.status: RunStatus | None = None

    def advance(self) -> Step:
        """Look, do the next step, and say which it was; DONE where nothing is left to do."""
        live = _find(self._runs, self._id)
        ours = live is not None and lifecycle.same_run(self._recorded, live)
        self.status = status_of(live["status"]) if live and ours else None
        on_delete = str(self._recorded.get("onDelete", fields.DEFAULT_ON_DELETE))
        step = lifecycle.delete_step(on_delete, self.status, cancelled=self._cancelled)
        try:
            return self._do(step)
        except errors.NotFound:
            return Step.DONE
        except errors.Conflict:
            # The run moved on between the look and the call: look again.
            return Step.WAIT

    def _do(self, step: Step) -> Step:
        if step is Step.CANCEL:
            self._runs.cancel(self._id)
            self._cancelled = True
        elif step is Step.DELETE_RECORD:
            self._runs.delete(self._id)
            return Step.DONE
        return step
