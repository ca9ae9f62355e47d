"""The calls about batches: plain values in and out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from omics_provider.base.settings import Settings
from omics_provider.runs.calls import Runs
from omics_provider.service.calls import PAGE
from omics_provider.service.pacing import Pacer
from omics_provider.service.start_loop import Starting

from .files import BatchFiles


class Batches(Starting):
    """Batches at one place. Every method raises the errors of `omics_provider.base.errors`."""

    def __init__(
        self, settings: Settings, before_start: Callable[[], object] = lambda: None
    ) -> None:
        """Take the place, and what has to be called before each try of StartRunBatch."""
        super().__init__(settings, before_start)
        self.runs = Runs(settings)
        #: Files in S3, None where there is none beside the service.
        self.files = None if settings.is_local else BatchFiles(settings)

    def start(
        self, arguments: Mapping[str, Any], look: Callable[[], dict[str, Any] | None]
    ) -> dict[str, Any]:
        """StartRunBatch, repeated with the same requestId until an answer is clear.

        After a try without an answer, `look` says whether the batch is there: the service may have
        forgotten the requestId. Raises Unconfirmed where no answer tells whether it has started.
        """
        members = ("id", "uuid", "arn", "status")
        return self._started("StartRunBatch", members, arguments, Pacer(None), look)

    def find(self, batch_id: str) -> dict[str, Any] | None:
        """GetBatch, None where there is no such batch; times are ISO 8601 in UTC."""
        return self._found("GetBatch", "id", "uuid", "status", batchId=batch_id)

    def named(self, name: str) -> Iterator[dict[str, Any]]:
        """ListBatch: the batches of this name, page by page."""
        return self.list(name=name)

    def entries(self, batch_id: str, **filters: Any) -> Iterator[dict[str, Any]]:
        """ListRunsInBatch, page by page; `filters` is one of submissionStatus, runSettingId."""
        return self._items("ListRunsInBatch", "runs", batchId=batch_id, **filters)

    def failed_entries(self, batch_id: str) -> list[dict[str, Any]]:
        """Return at most one page of the entries whose run could not be started."""
        found = self.entries(batch_id, submissionStatus="FAILED")
        return list(itertools.islice(found, PAGE))

    def cancel(self, batch_id: str) -> None:
        """CancelRunBatch: asynchronous, also for the runs that have started."""
        self._answer("CancelRunBatch", batchId=batch_id)

    def delete_runs(self, batch_id: str) -> None:
        """DeleteRunBatch: removes the records of the batch's ended runs; asynchronous."""
        self._answer("DeleteRunBatch", batchId=batch_id)

    def delete(self, batch_id: str) -> None:
        """DeleteBatch: removes the batch's own record."""
        self._answer("DeleteBatch", batchId=batch_id)

    def list(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """ListBatch, page by page; `filters` are name, runGroupId, status."""
        return self._items("ListBatch", **filters)
