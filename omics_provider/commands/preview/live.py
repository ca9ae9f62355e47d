"""AWS's own prices, looked up beside the rest of the report; the package's stand in for them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

from omics_provider.base import errors
from omics_provider.base.settings import Settings
from omics_provider.explain.gather import Gaps
from omics_provider.service.pricing import products

from .prices import with_parts
from .rules.aws_prices import parts

#: How long a report waits for prices at most, once it has all else that it looked up.
_LONGEST_SECONDS: Final = 4.0
_OURS: Final = "the prices of this package apply"


class PriceLook:
    """A look at AWS's Price List that is under way. It never fails: it says what was in the way."""

    def __init__(self, settings: Settings, region: str, listed: Mapping[str, Any]) -> None:
        self._settings = settings
        self._region = region
        self._listed = listed
        self._found: list[dict[str, Any]] | None = None
        self._why = f"it took longer than {_LONGEST_SECONDS:g} s"
        # The process may end before the answer comes.
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def over(self, gaps: Gaps) -> Mapping[str, Any]:
        """Return the price list with AWS's prices in it, as far as they were found."""
        self._thread.join(_LONGEST_SECONDS)
        found, names = self._found, self._listed["ready2run"]["workflows"]
        if found is None:
            gaps.note("GetProducts", f"prices (GetProducts failed: {self._why}): {_OURS}.")
            return self._listed
        read = parts(found, {str(each["name"]): key for key, each in names.items()})
        if not read:
            told = f"prices: AWS's Price List has none of HealthOmics in {self._region}"
            gaps.note("GetProducts", f"{told}: {_OURS}.")
        return with_parts(self._listed, self._region, read)

    def _look(self) -> None:
        try:
            self._found = products(self._settings, self._region)
        except errors.Denied:
            self._why = "the caller has no right to it; allow pricing:GetProducts"
        except errors.OmicsError as error:
            self._why = error.detail.rstrip(".")
        except ValueError as error:
            self._why = f"an entry is not JSON, {error}"
