"""The engine as a component registers at it: itself, its children, and what it tells.

Pulumi's Python SDK does this with settings of the whole process, one component at a time. Here each
request has its own, so that components are made beside each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import grpc
from pulumi.runtime.proto import resource_pb2, resource_pb2_grpc

from omics_provider.native import values
from omics_provider.native.values import Bag

_OPTIONS: Final = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]
#: Options of the component that stand in its own registration alike. Its children have from the
#: engine what a parent hands on: protect, retainOnDelete, deletedWith, aliases.
_LIKE: Final = (
    "type", "name", "parent", "protect", "providers", "aliases", "dependencies", "retainOnDelete",
    "deletedWith", "additionalSecretOutputs", "ignoreChanges", "replaceOnChanges", "replace_with",
)  # fmt: skip
_Request: Final = resource_pb2.RegisterResourceRequest
Registered = resource_pb2.RegisterResourceResponse


class Monitor:
    """The engine, for one request to construct a component."""

    def __init__(self, request: Any, channel: grpc.Channel) -> None:
        self._request = request
        self._stub: Any = resource_pb2_grpc.ResourceMonitorStub(channel)
        depended = {urn for each in request.inputDependencies.values() for urn in each.urns}
        self._dependencies = sorted({*request.dependencies, *depended})

    def component(self) -> str:
        """Register the component itself; return its URN."""
        request = _Request(
            custom=False,
            acceptSecrets=True,
            aliasSpecs=True,
            parentStackTraceHandle=self._request.stack_trace_handle,
            object=values.sent({}),
        )
        _take_over(self._request, request)
        return str(self._stub.RegisterResource(request).urn)

    def child(self, parent: str, token: str, name: str, inputs: Bag) -> grpc.Future:
        """Ask for a resource of the component; the future gives a `Registered`.

        It depends on all that the component depends on. Where the program declares the component is
        recorded with that alone: with each run it would be a third of what the state has of it.
        """
        request = _Request(
            type=token,
            name=name,
            parent=parent,
            custom=True,
            object=values.sent(inputs.properties, inputs.secrets),
            dependencies=self._dependencies,
            provider=self._request.providers.get(token.partition(":")[0], ""),
            acceptSecrets=True,
            supportsPartialValues=True,
            supportsResultReporting=True,
            aliasSpecs=True,
        )
        for wire in inputs.properties:
            request.propertyDependencies[wire].urns.extend(self._dependencies)
        if self._request.HasField("customTimeouts"):
            given = self._request.customTimeouts
            for each in ("create", "update", "delete"):
                setattr(request.customTimeouts, each, getattr(given, each))
        return self._stub.RegisterResource.future(request)

    def tell(self, urn: str, outputs: Mapping[str, Any]) -> None:
        """Record the component's outputs."""
        request = resource_pb2.RegisterResourceOutputsRequest(urn=urn, outputs=values.sent(outputs))
        self._stub.RegisterResourceOutputs(request)


@contextmanager
def monitor(request: Any) -> Iterator[Monitor]:
    """Give the engine that asks for a component."""
    with grpc.insecure_channel(request.monitorEndpoint, options=_OPTIONS) as channel:
        yield Monitor(request, channel)


def _take_over(given: Any, request: Any) -> None:
    """Set the options that a request to construct has in common with a registration."""
    for name in _LIKE:
        value = getattr(given, name)
        field = given.DESCRIPTOR.fields_by_name[name]
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            getattr(request, name).update(value)
        elif isinstance(value, Iterable) and not isinstance(value, str):
            getattr(request, name).extend(value)
        elif not field.has_presence or given.HasField(name):
            setattr(request, name, value)
