"""What a report says, as values: runs and tasks with times and use of what they reserved.

No clock, no input or output. Parameters of runs are left out: they may hold secrets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from omics_provider.base.identity import account_of, region_of
from omics_provider.explain.rules import reasons

#: The JSON document's format; it grows by new members, and a changed meaning gets a new number.
FORMAT: Final = 1

COST: Final = (
    "Costs: no call of HealthOmics gives them. The report has the hours that runs reserved. "
    "The command `preview` estimates what new runs cost."
)

Time = datetime | None


class Place(NamedTuple):
    """Where runs are."""

    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Use:
    """Shares, 0 to 1, of what was reserved; None where the manifest does not say."""

    cpu_average: float | None = None
    cpu_maximum: float | None = None
    memory_average: float | None = None
    memory_maximum: float | None = None
    storage_average: float | None = None
    storage_maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A task of a run. `seconds` is how long it was RUNNING; memory is in GiB."""

    id: str
    name: str
    status: str
    created: Time
    started: Time
    stopped: Time
    seconds: float
    instance: str | None
    cpus: float
    gpus: float
    memory: float
    cache_hit: bool
    code: str | None
    use: Use
    cpu_seconds_used: float | None
    memory_seconds_used: float | None


@dataclass(frozen=True, slots=True)
class Run:
    """A run with its tasks, the earliest first. `seconds` is how long it was RUNNING, as billed."""

    id: str
    uuid: str | None
    name: str | None
    resource: str | None
    arn: str | None
    status: str
    workflow: str | None
    code: str | None
    message: str | None
    output: str | None
    created: Time
    started: Time
    stopped: Time
    seconds: float
    use: Use
    tasks: tuple[Task, ...]

    @property
    def label(self) -> str:
        """The name that a reader knows it by."""
        return self.resource or self.name or self.id

    @property
    def cpu_hours(self) -> float:
        """VCPU hours that its tasks reserved."""
        return sum(task.cpus * task.seconds for task in self.tasks) / 3600

    @property
    def memory_hours(self) -> float:
        """GiB hours of memory that its tasks reserved."""
        return sum(task.memory * task.seconds for task in self.tasks) / 3600

    @property
    def gpu_hours(self) -> float:
        """GPU hours that its tasks reserved."""
        return sum(task.gpus * task.seconds for task in self.tasks) / 3600


@dataclass(frozen=True, slots=True)
class RunsReport:
    """Runs at one moment, and why some of them failed."""

    title: str
    made: datetime
    #: The Pulumi project that declares the runs; None for runs that were named by their ids.
    project: str | None
    runs: tuple[Run, ...]
    groups: tuple[reasons.Group, ...]
    #: What could not be read, a sentence each.
    gaps: tuple[str, ...]
    #: The Region to link to, None for an emulator's runs.
    region: str | None

    @property
    def places(self) -> tuple[Place, ...]:
        """The accounts and Regions that the runs are in, by their ARNs."""
        arns = {run.arn for run in self.runs if run.arn}
        return tuple(sorted({Place(account_of(arn), region_of(arn)) for arn in arns}))


def moment(text: object) -> Time:
    """Return an API's ISO 8601 time in UTC, None for what is none."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def run_of(
    live: Mapping[str, Any],
    tasks: Iterable[Mapping[str, Any]],
    manifest: Iterable[Mapping[str, Any]],
    now: datetime,
    resource: str | None = None,
) -> Run:
    """Put a run together from GetRun, ListRunTasks and its manifest, of which any may be scanty."""
    entries = list(manifest)
    own = next((entry for entry in entries if _is_run(entry, live)), {})
    known = {**own, **{key: value for key, value in live.items() if value is not None}}
    made = _tasks(tasks, [entry for entry in entries if not _is_run(entry, live)], now)
    started, stopped = moment(known.get("startTime")), moment(known.get("stopTime"))
    return Run(
        id=str(live["id"]),
        uuid=known.get("uuid"),
        name=known.get("name"),
        resource=resource,
        arn=known.get("arn"),
        status=str(known["status"]),
        workflow=known.get("workflowId") or _last(own.get("workflow")),
        code=known.get("failureReason"),
        message=known.get("statusMessage"),
        output=known.get("runOutputUri"),
        created=moment(known.get("creationTime")),
        started=started,
        stopped=stopped,
        seconds=_seconds(own, started, stopped, now),
        use=_run_use(own, made),
        tasks=made,
    )


def document(report: RunsReport) -> dict[str, Any]:
    """Return the report as JSON values."""
    return {
        "format": FORMAT,
        "title": report.title,
        "made": _iso(report.made),
        "project": report.project,
        "region": report.region,
        "places": [place._asdict() for place in report.places],
        "runs": [_run_document(run, report.region) for run in report.runs],
        "failures": [_group_document(group, report.region) for group in report.groups],
        "notRead": list(report.gaps),
        "cost": None,
        "costNote": COST,
    }


def _is_run(entry: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    return entry.get("uuid") is not None and entry.get("uuid") == live.get("uuid")


def _last(arn: object) -> str | None:
    return str(arn).replace(":", "/").rpartition("/")[2] if arn else None


def _tasks(
    listed: Iterable[Mapping[str, Any]], entries: Iterable[Mapping[str, Any]], now: datetime
) -> tuple[Task, ...]:
    """Join the tasks that the API lists with the manifest's entries, by uuid."""
    found: dict[str, dict[str, Any]] = {}
    for entry in (*entries, *listed):
        key = str(entry.get("uuid") or entry.get("taskId") or entry.get("arn"))
        known = {name: value for name, value in entry.items() if value is not None}
        found[key] = {**found.get(key, {}), **known}
    made = [_task(entry, now) for entry in found.values()]
    return tuple(sorted(made, key=lambda task: (task.created or now, task.id)))


def _task(entry: Mapping[str, Any], now: datetime) -> Task:
    started, stopped = moment(entry.get("startTime")), moment(entry.get("stopTime"))
    seconds = _seconds(entry, started, stopped, now)
    metrics = entry.get("metrics") or {}
    return Task(
        id=str(entry.get("taskId") or _last(entry.get("arn")) or ""),
        name=str(entry.get("name") or "task"),
        status=str(entry.get("status") or "UNKNOWN"),
        created=moment(entry.get("creationTime")),
        started=started,
        stopped=stopped,
        seconds=seconds,
        instance=entry.get("instanceType"),
        cpus=_number(entry.get("cpus")) or 0.0,
        gpus=_number(entry.get("gpus")) or 0.0,
        memory=_number(entry.get("memory")) or 0.0,
        cache_hit=_is_cached(entry),
        code=entry.get("failureReason"),
        use=Use(
            _share(metrics, "cpusAverage", "cpusReserved"),
            _share(metrics, "cpusMaximum", "cpusReserved"),
            _share(metrics, "memoryAverageGiB", "memoryReservedGiB"),
            _share(metrics, "memoryMaximumGiB", "memoryReservedGiB"),
        ),
        cpu_seconds_used=_times(metrics.get("cpusAverage"), seconds),
        memory_seconds_used=_times(metrics.get("memoryAverageGiB"), seconds),
    )


def _is_cached(entry: Mapping[str, Any]) -> bool:
    """Tell whether a task's outputs came from a cache: a manifest says so by leaving out times."""
    if "cacheHit" in entry:
        return bool(entry["cacheHit"])
    worked = any(entry.get(name) for name in ("creationTime", "startTime", "stopTime", "metrics"))
    return entry.get("status") == "COMPLETED" and not worked


def _seconds(entry: Mapping[str, Any], started: Time, stopped: Time, now: datetime) -> float:
    measured = _number((entry.get("metrics") or {}).get("runningSeconds"))
    if measured is not None:
        return measured
    return max(((stopped or now) - started).total_seconds(), 0.0) if started else 0.0


def _run_use(own: Mapping[str, Any], tasks: Iterable[Task]) -> Use:
    """Weigh the tasks by what they reserved and for how long."""
    measured = [task for task in tasks if task.cpu_seconds_used is not None]
    remembered = [task for task in tasks if task.memory_seconds_used is not None]
    metrics = own.get("metrics") or {}
    return Use(
        cpu_average=_ratio(
            sum(task.cpu_seconds_used or 0 for task in measured),
            sum(task.cpus * task.seconds for task in measured),
        ),
        memory_average=_ratio(
            sum(task.memory_seconds_used or 0 for task in remembered),
            sum(task.memory * task.seconds for task in remembered),
        ),
        storage_average=_share(metrics, "storageAverageGiB", "storageReservedGiB"),
        storage_maximum=_share(metrics, "storageMaximumGiB", "storageReservedGiB"),
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _times(value: object, seconds: float) -> float | None:
    number = _number(value)
    return None if number is None else number * seconds


def _share(metrics: Mapping[str, Any], used: str, reserved: str) -> float | None:
    part = _number(metrics.get(used))
    return None if part is None else _ratio(part, _number(metrics.get(reserved)) or 0.0)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _iso(time: Time) -> str | None:
    return None if time is None else time.isoformat(timespec="seconds").replace("+00:00", "Z")


def _use_document(use: Use) -> dict[str, float | None]:
    return {
        "cpuAverage": use.cpu_average,
        "cpuMaximum": use.cpu_maximum,
        "memoryAverage": use.memory_average,
        "memoryMaximum": use.memory_maximum,
        "storageAverage": use.storage_average,
        "storageMaximum": use.storage_maximum,
    }


def _run_document(run: Run, region: str | None) -> dict[str, Any]:
    return {
        "id": run.id,
        "uuid": run.uuid,
        "name": run.name,
        "resource": run.resource,
        "status": run.status,
        "workflow": run.workflow,
        "failureReason": run.code,
        "statusMessage": run.message,
        "runOutputUri": run.output,
        "creationTime": _iso(run.created),
        "startTime": _iso(run.started),
        "stopTime": _iso(run.stopped),
        "runningSeconds": run.seconds,
        "cpuHoursReserved": run.cpu_hours,
        "memoryGiBHoursReserved": run.memory_hours,
        "gpuHoursReserved": run.gpu_hours,
        "use": _use_document(run.use),
        "console": reasons.console_link(region, run.id) if region else None,
        "tasks": [_task_document(task) for task in run.tasks],
    }


def _task_document(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "name": task.name,
        "status": task.status,
        "failureReason": task.code,
        "creationTime": _iso(task.created),
        "startTime": _iso(task.started),
        "stopTime": _iso(task.stopped),
        "runningSeconds": task.seconds,
        "instanceType": task.instance,
        "cpus": task.cpus,
        "gpus": task.gpus,
        "memoryGiB": task.memory,
        "cacheHit": task.cache_hit,
        "use": _use_document(task.use),
    }


def _group_document(group: reasons.Group, region: str | None) -> dict[str, Any]:
    first = group.first
    return {
        "runs": [failure.id for failure in group.failures],
        "status": first.status,
        "failureReason": first.code,
        "statusMessage": first.message,
        "meaning": group.reason.meaning,
        "advice": group.reason.advice,
        "failedTask": None
        if first.task is None
        else {
            "id": first.task.id,
            "name": first.task.name,
            "failureReason": first.task.code,
            "statusMessage": first.task.message,
        },
        "logStream": first.log.stream if first.log else first.stream,
        "logEnd": list(first.log.lines) if first.log else [],
        "log": reasons.log_link(region, first.stream) if region and first.stream else None,
    }
