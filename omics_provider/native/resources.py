"""The native door of resources: requests and answers against a handler's, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from omics_provider.base.checks import CONCEALED, SHOWN, Problem
from omics_provider.base.errors import OmicsError
from omics_provider.base.keys import STACK
from omics_provider.base.settings import Settings
from omics_provider.base.table import Table
from omics_provider.engine.backend import StackNames
from omics_provider.engine.call import Call, Found
from omics_provider.engine.process import find_engine
from omics_provider.engine.update import Update
from omics_provider.engine.urn import kind_of
from omics_provider.rpc.host import Host
from omics_provider.waits.blocking import Waits

from . import imported, values
from .detail import detailed, properties
from .kinds import KINDS, Kind
from .preflight import Preflight
from .requests import Request, told
from .values import Bag

_DIFF: Final = provider_pb2.DiffResponse


class Resources(provider_pb2_grpc.ResourceProviderServicer):
    """The resources of one provider of one engine, whose process serves one update."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._update = Update(find_engine())
        self._stacks = StackNames(self._update.engine)
        self._settings = Settings()
        self._preflight = Preflight(self._settings, "off", host)
        #: By URN and text: the engine asks for a diff twice where it reads before an update.
        self._told: set[tuple[str, str]] = set()

    @property
    def has_engine(self) -> bool:
        """Whether the engine that has started this process is at work still."""
        return self._update.engine.is_alive

    def end_waits(self) -> None:
        """End all waits at once, and those to come. What is waited for goes on, and is recorded.

        What is about to be started is not started.
        """
        self._update.interrupt()
        self._update.part(Waits).cancel()

    @told
    def Check(self, request: Request, context: grpc.ServicerContext) -> Any:
        """Find everything that is wrong with the declaration."""
        kind, call = self._kind(request), self._call(request, seed=request.randomSeed)
        old, new = values.received(request.olds), values.received(request.news)
        declaration = kind.declared(request.urn, new)
        declared = {
            **declaration.inputs.properties,
            STACK: self._stacks.of(request.urn, str(old.properties.get(STACK, ""))),
            # The engine shows the value of a property that a failure names.
            CONCEALED: list(declaration.inputs.properties),
        }
        found = kind.handler.check(call, old.properties, declared)
        inputs = {name: each for name, each in found.inputs.items() if name != CONCEALED}
        return provider_pb2.CheckResponse(
            inputs=values.sent(inputs, declaration.inputs.secrets),
            failures=[
                _failure(problem, kind.handler.table, new)
                for problem in declaration.all_of(found.failures)
            ],
        )

    @told
    def Diff(self, request: Request, context: grpc.ServicerContext) -> Any:
        """Tell a new resource from a change in place."""
        kind, call = self._kind(request), self._call(request)
        recorded, inputs = values.received(request.olds), values.received(request.news)
        found = kind.handler.diff(call, request.id, recorded.properties, inputs.properties)
        old = values.received(request.old_inputs)
        return _difference(found, old.properties, inputs.properties)

    @told
    def Create(self, request: Request, context: grpc.ServicerContext) -> Any:
        """Make the resource; in a preview, return what will be known of it."""
        kind, call = self._kind(request), self._call(request, timeout=request.timeout)
        inputs = values.received(request.properties)
        if request.preview:
            self._preflight.foresee(call, inputs.public)
            foreseen = kind.foreseen(inputs.properties)
            return provider_pb2.CreateResponse(properties=values.sent(foreseen, inputs.secrets))
        made = kind.handler.create(call, inputs.properties)
        return provider_pb2.CreateResponse(
            id=made.id,
            properties=values.sent(made.outputs, inputs.secrets),
            refresh_before_update=kind.is_active(made.outputs),
        )

    @told
    def Read(self, request: Request, context: grpc.ServicerContext) -> Any:
        """Bring what is recorded up to date; an empty id stands for a resource that is gone."""
        kind, call = self._kind(request), self._call(request, timeout=request.timeout)
        recorded, inputs = values.received(request.properties), values.received(request.inputs)
        known = recorded.properties
        is_known = STACK in known
        if not is_known:
            known = {**known, STACK: self._stacks.of(request.urn)}
        now = kind.handler.read(call, request.id, known)
        if not now.id:
            return provider_pb2.ReadResponse()
        if not is_known:
            now = imported.with_inputs(kind.handler, call, now, known)
        secrets = recorded.secrets | inputs.secrets
        declared = inputs.properties if now.inputs is None else now.inputs
        return provider_pb2.ReadResponse(
            id=now.id,
            properties=values.sent(now.outputs, secrets),
            inputs=values.sent(declared, secrets),
            refresh_before_update=kind.is_active(now.outputs),
        )

    @told
    def Update(self, request: Request, context: grpc.ServicerContext) -> Any:
        """Change the resource in place; in a preview, return what will be known of it."""
        kind, call = self._kind(request), self._call(request, timeout=request.timeout)
        recorded, inputs = values.received(request.olds), values.received(request.news)
        if request.preview:
            self._preflight.foresee(call, inputs.public, request.id)
            now = kind.foreseen_change(recorded.properties, inputs.properties)
        else:
            now = kind.handler.update(call, request.id, recorded.properties, inputs.properties)
        return provider_pb2.UpdateResponse(
            properties=values.sent(now, recorded.secrets | inputs.secrets),
            refresh_before_update=kind.is_active(now),
        )

    @told
    def Delete(self, request: Request, context: grpc.ServicerContext) -> Any:
        """End the resource."""
        kind, call = self._kind(request), self._call(request, timeout=request.timeout)
        recorded = values.received(request.properties)
        kind.handler.delete(call, request.id, recorded.properties)
        return empty_pb2.Empty()

    def _kind(self, request: Request) -> Kind:
        token = kind_of(request.urn)
        if token not in KINDS:
            raise OmicsError(
                "Finding the resource's type",
                f"there is no {token}",
                advice=f"omics has {', '.join(KINDS)}.",
            )
        return KINDS[token]

    def _call(self, request: Request, timeout: float = 0.0, seed: bytes = b"") -> Call:
        return Call(
            self._update,
            self._settings,
            self._preflight.is_on,
            urn=request.urn,
            timeout=timeout or None,
            seed=seed,
            warn=self._warner(request.urn),
            show=partial(self._host.show, urn=request.urn),
        )

    def _warner(self, urn: str) -> Callable[[str], None]:
        def warn(message: str) -> None:
            if (urn, message) not in self._told:
                self._told.add((urn, message))
                self._host.tell(message, urn)

        return warn


def _failure(problem: Problem, table: Table, given: Bag) -> Any:
    """Return a failure. It names the property where the engine may show the property's value."""
    wire, field = problem.property, table.by_wire.get(problem.property)
    is_shown = field is not None and field.kind in SHOWN and wire in given.properties
    if is_shown and wire not in given.concealed:
        return provider_pb2.CheckFailure(property=wire, reason=problem.reason)
    return provider_pb2.CheckFailure(reason=": ".join(filter(None, (wire, problem.reason))))


def _difference(found: Found, old: dict[str, Any], new: dict[str, Any]) -> Any:
    if found.changes is False:
        return _DIFF(changes=_DIFF.DIFF_NONE)
    details = detailed(old, new, found.replaces, found.moves)
    some = found.changes or details
    return _DIFF(
        changes=_DIFF.DIFF_SOME if some else _DIFF.DIFF_NONE,
        replaces=list(found.replaces),
        diffs=sorted(properties(details)),
        detailedDiff=details,
        hasDetailedDiff=True,
    )
