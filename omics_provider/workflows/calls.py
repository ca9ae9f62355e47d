"""The calls on workflows and their versions: plain values in, plain values or core errors out."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Final

from omics_provider.base import errors
from omics_provider.service.calls import called, whole
from omics_provider.shared.calls import Lasting

_PAGE: Final = 100
_DELETED: Final = "DELETED"
_ADVICE: Final[Mapping[type[errors.OmicsError], str]] = {
    errors.NotFound: "Check the id, the account and the Region: `aws omics list-workflows`.",
    # Developer guide, fixed-quotas.
    errors.QuotaExceeded: "A workflow has at most 1,000 versions, and an account a number of "
    "workflows (Service Quotas: AWS HealthOmics): delete old ones.",
    # Developer guide, delete-private-workflow.
    errors.Conflict: "A workflow can be deleted when it is ACTIVE or FAILED, has no version and is "
    "shared with nobody: look at it with `aws omics get-workflow` and `aws omics list-shares`.",
    errors.Invalid: "Correct what the message names in the definition or the arguments.",
}


class Workflows(Lasting):
    """Private workflows at one place."""

    def create(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """CreateWorkflow; botocore repeats it with the same requestId."""
        with called("CreateWorkflow", _ADVICE):
            answer = self._client.create_workflow(**arguments)
            return whole("CreateWorkflow", answer, "id", "arn")

    def find(self, id_: str) -> dict[str, Any] | None:
        """GetWorkflow, None where there is no such private workflow."""
        try:
            with called("GetWorkflow", _ADVICE):
                live = whole("GetWorkflow", self._client.get_workflow(id=id_), "id", "arn")
        except errors.NotFound:
            return None
        return None if live.get("status") == _DELETED else live

    def list(self) -> Iterator[dict[str, Any]]:
        """ListWorkflows: the private ones, page by page."""
        pages = self._client.get_paginator("list_workflows").paginate(
            type="PRIVATE", PaginationConfig={"PageSize": _PAGE}
        )
        with called("ListWorkflows", _ADVICE):
            for page in pages:
                yield from whole("ListWorkflows", page, "items")["items"]

    def update(self, id_: str, changes: Mapping[str, Any]) -> None:
        """UpdateWorkflow: what is not given stays."""
        with called("UpdateWorkflow", _ADVICE):
            self._client.update_workflow(id=id_, **changes)

    def delete(self, id_: str) -> None:
        """DeleteWorkflow: refused while it has versions; runs go on."""
        with called("DeleteWorkflow", _ADVICE):
            self._client.delete_workflow(id=id_)

    def create_version(self, arguments: Mapping[str, Any]) -> None:
        """CreateWorkflowVersion; its name makes it one. Raises Conflict where the name is taken."""
        with called("CreateWorkflowVersion", _ADVICE):
            self._client.create_workflow_version(**arguments, requestId=str(uuid.uuid4()))

    def find_version(self, id_: str, name: str) -> dict[str, Any] | None:
        """GetWorkflowVersion, None where there is none of this name."""
        try:
            with called("GetWorkflowVersion", _ADVICE):
                answer = self._client.get_workflow_version(workflowId=id_, versionName=name)
                live = whole("GetWorkflowVersion", answer, "arn", "status")
        except errors.NotFound:
            return None
        return None if live["status"] == _DELETED else live

    def version_names(self, id_: str) -> tuple[str, ...]:
        """ListWorkflowVersions: the names of all that are not deleted."""
        pages = self._client.get_paginator("list_workflow_versions").paginate(
            workflowId=id_, PaginationConfig={"PageSize": _PAGE}
        )
        with called("ListWorkflowVersions", _ADVICE):
            found = [
                item
                for page in pages
                for item in whole("ListWorkflowVersions", page, "items")["items"]
            ]
        return tuple(item["versionName"] for item in found if item.get("status") != _DELETED)

    def update_version(self, id_: str, name: str, changes: Mapping[str, Any]) -> None:
        """UpdateWorkflowVersion: what is not given stays."""
        with called("UpdateWorkflowVersion", _ADVICE):
            self._client.update_workflow_version(workflowId=id_, versionName=name, **changes)

    def delete_version(self, id_: str, name: str) -> None:
        """DeleteWorkflowVersion: runs of it go on; done where it is gone."""
        try:
            with called("DeleteWorkflowVersion", _ADVICE):
                self._client.delete_workflow_version(workflowId=id_, versionName=name)
        except errors.NotFound:
            return
