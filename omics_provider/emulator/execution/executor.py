"""The process of the endpoint `local` that carries out the runs of a state file, to their ends."""

from __future__ import annotations

import signal

from omics_provider.emulator.world import folder, processes
from omics_provider.emulator.world.store import Store

from . import recovery
from .detached import KEY, is_there
from .owner import Owner


def carry_out(store: Store) -> None:
    """Carry out the runs of a state file, unless another process does, until nothing is left."""
    if not _enter(store):
        return
    owner = Owner(store, folder.Folder(folder.beside(store.path)), at_home=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: owner.stop())
    while True:
        owner.work()
        if owner.is_stopped or _leave(store):
            owner.close()
            return


def _enter(store: Store) -> bool:
    with store.transaction() as connection:
        if is_there(connection):
            return False
        connection.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (KEY, processes.me()),
        )
        return True


def _leave(store: Store) -> bool:
    """Leave, if there is nothing to do: who queues a run later starts another process."""
    with store.transaction() as connection:
        if recovery.is_somebody_needed(connection, at_home=False):
            return False
        connection.execute("DELETE FROM meta WHERE key = ?", (KEY,))
        return True
