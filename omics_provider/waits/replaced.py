"""Ends what the stack has replaced while the program waits for something else.

The engine deletes replaced runs when the program has ended, so they would cost money as long as it
waits. What is sure to be deleted is cancelled here; its record and the rest are left to the delete
(docs/adr/0016-replaced-runs-end-early.md).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from omics_provider.base import errors
from omics_provider.base.settings import Settings
from omics_provider.base.words import some
from omics_provider.batches.handler import BatchHandler
from omics_provider.engine.call import Call, subject
from omics_provider.engine.own_stack import OwnStack
from omics_provider.engine.replaced import Replaced, replaced, uuid_of
from omics_provider.engine.state import StackState
from omics_provider.engine.update import Update
from omics_provider.engine.urn import BATCH, RUN, own_kind, urn_name
from omics_provider.runs.handler import RunHandler

from .attempts import PASSING

#: Seconds without a further wait before a look, and between two looks at least.
_QUIET, _SPACING = 0.5, 3.0
#: Seconds until the next look where no further wait begins, at first and at last.
_FIRST, _LONGEST = 10.0, 300.0


class _Ends(Protocol):
    def cancel_ahead(self, call: Call, id_: str, recorded: dict[str, Any]) -> list[str]:
        """Cancel what a resource stands for ahead of its delete; return the ids of that."""


_HANDLERS: Final[Mapping[str, _Ends]] = {RUN: RunHandler(), BATCH: BatchHandler()}


class Told:
    """What a look has to tell: what was cancelled, and what could not be."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.refused: list[str] = []

    @property
    def words(self) -> str:
        """One line on what was cancelled; empty for nothing."""
        if not self.ended:
            return ""
        what = "Replaced and cancelled, because their successors are recorded"
        return f"{what}: {some(self.ended, 5)}."


class Ending:
    """Cancels what the own stack has replaced, once each."""

    def __init__(self, own_stack: OwnStack, stack: str) -> None:
        self._own_stack = own_stack
        self._stack = stack
        self._update = Update(own_stack.engine, own_stack)
        self._done: set[str] = set()

    def look(self, places: Mapping[str, Settings]) -> Told:
        """Look at the state once; `places` are those of runs that it stands for, by uuid.

        What can't be cancelled now for a reason that passes is tried again by the next look. Raises
        OmicsError where the state can't be read.
        """
        told = Told()
        if self._own_stack.engine.is_partial or not places:
            return told
        state = self._own_stack.current(self._stack, mark=next(iter(places)))
        through = _by_provider(state, places)
        for each in replaced(state):
            uuid, provider = uuid_of(each.old), str(each.old.get("provider"))
            if uuid not in self._done and provider in through:
                self._end(each, through[provider], told)
        return told

    def _end(self, each: Replaced, place: Settings, told: Told) -> None:
        old, urn = each.old, str(each.old["urn"])
        try:
            call = Call(self._update, place, urn=urn)
            handler = _HANDLERS[own_kind(old["type"])]
            ended = handler.cancel_ahead(call, str(old["id"]), dict(old["outputs"]))
        except PASSING:
            return
        except errors.OmicsError as error:
            told.refused.append(
                f"{error.about(f'{subject(urn)}, which is replaced')}\n"
                f"It continues until this update deletes {old['id']} at its end."
            )
            ended = []
        self._done.add(uuid_of(old))
        told.ended += [f"{urn_name(urn)} ({run_id})" for run_id in ended]


def _by_provider(state: StackState, places: Mapping[str, Settings]) -> dict[str, Settings]:
    """Return the places by the provider that the runs of those uuids go through."""
    return {
        str(each.get("provider")): places[uuid_of(each)]
        for each in state.resources
        if uuid_of(each) in places
    }


class EarlyEnds:
    """Looks while anything is waited for: one for all waits of a program, in its own thread.

    `spacing` is the least number of seconds between two looks: each starts a process.
    """

    def __init__(self, ending: Ending, *, quiet: float = _QUIET, spacing: float = _SPACING) -> None:
        self._ending = ending
        self._seconds = quiet, spacing
        self._changed = threading.Condition()
        self._places: dict[str, Settings] = {}
        self._tell: Callable[[Told], object] = lambda _: None
        self._waits = self._begun = 0
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def meanwhile(
        self, places: Mapping[str, Settings], tell: Callable[[Told], object]
    ) -> Iterator[None]:
        """Look as long as this lasts; `places` are those of the runs waited for, by uuid.

        `tell` is called in a thread, with what a look has to tell.
        """
        with self._changed:
            self._places.update(places)
            self._tell = tell
            self._waits += 1
            self._begun += 1
            self._changed.notify_all()
            if self._thread is None:
                # A daemon: the program's end, Ctrl-C's too, never waits for it.
                self._thread = threading.Thread(target=self._run, name="omics-ends", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._changed:
                self._waits -= 1

    def _run(self) -> None:
        quiet, spacing = self._seconds
        pause = _FIRST
        while True:
            begun = self._await_quiet(quiet)
            # Without evidence nothing is done: the engine deletes at the end, as ever.
            with contextlib.suppress(errors.OmicsError):
                self._tell(self._ending.look(self._places.copy()))
            time.sleep(spacing)
            # What nobody waits for may be replaced later, so there are looks without a wait, too.
            with self._changed:
                is_further = self._changed.wait_for(lambda: self._begun != begun, pause)  # noqa: B023
            pause = _FIRST if is_further else min(pause * 2, _LONGEST)

    def _await_quiet(self, seconds: float) -> int:
        """Wait until anything is waited for, and no further wait has begun for a moment."""
        with self._changed:
            self._changed.wait_for(lambda: self._waits > 0)
            begun = self._begun
            while self._changed.wait_for(lambda: self._begun != begun, seconds):  # noqa: B023
                begun = self._begun
            return begun
