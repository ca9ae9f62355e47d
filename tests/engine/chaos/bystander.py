"""A stranger on the same account, whose runs come and go while ours do.

The emulator gives a freed id to the next run, so the stranger's runs get the ids that ours leave,
and the other way round. Some carry the names that our runs have.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import boto3

from omics_provider.emulator.doors.local import attach

from ..harness import ACTIVE, ROLE

_KEPT: Final = 4
_PAUSE_SECONDS: Final = 0.12


class Bystander:
    """Starts, cancels and deletes runs of its own, in a thread, until it is stopped."""

    def __init__(self, state: Path, names: tuple[str, ...], seed: str) -> None:
        self._service = boto3.client("omics", region_name="us-east-1")
        attach(self._service, state)
        self._names = (*names, "stranger")
        self._random = random.Random(seed)
        self._runs: deque[str] = deque()
        self._leaving: deque[str] = deque()
        self._stop = threading.Event()
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self.failure: Exception | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and raise what went wrong: nobody else may touch the stranger's runs."""
        self._stop.set()
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    @contextlib.contextmanager
    def away(self, *, when: bool) -> Iterator[None]:
        """Do nothing meanwhile: a planned fault is to strike another's call."""
        with self._turn if when else contextlib.nullcontext():
            yield

    def _live(self) -> None:
        try:
            while not self._stop.wait(_PAUSE_SECONDS):
                with self._turn:
                    self._act()
        except self._service.exceptions.ClientError as failure:
            self.failure = failure

    def _act(self) -> None:
        if self._leaving:
            # It is STOPPING for a moment only; its record goes in a later turn.
            if self._status(self._leaving[0]) == "CANCELLED":
                self._service.delete_run(id=self._leaving.popleft())
        elif len(self._runs) > _KEPT:
            oldest = self._runs.popleft()
            self._service.cancel_run(id=oldest)
            self._leaving.append(oldest)
        else:
            self._runs.append(self._started())

    def _started(self) -> str:
        answer = self._service.start_run(
            workflowId="9500764",
            workflowType="READY2RUN",
            roleArn=ROLE,
            outputUri="s3://results/runs",
            name=self._random.choice(self._names),
            requestId=f"stranger-{self._random.random()}",
            tags=ACTIVE,
        )
        return answer["id"]

    def _status(self, run_id: str) -> str:
        return self._service.get_run(id=run_id)["status"]
