"""Jobs of stores: imports and activations. Their statuses follow from times that are stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from omics_provider.emulator.world.context import Context
from omics_provider.emulator.world.resources import Resource

from .kept import Inside, listed, long_id, own_id

#: The part of a job's time in which it has not begun.
_SUBMITTED_SHARE: Final = 0.1
_MESSAGES: Final = {
    "SUBMITTED": "The job is submitted and will start soon.",
    "IN_PROGRESS": "The job is currently in progress.",
    "COMPLETED": "The job completed successfully.",
    "COMPLETED_WITH_FAILURES": "The job completed, and some of its sources failed.",
    "FAILED": "The job failed.",
}
_OF_SOURCES: Final = {
    "SUBMITTED": ("NOT_STARTED", "The source is queued for the job."),
    "IN_PROGRESS": ("IN_PROGRESS", "The source job is currently in progress."),
}
_FINISHED: Final = "The source job completed successfully."


@dataclass(frozen=True)
class Source:
    """One source of a job.

    `shown` is told of it from the start, `made` besides once it is finished. `problem` is why it
    fails, if it does.
    """

    shown: Mapping[str, Any]
    made: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None


def start(
    context: Context,
    jobs: Inside,
    store_member: str,
    work: Callable[[Mapping[str, Any], str], Source],
) -> dict[str, Any]:
    """Start a job and answer as the call that does so.

    `work` is done at once for each source, with the job's id; what it makes is there when the
    job ends.
    """
    params = context.params
    job_id = long_id(context, "storeJob")
    doc = {
        "storeMember": store_member,
        "store": params[store_member],
        "role": params.get("roleArn"),
        "ends": ends(context),
        "sources": [asdict(work(source, job_id)) for source in params["sources"]],
    }
    job = jobs.add(job_id, doc)
    return {**item(job, context.now), "status": "SUBMITTED", "completionTime": None}


def got(context: Context, jobs: Inside) -> dict[str, Any]:
    """Answer a Get operation on one of the jobs."""
    return described(jobs.find(context.params["id"]), context.now)


def page(context: Context, member: str, jobs: Inside) -> dict[str, Any]:
    """Answer a List operation on the jobs, under the name of the answer's member."""
    return listed(context, member, jobs.all(), lambda job: item(job, context.now))


def ends(context: Context) -> float:
    """Give the time at which a job ends that starts now."""
    return context.now + context.settings.jobSeconds


def item(job: Resource, now: float) -> dict[str, Any]:
    """Give a job as lists show it."""
    doc = job.doc
    return {
        "id": own_id(job),
        doc["storeMember"]: doc["store"],
        **({} if doc["role"] is None else {"roleArn": doc["role"]}),
        "status": status(job, now),
        "creationTime": job.created,
        "completionTime": doc["ends"] if doc["ends"] <= now else None,
    }


def described(job: Resource, now: float) -> dict[str, Any]:
    """Give a job as its Get operation shows it."""
    current = status(job, now)
    return {
        **item(job, now),
        "statusMessage": _MESSAGES[current],
        "sources": [_source(each, current) for each in job.doc["sources"]],
    }


def status(job: Resource, now: float) -> str:
    """Give a job's status."""
    ended = job.doc["ends"]
    if now < job.created + (ended - job.created) * _SUBMITTED_SHARE:
        return "SUBMITTED"
    if now < ended:
        return "IN_PROGRESS"
    failed = sum(each["problem"] is not None for each in job.doc["sources"])
    if not failed:
        return "COMPLETED"
    return "FAILED" if failed == len(job.doc["sources"]) else "COMPLETED_WITH_FAILURES"


def _source(source: Mapping[str, Any], current: str) -> dict[str, Any]:
    if current in _OF_SOURCES:
        state, message = _OF_SOURCES[current]
        return {**source["shown"], "status": state, "statusMessage": message}
    if source["problem"] is not None:
        return {**source["shown"], "status": "FAILED", "statusMessage": source["problem"]}
    finished = {"status": "FINISHED", "statusMessage": _FINISHED}
    return {**source["shown"], **finished, **source["made"]}
