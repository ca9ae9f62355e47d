"""Shares: create, accept, get, list, delete."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from omics_provider.emulator.protocol import pages
from omics_provider.emulator.protocol.exceptions import (
    AccessDeniedException,
    ConflictException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
    ValidationException,
)
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.resources import Resources

from . import record
from .record import Share

_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_OMICS_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:omics:[^:]+:[0-9]{12}:(workflow|variantStore|annotationStore)/.+"
)
_MOST: Final = 100


class Shares:
    """The operations on shares. The owner of a workflow creates one, its subscriber accepts it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def create_share(self) -> dict[str, Any]:
        """CreateShare."""
        context, params = self._context, self._context.params
        arn, subscriber = params["resourceArn"], params["principalSubscriber"]
        workflow = self._own_workflow(arn)
        if not _ACCOUNT.fullmatch(subscriber) or subscriber == context.account:
            raise ValidationException(f"{subscriber!r} is not the id of another account")
        others = list(record.of_workflow(context, context.account, workflow))
        if any(each.subscriber == subscriber for each in others):
            raise ConflictException(f"Workflow {workflow} is shared with {subscriber} already.")
        if context.settings.quotas and len(others) >= _MOST:
            raise ServiceQuotaExceededException(f"A workflow has at most {_MOST} shares")
        doc = {"subscriber": subscriber, "workflow": workflow, "arn": arn}
        kept = Resources(context, record.KIND, "Share")
        made = kept.add(self._new_id(arn), params.get("shareName"), doc, {})
        return {"shareId": made.id, "status": record.PENDING, "shareName": made.name}

    def accept_share(self) -> dict[str, Any]:
        """AcceptShare: by the subscriber."""
        share = self._find()
        if share.subscriber != self._context.account:
            raise AccessDeniedException(f"Share {share.id} is for its subscriber to accept.")
        status = share.status(self._context)
        if status != record.PENDING:
            raise ConflictException(f"Share {share.id} is {status}, not PENDING.")
        record.change(self._context, share, {"accepted": self._context.now})
        return {"status": record.ACTIVATING}

    def get_share(self) -> dict[str, Any]:
        """GetShare: by the owner or the subscriber."""
        return {"share": self._item(self._find())}

    def list_shares(self) -> dict[str, Any]:
        """ListShares: those that the caller has made, or those that others have made for it."""
        params, me = self._context.params, self._context.account
        size = params.get("maxResults", pages.DEFAULT_SIZE)
        if size < 1:
            raise ValidationException("maxResults is at least 1")
        is_own = params["resourceOwner"] == "SELF"
        wanted = (
            (each.pk, self._item(each))
            for each in record.shares(self._context)
            if me == (each.owner if is_own else each.subscriber) and self._fits(each)
        )
        shown, token = pages.of_numbered(
            wanted,
            {**params, "maxResults": min(size, pages.DEFAULT_SIZE)},
            token_member="nextToken",  # noqa: S106  # a name, no secret
        )
        return {"shares": shown, "nextToken": token}

    def delete_share(self) -> dict[str, Any]:
        """DeleteShare: the owner takes it back, or the subscriber gives it up."""
        share = self._find()
        if share.deleted is None:
            record.change(self._context, share, {"deleted": self._context.now})
        return {"status": record.DELETING}

    def _find(self) -> Share:
        wanted = self._context.params["shareId"]
        for share in record.shares(self._context, wanted):
            if share.is_of(self._context.account):
                return share
        raise ResourceNotFoundException(f"Share {wanted} not found")

    def _own_workflow(self, arn: str) -> str:
        """Give the id of the workflow of an ARN, which has to be the caller's."""
        if not _OMICS_ARN.fullmatch(arn):
            raise ValidationException(f"{arn!r} is not the ARN of something that can be shared")
        found = record.WORKFLOW_ARN.fullmatch(arn)
        if found is not None and found["account"] != self._context.account:
            raise AccessDeniedException(f"{arn} is for its owner to share.")
        workflows = Resources(self._context, "workflow", "Workflow")
        if (
            found is None
            or found["region"] != self._context.region
            or workflows.get(found["id"]) is None
        ):
            raise ResourceNotFoundException(f"Resource {arn} not found")
        return found["id"]

    def _new_id(self, arn: str) -> str:
        """Give an id as the service has them: two hashes."""
        halves = (arn, self._context.new_uuid())
        return "-".join(hashlib.sha256(each.encode()).hexdigest()[:32] for each in halves)

    def _fits(self, share: Share) -> bool:
        wanted = self._context.params.get("filter", {})
        facts = {
            "resourceArns": share.arn,
            "status": share.status(self._context),
            "type": "WORKFLOW",
        }
        return all(facts[name] in values for name, values in wanted.items())

    def _item(self, share: Share) -> dict[str, Any]:
        times = (share.created, share.accepted, share.deleted)
        return {
            "shareId": share.id,
            "resourceArn": share.arn,
            "resourceId": share.workflow,
            "principalSubscriber": share.subscriber,
            "ownerId": share.owner,
            "status": share.status(self._context),
            "shareName": share.name,
            "creationTime": share.created,
            "updateTime": max(time for time in times if time is not None),
        }
