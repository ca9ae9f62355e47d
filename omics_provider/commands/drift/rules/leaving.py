"""What there is to tell of replaced runs and batches that the next update ends."""

from __future__ import annotations

from omics_provider.base.status import ACTIVE
from omics_provider.batches.rules.lifecycle import FINAL, status_of

from .judge import UNSEEN, Finding, Found, Kind, Live
from .record import Recorded


def judge_leaving(recorded: Recorded, found: Found, kept: Live | None = None) -> Finding | None:
    """Return a finding where the replaced run, or its batch `kept`, is active: it costs money."""
    own = kept or {"id": recorded.id, "uuid": recorded.uuid, "status": recorded.status}
    status = str(found.run.get("status", ""))
    is_active = status_of(status) not in FINAL if kept else status in ACTIVE
    kind = UNSEEN.get(found.look, Kind.REPLACED)
    if kind is Kind.REPLACED and not (is_active and found.run.get("uuid") == own["uuid"]):
        return None
    return Finding(
        kind,
        recorded.name,
        id=str(own["id"]),
        urn=recorded.urn,
        group=recorded.group,
        uuid=str(own["uuid"]),
        before=str(own["status"]),
        now=status,
        detail=found.why,
        what="batch" if kept else "run",
    )
