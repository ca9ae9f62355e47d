"""The calls on workflows and their versions: plain values in and out."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from omics_provider.base import errors
from omics_provider.shared.calls import Lasting, undeleted


class Workflows(Lasting):
    """Private workflows at one place; one with versions can't be deleted."""

    noun = "Workflow"
    advice: ClassVar[Mapping[type[errors.OmicsError], str]] = {
        errors.NotFound: "Check the id, the account and the Region: `aws omics list-workflows`.",
        # Developer guide, fixed-quotas.
        errors.QuotaExceeded: "A workflow has at most 1,000 versions. An account has a quota "
        "of workflows (Service Quotas: AWS HealthOmics). Delete old ones.",
        # Developer guide, delete-private-workflow.
        errors.Conflict: "A workflow can be deleted when it is ACTIVE or FAILED, and has no "
        "version and no share: see `aws omics get-workflow` and `aws omics list-shares`.",
        errors.Invalid: "Correct what the message names in the definition or the arguments.",
    }

    def list(self) -> Iterator[dict[str, Any]]:
        """Give the private ones, page by page."""
        return self._items("ListWorkflows", type="PRIVATE")

    def get(self, id_: str, kind: str) -> dict[str, Any]:
        """GetWorkflow for one of type `kind`."""
        return self._answer("GetWorkflow", "id", "arn", id=id_, type=kind)

    def named(self, name: str, kind: str) -> tuple[dict[str, Any], ...]:
        """ListWorkflows: those of this name that are not deleted."""
        found = self._items("ListWorkflows", type=kind, name=name)
        return tuple(each for each in found if undeleted(each) and each.get("name") == name)

    def create_version(self, arguments: Mapping[str, Any]) -> None:
        """CreateWorkflowVersion; its name makes it one. Raises Conflict where the name is taken."""
        self._answer("CreateWorkflowVersion", **arguments, requestId=str(uuid.uuid4()))

    def find_version(self, id_: str, name: str) -> dict[str, Any] | None:
        """GetWorkflowVersion, None where there is none of this name."""
        return undeleted(
            self._found("GetWorkflowVersion", "arn", "status", workflowId=id_, versionName=name)
        )

    def versions(self, id_: str, kind: str = "PRIVATE") -> tuple[dict[str, Any], ...]:
        """ListWorkflowVersions: all that are not deleted."""
        found = self._items("ListWorkflowVersions", workflowId=id_, type=kind)
        return tuple(each for each in found if undeleted(each))

    def version_names(self, id_: str) -> tuple[str, ...]:
        """Return the names of all versions that are not deleted."""
        return tuple(each["versionName"] for each in self.versions(id_))

    def update_version(self, id_: str, name: str, changes: Mapping[str, Any]) -> None:
        """UpdateWorkflowVersion: what is not given stays."""
        self._answer("UpdateWorkflowVersion", workflowId=id_, versionName=name, **changes)

    def delete_version(self, id_: str, name: str) -> None:
        """DeleteWorkflowVersion: runs of it go on; done where it is gone."""
        self._found("DeleteWorkflowVersion", workflowId=id_, versionName=name)
