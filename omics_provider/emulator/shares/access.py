"""The access that a share gives to a workflow of another account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from omics_provider.emulator.protocol.exceptions import (
    AccessDeniedException,
    ConflictException,
    ResourceNotFoundException,
)
from omics_provider.emulator.world.context import Context

from . import record


def of_owner(context: Context, asked: Mapping[str, Any], workflow: str) -> Context:
    """Give the context in which a workflow is found that a call may ask for of its owner.

    Without a `workflowOwnerId` that is the caller's own. A workflow that is not shared with the
    caller is as unknown as one that is not there.
    """
    owner = asked.get("workflowOwnerId", context.account)
    if owner == context.account:
        return context
    for share in record.of_workflow(context, owner, workflow):
        if share.subscriber == context.account and share.status(context) == record.ACTIVE:
            return replace(context, account=owner)
    raise ResourceNotFoundException(f"Workflow {workflow} not found")


def check_export(context: Context, asked: Mapping[str, Any]) -> None:
    """Refuse to export a workflow that a call, or its run, asked for of another account."""
    owner = asked.get("workflowOwnerId", context.account)
    if context.params.get("export") and owner != context.account:
        raise AccessDeniedException("A workflow that is shared with you can't be exported.")


def check_unshared(context: Context, workflow: str) -> None:
    """Refuse to delete a workflow that has shares."""
    for share in record.of_workflow(context, context.account, workflow):
        if share.status(context) != record.DELETING:
            raise ConflictException(f"Workflow {workflow} has share {share.id}.")
