"""Waiting, as far as it needs no run."""

from __future__ import annotations

import asyncio
from typing import Any

from omics_provider import wait_all


def test_where_nothing_is_waited_for_nothing_is_unknown() -> None:
    async def waited() -> tuple[bool, Any]:
        ended = wait_all([])
        return await ended.is_known(), await ended.future()

    assert asyncio.run(waited()) == (True, {})
