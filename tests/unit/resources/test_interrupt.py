"""Ctrl-C while a program waits."""

from __future__ import annotations

import asyncio
import signal

import pytest

from omics_provider.resources._interrupt import interruptible


def run(*, takes_signals: bool) -> list[int]:
    """Wait in an event loop that takes signals, as on Unix, or does not, as on Windows."""
    loop = asyncio.new_event_loop()
    handled: list[int] = []

    def add(number: int, *_: object) -> None:
        if not takes_signals:
            raise NotImplementedError
        handled.append(number)

    def remove(number: int) -> bool:
        if not takes_signals:
            raise NotImplementedError
        handled.remove(number)
        return True

    loop.add_signal_handler = add  # type: ignore[method-assign,assignment]
    loop.remove_signal_handler = remove  # type: ignore[method-assign,assignment]
    seen: list[int] = []

    async def waited() -> None:
        with interruptible([loop.create_future()]):
            seen.extend(handled)

    try:
        loop.run_until_complete(waited())
    finally:
        loop.close()
    assert handled == []
    return seen


@pytest.mark.parametrize(
    ("takes_signals", "handled"), [(True, [signal.SIGINT, signal.SIGTERM]), (False, [])]
)
def test_a_wait_needs_no_loop_that_takes_signals(takes_signals: bool, handled: list[int]) -> None:
    assert run(takes_signals=takes_signals) == handled
