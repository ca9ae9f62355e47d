"""Waits that hold their thread until the run has ended: those of a provider's create and update.

All of them share the one poller of their place. One more thread tells what they see.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from omics_provider.base.keys import STACK
from omics_provider.engine.call import Call

from . import recorded
from .rules import progress
from .rules.targets import End, Target
from .watcher import Watcher, Watchers

#: Waits at once: each holds a thread, and a request that ends them has to find one.
MOST: Final = 1000
#: Seconds between two looks at what is to be told.
_PAUSE: Final = 1.0


class Unended(Exception):
    """A wait is over, and its run goes on; the text says why. `live` is what was last seen."""

    def __init__(self, why: str, live: Mapping[str, Any] | None = None) -> None:
        super().__init__(why)
        self.live = live or {}


@dataclass
class _Open:
    call: Call
    target: Target
    watcher: Watcher
    #: The state that was told last.
    told: str

    @property
    def live(self) -> Mapping[str, Any]:
        return self.watcher.seen(self.target.uuid)


class Waits:
    """All waits of one update."""

    def __init__(self) -> None:
        self._watchers = Watchers()
        self._lock = threading.Lock()
        self._open: dict[Future[End], _Open] = {}
        self._is_cancelled = self._is_full_told = False
        self._teller: threading.Thread | None = None

    def until_end(self, call: Call, target: Target, seconds: float) -> End:
        """Return the run's end. What passes is waited out, and told once.

        Raises Unended after `seconds`, or when the waits are cancelled; and OmicsError where the
        service does not let the run be seen.
        """
        stack = str(target.recorded.get(STACK, ""))
        times = partial(recorded.times, call.update.stack, stack)
        watcher = self._watchers.of(call.settings, times)
        future = self._begun(_Open(call, target, watcher, str(target.recorded.get("status"))))
        try:
            return future.result(seconds)
        except CancelledError:
            raise Unended("interrupted", watcher.seen(target.uuid)) from None
        except TimeoutError:
            why = f"after {seconds:.0f} s it has not ended"
            raise Unended(why, watcher.seen(target.uuid)) from None
        finally:
            future.cancel()
            with self._lock:
                del self._open[future]

    def cancel(self) -> None:
        """End all waits at once, and those to come. No run is touched."""
        with self._lock:
            self._is_cancelled = True
            for future in self._open:
                future.cancel()

    def _begun(self, wait: _Open) -> Future[End]:
        with self._lock:
            if self._is_cancelled:
                raise Unended("interrupted")
            if len(self._open) >= MOST:
                raise Unended(f"{MOST:,} waits are under way already, which is the maximum")
            future = wait.watcher.until_end(wait.target)
            self._open[future] = wait
            if self._teller is None:
                # A daemon: the end of the process never waits for it.
                self._teller = threading.Thread(target=self._tell, name="omics-tell", daemon=True)
                self._teller.start()
        wait.call.show(progress.waiting_for(wait.target.id, wait.told))
        return future

    def _tell(self) -> None:
        while waits := self._still_open():
            for wait in waits:
                _tell_of(wait)
            self._tell_of_all(waits)
            time.sleep(_PAUSE)

    def _still_open(self) -> list[_Open]:
        with self._lock:
            if not self._open:
                self._teller = None
            return list(self._open.values())

    def _tell_of_all(self, waits: list[_Open]) -> None:
        call = waits[0].call
        for watcher in {id(wait.watcher): wait.watcher for wait in waits}.values():
            news = watcher.news()
            for error in news.trouble:
                call.warn(progress.trouble(error))
            if news.is_over:
                call.show(progress.OVER)
        if not self._is_full_told and MOST > len(waits) >= call.update.engine.parallel:
            self._is_full_told = True
            call.warn(progress.no_room(len(waits), MOST))


def _tell_of(wait: _Open) -> None:
    status = str(wait.live.get("status", wait.told))
    if status != wait.told:
        wait.told = status
        wait.call.show(progress.at_work(wait.target.id, status))
