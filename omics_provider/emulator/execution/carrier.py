"""Carries out one run: fetches its inputs, starts its worker, follows it, and exports the results.

Whatever goes wrong is an end of the run. Nothing of it is left behind but its results.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
import threading
import traceback
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from omics_provider.emulator.runs.failures import MESSAGES
from omics_provider.emulator.world.execution import Execution
from omics_provider.emulator.world.folder import Folder
from omics_provider.emulator.world.life import CANCELLED, COMPLETED, FAILED
from omics_provider.emulator.world.settings import Settings
from omics_provider.emulator.world.store import Store
from omics_provider.emulator.world.surroundings import Surroundings

from . import export, inputs
from .depot import Depot, Objects, gib_in
from .rows import Gone, Row, Snapshot
from .runner.outcome import SERVICE_ERROR, WORKFLOW_FAILED, Failure
from .told import Told
from .worker import Worker

_TICK_SECONDS: Final = 0.1
_ALWAYS: Final = "CACHE_ALWAYS"


class Cancelled(Exception):
    """Somebody wants the run to stop."""


class Closing(Exception):
    """The process that carries out the run ends."""


@dataclass(frozen=True)
class Claim:
    """A run that this process is to carry out, with what was looked up when it was claimed."""

    pk: int
    uuid: str
    plan: Execution
    settings: Settings
    definition: bytes | None
    is_news: bool
    minutes: float | None


class Carrier:
    """Carries out one run."""

    def __init__(
        self,
        store: Store,
        surroundings: Surroundings,
        depot: Depot,
        claim: Claim,
        closing: threading.Event,
    ) -> None:
        self._store = store
        self._surroundings = surroundings
        self._depot = depot
        self._claim = claim
        self._closing = closing
        self._row = Row(store, claim.pk, claim.uuid)
        self._told = Told(store, surroundings)
        self._folder = depot.work(claim.uuid)
        self._limit: float | None = None

    def carry_out(self) -> None:
        """Carry out the run to its end."""
        outcome, reason, message = FAILED, SERVICE_ERROR, ""
        try:
            self._carried_out()
            outcome, reason = COMPLETED, ""
        except Failure as failure:
            reason, message = failure.reason, failure.message
        except Cancelled:
            pass
        except Closing:
            message = "The emulator was ended while it executed the run."
        except Gone:
            return
        except Exception as error:  # noqa: BLE001  # whatever goes wrong is told as the run's end
            message = f"The emulator could not execute the run: {error!r}"
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / "emulator.log").write_text(traceback.format_exc(), "utf-8")
        finally:
            self._end(outcome, reason, message)

    def _end(self, outcome: str, reason: str, message: str) -> None:
        """Let the run end, once its logs are written and its files are gone."""
        with contextlib.suppress(Gone):
            gib = gib_in(self._folder)
            ended = self._row.ending(outcome, reason or None, message or None, gib)
            try:
                self._told.ended(ended, self._folder)
            except Exception:  # noqa: BLE001  # a run ends whatever becomes of its logs
                sys.stderr.write(f"The logs of run {ended.row['id']} could not be written:\n")
                traceback.print_exc()
            self._clean()
            self._row.end(ended)
        self._clean()

    def _clean(self) -> None:
        if not self._claim.settings.keepWork:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _carried_out(self) -> None:
        if self._claim.is_news:
            self._told.reached(self._row.look(), "PENDING")
        self._told.reached(self._row.reach("starting"), "STARTING")
        self._look()
        snapshot = self._prepared()
        worker = Worker(self._folder)
        try:
            self._keep_worker(worker)
            self._told.reached(self._row.reach("running"), "RUNNING")
            self._follow(worker)
        finally:
            worker.end()
        self._note(worker)
        self._finish(snapshot, worker)

    def _prepared(self) -> Snapshot:
        """Write the job's folder, with what the worker needs."""
        claim, settings = self._claim, self._claim.settings
        used = self._depot.gib()
        if used >= settings.maxWorkGiB:
            raise Failure(
                "FILE_SYSTEM_OUT_OF_SPACE",
                f"The emulator's work folders hold {used:.1f} GiB, and the setting maxWorkGiB"
                f" allows {settings.maxWorkGiB:g}. Raise it, or remove what keepWork kept.",
            )
        definition = self._folder / "definition"
        definition.mkdir(parents=True)
        if claim.definition is None:
            raise Failure(SERVICE_ERROR, "The workflow's definition is not there any more.")
        with zipfile.ZipFile(io.BytesIO(claim.definition)) as archive:
            archive.extractall(definition)
        snapshot = self._row.look()
        workflow = snapshot.doc["workflow"]
        fetched: dict[str, str] = {}
        job = {
            "name": f"run-{snapshot.row['id']}",
            "engine": workflow["engine"],
            "main": workflow["main"],
            "inputs": inputs.located(
                definition,
                workflow["main"],
                snapshot.doc["request"].get("parameters") or {},
                lambda uri: self._fetch(snapshot, uri, fetched),
            ),
            "images": claim.plan.images,
            "tool": settings.executeTool,
            "cache": self._cache(snapshot),
            "cpus": settings.executeCpus,
            "memoryGiB": settings.executeMemoryGiB,
        }
        (self._folder / "job.json").write_text(json.dumps(job, indent=2), "utf-8")
        return self._row.keep(resourceDigests=fetched)

    def _fetch(self, snapshot: Snapshot, uri: str, fetched: dict[str, str]) -> Path:
        self._look()
        place = snapshot.doc.get("stored", {}).get(uri)  # of a file in a HealthOmics store
        if place is None and not uri.startswith("s3://"):
            raise Failure("INVALID_URI_INPUT", MESSAGES["INVALID_URI_INPUT"].format(uri=uri))
        found = self._objects(snapshot).fetch(place or uri)
        if found is None:
            raise Failure("INPUT_URI_NOT_FOUND", MESSAGES["INPUT_URI_NOT_FOUND"].format(uri=uri))
        known = snapshot.doc["resourceDigests"].get(uri) if place else None
        fetched[uri] = known or f"etag:{found.etag}"
        return found.path

    def _objects(self, snapshot: Snapshot) -> Objects:
        return Objects(self._depot, self._surroundings, snapshot.here, self._claim.plan.buckets)

    def _cache(self, snapshot: Snapshot) -> str | None:
        """Give the folder of the run's cache: a copy, where a run that completes keeps nothing."""
        cache = snapshot.doc["cache"]
        if cache is None:
            return None
        if cache["behavior"] == _ALWAYS:
            return str(self._depot.cache(cache["uuid"]))
        return str(self._depot.cache_of_run(cache["uuid"], self._folder))

    def _keep_cached(self) -> None:
        cache = self._row.look().doc["cache"]
        if cache is not None and cache["behavior"] != _ALWAYS:
            self._depot.keep_cached(cache["uuid"], self._folder)

    def _keep_worker(self, worker: Worker) -> None:
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE executions SET worker = ? WHERE run = ?",
                (worker.identity, self._claim.uuid),
            )

    def _follow(self, worker: Worker) -> None:
        """Take up what the worker tells until it ends, or has to."""
        while worker.is_at_work:
            self._note(worker)
            self._look()
            self._closing.wait(_TICK_SECONDS)

    def _note(self, worker: Worker) -> None:
        events = worker.events()
        if events:
            snapshot, passed = self._row.note(events)
            for task_id, status in passed:
                self._told.task_reached(snapshot, task_id, status)

    def _look(self) -> None:
        """Raise what ends the run from outside."""
        snapshot = self._row.look()
        if snapshot.is_cancelled:
            raise Cancelled
        if self._closing.is_set():
            raise Closing
        minutes, began = self._claim.minutes, snapshot.life.running
        if minutes is not None and began is not None and snapshot.now > began + 60 * minutes:
            raise Failure("RUN_TIMED_OUT", MESSAGES["RUN_TIMED_OUT"].format(number=f"{minutes:g}"))

    def _finish(self, snapshot: Snapshot, worker: Worker) -> None:
        """Export the results, and raise the failure that the worker tells of."""
        result: dict[str, Any] | None = worker.result()
        if result is None or result["status"] == CANCELLED:
            self._look()
            raise Failure(
                SERVICE_ERROR,
                f"The process that executed the run was ended ({worker.last_words()}).",
            )
        self._told.reached(self._row.reach("stopping"), "STOPPING")
        export.logs(self._objects(snapshot), snapshot.doc["runOutputUri"], self._folder)
        if result["status"] != COMPLETED:
            self._keep_cached()
            raise Failure(
                result.get("failureReason") or WORKFLOW_FAILED,
                result.get("statusMessage") or "The workflow failed.",
            )
        export.outputs(
            self._objects(snapshot), snapshot.doc["runOutputUri"], self._folder, self._is_ours
        )

    def _is_ours(self, path: Path) -> bool:
        """Say whether a task may hand out this file: it is no other file of this machine."""
        if self._depot.holds(path):
            return True
        places = [Path(each) for each in self._claim.plan.buckets.values()]
        if isinstance(self._surroundings, Folder):
            places.append(self._surroundings.root)
        return any(path.is_relative_to(each.resolve()) for each in places)
