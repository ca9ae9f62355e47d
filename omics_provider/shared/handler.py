"""What the engine asks of a run group or run cache, carried out; workflows build on it, too.

Such a resource is changed in place where the service allows it. One that is gone is made again by
the next update, which a run never is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Final, Generic, NamedTuple, TypeVar

from omics_provider.base import checks, diff, errors, identity
from omics_provider.base.status import RunStatus
from omics_provider.base.table import Table
from omics_provider.engine import records
from omics_provider.engine.call import Call, Checked, Found, Recorded
from omics_provider.engine.handler import Properties
from omics_provider.engine.state import EarlierStart, StackState
from omics_provider.runs.search import search_of
from omics_provider.service import whereabouts
from omics_provider.service.polling import Pace, TimeLimitReached, poll

from .calls import Caches, Groups, Lasting
from .rules import lasting, tables

Live = dict[str, Any]
S = TypeVar("S", bound=Lasting)

#: Ids of runs that an error names.
_NAMED: Final = 5


class Obtained(NamedTuple):
    """A resource that was made or taken, and the requestIds that led to it."""

    live: Live
    tokens: list[str]
    is_new: bool


class LastingHandler(ABC, Generic[S]):
    """Resources that stay until they are deleted. Subclasses name a table and a service."""

    table: Table
    rules: ClassVar[tuple[checks.Rule, ...]] = ()
    #: Seconds that a delete waits for what is in its way, where customTimeouts says nothing.
    delete_limit: ClassVar[float] = 60.0

    def __init__(self, table: Table | None = None) -> None:
        self.table = table or self.table

    @abstractmethod
    def service(self, call: Call) -> S:
        """Return the calls on this kind of resource."""

    def check(self, call: Call, old: Properties, inputs: Properties) -> Checked:
        """Find everything that is wrong with the declaration; the service is not asked."""
        problems = checks.problems(self.table, inputs, self.rules)
        return Checked({**inputs, **records.attempt(call, old)}, tuple(problems))

    def diff(self, call: Call, id_: str, recorded: Properties, inputs: Properties) -> Found:
        """Tell a new resource from a change in place; the engine shows what differs."""
        found = diff.difference(id_, recorded, inputs, self.table)
        if not found.replaces:
            whereabouts.require_provider_of(call.settings, recorded)
        return Found(None if found else False, found.replaces)

    def create(self, call: Call, inputs: Properties) -> Recorded:
        """Make the resource, or take the one that an interrupted create of it has made."""
        service = self.service(call)
        live, tokens, is_new = self.obtained(call, service, inputs)
        if not is_new:
            self._change(service, live, lasting.live_inputs(self.table, live), inputs)
        return Recorded(live["id"], lasting.made(self.table, inputs, live, tokens))

    def read(self, call: Call, id_: str, recorded: Properties) -> Recorded:
        """Bring the recorded values up to date; where it is gone, the next update makes it."""
        service = self.service(call)
        if not recorded.get("arn"):
            there = self.required(service, id_)
            return Recorded(id_, lasting.looked_up(self.table, recorded, there, call.urn))
        live = self.found(service, id_, recorded)
        if live is None:
            return Recorded("", {})
        now = lasting.refreshed(self.table, recorded, live)
        return Recorded(id_, now, lasting.drifted(self.table, recorded, now))

    def update(self, call: Call, id_: str, recorded: Properties, inputs: Properties) -> Properties:
        """Change in place what differs."""
        service = self.service(call)
        live = self.still_there(service, id_, recorded)
        self._change(service, live, recorded, inputs)
        return {**recorded, **inputs}

    def delete(self, call: Call, id_: str, recorded: Properties) -> None:
        """Delete it, if it still is this one; done where it is gone."""
        service = self.service(call)
        if self.found(service, id_, recorded) is not None:
            self.end(call, service, id_)

    def arguments(self, call: Call, inputs: Properties, token: str) -> dict[str, Any]:
        """Return the arguments of the call that makes it."""
        return lasting.create_arguments(self.table, inputs, call.urn, token)

    def obtained(self, call: Call, service: S, inputs: Properties) -> Obtained:
        """Make the resource, or take the one that an interrupted create of it has made."""
        token = identity.request_id(call.urn, inputs, self.table)
        records.prepare(call, inputs)
        state, earlier = records.of_kind(call, inputs)
        live = self._left_behind(call, service, inputs, token, state, earlier)
        is_new = live is None
        if live is None:
            live = self._made(call, service, inputs, token)
        return Obtained(live, [token, *(start.token for start in earlier)], is_new)

    def end(self, call: Call, service: S, id_: str) -> None:
        """Delete it; done where it is gone. A cancelled run that still uses it is waited for.

        Raises Conflict where the service goes on to refuse.
        """
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
            poll(is_gone, bool, limit=call.limit(self.delete_limit), pace=Pace(first=0.5))
        except TimeLimitReached:
            raise refusals[-1] from None

    def may_wait(self, service: S, id_: str, refusal: errors.Conflict) -> None:
        """Raise where waiting will not make the service delete it."""

    def found(self, service: S, id_: str, recorded: Properties) -> Live | None:
        """Return the recorded one as it is now, None where it is gone.

        Before that is believed, Region and account are compared. Raises SettingsError.
        """
        whereabouts.require_region_of_lasting(service, recorded)
        live = service.find(id_)
        if live is not None and lasting.same(recorded, live):
            return live
        whereabouts.require_account_of_lasting(service, recorded)
        return None

    def still_there(self, service: S, id_: str, recorded: Properties) -> Live:
        """Return the recorded one as it is now. Raises NotFound where it is gone."""
        live = self.found(service, id_, recorded)
        if live is None:
            raise errors.NotFound(
                "Update",
                f"{id_} no longer exists: somebody deleted it outside this stack",
                advice="Run `pulumi refresh`, then `pulumi up`, which creates it again.",
            )
        return live

    def required(self, service: S, id_: str) -> Live:
        """Return one that is only looked up. Raises NotFound where there is none."""
        live = service.find(id_)
        if live is None:
            raise errors.NotFound(
                "Lookup",
                f"there is none with the id {id_} in {service.region}",
                advice="Check the id, the Region and the account.",
            )
        return live

    def _change(self, service: S, live: Live, recorded: Properties, inputs: Properties) -> None:
        changes = lasting.changes(self.table, recorded, inputs)
        if changes:
            service.update(live["id"], changes)
        if "tags" in inputs:
            service.retag(live["arn"], lasting.tag_change(recorded, inputs, live))

    def _made(self, call: Call, service: S, inputs: Properties, token: str) -> Live:
        arguments = self.arguments(call, inputs, token)
        call.update.require_going()
        try:
            made = service.create(arguments)
        except errors.Conflict:
            # A try without an answer may have taken effect, and its repeat be refused for it.
            live = search_of(call, service, inputs, token, StackState()).find()
            if live is None:
                raise
            return live
        try:
            return {**made, **(service.find(made["id"]) or {})}
        except errors.OmicsError as error:
            # It is there, and nothing may keep its id from the state.
            call.warn(f"It was created, but could not be read: {error.detail}.")
            return made

    def _left_behind(
        self,
        call: Call,
        service: S,
        inputs: Properties,
        token: str,
        state: StackState,
        earlier: tuple[EarlierStart, ...],
    ) -> Live | None:
        """Return what an interrupted or failed create of this resource has made, by its mark."""
        search = search_of(call, service, inputs, token, state)
        found = next(search.interrupted(earlier), None) if earlier else None
        if found is None:
            found = next(search.lost(earlier), None)
        if found is None:
            return None
        live = found[0]
        wrong = lasting.in_the_way(self.table, inputs, live)
        if wrong:
            call.warn(
                f"An interrupted update has left {live['arn']}, with another "
                f"{', '.join(self.table.by_wire[w].name for w in wrong)}. Delete it by hand."
            )
            return None
        return live


class GroupHandler(LastingHandler[Groups]):
    """Run groups of AWS HealthOmics."""

    table = tables.GROUP
    delete_limit = 300.0

    def service(self, call: Call) -> Groups:
        """Return the calls on run groups."""
        return Groups(call.settings)

    def may_wait(self, service: Groups, id_: str, refusal: errors.Conflict) -> None:
        """Raise Conflict, with their ids, where runs of the group are active and stay so."""
        active = service.active_runs(id_)
        if set(active.values()) - {RunStatus.STOPPING}:
            raise _busy(id_, active) from refusal
        refusal.detail = _busy(id_, active).detail


class CacheHandler(LastingHandler[Caches]):
    """Run caches of AWS HealthOmics."""

    table = tables.CACHE

    def service(self, call: Call) -> Caches:
        """Return the calls on run caches."""
        return Caches(call.settings)


def _busy(id_: str, active: dict[str, str]) -> errors.Conflict:
    named = ", ".join(f"{run} ({status})" for run, status in list(active.items())[:_NAMED])
    more = f" and {len(active) - _NAMED} more" if len(active) > _NAMED else ""
    runs = f"the runs {named}{more} of it are" if active else "runs of it were"
    # Developer guide, deleting-workflows-and-runs.
    return errors.Conflict(
        "DeleteRunGroup",
        f"group {id_} can't be deleted while {runs} active",
        advice="Wait for the runs' end, or cancel them, then run the same command again.",
    )
