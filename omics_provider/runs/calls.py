"""The calls on runs: plain values in and out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from omics_provider.service import logs
from omics_provider.service.calls import plain
from omics_provider.service.start_loop import Starting, pacer_of

#: Texts of a manifest that GetRun gives as times.
_TIMES: Final = frozenset({"creationTime", "startTime", "stopTime"})


class Runs(Starting):
    """Runs at one place. Every method raises the errors of `omics_provider.base.errors`."""

    def manifest(self, run_id: str, uuid: str) -> dict[str, Any] | None:
        """Return what an ended run's manifest in CloudWatch Logs says of it, None for nothing.

        Raises NotFound where there is no manifest.
        """
        if self._settings.is_local:
            return None
        entries = logs.manifest(self._settings, run_id, uuid)
        found = next((entry for entry in entries if entry.get("uuid") == uuid), None)
        return found and {k: _time(v) if k in _TIMES else v for k, v in found.items()}

    def start(
        self,
        arguments: Mapping[str, Any],
        look: Callable[[], dict[str, Any] | None] = lambda: None,
    ) -> dict[str, Any]:
        """StartRun, in turn with this process's other calls, repeated with the same requestId.

        After a try without an answer, `look` says whether the run is there: the service may have
        forgotten the requestId. Raises Unconfirmed where no answer tells whether the run started.
        """
        pacer = pacer_of(self._settings)
        return self._started("StartRun", ("id", "uuid", "status"), arguments, pacer, look)

    def get(self, run_id: str) -> dict[str, Any]:
        """GetRun; times are ISO 8601 in UTC."""
        return self._answer("GetRun", "id", "uuid", "status", id=run_id)

    def find(self, run_id: str) -> dict[str, Any] | None:
        """GetRun, None where there is no such run."""
        return self._found("GetRun", "id", "uuid", "status", id=run_id)

    def list(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """ListRuns, page by page; `filters` are name, runGroupId, batchId, status."""
        return self._items("ListRuns", **filters)

    def cancel(self, run_id: str) -> None:
        """CancelRun: asynchronous, legal while the run is active."""
        self._answer("CancelRun", id=run_id)

    def delete(self, run_id: str) -> None:
        """DeleteRun: removes the record of an ended run, no file and no log."""
        self._answer("DeleteRun", id=run_id)


def _time(text: Any) -> Any:
    """Return a manifest's time as GetRun's are returned, and what is none as it is."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return text
    return plain(found if found.tzinfo else found.replace(tzinfo=UTC))
