"""A dynamic resource with a run's properties that calls nothing: what Pulumi itself costs.

Its provider is importable and has no attributes, so that its pickle is an address as small as
OmicsRun's, and no secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from pulumi.dynamic import CreateResult, ReadResult, Resource, ResourceProvider

#: What a run's outputs are called. They are declared, as a program must that wants to read them.
OUTPUTS = (
    "arn", "uuid", "status", "runOutputUri", "creationTime", "startTime", "stopTime",
    "statusMessage", "failureReason", "startedBy", "digest", "engineVersion", "workflowUuid",
    "logLocation", "batchId",
)  # fmt: skip


class BareProvider(ResourceProvider):
    """Answers each call from what it is given; check and diff are Pulumi's own."""

    serialize_as_secret_always = False

    def __getstate__(self) -> None:
        return

    def create(self, props: dict[str, Any]) -> CreateResult:
        number = int(hashlib.sha256(props["name"].encode()).hexdigest(), 16)
        run_id = f"{number % 10**7:07}"
        return CreateResult(run_id, {**props, **_at_start(run_id, number)})

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        return ReadResult(id_, {**props, **_at_end(id_)})


def _at_start(run_id: str, number: int) -> dict[str, Any]:
    return {
        "arn": f"arn:aws:omics:us-east-1:123456789012:run/{run_id}",
        "uuid": f"{number % 16**8:08x}-0000-4000-8000-000000000000",
        "status": "PENDING",
        "runOutputUri": f"s3://amzn-s3-demo-bucket/results/{run_id}",
        "requestId": f"{number:064x}"[:64],
        "stateVersion": 1,
    }


def _at_end(run_id: str) -> dict[str, Any]:
    stream = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/omics/WorkflowLog:log-stream:run"
    return {
        "status": "COMPLETED",
        "creationTime": "2026-01-01T00:00:00.000Z",
        "startTime": "2026-01-01T00:00:01.000Z",
        "stopTime": "2026-01-01T12:30:01.000Z",
        "startedBy": "arn:aws:iam::123456789012:user/emulator",
        "digest": f"sha256:{'0' * 64}",
        "workflowUuid": "00000000-0000-4000-8000-000000000000",
        "logLocation": {
            "engineLogStream": f"{stream}/{run_id}/engine",
            "runLogStream": f"{stream}/{run_id}",
        },
    }


class Bare(Resource, module="bench", name="Bare"):
    """The inputs of a run, under the API's names, and its outputs."""

    def __init__(self, resource_name: str, arguments: Mapping[str, Any]) -> None:
        inputs = {wire(name): value for name, value in arguments.items()}
        defaults = {"onDelete": "delete", "attempt": "0" * 16}
        super().__init__(
            BareProvider(), resource_name, {**dict.fromkeys(OUTPUTS), **defaults, **inputs}
        )


def wire(name: str) -> str:
    """Give an argument's name in the API."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
