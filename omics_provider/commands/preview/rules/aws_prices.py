"""AWS's Price List of HealthOmics as parts of this package's price list."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

_SOURCE: Final = "AWS Price List (GetProducts, AmazonOmics)"
_STORAGE: Final = {"Dynamic Run Storage": "DYNAMIC", "Run Storage": "STATIC"}


class _Entry(NamedTuple):
    """One price on demand, and the attributes of what it is of."""

    attributes: Mapping[str, str]
    unit: str
    usd: float
    date: str


def parts(products: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the parts "ready2run" and "private" that the entries for one Region make whole.

    `names` gives the id of each Ready2Run workflow by its name, which is all that AWS's list tells.
    Entries of other things, such as stores, are left out, and so are those of an unknown form.
    """
    ready: dict[str, _Entry] = {}
    instances: dict[str, _Entry] = {}
    storage: dict[str, _Entry] = {}
    for entry in filter(None, map(_entry, products)):
        kind = entry.attributes.get("resourceType", "")
        workflow = next((names[v] for v in entry.attributes.values() if v in names), None)
        if workflow is not None:
            ready[workflow] = entry
        elif kind in _STORAGE and entry.unit == "GB-Hours":
            storage[_STORAGE[kind]] = entry
        elif kind.startswith("omics.") and entry.unit == "Instance-hrs":
            instances[kind] = entry
    found: dict[str, Any] = {}
    if ready:
        found["ready2run"] = _part(perRun=ready)
    if instances and storage.keys() == set(_STORAGE.values()):
        found["private"] = _part(instanceHour=instances, vcpuHour={}, storageGiBHour=storage)
    return found


def _part(**prices: Mapping[str, _Entry]) -> dict[str, Any]:
    """Return a part of a price list, dated as the latest of its entries."""
    dates = [entry.date for each in prices.values() for entry in each.values()]
    usd = {name: {key: e.usd for key, e in each.items()} for name, each in prices.items()}
    return {"date": max(dates), "source": _SOURCE, **usd}


def _entry(product: Mapping[str, Any]) -> _Entry | None:
    """Read an entry; None where it has no one price on demand in USD."""
    try:
        (term,) = product["terms"]["OnDemand"].values()
        (rate,) = term["priceDimensions"].values()
        usd = float(rate["pricePerUnit"]["USD"])
        date = str(product.get("publicationDate") or term["effectiveDate"])[:10]
        found = _Entry(dict(_texts(product["product"]["attributes"])), str(rate["unit"]), usd, date)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return found if 0 <= usd < math.inf else None


def _texts(attributes: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return ((str(name), str(value)) for name, value in attributes.items())
