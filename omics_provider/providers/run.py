"""The address of OmicsRun's provider in every stack's state: path and class never change."""

from __future__ import annotations

from omics_provider.runs.handler import RunHandler

from ._dynamic import DynamicProvider


class OmicsRunProvider(DynamicProvider):
    """Runs of AWS HealthOmics."""

    handler = RunHandler()
