"""Events that were posted in the state: sent when they are due."""

from __future__ import annotations

import time

from omics_provider.emulator.world import events, settings
from omics_provider.emulator.world.store import Store
from omics_provider.emulator.world.surroundings import Surroundings


def settle(store: Store, surroundings: Surroundings) -> None:
    """Send what is due by now."""
    with store.reading() as connection:
        if not events.is_any(connection):
            return
    with store.transaction() as connection:
        _, clock = settings.load(connection, time.time())
        due = events.take(connection, clock.now(time.time()))
    for event in due:
        surroundings.send_event(event.account, event.region, event.kind, event.time, event.detail)
