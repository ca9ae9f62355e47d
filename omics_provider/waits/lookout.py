"""Which of many runs have ended, found out with few calls.

ListRuns tells the state of 100 runs at once, but has no uuid and no reason of a failure. So a run
is asked for by GetRun only where its entry leaves something open, and where few are waited for.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from omics_provider.base import errors, identity
from omics_provider.base.status import ACTIVE, LIFE, status_of
from omics_provider.runs.calls import Runs

from .rules import targets as watching
from .rules.targets import Target, Verdict

_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Sighting:
    """A run as it was seen; `live` is None where its record is gone."""

    target: Target
    live: Mapping[str, Any] | None

    @property
    def has_ended(self) -> bool:
        """Whether the run will not change any more."""
        return self.live is None or status_of(self.live["status"]) not in ACTIVE


class Lookout:
    """Looks at runs of one place.

    `recorded_at` gives, by uuid, when the state got each run, or None where that can't be had.
    `spacing` is the least number of seconds between two calls: the account's other callers, the
    plugins of this very update among them, share the quota of 10 calls a second. `grace` is for how
    many seconds a run that has just been started, and was never seen, is not taken for gone: no
    source says that GetRun knows a run at once.
    """

    def __init__(
        self,
        runs: Runs,
        recorded_at: Callable[[], Mapping[str, str] | None],
        *,
        spacing: float = 0.0,
        grace: float = 0.0,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runs = runs
        self._recorded_at = recorded_at
        self._spacing = spacing
        self._grace = grace
        self._sleep = sleep
        self._clock = clock
        #: By uuid: the runs that GetRun has found, and when it first did not find a run.
        self._seen: set[str] = set()
        self._missed: dict[str, float] = {}
        self._may_list = True
        #: Pages that all entries took when they were last read, at least.
        self._pages = 1
        #: Creation of each run waited for as first listed, by uuid.
        self._creations: dict[str, str] = {}
        #: Lengths of completed runs in seconds, by workflow and run id.
        self._lengths: dict[str, dict[str, float]] = {}

    @property
    def lengths(self) -> dict[str, list[float]]:
        """Lengths of the completed runs seen so far, by workflow id."""
        return {workflow: list(by_run.values()) for workflow, by_run in self._lengths.items()}

    def look(self, targets: Sequence[Target]) -> Iterator[Sighting]:
        """Look at each target once.

        Raises the errors of `omics_provider.base.errors`; what was seen until then holds.
        """
        if not self._may_list or len(targets) <= self._pages:
            yield from self._one_by_one(targets)
            return
        try:
            yield from self._listed(targets)
        except errors.Denied as error:
            if error.operation != "ListRuns":
                raise
            self._may_list = False
            yield from self._one_by_one(targets)

    def _listed(self, targets: Sequence[Target]) -> Iterator[Sighting]:
        wanted = {target.id: target for target in targets}
        # Of two with one id, one at most is there.
        open_ = [target for target in targets if wanted[target.id] is not target]
        if self._pages > math.ceil(len(wanted) / _PAGE) + len(LIFE):
            # The account has many old runs: those that go on are found without them.
            for status in LIFE:
                yield from self._from_list(wanted, open_, status=status)
        if len(wanted) > self._pages or self._pages == 1:
            yield from self._from_list(wanted, open_)
        yield from self._one_by_one([*open_, *wanted.values()])

    def _from_list(
        self, wanted: dict[str, Target], open_: list[Target], **filters: Any
    ) -> Iterator[Sighting]:
        """Take out of `wanted` what is listed; into `open_` goes what has to be asked for."""
        number = 0
        for number, item in enumerate(self._runs.list(**filters), start=1):
            if number % _PAGE == 1:
                self._sleep(self._spacing)
            self._learn(item)
            target = wanted.pop(item["id"], None)
            if target is not None:
                if self._verdict(target, item) is Verdict.ASK:
                    open_.append(target)
                else:
                    yield Sighting(target, item)
            if not wanted:
                break
        if not filters:
            self._pages = max(1, math.ceil(number / _PAGE))

    def _verdict(self, target: Target, item: Mapping[str, Any]) -> Verdict:
        known = self._recorded_at() if watching.needs_record_times(target, item) else None
        seen = self._creations.setdefault(target.uuid, str(item.get("creationTime")))
        return watching.verdict(target, item, known, seen)

    def _learn(self, item: Mapping[str, Any]) -> None:
        took = watching.length(item)
        if took is not None:
            self._lengths.setdefault(str(item.get("workflowId")), {})[item["id"]] = took

    def _one_by_one(self, targets: Sequence[Target]) -> Iterator[Sighting]:
        for target in targets:
            self._sleep(self._spacing)
            live = self._runs.find(target.id)
            if live is not None and live["uuid"] == target.uuid:
                self._seen.add(target.uuid)
                yield Sighting(target, live)
                continue
            self._require_place(target)
            may_come = live is None and self._may_come(target)
            yield Sighting(target, target.recorded if may_come else None)

    def _may_come(self, target: Target) -> bool:
        """Return whether a run that GetRun does not know has only just been started."""
        is_known = target.uuid in self._seen or target.uuid in self._creations
        if is_known or not watching.may_be_new(target):
            return False
        now = self._clock()
        if now - self._missed.setdefault(target.uuid, now) >= self._grace:
            return False
        return watching.is_new(target, self._recorded_at(), self._grace, datetime.now(UTC))

    def _require_place(self, target: Target) -> None:
        """Raise SettingsError where the run is elsewhere: there it may well be."""
        arn = str(target.recorded.get("arn") or "")
        region = identity.region_of(arn)
        if region and region != self._runs.region:
            raise errors.SettingsError(
                "GetRun",
                f"run {target.id} is in {region}, but the wait looks in {self._runs.region}",
                advice="Give the run a Provider of its Region, or set omics:region back.",
            )
        made_in, now = identity.account_of(arn), self._runs.account()
        if made_in and now and made_in != now:
            raise errors.SettingsError(
                "GetRun",
                f"run {target.id} is in account {made_in}, but the credentials are for account "
                f"{now}",
                advice="Use that account's credentials (omics:profile, AWS_PROFILE).",
            )
