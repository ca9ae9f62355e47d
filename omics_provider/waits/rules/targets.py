"""Waiting for many runs: how often to look, and whose state was seen.

Pure functions; times of the service are ISO 8601 in UTC, ages and lengths are seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final

from omics_provider.base.status import ACTIVE, ENDED, UNSUCCESSFUL, RunStatus, status_of
from omics_provider.runs.rules import words as facts
from omics_provider.runs.rules.lifecycle import attempts, next_attempt, retry_wanted

#: Share of a run's age that may pass until its end is noticed.
_SHARE_OF_AGE: Final = 0.01
#: Share of a core that looking may take: a look that costs more is repeated less often.
_SHARE_OF_CORE: Final = 0.03
#: Seconds for which a dear look puts off the next at most: it may have been dear only once.
_LONGEST_PUT_OFF: Final = 10.0
#: How far the clocks of this machine and of the service may be apart.
_SKEW: Final = timedelta(seconds=10)

#: What is known of an attempt when it starts. Its state is the poller's business.
_OF_A_START: Final = ("uuid", "arn", "runOutputUri", "creationTime")

#: What each wait returns of an ended run, by the names that programs use.
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pace:
    """The shortest and the longest time between two looks, in seconds."""

    shortest: float
    longest: float


#: At the service, and at the emulator in the process.
REMOTE: Final = Pace(1.5, 60.0)
LOCAL: Final = Pace(0.2, 1.0)


@dataclass(frozen=True)
class Declared:
    """What another attempt at a run takes: its resource, and the checked inputs.

    `uuid` is of the run that the state records: the attempts after it are named by it.
    """

    urn: str
    inputs: Mapping[str, Any] = field(repr=False)
    uuid: str


@dataclass(frozen=True)
class End:
    """How a run that is waited for ended: what programs get, and GetRun's answer to explain it."""

    facts: Facts
    answer: dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A run that is waited for: its name in the program, and what the state records of it.

    `declared` is there where the declaration has `retry`, and the wait may carry it out.
    """

    name: str
    id: str
    uuid: str
    recorded: Mapping[str, Any] = field(default_factory=dict, compare=False)
    declared: Declared | None = field(default=None, compare=False)

    @property
    def has_ended(self) -> bool:
        """Whether the state knows the run's end already: an end is for ever."""
        return self.recorded.get("status") in ENDED

    def wants_retry(self, live: Mapping[str, Any] | None) -> bool:
        """Return whether another attempt follows on this end, from GetRun's answer."""
        if self.declared is None:
            return False
        return retry_wanted({**self.recorded, **(live or {})}, self.declared.inputs)

    @property
    def next_number(self) -> int:
        """The number of the attempt after this one."""
        return attempts(self.recorded) + 1

    def successor(self, live: Mapping[str, Any] | None, started: Mapping[str, Any]) -> Target:
        """Return the next attempt, the run that StartRun or GetRun answered; `live` is this end."""
        note = next_attempt(self.id, {**self.recorded, **(live or {})})
        known = {key: started[key] for key in _OF_A_START if started.get(key)}
        run_id, uuid = str(started["id"]), str(started["uuid"])
        return Target(self.name, run_id, uuid, {**known, **note}, self.declared)

    def end(self, live: Mapping[str, Any] | None) -> End:
        """Return the run's end, from GetRun's or ListRuns' answer; None for a run that is gone."""
        told = self.ended_as(live)
        return End(told, {**(live or {}), **self.answer(told)})

    def ended_as(self, live: Mapping[str, Any] | None) -> Facts:
        """Return the final facts, from GetRun's or ListRuns' answer; None for a run that is gone.

        Of a run that is gone the state may know the end; else it is DELETED.
        """
        if live is not None:
            told = facts.of_ended({**self.recorded, **live, "id": self.id})
        elif self.has_ended:
            told = facts.of_ended({**self.recorded, "id": self.id})
        else:
            told = facts.of_gone(self.id)
            told["run_output_uri"] = self.recorded.get("runOutputUri")
        made = {
            "attempts": attempts(self.recorded),
            "earlier_attempts": list(self.recorded.get("earlierAttempts", ())),
        }
        return {**told, **made, "outputs": None, "tasks": None}

    def answer(self, told: Facts) -> dict[str, Any]:
        """Return final facts by the API's names, under the name that the program gives the run."""
        return {
            **self.recorded,
            "name": self.name,
            "id": self.id,
            "uuid": self.uuid,
            "status": str(told["status"]),
            "failureReason": told["failure_reason"],
            "statusMessage": told["status_message"],
            "recordGone": told["status"] == RunStatus.DELETED,
        }


class Verdict(Enum):
    """What an entry of ListRuns says of a run that is waited for."""

    ACTIVE = "goes on"
    ENDED = "has ended, and the entry tells all"
    ASK = "has ended or may be another run: GetRun tells"


def verdict(
    target: Target,
    item: Mapping[str, Any],
    recorded_at: Mapping[str, str] | None,
    seen: str | None = None,
) -> Verdict:
    """Judge an entry of ListRuns, which has no uuid: ids of deleted runs are used again.

    The run's creation tells it from a later one of the same id. Where the state does not record
    the creation, `recorded_at` tells by uuid when the state got the run, which is just after; a
    run that is not in it was started by this update. None where that could not be read. `seen` is
    the creation that earlier entries of this id had.
    """
    status = status_of(item["status"])
    known = target.recorded.get("creationTime") or seen
    if target.recorded.get("arn") and item.get("arn") not in (None, target.recorded["arn"]):
        # Another account's or Region's run has this id, too.
        return Verdict.ASK
    if status in UNSUCCESSFUL or known not in (None, item.get("creationTime")):
        return Verdict.ASK
    if status in ACTIVE:
        # Should it be another run, its end will tell.
        return Verdict.ACTIVE
    if target.recorded.get("creationTime"):
        return Verdict.ENDED
    if recorded_at is None:
        return Verdict.ASK
    latest = recorded_at.get(target.uuid)
    if latest is not None and moment(item["creationTime"]) > moment(latest) + _SKEW:
        return Verdict.ASK
    return Verdict.ENDED


def needs_record_times(target: Target, item: Mapping[str, Any]) -> bool:
    """Return whether `verdict` needs to know when the state got this run."""
    return item["status"] == RunStatus.COMPLETED and not target.recorded.get("creationTime")


def may_be_new(target: Target) -> bool:
    """Return whether the state knows only what StartRun answered for a run."""
    return not target.recorded.get("creationTime") and target.recorded.get("status") in ACTIVE


def is_new(
    target: Target, recorded_at: Mapping[str, str] | None, seconds: float, now: datetime
) -> bool:
    """Return whether a run has been in the state for less than `seconds`, or is not there yet.

    `recorded_at` as in `verdict`. False where that could not be read.
    """
    if recorded_at is None:
        return False
    since = recorded_at.get(target.uuid)
    return since is None or (now - moment(since)).total_seconds() < seconds


def interval(ages: Iterable[float], cost: float, pace: Pace) -> float:
    """Return the seconds until the next look.

    A hundredth of the youngest active run's age, within the limits of `pace`; more, up to 10 s,
    where a look takes `cost` seconds of a core, so that waiting takes no more than 3 % of it.
    """
    youngest = max(0.0, min(ages, default=0.0))
    asked = min(max(youngest * _SHARE_OF_AGE, pace.shortest), pace.longest)
    return max(asked, min(cost / _SHARE_OF_CORE, _LONGEST_PUT_OFF))


def age(live: Mapping[str, Any], now: datetime) -> float:
    """Return for how long a run has been running, or waiting to; 0 where that is not known."""
    since = live.get("startTime") or live.get("creationTime")
    return max(0.0, (now - moment(since)).total_seconds()) if since else 0.0


def length(live: Mapping[str, Any]) -> float | None:
    """Return how long a completed run was running, in seconds; None for any other."""
    if live.get("status") != RunStatus.COMPLETED:
        return None
    if not live.get("startTime") or not live.get("stopTime"):
        return None
    return (moment(live["stopTime"]) - moment(live["startTime"])).total_seconds()


def moment(text: str) -> datetime:
    """Return a time of the service; one without a zone is UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
