"""OmicsRunGroup's provider. Its path and its class's name are in every state: they never change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from omics_provider.core import errors
from omics_provider.core.run_group import TABLE
from omics_provider.core.status import RunStatus

from . import host
from .plain import PlainProvider, Service

if TYPE_CHECKING:
    from omics_provider.aws.groups import Groups

#: Seconds that a delete waits for cancelled runs of the group, where customTimeouts says nothing.
_DELETE_LIMIT: Final = 300.0
#: Ids of runs that an error names.
_NAMED: Final = 5


class OmicsRunGroupProvider(PlainProvider):
    """Run groups of AWS HealthOmics."""

    table = TABLE

    def service(self) -> Groups:
        """Return the calls on run groups."""
        from omics_provider.aws.groups import Groups

        return Groups(self._settings)

    def end(self, service: Service, id_: str) -> None:
        """Delete the group; runs of it that are being cancelled are waited for.

        Raises Conflict where other runs of it are active.
        """
        from omics_provider.aws.polling import Pace, TimeLimitReached, poll

        groups = cast("Groups", service)
        call = host.current_call()
        limit = (call and call.timeout) or _DELETE_LIMIT
        try:
            poll(lambda: self._ended(groups, id_), bool, limit=limit, pace=Pace(first=0.5))
        except TimeLimitReached as late:
            raise _busy(id_, groups.active_runs(id_)) from late

    def _ended(self, groups: Groups, id_: str) -> bool:
        try:
            groups.delete(id_)
        except errors.NotFound:
            return True
        except errors.Conflict as refused:
            active = groups.active_runs(id_)
            if set(active.values()) - {RunStatus.STOPPING}:
                raise _busy(id_, active) from refused
            return False
        return True


def _busy(id_: str, active: dict[str, str]) -> errors.Conflict:
    named = ", ".join(f"{run} ({status})" for run, status in list(active.items())[:_NAMED])
    more = f" and {len(active) - _NAMED} more" if len(active) > _NAMED else ""
    runs = f"the runs {named}{more} of it are" if active else "runs of it were"
    # Developer guide, deleting-workflows-and-runs.
    return errors.Conflict(
        "DeleteRunGroup",
        f"group {id_} can't go while {runs} active",
        advice="Wait for their end, or cancel them, then run the same command again.",
    )
