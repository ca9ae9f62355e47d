"""The engine's side of the native door: requests over a real channel, in this process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from omics_provider.engine.own_stack import OwnStack
from omics_provider.engine.process import Engine
from omics_provider.engine.state import StackState
from omics_provider.engine.update import Update
from omics_provider.native import values
from omics_provider.native.servicer import Servicer
from omics_provider.rpc.host import Host

URN: Final = "urn:pulumi:prod::omics-runs::omics:index:Run::"


class Stack(OwnStack):
    """A stack whose recorded state a test says."""

    def __init__(self) -> None:
        super().__init__(Engine())
        self.recorded = StackState()

    def ask_early(self, stack: str) -> None:
        """Nothing to do."""

    def state(self, stack: str, *, secrets: bool = False, mark: str = "") -> StackState:
        """Give what the test says."""
        return self.recorded

    def late(self, stack: str, *, mark: str = "") -> StackState:
        """Give what the test says."""
        return self.recorded

    def current(self, stack: str, *, mark: str = "") -> StackState:
        """Give what the test says."""
        return self.recorded


class Told(Host):
    """An engine that writes down what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[tuple[str, str]] = []
        self.notes: list[str] = []

    def tell(self, message: str, urn: str = "") -> None:
        """Write down."""
        self.messages.append((urn.rpartition("::")[2], message))

    def note(self, message: str) -> None:
        """Write down."""
        self.notes.append(message)


@dataclass
class Failed:
    """What the engine gets of a request that failed."""

    code: grpc.StatusCode
    message: str
    recorded: provider_pb2.ErrorResourceInitFailed | None


@dataclass
class Door:
    """One provider of one engine, and the engine's end of the channel."""

    port: int
    stack: Stack
    told: Told
    servicer: Servicer
    channel: Any
    stub: Any = field(init=False)

    def __post_init__(self) -> None:
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)

    def next_update(self) -> None:
        """Go on as another update does, which remembers nothing."""
        opened(self.servicer, self.stack)

    def configure(self, **variables: str) -> None:
        """Configure, with the namespace's keys as the engine gives them."""
        named = {f"omics:config:{name}": value for name, value in variables.items()}
        self.stub.Configure(provider_pb2.ConfigureRequest(variables=named))

    def check(self, name: str, news: struct_pb2.Struct, olds: Any = None, **more: Any) -> Any:
        """Ask for a check."""
        given = {"urn": URN + name, "randomSeed": os.urandom(16), **more}
        return self.stub.Check(provider_pb2.CheckRequest(olds=olds, news=news, **given))

    def create(self, name: str, inputs: struct_pb2.Struct, **more: Any) -> Any:
        """Ask for a create."""
        request = provider_pb2.CreateRequest(urn=URN + name, properties=inputs, **more)
        return self.stub.Create(request)

    def up(self, name: str, news: struct_pb2.Struct) -> tuple[struct_pb2.Struct, Any]:
        """Check and create; give the inputs and the answer."""
        checked = self.check(name, news)
        assert list(checked.failures) == []
        return checked.inputs, self.create(name, checked.inputs)


def struct(properties: Mapping[str, Any], *secrets: values.Path) -> struct_pb2.Struct:
    """Give a property bag; what is at one of the paths `secrets` is a secret."""
    return values.sent(properties, secrets)


def opened(servicer: Servicer, stack: Stack) -> Servicer:
    """Have a servicer work for `stack`."""
    servicer._update = Update(Engine(), stack)
    return servicer


def failure(ask: Any) -> Failed:
    """Give how a request fails, with what is to be recorded all the same."""
    with pytest.raises(grpc.RpcError) as caught:
        ask()
    error: Any = caught.value
    trailing = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
    recorded = provider_pb2.ErrorResourceInitFailed()
    is_recorded = bool(status.details) and status.details[0].Unpack(recorded)
    assert status.message == error.details()
    return Failed(error.code(), error.details(), recorded if is_recorded else None)
