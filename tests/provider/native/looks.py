"""Waiting for what happens in another thread, with a limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_LIMIT: Final = 60.0


def until(is_so: Callable[[], bool]) -> None:
    """Look until it is so."""
    end = time.monotonic() + _LIMIT
    while not is_so():
        assert time.monotonic() < end, f"not within {_LIMIT:.0f} s"
        time.sleep(0.02)
