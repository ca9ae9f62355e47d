"""What the providers of lasting resources share: groups, caches and workflows.

Such a resource is changed in place where the service allows it. One that is gone is made again by
the next update, which a run never is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol, cast

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

from omics_provider.base import checks, errors, identity, keys, settings
from omics_provider.base import diff as diffing
from omics_provider.base.settings import Settings
from omics_provider.base.table import Table
from omics_provider.engine import own_state, process
from omics_provider.engine.state import EarlierStart, StackState
from omics_provider.runs import lookup
from omics_provider.shared.rules import lasting

from . import _host, _wire

Live = dict[str, Any]


class Service(Protocol):
    """The calls on one kind of resource; they raise `omics_provider.base.errors`."""

    @property
    def region(self) -> str:
        """The Region that is asked."""

    def account(self) -> str:
        """Return the caller's account, empty where there is but one."""

    def create(self, arguments: Mapping[str, Any]) -> Live:
        """Make one, once for each requestId."""

    def find(self, id_: str) -> Live | None:
        """Return one by its id, None where there is none."""

    def list(self) -> Iterator[Live]:
        """Give all of them, without their tags."""

    def update(self, id_: str, changes: Mapping[str, Any]) -> None:
        """Change one; what is not given stays."""

    def delete(self, id_: str) -> None:
        """Delete one."""

    def retag(self, arn: str, change: diffing.TagChange) -> None:
        """Set and remove tags."""


class PlainProvider(ResourceProvider):
    """A provider whose pickle is the path of its class. Subclasses name a table and a service."""

    serialize_as_secret_always = False
    table: ClassVar[Table]
    rules: ClassVar[tuple[checks.Rule, ...]] = ()
    #: Seconds that a delete waits for what is in its way, where customTimeouts says nothing.
    delete_limit: ClassVar[float] = 60.0
    _settings = Settings()

    def __getstate__(self) -> None:
        """Carry nothing into the state: the pickle is an address, not a program."""
        return

    def service(self) -> Service:
        """Return the calls on this kind of resource; boto3 is imported here and not before."""
        raise NotImplementedError

    @_host.told_plainly
    def configure(self, req: ConfigureRequest) -> None:
        """Take region, profile and endpoint from the stack's configuration."""
        self._settings = settings.from_config(req.config.get)
        process.command()

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Find everything that is wrong with the declaration; the service is not asked."""
        old, inputs = _wire.received(_olds), _wire.received(news)
        found = checks.problems(self.table, inputs, self.rules)
        # Beside a property's name the engine prints its value, secrets in plain text, too.
        failures = [CheckFailure("", problem.told(self.table)) for problem in found]
        return CheckResult(_wire.sent({**inputs, **own_state.attempt(old)}), failures)

    @_host.told_plainly
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Tell a new resource from a change in place; the engine shows what differs."""
        recorded = _wire.received(_olds)
        found = diffing.difference(_id, recorded, _wire.received(_news), self.table)
        if not found.replaces:
            lookup.require_provider_of(self._settings, recorded)
        return DiffResult(changes=None if found else False, replaces=list(found.replaces))

    @_host.told_plainly
    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the resource, or take the one that an interrupted create of it has made."""
        inputs, service = _wire.received(props), self.service()
        live, settled, is_new = self.obtained(service, inputs)
        if not is_new:
            self._change(service, live, lasting.live_inputs(self.table, live), inputs)
        return CreateResult(live["id"], lasting.made(self.table, inputs, live, settled))

    @_host.told_plainly
    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Bring the recorded values up to date; where it is gone, the next update makes it."""
        recorded, service = _wire.received(props), self.service()
        if not recorded.get("arn"):
            return ReadResult(id_, lasting.looked_up(self.table, self.required(service, id_)))
        live = self.found(service, id_, recorded)
        if live is None:
            return ReadResult("", {})
        now = lasting.refreshed(self.table, recorded, live)
        return ReadResult(id_, now, lasting.drifted(self.table, recorded, now))

    @_host.told_plainly
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Change in place what differs."""
        recorded, inputs, service = _wire.received(_olds), _wire.received(_news), self.service()
        live = self.still_there(service, _id, recorded)
        self._change(service, live, recorded, inputs)
        return UpdateResult({**recorded, **inputs})

    @_host.told_plainly
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete it, if it still is this one; done where it is gone."""
        recorded, service = _wire.received(_props), self.service()
        if self.found(service, _id, recorded) is not None:
            self.end(service, _id)

    def arguments(self, inputs: Live, token: str) -> dict[str, Any]:
        """Return the arguments of the call that makes it."""
        return lasting.create_arguments(self.table, inputs, _host.urn(), token)

    def obtained(self, service: Service, inputs: Live) -> tuple[Live, list[str], bool]:
        """Make the resource, or take the one that an interrupted create of it has made.

        Returns it, the requestIds that led to it, and whether it is new.
        """
        token = identity.request_id(_host.urn(), inputs, self.table)
        state, earlier = own_state.of_kind(inputs)
        live = self._left_behind(service, inputs, token, state, earlier)
        is_new = live is None
        if live is None:
            live = self._made(service, inputs, token)
        return live, [token, *(start.token for start in earlier)], is_new

    def end(self, service: Service, id_: str) -> None:
        """Delete it; done where it is gone. A cancelled run that still uses it is waited for.

        Raises Conflict where the service goes on to refuse.
        """
        from omics_provider.service.polling import Pace, TimeLimitReached, poll

        refusals: list[errors.Conflict] = []

        def is_gone() -> bool:
            try:
                service.delete(id_)
            except errors.NotFound:
                return True
            except errors.Conflict as refusal:
                refusals.append(refusal)
                self.may_wait(service, id_, refusal)
                return False
            return True

        try:
            poll(is_gone, bool, limit=time_limit(self.delete_limit), pace=Pace(first=0.5))
        except TimeLimitReached:
            raise refusals[-1] from None

    def may_wait(self, service: Service, id_: str, refusal: errors.Conflict) -> None:
        """Raise where waiting will not make the service delete it."""

    def found(self, service: Service, id_: str, recorded: Mapping[str, Any]) -> Live | None:
        """Return the recorded one as it is now, None where it is gone.

        Before that is believed, Region and account are compared. Raises SettingsError.
        """
        _require(service.region, identity.region_of(str(recorded["arn"])), "Region")
        live = service.find(id_)
        if live is not None and lasting.same(recorded, live):
            return live
        _require(service.account(), identity.account_of(str(recorded["arn"])), "account")
        return None

    def still_there(self, service: Service, id_: str, recorded: Mapping[str, Any]) -> Live:
        """Return the recorded one as it is now. Raises NotFound where it is gone."""
        live = self.found(service, id_, recorded)
        if live is None:
            raise errors.NotFound(
                "Update",
                f"{id_} is gone, deleted outside of this stack",
                advice="Run `pulumi refresh`, then `pulumi up`: it is made again.",
            )
        return live

    def required(self, service: Service, id_: str) -> Live:
        """Return one that is only looked up. Raises NotFound where there is none."""
        live = service.find(id_)
        if live is None:
            raise errors.NotFound(
                "Lookup",
                f"there is none with the id {id_} in {service.region}",
                advice="Check the id, the Region and the account.",
            )
        return live

    def _change(
        self, service: Service, live: Live, recorded: Mapping[str, Any], inputs: Live
    ) -> None:
        changes = lasting.changes(self.table, recorded, inputs)
        if changes:
            service.update(live["id"], changes)
        if "tags" in inputs:
            service.retag(live["arn"], lasting.tag_change(recorded, inputs, live))

    def _made(self, service: Service, inputs: Live, token: str) -> Live:
        arguments = self.arguments(inputs, token)
        process.require_alive()
        try:
            made = service.create(arguments)
        except errors.Conflict:
            # A try without an answer may have taken effect, and its repeat be refused for it.
            live: Live | None = _start(service, inputs, token, StackState()).find()
            if live is None:
                raise
            return live
        try:
            return {**made, **(service.find(made["id"]) or {})}
        except errors.OmicsError as error:
            # It is there, and nothing may keep its id from the state.
            _host.warn(f"It was made, and could not be looked at: {error.detail}.")
            return made

    def _left_behind(
        self,
        service: Service,
        inputs: Live,
        token: str,
        state: StackState,
        earlier: tuple[EarlierStart, ...],
    ) -> Live | None:
        """Return what an interrupted or failed create of this resource has made, by its mark."""
        start = _start(service, inputs, token, state)
        found = next(start.interrupted(earlier), None) if earlier else None
        if found is None and state.failing_since:
            found = next(start.lost(state.failing_since, earlier), None)
        if found is None:
            return None
        live: Live = found[0]
        wrong = lasting.in_the_way(self.table, inputs, live)
        if wrong:
            _host.warn(
                f"An interrupted update has left {live['arn']}, with another "
                f"{', '.join(self.table.by_wire[w].name for w in wrong)}. Delete it by hand."
            )
            return None
        return live


def time_limit(otherwise: float) -> float:
    """Return the resource's customTimeouts for this call in seconds, else `otherwise`."""
    call = _host.current_call()
    return (call and call.timeout) or otherwise


def _start(service: Service, inputs: Live, token: str, state: StackState) -> Any:
    from omics_provider.runs.starts import Start

    stack = str(inputs.get(keys.STACK, ""))
    return Start(cast(Any, service), state, stack, _host.urn(), inputs, token)


def _require(now: str, made_in: str, what: str) -> None:
    if now and made_in and now != made_in:
        raise errors.SettingsError(
            "Lookup",
            f"it was made in {what} {made_in}, the configuration now says {now}",
            advice=f"Set that {what} back (omics:region, omics:profile). Nothing was done.",
        )
