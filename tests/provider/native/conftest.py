"""The native provider in this process, and an engine's channel to it."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest

from omics_provider.native import server
from omics_provider.native.servicer import Servicer
from tests.provider.harness import REGION, RUN_SECONDS, Emulator

from .door import Door, Stack, Told, opened


@pytest.fixture
def door(emulator: Emulator) -> Iterator[Door]:
    """A provider that is configured for the emulator."""
    stack, told = Stack(), Told()
    servicer = opened(Servicer(told), stack)
    serving, port = server.serve(servicer, server.workers())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        made = Door(port, stack, told, servicer, channel)
        made.configure(
            endpoint="local",
            region=REGION,
            localState=emulator.state,
            localRunSeconds=str(RUN_SECONDS),
            preflight="off",
        )
        yield made
    serving.stop(grace=None).wait()
