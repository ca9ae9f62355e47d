"""What a user reads of an error, and what is recorded all the same."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any, NoReturn

import grpc
from pulumi.runtime.proto import provider_pb2

from omics_provider.base.errors import OmicsError
from omics_provider.engine.call import Unfinished, subject
from omics_provider.rpc import statuses

from . import values


class Told(Exception):
    """What a user is told as it is."""


def fail(context: grpc.ServicerContext, message: str, *details: Any) -> NoReturn:
    """End a request with a message, and with what is to be recorded all the same."""
    statuses.tell(context, message, *details)
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError("abort raises")


def words(error: Exception, urn: str) -> str:
    """Return what a user reads of an error; one that nobody expected tells where it arose."""
    if isinstance(error, Told):
        return str(error)
    if isinstance(error, OmicsError):
        return error.about(subject(urn))
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    return (
        f"omics has a fault: {type(error).__name__} in {frame.name} ({where}), for "
        f"{subject(urn) or 'the provider'}.\n"
        "The operation may have taken effect. Run `pulumi up` again: it finds what exists. Please "
        "report this line."
    )


def record(
    context: grpc.ServicerContext, unfinished: Unfinished, inputs: values.Bag, *, is_active: bool
) -> NoReturn:
    """End a request with a resource that is made, or may be, and is not usable yet."""
    recorded = values.sent(unfinished.properties, inputs.secrets)
    failed = provider_pb2.ErrorResourceInitFailed(
        id=unfinished.id,
        properties=recorded,
        reasons=[str(unfinished)],
        inputs=values.sent(inputs.properties, inputs.secrets),
        refresh_before_update=is_active,
    )
    fail(context, str(unfinished), failed)
