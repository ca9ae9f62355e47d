"""What AWS's own Price List says HealthOmics costs: one look, and a short one."""

from __future__ import annotations

import itertools
import json
from typing import Any, Final

from omics_provider.base.settings import Settings

from .calls import whole
from .clients import pricing
from .failures import translated

_SERVICE: Final = "AmazonOmics"
#: HealthOmics has about 110 prices in a Region, and a page holds 100.
_PAGES: Final = 5


def products(settings: Settings, region: str) -> list[dict[str, Any]]:
    """Return the entries of the Price List for a Region, whichever the caller's own is.

    Raises ValueError where one is no JSON.
    """
    here = {"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}
    with translated("GetProducts"):
        pages = pricing(settings).get_paginator("get_products")
        found = [
            entry
            for page in itertools.islice(
                pages.paginate(ServiceCode=_SERVICE, Filters=[here]), _PAGES
            )
            for entry in whole("GetProducts", page, "PriceList")["PriceList"]
        ]
    return [json.loads(entry) for entry in found]
