"""The one place that reaches into Pulumi's host of Python dynamic providers.

`ResourceProvider`'s methods get neither the URN nor the time limit nor the random seed of a call,
and an exception reaches the user as a traceback. The host (`pulumi.dynamic.__main__`) keeps the
request and the gRPC context in local variables of its handler; they are found there by walking the
frames up. Where the host changes, `current_call` gives None and everything goes on without: a
canary test says so first.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final, NoReturn, ParamSpec, TypeVar

import grpc
from google.protobuf import any_pb2, struct_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, status_pb2

from omics_provider.base.errors import OmicsError
from omics_provider.engine.call import Unfinished, subject

from ._wire import PROVIDER

P = ParamSpec("P")
R = TypeVar("R")

_HANDLERS: Final = frozenset({"Check", "Diff", "Create", "Read", "Update", "Delete"})
_GRPC_UNKNOWN: Final = 2
_LOG_LIMIT_SECONDS: Final = 10
_STATUS_KEY: Final = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True)
class HostCall:
    """What the engine said beside the properties.

    `timeout` is the resource's customTimeouts for this operation in seconds, None where unset.
    `random_seed` is the engine's seed for generated names, kept in update plans;
    only check gets one.
    """

    urn: str
    request: Any
    timeout: float | None
    random_seed: bytes
    context: Any

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rpartition("::")[2]


class ProviderError(Exception):
    """A failure told to the user: its text is all that is shown."""


def current_call() -> HostCall | None:
    """Return the call that this thread serves, or None outside of Pulumi's host."""
    for frame in _frames():
        if frame.f_code.co_name in _HANDLERS:
            request, context = frame.f_locals.get("request"), frame.f_locals.get("context")
            if request is not None and hasattr(request, "urn") and context is not None:
                return HostCall(
                    urn=request.urn,
                    request=request,
                    timeout=getattr(request, "timeout", 0.0) or None,
                    random_seed=getattr(request, "randomSeed", b""),
                    context=context,
                )
    return None


def warn(message: str) -> None:
    """Show a warning beside the resource that this thread works on.

    The engine gives its own address to the host's process as the first argument, for this.
    """
    call = current_call()
    if call is None or len(sys.argv) < 2:
        return
    request = engine_pb2.LogRequest(
        severity=engine_pb2.LogSeverity.WARNING, message=message, urn=call.urn
    )
    try:
        _engine(sys.argv[1]).Log(request, timeout=_LOG_LIMIT_SECONDS)
    except grpc.RpcError:
        # The engine shows what a plugin writes here, though without the resource's name.
        sys.stderr.write(f"{call.name}: {message}\n")


@functools.cache
def _engine(address: str) -> Any:
    return engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))


def told_plainly(method: Callable[P, R]) -> Callable[P, R]:
    """Make a provider method's OmicsError reach the user as its text, with no traceback.

    What is Unfinished is recorded as made and not yet usable, where the host can do that.
    """

    @functools.wraps(method)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except OmicsError as error:
            call = current_call()
            _fail(error.about(subject(call.urn) if call else ""), call)
        except Unfinished as unfinished:
            _record(unfinished)

    return wrapper


def _record(unfinished: Unfinished) -> NoReturn:
    call, message = current_call(), str(unfinished)
    if call is None:
        raise ProviderError(message) from None
    recorded = struct_pb2.Struct()
    recorded.update({**unfinished.properties, PROVIDER: call.request.properties[PROVIDER]})
    failed = provider_pb2.ErrorResourceInitFailed(
        id=unfinished.id, properties=recorded, reasons=[message]
    )
    packed = any_pb2.Any()
    packed.Pack(failed)
    _fail(message, call, packed)


def _fail(message: str, call: HostCall | None, *details: any_pb2.Any) -> NoReturn:
    if call is None:
        # Outside of the host an exception is what a caller expects; there is nobody to trail to.
        raise ProviderError(message) from None
    # The host turns an exception into its traceback. gRPC takes a status from the trailing
    # metadata before that, so the engine sees the message alone. Should it not, one line is left.
    status = status_pb2.Status(code=_GRPC_UNKNOWN, message=message, details=details)
    call.context.set_trailing_metadata(((_STATUS_KEY, status.SerializeToString()),))
    sys.tracebacklimit = 0
    raise ProviderError(message) from None


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back
