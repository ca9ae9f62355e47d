"""Things to look up before a start, and what was found of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, NamedTuple


class Kind(Enum):
    """What is looked up; the value is its name in the plural."""

    PLACE = "the caller's account"
    WORKFLOW = "workflows"
    VERSION = "workflow versions"
    RUN = "runs to duplicate"
    GROUP = "run groups"
    CACHE = "run caches"
    CONFIGURATION = "configurations"
    ROLE = "roles"
    BUCKET = "output buckets"
    FILE = "input files"
    QUOTA = "quotas"


#: What HealthOmics itself knows: all that there is at the emulator in the process.
OMICS: Final = frozenset(
    {Kind.WORKFLOW, Kind.VERSION, Kind.RUN, Kind.GROUP, Kind.CACHE, Kind.CONFIGURATION}
)


class Look(NamedTuple):
    """One thing to look up."""

    kind: Kind
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The thing is there; `facts` are what counts of it, by the API's names."""

    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no such thing."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """The look failed: why, in words that are the same for all looks that failed alike.

    `stops` tells that a start of a run would fail of the same.
    """

    why: str
    stops: bool = False


Answer = Found | Missing | Unseen
Answers = Mapping[Look, Answer]
