"""Pulumi programs in the process of a test, against mocks of the engine."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi


def mocked(engine: pulumi.runtime.Mocks, stack: str = "trial", **more: Any) -> None:
    """Let what follows declare resources to `engine`.

    Pulumi takes the thread's event loop. An asyncio.run of an earlier test has taken that away.
    """
    try:
        asyncio.get_event_loop()
    except RuntimeError:
        asyncio.set_event_loop(asyncio.new_event_loop())
    pulumi.runtime.set_mocks(engine, project="omics-runs", stack=stack, preview=False, **more)
