"""The calls to HealthOmics: plain values in, plain values or core errors out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from omics_provider.core.diffing import TagChange
from omics_provider.core.errors import NotFound, Unreachable
from omics_provider.core.settings import Settings

from . import neighbours, start_loop
from .clients import omics
from .failures import translated

if TYPE_CHECKING:
    from types_boto3_omics import OmicsClient

#: Largest page that ListRuns gives (botocore's model of ListRunsRequest).
_PAGE: Final = 100
#: Texts of a manifest that GetRun gives as times.
_TIMES: Final = frozenset({"creationTime", "startTime", "stopTime"})


class Runs:
    """Runs at one place. Every method raises the errors of `omics_provider.core.errors`."""

    def __init__(
        self, settings: Settings, before_start: Callable[[], object] = lambda: None
    ) -> None:
        """Take the place, and what has to be called before each try of StartRun."""
        self._settings = settings
        self._before_start = before_start

    @property
    def settings(self) -> Settings:
        """How this gateway was told to reach the service."""
        return self._settings

    @property
    def region(self) -> str:
        """The Region that this gateway asks."""
        return self._client.meta.region_name

    @property
    def _client(self) -> OmicsClient:
        # Starting a run takes a client of its own, so that most updates need only that one.
        return omics(self._settings)

    def account(self) -> str:
        """Return the caller's account id, empty at the emulator in process, which has but one."""
        return "" if self._settings.is_local else neighbours.account(self._settings)

    def manifest(self, run_id: str, uuid: str) -> dict[str, Any] | None:
        """Return what an ended run's manifest in CloudWatch Logs says of it, None for nothing."""
        if self._settings.is_local:
            return None
        found = neighbours.manifest(self._settings, run_id, uuid)
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
        client = omics(self._settings, retries=False)

        def call() -> dict[str, Any]:
            self._before_start()
            with translated("StartRun"):
                return _whole("StartRun", client.start_run(**arguments), "id", "uuid", "status")

        return start_loop.repeat(call, start_loop.pacer_of(self._settings), look)

    def get(self, run_id: str) -> dict[str, Any]:
        """GetRun; times are ISO 8601 in UTC."""
        with translated("GetRun"):
            return _whole("GetRun", self._client.get_run(id=run_id), "id", "uuid", "status")

    def find(self, run_id: str) -> dict[str, Any] | None:
        """GetRun, None where there is no such run."""
        try:
            return self.get(run_id)
        except NotFound:
            return None

    def list(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """ListRuns, page by page; `filters` are name, runGroupId, batchId, status."""
        pages = self._client.get_paginator("list_runs").paginate(
            **filters,
            PaginationConfig={"PageSize": _PAGE},
        )
        with translated("ListRuns"):
            for page in pages:
                yield from _whole("ListRuns", page, "items")["items"]

    def cancel(self, run_id: str) -> None:
        """CancelRun: asynchronous, legal while the run is active."""
        with translated("CancelRun"):
            self._client.cancel_run(id=run_id)

    def delete(self, run_id: str) -> None:
        """DeleteRun: removes the record of an ended run, no file and no log."""
        with translated("DeleteRun"):
            self._client.delete_run(id=run_id)

    def retag(self, arn: str, change: TagChange) -> None:
        """TagResource for the tags to set, UntagResource for those to remove, as needed."""
        if change.put:
            with translated("TagResource"):
                self._client.tag_resource(resourceArn=arn, tags=change.put)
        if change.remove:
            with translated("UntagResource"):
                self._client.untag_resource(resourceArn=arn, tagKeys=change.remove)


def _whole(operation: str, answer: Mapping[str, Any], *members: str) -> dict[str, Any]:
    """Return the answer with plain values, if it has the members that every such answer has.

    botocore takes an answer that was cut between its headers and its body for an empty success.
    """
    if any(member not in answer for member in members):
        raise Unreachable(
            operation,
            "the connection ended within the answer",
            advice="Check the network, then run the same command again.",
        )
    return {k: _value(v) for k, v in answer.items() if k != "ResponseMetadata"}


def _time(text: Any) -> Any:
    """Return a manifest's time as GetRun's are returned, and what is none as it is."""
    try:
        return _value(datetime.fromisoformat(text))
    except (TypeError, ValueError):
        return text


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        text = value.astimezone(UTC).isoformat(timespec="milliseconds")
        return text.replace("+00:00", "Z").replace(".000Z", "Z")
    if isinstance(value, Mapping):
        return {key: _value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_value(item) for item in value]
    return value
