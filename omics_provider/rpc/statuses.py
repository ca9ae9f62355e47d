"""Errors as gRPC statuses: the engine shows a status's message beside the resource."""

from __future__ import annotations

from typing import Any, Final

import grpc
from google.protobuf import any_pb2
from pulumi.runtime.proto import status_pb2

_KEY: Final = "grpc-status-details-bin"


def tell(context: grpc.ServicerContext, message: str, *details: Any) -> None:
    """Have the answer to a request tell a failure, and what is to be recorded all the same.

    gRPC takes the status from the trailing metadata, before the one of the request's own end.
    """
    packed = []
    for each in details:
        packed.append(any_pb2.Any())
        packed[-1].Pack(each)
    code = grpc.StatusCode.UNKNOWN.value[0]
    status = status_pb2.Status(code=code, message=message, details=packed)
    context.set_trailing_metadata(((_KEY, status.SerializeToString()),))
