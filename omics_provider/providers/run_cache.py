"""OmicsRunCache's provider. Its path and its class's name are in every state: they never change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omics_provider.shared.rules.tables import CACHE

from .plain import PlainProvider

if TYPE_CHECKING:
    from omics_provider.shared.caches import Caches


class OmicsRunCacheProvider(PlainProvider):
    """Run caches of AWS HealthOmics."""

    table = CACHE

    def service(self) -> Caches:
        """Return the calls on run caches."""
        from omics_provider.shared.caches import Caches

        return Caches(self._settings)
