"""AWS's Price List becomes parts of a price list, whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from omics_provider.commands.preview.prices import (
    Prices,
    Usage,
    is_given,
    price_list,
    with_parts,
)
from omics_provider.commands.preview.rules.aws_prices import parts

NAMES = {"AlphaFold for up to 600 residues": "4885129"}


def entry(kind: str, usd: Any, unit: str = "Instance-hrs", **more: Any) -> dict[str, Any]:
    """An entry of AWS's list: only what is read of it, and what stands beside."""
    rate = {"unit": unit, "pricePerUnit": {"USD": usd}, "description": "words"}
    term = {"priceDimensions": {"A.B.C": rate}, "effectiveDate": "2026-10-01T00:00:00Z"}
    return {
        "product": {
            "productFamily": "Compute",
            "sku": "A",
            "attributes": {"resourceType": kind, "regionCode": "eu-west-1", **more},
        },
        "terms": {"OnDemand": {"A.B": term}},
        "publicationDate": "2026-11-20T10:11:12Z",
    }


STORAGE = [
    entry("Dynamic Run Storage", "0.0005", "GB-Hours"),
    entry("Run Storage", "0.0002", "GB-Hours"),
]
PRIVATE = [entry("omics.g5.xlarge", "2.5"), entry("omics.c.large", "0.12"), *STORAGE]
READY = entry("x", "6.5", "Runs", workflowName="AlphaFold for up to 600 residues")


def test_instances_storage_and_runs_are_found_by_what_they_are_called() -> None:
    found = parts([*PRIVATE, READY, entry("Ephemeral Storage", "0.0001", "GB-Hours")], NAMES)
    assert found["ready2run"]["perRun"] == {"4885129": 6.5}
    private = found["private"]
    assert private["instanceHour"] == {"omics.g5.xlarge": 2.5, "omics.c.large": 0.12}
    assert private["storageGiBHour"] == {"DYNAMIC": 0.0005, "STATIC": 0.0002}
    assert private["date"] == found["ready2run"]["date"] == "2026-11-20"


@pytest.mark.parametrize(
    "products",
    [[], STORAGE, PRIVATE[:3], [entry("omics.c.large", "0.12", "Runs"), *STORAGE]],
)
def test_a_part_that_is_not_whole_is_left_out(products: list[Any]) -> None:
    assert parts(products, NAMES) == {}


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"product": None, "terms": {}},
        entry("omics.c.large", "much"),
        entry("omics.c.large", "NaN"),
        entry("omics.c.large", "-1"),
        {**entry("omics.c.large", "1"), "terms": {"OnDemand": {}}},
        {**entry("omics.c.large", "1"), "product": {"attributes": []}},
    ],
)
def test_an_entry_of_another_form_is_left_out(odd: dict[str, Any]) -> None:
    found = parts([odd, *PRIVATE], NAMES)
    assert found["private"]["instanceHour"] == {"omics.g5.xlarge": 2.5, "omics.c.large": 0.12}


def test_prices_of_a_region_that_the_package_does_not_know() -> None:
    listed = with_parts(price_list(), "eu-west-1", parts([*PRIVATE, READY], NAMES))
    there = Prices(listed, "eu-west-1")
    assert there.ready2run("4885129").usd == 6.5
    assert there.ready2run("4885129").source == "price list of 2026-11-20"
    used = Usage((("omics.g5.xlarge", 3600), ("omics.c.large", 1800)), 3600, "STATIC", 1200)
    assert there.private(used).usd == pytest.approx(2.5 + 0.06 + 1200 * 0.0002)
    unknown = Usage((("omics.m.large", 3600),), 3600, "STATIC", 1200)
    assert there.private(unknown).usd is None
    # Those of the package stay as they are.
    assert Prices(listed, "us-east-1").ready2run("4885129").usd == 6.0


def test_the_user_s_own_list_goes_over_aws_s(tmp_path: Any) -> None:
    own = tmp_path / "prices.json"
    own.write_text(
        '{"regions": {"eu-west-1": {"ready2run": {"date": "2026-11-01",'
        ' "perRun": {"4885129": 1}}}}}'
    )
    given = price_list(str(own))
    assert not is_given(given, "eu-west-1")
    listed = with_parts(given, "eu-west-1", parts([*PRIVATE, READY], NAMES))
    assert Prices(listed, "eu-west-1").ready2run("4885129").usd == 1
    assert "private" in listed["regions"]["eu-west-1"]
    own.write_text(
        '{"regions": {"eu-west-1": {"ready2run": {"date": "2026-11-01", "perRun": {}},'
        ' "private": {"date": "2026-11-01", "vcpuHour": {}, "storageGiBHour": {}}}}}'
    )
    assert is_given(price_list(str(own)), "eu-west-1")
    assert not is_given(price_list(), "us-east-1")
