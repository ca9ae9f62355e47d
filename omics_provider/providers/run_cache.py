"""The address of OmicsRunCache's provider in every stack's state: path and class never change."""

from __future__ import annotations

from omics_provider.shared.handler import CacheHandler

from ._dynamic import DynamicProvider


class OmicsRunCacheProvider(DynamicProvider):
    """Run caches of AWS HealthOmics."""

    handler = CacheHandler()
