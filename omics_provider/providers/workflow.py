"""The address of OmicsWorkflow's provider in every stack's state: path and class never change."""

from __future__ import annotations

from omics_provider.workflows.handler import WorkflowHandler

from ._dynamic import DynamicProvider


class OmicsWorkflowProvider(DynamicProvider):
    """Private workflows of AWS HealthOmics, with a version for each definition."""

    handler = WorkflowHandler()
