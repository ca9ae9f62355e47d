"""The queue: runs wait, PENDING, until the account and their run group have room for them.

Nobody watches the queue. Each call first lets happen what has been due since the last one: the
ends of runs are known times, so who began when is worked out afterwards, moment by moment, and
comes out the same whenever somebody looks.
"""

from __future__ import annotations

import heapq
import json
import math
import sqlite3
from dataclasses import dataclass, replace
from typing import Any

from omics_provider.emulator.protocol.exceptions import ServiceQuotaExceededException
from omics_provider.emulator.shared import caches
from omics_provider.emulator.shared.caches import Caches
from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.life import FAILED, Life
from omics_provider.emulator.world.resources import Resources

from . import executed, tasks

_TIMED_OUT = "RUN_TIMED_OUT"


@dataclass(frozen=True)
class _Place:
    """What one active run takes up, until it ends."""

    ended: float
    group: str | None
    cpus: int
    gpus: int


class _Room:
    """How much is taken, against the limits of the account and of each run group."""

    def __init__(self, most: float | None, groups: dict[str, dict[str, Any]]) -> None:
        self._most = math.inf if most is None else most
        self._groups = groups
        self._taken: list[_Place] = []

    def take(self, place: _Place) -> None:
        self._taken.append(place)

    def free(self, now: float) -> None:
        self._taken = [place for place in self._taken if place.ended > now]

    def ends(self, now: float) -> list[float]:
        return [place.ended for place in self._taken if place.ended <= now]

    def is_full(self) -> bool:
        return len(self._taken) >= self._most

    def fits(self, wanted: _Place) -> bool:
        """Say whether a run fits. One bigger than its group's limits begins alone."""
        limits = self._groups.get(wanted.group or "", {})
        members = [place for place in self._taken if place.group == wanted.group]
        if self.is_full() or len(members) >= limits.get("maxRuns", math.inf):
            return False
        cpus = wanted.cpus + sum(place.cpus for place in members)
        gpus = wanted.gpus + sum(place.gpus for place in members)
        fits = cpus <= limits.get("maxCpus", math.inf) and gpus <= limits.get("maxGpus", math.inf)
        return fits or not members


class Queue:
    """The runs of one account and region that wait."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def settle(self) -> None:
        """Let every run begin that has found room by now."""
        waiting = self._context.connection.execute(
            "SELECT * FROM runs INDEXED BY runs_that_wait"
            " WHERE account = ? AND region = ? AND waiting = 1",
            self._context.here(),
        ).fetchall()
        if not waiting:
            return
        groups = {each.id: each.doc for each in Resources(self._context, "runGroup", "").all()}
        most = self._context.settings.most_concurrent()
        if most is None and not any(groups.get(row["run_group_id"]) for row in waiting):
            for row in waiting:
                self._begin(row, row["created"])
            return
        self._begin_in_turn(sorted(waiting, key=self._rank), _Room(most, groups))

    def hold_quota(self, moment: float) -> None:
        """Refuse a further run at a moment at which the most are active, by the settings."""
        chosen = self._context.settings
        most = chosen.most_concurrent()
        if most is None or chosen.overMaxConcurrentRuns == "wait":
            return
        self.settle()  # runs that a batch has just started get their ends
        (active,) = self._context.connection.execute(
            "SELECT count(*) FROM runs WHERE account = ? AND region = ?"
            " AND (ended IS NULL OR ended > ?)",
            (*self._context.here(), moment),
        ).fetchone()
        if active >= most:
            raise ServiceQuotaExceededException(
                f"There are {active} active runs, the most there can be."
            )

    def _rank(self, row: sqlite3.Row) -> tuple[float, int]:
        priority = row["priority"]
        if self._context.settings.priorityOrder == "highest":
            return -priority, row["pk"]
        # 1 is the first; 0, which is what a run has that names none, comes last.
        return priority or math.inf, row["pk"]

    def _begin_in_turn(self, waiting: list[sqlite3.Row], room: _Room) -> None:
        self._take_up(room, min(row["created"] for row in waiting))
        moments = [row["created"] for row in waiting]
        moments += room.ends(self._context.now)
        heapq.heapify(moments)
        while moments and waiting:
            moment = heapq.heappop(moments)
            room.free(moment)
            left = []
            for row in waiting:
                place = _Place(math.inf, row["run_group_id"], row["cpus"], row["gpus"])
                if room.is_full() or row["created"] > moment or not room.fits(place):
                    left.append(row)
                    continue
                ended = self._begin(row, moment)
                room.take(replace(place, ended=ended))
                if ended <= self._context.now:
                    heapq.heappush(moments, ended)
            waiting = left

    def _take_up(self, room: _Room, since: float) -> None:
        """Let the runs that have begun and not ended before `since` take up their room."""
        here = self._context.here()
        active = "SELECT run_group_id, cpus, gpus, ended FROM runs WHERE account = ? AND region = ?"
        # One that is executed and has not begun to work is admitted all the same.
        begun = "AND waiting = 0 AND (starting IS NOT NULL OR stopping IS NULL)"
        for row in self._context.connection.execute(
            f"{active} AND ended > ? {begun} UNION ALL {active} AND ended IS NULL {begun}",
            (*here, since, *here),
        ):
            ended = math.inf if row["ended"] is None else row["ended"]
            room.take(_Place(ended, row["run_group_id"], row["cpus"], row["gpus"]))

    def _begin(self, row: sqlite3.Row, moment: float) -> float:
        """Let a run leave the queue at a moment, and give the time at which it will end."""
        doc = json.loads(row["doc"])
        if "executed" in doc:
            executed.admit(self._context.connection, row)
            return math.inf
        cached = self._cached(doc, moment)
        worked = 1 - len(cached) / max(len(doc["tasks"]), 1)
        startup = doc.get("startup")
        seconds = doc["seconds"] * max(worked, 0.2)
        if startup is not None:
            seconds += tasks.startups(_plans(doc), startup)
        life = Life.planned(row["created"], moment, seconds, row["outcome"], startup)
        nominal = (life.stopping or 0.0) - (life.running or 0.0)
        if doc["frozen"]:
            life = life.frozen()
        life, reason = self._timed_out(life, row["run_group_id"], doc["failureReason"])
        doc.update(nominal=nominal, cached=cached, failureReason=reason)
        self._context.connection.execute(
            "UPDATE runs SET waiting = 0, starting = ?, running = ?, stopping = ?, ended = ?,"
            " outcome = ?, doc = ?, next_trace = coalesce(next_trace, ?) WHERE pk = ?",
            (life.starting, life.running, life.stopping, life.ended, life.outcome,
             json.dumps(doc), life.starting, row["pk"]),
        )  # fmt: skip
        self._fill_cache(doc, life, row)
        return math.inf if life.ended is None else life.ended

    def _timed_out(
        self, life: Life, group_id: str | None, reason: str | None
    ) -> tuple[Life, str | None]:
        """Cut a run short that would be RUNNING for longer than its group allows, in minutes."""
        group = Resources(self._context, "runGroup", "").get(group_id or "")
        minutes = None if group is None else group.doc.get("maxDuration")
        if minutes is None or life.running is None:
            return life, reason
        limit = life.running + 60 * minutes
        if life.stopping is not None and life.stopping <= limit:
            return life, reason
        cut = Life(life.created, life.starting, life.running, limit, limit + 1, FAILED)
        return cut, _TIMED_OUT

    def _cached(self, doc: dict[str, Any], moment: float) -> dict[str, str]:
        """Give the S3 URI of each task, by name, that the run's cache holds."""
        if doc["cache"] is None:
            return {}
        keys = {_key(doc, plan[0]): plan[0] for plan in doc["tasks"]}
        found = caches.hits(self._context, doc["cache"]["uuid"], keys, moment)
        return {keys[key]: uri for key, uri in found.items()}

    def _fill_cache(self, doc: dict[str, Any], life: Life, row: sqlite3.Row) -> None:
        """Let the run's cache hold what its tasks will have done."""
        cache = doc["cache"]
        if cache is None:
            return
        entries = {}
        for task in tasks_of(doc, life, row["uuid"]):
            stored = caches.stored_at(cache, life, task.life)
            if stored is not None and task.cached is None:
                uri = caches.entry_uri(cache, row["id"], task.id, task.uuid)
                entries[_key(doc, task.plan.name)] = stored, uri
        caches.fill(self._context, cache["uuid"], row["uuid"], entries)


def tasks_of(doc: dict[str, Any], life: Life, run_uuid: str) -> list[tasks.Task]:
    """Give the tasks of a run from what is stored of it."""
    if "executed" in doc:
        return executed.tasks(doc)
    return tasks.tasks(
        _plans(doc),
        life,
        run_uuid,
        doc.get("nominal", 0.0),
        doc["failureReason"],
        doc.get("cached", {}),
        doc.get("startup"),
        doc.get("retries", 0),
    )


def _plans(doc: dict[str, Any]) -> list[tasks.Plan]:
    return [tasks.Plan(*plan) for plan in doc.get("tasks", [])]


def cache_facts(context: Context, request: dict[str, Any]) -> dict[str, Any] | None:
    """Give what a run keeps of its cache, if it names one."""
    if "cacheId" not in request:
        return None
    cache = Caches(context).find(request["cacheId"])
    return {
        "id": cache.id,
        "uuid": cache.uuid,
        "uri": cache.doc["cacheS3Uri"],
        "behavior": request.get("cacheBehavior", cache.doc["cacheBehavior"]),
    }


def _key(doc: dict[str, Any], task: str) -> str:
    request = doc["request"]
    version = request.get("workflowVersionName")
    return caches.task_key(doc["workflow"]["digest"], version, request.get("parameters"), task)
