"""The service behind every door: one HTTP request in, one answer out.

Each call is one transaction of the state file. In it, in this order: the planned faults are
drawn, the limits of calls a second are held, the handler works, and the call is logged.
"""

from __future__ import annotations

import math
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from omics_provider.emulator import control, faults, rates, settings
from omics_provider.emulator.context import Context
from omics_provider.emulator.exceptions import NotEmulatedException, ServiceError
from omics_provider.emulator.runs import Runs
from omics_provider.emulator.tags import Tags
from omics_provider.emulator.validation import validate
from omics_provider.emulator.wire import (
    HttpAnswer,
    HttpRequest,
    Router,
    parse_request,
    serialize_answer,
    serialize_error,
)
from omics_provider.emulator.workflows import Workflows

if TYPE_CHECKING:
    from botocore.model import ServiceModel

    from omics_provider.emulator.store import Store

DEFAULT_ACCOUNT: Final = "123456789012"
DEFAULT_RUN_SECONDS: Final = 5.0

_Handler = Callable[[Context], Mapping[str, Any] | None]

OPERATIONS: Final[dict[str, _Handler]] = {
    "StartRun": lambda context: Runs(context).start_run(),
    "GetRun": lambda context: Runs(context).get_run(),
    "ListRuns": lambda context: Runs(context).list_runs(),
    "CancelRun": lambda context: Runs(context).cancel_run(),
    "DeleteRun": lambda context: Runs(context).delete_run(),
    "CreateWorkflow": lambda context: Workflows(context).create_workflow(),
    "GetWorkflow": lambda context: Workflows(context).get_workflow(),
    "ListWorkflows": lambda context: Workflows(context).list_workflows(),
    "DeleteWorkflow": lambda context: Workflows(context).delete_workflow(),
    "TagResource": lambda context: Tags(context).tag_resource(),
    "UntagResource": lambda context: Tags(context).untag_resource(),
    "ListTagsForResource": lambda context: Tags(context).list_tags_for_resource(),
}


@dataclass(frozen=True)
class Outcome:
    """What a door does with a call.

    With `answer` None the connection is cut, whether or not the call took effect. `delay` is
    in real seconds, to be waited before the answer.
    """

    answer: HttpAnswer | None
    delay: float = 0.0

    def wait(self, longest: float = math.inf) -> None:
        """Wait for the delay, or for `longest` if that is shorter."""
        time.sleep(min(self.delay, longest))


class Service:
    """HealthOmics on one state file."""

    def __init__(
        self, store: Store, model: ServiceModel, run_seconds: float = DEFAULT_RUN_SECONDS
    ) -> None:
        self._store = store
        self._model = model
        self._router = Router(model)
        self._run_seconds = run_seconds
        control.apply_environment(store, os.environ)

    def call(
        self,
        request: HttpRequest,
        region: str,
        account: str = DEFAULT_ACCOUNT,
        pid: int | None = None,
    ) -> Outcome:
        """Carry out one request. `pid` is the caller's process, where the door knows it."""
        try:
            operation, labels = self._router.match(request)
        except ServiceError as error:
            return Outcome(serialize_error(error))
        with self._store.transaction() as connection:
            call = _Call(connection, self._model, request, operation, labels, account, region)
            return call.carried_out(self._run_seconds, os.getpid() if pid is None else pid)


class _Call:
    """One call in its transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        model: ServiceModel,
        request: HttpRequest,
        operation: str,
        labels: Mapping[str, str],
        account: str,
        region: str,
    ) -> None:
        self._connection = connection
        self._model = model.operation_model(operation)
        self._request = request
        self._operation = operation
        self._labels = labels
        self._account = account
        self._region = region
        self._run_id: str | None = labels.get("id") if "/run/" in request.path else None

    def carried_out(self, run_seconds: float, pid: int) -> Outcome:
        """Give the outcome, with the call in the log."""
        real = time.time()
        chosen, clock = settings.load(self._connection, real)
        fault = faults.draw(self._connection, self._operation)
        kind = None if fault is None else fault.fault
        answer: HttpAnswer | None
        if kind == faults.CUT_BEFORE:
            answer = None
        else:
            answer = self._answer(chosen, clock.now(real), real, fault, run_seconds)
        self._log(real, answer, kind, pid)
        if kind == faults.LOST_ANSWER:
            return Outcome(None)
        delay = fault.seconds if fault is not None and kind == faults.SLOW else 0.0
        return Outcome(answer, delay)

    def _answer(
        self,
        chosen: settings.Settings,
        now: float,
        real: float,
        fault: faults.Fault | None,
        run_seconds: float,
    ) -> HttpAnswer:
        self._connection.execute("SAVEPOINT call")
        try:
            self._refuse_by_fault(fault)
            rates.hold(
                self._connection, (self._account, self._region), self._operation, chosen, real
            )
            answer = self._handled(chosen, now, fault, run_seconds)
        except ServiceError as error:
            self._connection.execute("ROLLBACK TO call")
            answer = serialize_error(error)
        self._connection.execute("RELEASE call")
        return answer

    def _refuse_by_fault(self, fault: faults.Fault | None) -> None:
        error = None if fault is None else faults.answer(fault, self._operation)
        if error is not None:
            raise error

    def _handled(
        self,
        chosen: settings.Settings,
        now: float,
        fault: faults.Fault | None,
        run_seconds: float,
    ) -> HttpAnswer:
        handler = OPERATIONS.get(self._operation)
        if handler is None:
            raise NotEmulatedException(
                f"The emulator does not emulate {self._operation}."
                " docs/behaviours.md lists the operations that it has."
            )
        params = parse_request(self._model, self._request, self._labels)
        if self._model.input_shape is not None:
            validate(self._model.input_shape, params)
        context = Context(
            connection=self._connection,
            settings=chosen,
            now=now,
            operation=self._operation,
            account=self._account,
            region=self._region,
            params=params,
            run_seconds=run_seconds if chosen.runSeconds is None else chosen.runSeconds,
            fault=fault,
        )
        result = handler(context) or {}
        if self._operation == "StartRun":
            self._run_id = result["id"]
        return serialize_answer(self._model, result)

    def _log(self, real: float, answer: HttpAnswer | None, fault: str | None, pid: int) -> None:
        self._connection.execute(
            "INSERT INTO calls (time, account, region, operation, status, fault, run_id, pid)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                real, self._account, self._region, self._operation,
                None if answer is None else answer.status, fault, self._run_id, pid,
            ),
        )  # fmt: skip
