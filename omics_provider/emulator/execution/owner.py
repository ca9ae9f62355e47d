"""Who carries out the runs of a state file: a thread for each, in this process."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Final

from omics_provider.emulator.world import folder
from omics_provider.emulator.world.store import Store
from omics_provider.emulator.world.surroundings import Surroundings

from . import claims, recovery
from .carrier import Carrier
from .depot import Depot

_TICK_SECONDS: Final = 0.2
_CLOSING_SECONDS: Final = 10.0


class Owner:
    """Carries out runs, from the moment it is woken until nothing is left to do.

    `at_home` is for a process whose S3 is its own: it takes the runs that it was given itself,
    and those whose process is gone.
    """

    def __init__(self, store: Store, surroundings: Surroundings, *, at_home: bool) -> None:
        self._store = store
        self._surroundings = surroundings
        self.at_home = at_home
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_called = False
        self._closing = threading.Event()
        self._made: tempfile.TemporaryDirectory[str] | None = None
        self._at_work: list[threading.Thread] = []

    def wake(self) -> None:
        """Go to work, in a thread of this process."""
        with self._lock:
            self._is_called = True
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()

    @property
    def is_stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._closing.is_set()

    def stop(self) -> None:
        """Let the runs that are at work end soon; they FAIL."""
        self._closing.set()

    def close(self) -> None:
        """Let the runs that are at work end, and wait for that."""
        self.stop()
        thread = self._thread
        if thread is not None:
            thread.join(_CLOSING_SECONDS)
        for each in self._at_work:
            each.join(_CLOSING_SECONDS)

    def work(self) -> None:
        """Carry out runs until nothing is left to do."""
        depot = Depot(self._base())
        while not self._closing.is_set():
            self._at_work = [each for each in self._at_work if each.is_alive()]
            self._begin(depot)
            if not self._at_work and not self._is_needed():
                depot.forget_inputs()
                depot.forget_caches(claims.caches(self._store))
                return
            self._closing.wait(_TICK_SECONDS)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._is_called or self._closing.is_set():
                    self._thread = None
                    return
                self._is_called = False
            self.work()

    def _begin(self, depot: Depot) -> None:
        if not claims.is_one_waiting(self._store):
            return
        for claim in claims.claim(self._store, depot, at_home=self.at_home):
            carrier = Carrier(self._store, self._surroundings, depot, claim, self._closing)
            thread = threading.Thread(target=carrier.carry_out, name=claim.uuid, daemon=True)
            self._at_work.append(thread)
            thread.start()

    def _is_needed(self) -> bool:
        with self._store.reading() as connection:
            return recovery.is_somebody_needed(connection, at_home=self.at_home)

    def _base(self) -> Path:
        """Give the folder for files: beside the state file, or a temporary one."""
        if self._store.path != ":memory:":
            return folder.beside(self._store.path)
        if self._made is None:
            self._made = tempfile.TemporaryDirectory(prefix="omics-execution-")
        return Path(self._made.name)
