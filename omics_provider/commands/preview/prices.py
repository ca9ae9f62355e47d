"""What runs cost, by a price list: the one home of prices.

HealthOmics bills a Ready2Run workflow by the run. It bills a private workflow by what the tasks
reserve while they are RUNNING, by instance and second, and by the run's storage. The list that
comes with this package (prices.json) says for each part where it is from and of when. What is not
in it has no price here, and no guess stands in for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

from omics_provider.base.errors import SettingsError

#: vCPUs by size (developer guide, page memory-and-compute-tasks); a family's price is by the vCPU.
_VCPUS: Final = {
    "large": 2,
    "xlarge": 4,
    **{f"{times}xlarge": times * 4 for times in (2, 4, 8, 12, 16, 24, 32, 48)},
}
_HOUR: Final = 3600.0


class Range(NamedTuple):
    """From the least to the most."""

    low: float
    high: float

    @staticmethod
    def expected(values: Iterable[float]) -> Range | None:
        """Return where the next of like values is expected, None where there is none.

        The next one lies beyond all n others with a chance of 2 in n + 1, however they are spread:
        so the range that holds them is widened by 1/(n + 1) on both sides.
        """
        found = list(values)
        share = 1 / (len(found) + 1)
        return Range(min(found) * (1 - share), max(found) * (1 + share)) if found else None


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run of a private workflow used: (instance type, seconds) of its tasks, and storage.

    `storage_gib` is what is billed: the capacity of STATIC storage, the size of DYNAMIC.
    """

    tasks: tuple[tuple[str | None, float], ...]
    seconds: float
    storage_type: str | None
    storage_gib: float | None


@dataclass(frozen=True, slots=True)
class Price:
    """A price of one run in USD, and where it is from; None, and why it is not known."""

    usd: float | None
    source: str


class Workflow(NamedTuple):
    """What a run runs; `version` is empty where none is declared."""

    id: str
    is_ready2run: bool
    version: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """A completed run: seconds that it was RUNNING, and its price where that was asked for."""

    seconds: float
    price: Price | None = None
    #: Whether it was one of the declared version; else there was none of that.
    is_same_version: bool = True


class Prices:
    """A price list for one Region."""

    def __init__(self, document: Mapping[str, Any], region: str | None) -> None:
        """Take the list's JSON; `region` is None where it is not known."""
        self._region = region
        self._workflows: Mapping[str, Any] = document["ready2run"]["workflows"]
        self._times = document["ready2run"]
        self._here: Mapping[str, Any] = document["regions"].get(region or "", {})

    def name(self, workflow: str) -> str | None:
        """Return the name of a Ready2Run workflow."""
        found = self._workflows.get(workflow)
        return str(found["name"]) if found else None

    def ready2run(self, workflow: str) -> Price:
        """Return what a run of a Ready2Run workflow costs."""
        section = self._here.get("ready2run")
        if section is None:
            return self._none()
        if workflow not in section["perRun"]:
            return Price(None, "the price list has no such Ready2Run workflow")
        return Price(float(section["perRun"][workflow]), f"price list of {section['date']}")

    def minutes(self, workflow: str) -> tuple[float, str] | None:
        """Return how long a run of a Ready2Run workflow takes, as the vendor estimates it."""
        found = self._workflows.get(workflow)
        if found is None:
            return None
        return float(found["minutes"]), f"vendor's estimate of {self._times['date']}"

    def private(self, usage: Usage) -> Price:
        """Return what a run of a private workflow cost, by what it used."""
        section = self._here.get("private")
        if section is None:
            return self._none()
        total = 0.0
        for instance, seconds in usage.tasks:
            hourly = _hourly(section, instance)
            if hourly is None:
                return Price(None, f"the price list has no {instance or 'instance of its tasks'}")
            total += hourly * seconds / _HOUR
        if usage.storage_gib is None or usage.storage_type not in section["storageGiBHour"]:
            return Price(None, "the size of its run storage is not known")
        hourly = float(section["storageGiBHour"][usage.storage_type])
        total += hourly * usage.storage_gib * usage.seconds / _HOUR
        return Price(total, f"price list of {section['date']}")

    def _none(self) -> Price:
        if self._region is None:
            return Price(None, "the Region is not known")
        return Price(None, f"the price list has no {self._region}")


def _hourly(section: Mapping[str, Any], instance: str | None) -> float | None:
    """Return the price of an instance: its own where the list has it, else that of its vCPUs."""
    own = section.get("instanceHour", {}).get(instance)
    if own is not None:
        return float(own)
    by_vcpu: Mapping[str, float] = section["vcpuHour"]
    family, _, size = (instance or "").rpartition(".")
    if family not in by_vcpu or size not in _VCPUS:
        return None
    return float(by_vcpu[family]) * _VCPUS[size]


def price_list(file: str | None = None) -> dict[str, Any]:
    """Return the price list of this package, with that of a JSON file over it, Region by Region.

    Raises SettingsError for a file that is no price list.
    """
    own: dict[str, Any] = json.loads(
        files("omics_provider").joinpath("prices.json").read_text("utf-8")
    )
    if file is None:
        return own
    try:
        given = json.loads(Path(file).read_text("utf-8"))
        for region, sections in given["regions"].items():
            for name, section in sections.items():
                own["regions"].setdefault(region, {})[name] = {**_checked(name, section), _GIVEN: 1}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise SettingsError(
            "Price list",
            f"{file} is not a price list: {type(error).__name__} {error}",
            advice="docs/preview.md shows its form.",
        ) from error
    return own


def is_given(listed: Mapping[str, Any], region: str) -> bool:
    """Tell whether the user's own list has all prices of a Region."""
    here = listed["regions"].get(region, {})
    return all(_GIVEN in here.get(name, {}) for name in _PARTS)


def with_parts(listed: Mapping[str, Any], region: str, parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a price list with other parts for a Region; those of the user's own list stay."""
    here = listed["regions"].get(region, {})
    others = {name: part for name, part in parts.items() if _GIVEN not in here.get(name, {})}
    return {**listed, "regions": {**listed["regions"], region: {**here, **others}}}


#: Marks a part that is from the user's own list.
_GIVEN: Final = "given"
_PARTS: Final = {"ready2run": ("perRun",), "private": ("vcpuHour", "storageGiBHour")}


def _checked(name: str, section: Mapping[str, Any]) -> dict[str, Any]:
    parts = {part: {str(k): float(v) for k, v in section[part].items()} for part in _PARTS[name]}
    if any(not 0 <= price < float("inf") for each in parts.values() for price in each.values()):
        raise ValueError("a price is not an amount")
    return {"date": str(section["date"]), "source": str(section.get("source", "")), **parts}
