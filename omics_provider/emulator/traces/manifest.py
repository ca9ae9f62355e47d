"""A run's manifest: an entry for the run and one for each of its tasks, made of values alone.

It does not matter here where the values come from: `simulated` makes them up, and what was really
carried out is measured. A member without a value is left out. The members are those of AWS's own
readers of manifests (docs/behaviours.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from omics_provider.emulator.protocol.wire import iso8601


@dataclass(frozen=True)
class Times:
    """When something was created, began to run and ended, in seconds since 1970."""

    created: float
    started: float | None = None
    stopped: float | None = None

    def members(self) -> dict[str, Any]:
        """Give the members that say so."""
        moments = {
            "creationTime": self.created,
            "startTime": self.started,
            "stopTime": self.stopped,
        }
        return {name: iso8601(time) for name, time in moments.items() if time is not None}


@dataclass(frozen=True)
class RunFacts:
    """What a manifest says of an ended run. `workflow` is the workflow's ARN."""

    arn: str
    uuid: str
    name: str | None
    status: str
    times: Times
    workflow: str
    digest: str
    parameters: Mapping[str, Any] | None
    template: Mapping[str, Any] | None
    output_uri: str
    role: str
    started_by: str
    storage_type: str
    storage_capacity: int | None
    metrics: Mapping[str, float | None]
    resource_digests: Mapping[str, str] = field(default_factory=dict)
    failure: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class TaskFacts:
    """What a manifest says of a task. `run` and `workflow` are ARNs.

    Without `times` its outputs came from a cache: then it was not carried out, and used nothing.
    """

    arn: str
    uuid: str
    run: str
    workflow: str
    name: str
    status: str
    times: Times | None
    cpus: int
    memory: int
    gpus: int
    instance: str
    metrics: Mapping[str, float | None]
    image: str | None = None
    failure: str | None = None
    message: str | None = None


def of_run(facts: RunFacts) -> dict[str, Any]:
    """Give the entry of the run."""
    return _given(
        {
            "arn": facts.arn,
            "uuid": facts.uuid,
            "name": facts.name,
            "status": facts.status,
            "statusMessage": facts.message,
            "failureReason": facts.failure,
            "workflow": facts.workflow,
            "digest": facts.digest,
            "parameters": facts.parameters,
            "parameterTemplate": facts.template,
            "outputUri": facts.output_uri,
            "roleArn": facts.role,
            "startedBy": facts.started_by,
            "resourceDigests": facts.resource_digests,
            "storageType": facts.storage_type,
            "storageCapacity": facts.storage_capacity,
            **facts.times.members(),
            "metrics": _given(facts.metrics),
        }
    )


def of_task(facts: TaskFacts) -> dict[str, Any]:
    """Give the entry of a task."""
    return _given(
        {
            "arn": facts.arn,
            "uuid": facts.uuid,
            "run": facts.run,
            "workflow": facts.workflow,
            "name": facts.name,
            "status": facts.status,
            "statusMessage": facts.message,
            "failureReason": facts.failure,
            "image": facts.image,
            "cpus": facts.cpus,
            "memory": facts.memory,
            "gpus": facts.gpus,
            "instanceType": facts.instance,
            **({} if facts.times is None else facts.times.members()),
            "metrics": {} if facts.times is None else _given(facts.metrics),
        }
    )


def _given(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
