"""The attempts that a wait starts in place of a run that failed, and that `retry` allows.

A wait knows the end of a run first and starts the next attempt itself. The state still names the
first run: the next update finds the attempts by their marks, takes the one that stands, and ends
the others as on_delete says.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from omics_provider.base import errors, identity
from omics_provider.base.settings import Settings
from omics_provider.engine.own_stack import OwnStack
from omics_provider.engine.state import StackState
from omics_provider.runs.calls import Runs
from omics_provider.runs.starts import Live, Start, since
from omics_provider.waits.rules.targets import Declared, Target

from .succession import Failed


def of_program(settings: Settings, stack: str, own_stack: OwnStack) -> Attempts:
    """Return what makes the next attempts of a program's runs.

    An update that was killed starts nothing more: its engine is looked up now, while it lives.
    """

    def state() -> StackState:
        try:
            return own_stack.state(stack)
        except errors.OmicsError:
            # It spares a GetRun for runs that the state records, no more.
            return StackState()

    return Attempts(Runs(settings, own_stack.engine.require_alive), stack, state)


class Attempts:
    """Starts or finds the next attempt of a run that failed: see `aws.succession.NextAttempt`."""

    def __init__(self, runs: Runs, stack: str, state: Callable[[], StackState]) -> None:
        self._runs = runs
        self._stack = stack
        self._state = state
        self._lock = threading.Lock()
        self._listed: list[Mapping[str, Any]] | None = None

    def __call__(self, failed: Failed) -> Target:
        """Return the attempt after `failed`, started once, however often this is asked.

        Raises the errors of `omics_provider.base.errors`.
        """
        target = failed.target
        if target.declared is None:
            raise errors.OmicsError("Retry", "the declaration has no retry")
        start = self._start(failed, target.declared)
        live = self._found(failed, start)
        if live is None:
            made = start.started_or_found()
            live = {**made.properties, "id": made.run_id}
        return target.successor(failed.live, live)

    def _start(self, failed: Failed, declared: Declared) -> Start:
        token = identity.retry_token(declared.uuid, failed.target.next_number)
        start = Start(self._runs, self._state(), self._stack, declared.urn, declared.inputs, token)
        listed = partial(self._listed_since, failed.live)
        return replace(start, listed=listed, must_look=True)

    def _listed_since(self, ended: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
        return since(ended, self._runs.list())

    def _found(self, failed: Failed, start: Start) -> Live | None:
        if failed.is_repeated:
            return start.find()
        if failed.may_be_followed:
            return replace(start, listed=lambda: since(failed.live, self._listed_once())).find()
        return None

    def _listed_once(self) -> list[Mapping[str, Any]]:
        """List the runs that earlier updates left. No other update goes on beside this one."""
        with self._lock:
            if self._listed is None:
                self._listed = list(self._runs.list())
            return self._listed
