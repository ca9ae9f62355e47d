"""The address of OmicsRunGroup's provider in every stack's state: path and class never change."""

from __future__ import annotations

from omics_provider.shared.handler import GroupHandler

from ._dynamic import DynamicProvider


class OmicsRunGroupProvider(DynamicProvider):
    """Run groups of AWS HealthOmics."""

    handler = GroupHandler()
