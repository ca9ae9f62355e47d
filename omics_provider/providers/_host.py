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

from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2

from omics_provider.base.errors import OmicsError
from omics_provider.engine.call import Unfinished, subject
from omics_provider.rpc import statuses
from omics_provider.rpc.host import Host

from ._wire import PROVIDER

P = ParamSpec("P")
R = TypeVar("R")

_HANDLERS: Final = frozenset({"Check", "Diff", "Create", "Read", "Update", "Delete"})


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
    _engine(sys.argv[1]).tell(message, call.urn)


@functools.cache
def _engine(address: str) -> Host:
    return Host(address)


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
    _fail(message, call, failed)


def _fail(message: str, call: HostCall | None, *details: Any) -> NoReturn:
    if call is None:
        # Outside of the host an exception is what a caller expects; there is nobody to trail to.
        raise ProviderError(message) from None
    # The host turns an exception into its traceback. The engine sees the message alone; should it
    # not, one line is left.
    statuses.tell(call.context, message, *details)
    sys.tracebacklimit = 0
    raise ProviderError(message) from None


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back
