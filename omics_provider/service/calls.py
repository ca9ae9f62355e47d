"""What calls to HealthOmics have in common, whatever they are about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

from omics_provider.base import errors
from omics_provider.base.diff import TagChange
from omics_provider.base.settings import Settings

from . import account
from .clients import omics
from .failures import translated

if TYPE_CHECKING:
    from types_boto3_omics import OmicsClient


#: Members of a page that the service gives at the most (botocore's model of each List operation).
PAGE: Final = 100


class Place:
    """One Region of one account. Every method raises the errors of `omics_provider.base.errors`."""

    #: What to do about a kind of failure, where the kind's own advice does not fit.
    advice: ClassVar[Mapping[type[errors.OmicsError], str]] = {}

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def settings(self) -> Settings:
        """How the place is reached."""
        return self._settings

    @property
    def region(self) -> str:
        """The Region that is asked."""
        return self._client.meta.region_name

    @property
    def _client(self) -> OmicsClient:
        return omics(self._settings)

    def account(self) -> str:
        """Return the caller's account id, empty at the emulator in process, which has but one."""
        return "" if self._settings.is_local else account.number(self._settings)

    def retag(self, arn: str, change: TagChange) -> None:
        """TagResource for the tags to set, UntagResource for those to remove, as needed."""
        if change.put:
            with translated("TagResource"):
                self._client.tag_resource(resourceArn=arn, tags=change.put)
        if change.remove:
            with translated("UntagResource"):
                self._client.untag_resource(resourceArn=arn, tagKeys=change.remove)

    def _answer(self, operation: str, *members: str, **arguments: Any) -> dict[str, Any]:
        """Call an operation; `members` are those that every answer of it has."""
        with self._called(operation):
            answer = getattr(self._client, method(operation))(**arguments)
            return whole(operation, answer, *members)

    def _found(self, operation: str, *members: str, **arguments: Any) -> dict[str, Any] | None:
        """Call an operation on one thing; None where it is not there."""
        try:
            return self._answer(operation, *members, **arguments)
        except errors.NotFound:
            return None

    def _items(
        self, operation: str, member: str = "items", **arguments: Any
    ) -> Iterator[dict[str, Any]]:
        """Call a List operation, page by page; `member` is the one with a page's items."""
        pages = self._client.get_paginator(method(operation)).paginate(  # type: ignore[call-overload]  # the operation is no literal
            **arguments, PaginationConfig={"PageSize": PAGE}
        )
        with self._called(operation):
            for page in pages:
                yield from whole(operation, page, member)[member]

    @contextmanager
    def _called(self, operation: str) -> Iterator[None]:
        """Translate what a call raises, with this place's advice."""
        try:
            with translated(operation):
                yield
        except errors.OmicsError as error:
            error.advice = self.advice.get(type(error), error.advice)
            raise


def method(operation: str) -> str:
    """Return boto3's name of an operation, as in get_run for GetRun."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def whole(operation: str, answer: Mapping[str, Any], *members: str) -> dict[str, Any]:
    """Return the answer with plain values, if it has the members that every such answer has.

    botocore takes an answer that was cut between its headers and its body for an empty success.
    """
    if any(member not in answer for member in members):
        raise errors.Unreachable(
            operation,
            "the connection ended in the middle of the answer",
            advice="Check the network, then run the same command again.",
        )
    return {key: plain(value) for key, value in answer.items() if key != "ResponseMetadata"}


def plain(value: Any) -> Any:
    """Return a value of an answer with times as ISO 8601 in UTC."""
    if isinstance(value, datetime):
        text = value.astimezone(UTC).isoformat(timespec="milliseconds")
        return text.replace("+00:00", "Z").replace(".000Z", "Z")
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
