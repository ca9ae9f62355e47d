"""The address of OmicsRunBatch's provider in every stack's state: path and class never change."""

from __future__ import annotations

from omics_provider.batches.handler import BatchHandler

from ._dynamic import DynamicProvider


class OmicsRunBatchProvider(DynamicProvider):
    """Cohorts of runs of AWS HealthOmics, started by StartRunBatch."""

    handler = BatchHandler()
