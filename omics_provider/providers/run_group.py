"""OmicsRunGroup's provider. Its path and its class's name are in every state: they never change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from omics_provider.base import errors
from omics_provider.base.status import RunStatus
from omics_provider.shared.rules.tables import GROUP

from .plain import PlainProvider, Service

if TYPE_CHECKING:
    from omics_provider.shared.groups import Groups

#: Ids of runs that an error names.
_NAMED: Final = 5


class OmicsRunGroupProvider(PlainProvider):
    """Run groups of AWS HealthOmics."""

    table = GROUP
    delete_limit = 300.0

    def service(self) -> Groups:
        """Return the calls on run groups."""
        from omics_provider.shared.groups import Groups

        return Groups(self._settings)

    def may_wait(self, service: Service, id_: str, refusal: errors.Conflict) -> None:
        """Raise Conflict, with their ids, where runs of the group are active and stay so."""
        active = cast("Groups", service).active_runs(id_)
        if set(active.values()) - {RunStatus.STOPPING}:
            raise _busy(id_, active) from refusal
        refusal.detail = _busy(id_, active).detail


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
