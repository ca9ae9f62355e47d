"""`python -m omics_provider.emulator.execution`: carries out the runs of a state file, then ends.

The endpoint `local` starts it by itself.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from omics_provider.emulator.world import folder, processes
from omics_provider.emulator.world.store import Store, note, open_store

from . import recovery
from .detached import KEY, is_there
from .owner import Owner


def main(arguments: list[str]) -> int:
    """Carry out what waits; a second process on the same file ends at once."""
    parser = argparse.ArgumentParser(
        prog="python -m omics_provider.emulator.execution",
        description="Execute the runs of a state file that wait for it. The endpoint `local` "
        "starts this by itself, and it ends by itself.",
    )
    parser.add_argument("--state", type=Path, required=True, help="the state file")
    carry_out(open_store(parser.parse_args(arguments).state))
    return 0


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
        note(connection, KEY, processes.me())
        return True


def _leave(store: Store) -> bool:
    """Leave, if there is nothing to do: who queues a run later starts another process."""
    with store.transaction() as connection:
        if recovery.is_somebody_needed(connection, at_home=False):
            return False
        connection.execute("DELETE FROM meta WHERE key = ?", (KEY,))
        return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
