"""Pulumi programs in the process of a test, against mocks of the engine."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi


class Engine(pulumi.runtime.Mocks):
    """An engine that keeps the inputs of each resource, by name."""

    def __init__(self) -> None:
        self.inputs: dict[str, dict[str, Any]] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.inputs[args.name] = args.inputs
        return f"{args.name}-id", args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        raise AssertionError(args.token)


def mocked(engine: pulumi.runtime.Mocks, stack: str = "trial", **more: Any) -> None:
    """Let what follows declare resources to `engine`.

    Pulumi takes the thread's event loop. An asyncio.run of an earlier test has taken that away.
    """
    try:
        asyncio.get_event_loop()
    except RuntimeError:
        asyncio.set_event_loop(asyncio.new_event_loop())
    pulumi.runtime.set_mocks(engine, project="omics-runs", stack=stack, preview=False, **more)
