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
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from botocore import xform_name

from omics_provider.emulator.batches.operations import Batches
from omics_provider.emulator.execution import recovery
from omics_provider.emulator.protocol.exceptions import (
    InternalServerException,
    NotEmulatedException,
    ServiceError,
)
from omics_provider.emulator.protocol.validation import validate
from omics_provider.emulator.protocol.wire import (
    HttpAnswer,
    HttpRequest,
    Router,
    parse_request,
    serialize_answer,
    serialize_error,
)
from omics_provider.emulator.runs.operations import Runs
from omics_provider.emulator.runs.queue import Queue
from omics_provider.emulator.shared.caches import Caches
from omics_provider.emulator.shared.configurations import Configurations
from omics_provider.emulator.shared.groups import Groups
from omics_provider.emulator.shared.tags import Tags
from omics_provider.emulator.shares.operations import Shares
from omics_provider.emulator.stores.read_sets import ReadSets
from omics_provider.emulator.stores.reference_stores import ReferenceStores
from omics_provider.emulator.stores.references import References
from omics_provider.emulator.stores.sequence_stores import SequenceStores
from omics_provider.emulator.workflows.operations import Workflows
from omics_provider.emulator.world.context import Context, Publish
from omics_provider.emulator.world.execution import Execution
from omics_provider.emulator.world.store import Store, step
from omics_provider.emulator.world.surroundings import MotoSurroundings

from . import control
from .world import faults, rates, settings

if TYPE_CHECKING:
    from botocore.model import ServiceModel

DEFAULT_ACCOUNT: Final = "123456789012"
DEFAULT_RUN_SECONDS: Final = 5.0

#: Whether a run or an entry of a batch waits, and where something may be due. Both have an index
#: that is mostly empty.
_WAITS: Final = (
    "SELECT 1 FROM batch_runs WHERE submission IS NULL AND due IS NOT NULL"
    " UNION ALL SELECT 1 FROM runs INDEXED BY runs_that_wait WHERE waiting = 1 LIMIT 1"
)
_PLACES_THAT_WAIT: Final = (
    "SELECT account, region FROM resources WHERE kind = 'runBatch' AND uuid IN"
    " (SELECT batch FROM batch_runs WHERE submission IS NULL AND due <= ?)"
    " UNION SELECT account, region FROM runs INDEXED BY runs_that_wait WHERE waiting = 1"
)

_Handler = Callable[[Context], Mapping[str, Any] | None]

_CONCERNS: Final[dict[type[Any], tuple[str, ...]]] = {
    Runs: (
        "StartRun", "GetRun", "ListRuns", "CancelRun", "DeleteRun", "ListRunTasks", "GetRunTask",
    ),
    Batches: (
        "StartRunBatch", "GetBatch", "ListBatch", "ListRunsInBatch", "CancelRunBatch",
        "DeleteRunBatch", "DeleteBatch",
    ),
    Groups: (
        "CreateRunGroup", "GetRunGroup", "ListRunGroups", "UpdateRunGroup", "DeleteRunGroup",
    ),
    Caches: (
        "CreateRunCache", "GetRunCache", "ListRunCaches", "UpdateRunCache", "DeleteRunCache",
    ),
    Configurations: (
        "CreateConfiguration", "GetConfiguration", "ListConfigurations", "DeleteConfiguration",
    ),
    Workflows: (
        "CreateWorkflow", "GetWorkflow", "ListWorkflows", "UpdateWorkflow", "DeleteWorkflow",
        "CreateWorkflowVersion", "GetWorkflowVersion", "ListWorkflowVersions",
        "UpdateWorkflowVersion", "DeleteWorkflowVersion",
    ),
    ReferenceStores: (
        "CreateReferenceStore", "GetReferenceStore", "ListReferenceStores", "DeleteReferenceStore",
    ),
    References: (
        "ListReferences", "GetReferenceMetadata", "GetReference", "DeleteReference",
        "StartReferenceImportJob", "GetReferenceImportJob", "ListReferenceImportJobs",
    ),
    SequenceStores: (
        "CreateSequenceStore", "GetSequenceStore", "ListSequenceStores", "UpdateSequenceStore",
        "DeleteSequenceStore",
    ),
    ReadSets: (
        "ListReadSets", "GetReadSetMetadata", "GetReadSet", "BatchDeleteReadSet",
        "StartReadSetImportJob", "GetReadSetImportJob", "ListReadSetImportJobs",
        "StartReadSetActivationJob", "GetReadSetActivationJob", "ListReadSetActivationJobs",
    ),
    Shares: ("CreateShare", "AcceptShare", "GetShare", "ListShares", "DeleteShare"),
    Tags: ("TagResource", "UntagResource", "ListTagsForResource"),
}  # fmt: skip


def _handler(concern: type[Any], operation: str) -> _Handler:
    method = xform_name(operation)
    return lambda context: getattr(concern(context), method)()


OPERATIONS: Final[dict[str, _Handler]] = {
    operation: _handler(concern, operation)
    for concern, operations in _CONCERNS.items()
    for operation in operations
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
        if self.delay:
            time.sleep(min(self.delay, longest))


class Executor(Protocol):
    """Who carries out the runs that are executed; see `omics_provider.emulator.execution`."""

    at_home: bool

    def wake(self) -> None:
        """Go to work: there are runs to carry out."""


class Service:
    """HealthOmics on one state file.

    With `execution`, runs that can be are executed. The executor is woken whenever there are some,
    whoever queued them.
    """

    def __init__(
        self,
        store: Store,
        model: ServiceModel,
        run_seconds: float = DEFAULT_RUN_SECONDS,
        surroundings: MotoSurroundings | None = None,
        execution: Execution | None = None,
        executor: Executor | None = None,
    ) -> None:
        self._store = store
        self._execution = execution
        self._executor = executor
        self._surroundings = surroundings
        self._model = model
        self._router = Router(model)
        self._run_seconds = run_seconds
        control.apply_environment(store, os.environ)

    def call(
        self,
        request: HttpRequest,
        region: str,
        account: str = DEFAULT_ACCOUNT,
        caller: str | None = None,
        publish: Publish | None = None,
    ) -> Outcome:
        """Carry out one request. `caller` is what the door knows of who calls, for the log.

        `publish` puts a file where the caller can fetch it, and gives its URL.
        """
        try:
            operation, labels = self._router.match(request)
        except ServiceError as error:
            return Outcome(serialize_error(error))
        cleared = recovery.clear(self._store)
        with self._store.transaction() as connection:
            real = time.time()
            context = replace(
                self._context(connection, real, account, region),
                operation=operation,
                fault=faults.draw(connection, operation),
                publish=publish,
            )
            recovery.settle(connection, cleared, context.now)
            outcome = _Call(context, request, labels, real).carried_out(caller)
            executor = self._executor
            is_needed = executor is not None and recovery.is_somebody_needed(
                connection, at_home=executor.at_home
            )
        if executor is not None and is_needed:
            executor.wake()
        return outcome

    def settle(self) -> None:
        """Let happen what is due by now in every account and region, so that events tell of it."""
        with self._store.reading() as connection:
            if not connection.execute(_WAITS).fetchone():
                return
        with self._store.transaction() as connection:
            real = time.time()
            _, clock = settings.load(connection, real)
            places = connection.execute(_PLACES_THAT_WAIT, (clock.now(real),)).fetchall()
            for account, region in places:
                _settle(self._context(connection, real, account, region))

    def _context(
        self, connection: sqlite3.Connection, real: float, account: str, region: str
    ) -> Context:
        chosen, clock = settings.load(connection, real)
        return Context(
            connection=connection,
            settings=chosen,
            now=clock.now(real),
            account=account,
            region=region,
            run_seconds=self._run_seconds if chosen.runSeconds is None else chosen.runSeconds,
            surroundings=self._surroundings,
            model=self._model,
            execution=self._execution,
        )


def _settle(context: Context) -> None:
    Batches(context).settle()
    Queue(context).settle()


def _torn(answer: HttpAnswer) -> HttpAnswer:
    """Give an answer whose body does not come, though its headers promise it."""
    promised = {"Content-Length": str(len(answer.body))}
    return HttpAnswer(answer.status, b"", {**answer.headers, **promised})


class _Call:
    """One call in its transaction, made at the real time `real`."""

    def __init__(
        self, context: Context, request: HttpRequest, labels: Mapping[str, str], real: float
    ) -> None:
        self._context = context
        self._request = request
        self._labels = labels
        self._real = real
        self._run_id: str | None = labels.get("id") if "/run/" in request.path else None

    def carried_out(self, caller: str | None) -> Outcome:
        """Give the outcome, with the call in the log."""
        fault = self._context.fault
        kind = None if fault is None else fault.fault
        answer: HttpAnswer | None
        if kind == faults.CUT_BEFORE:
            answer = None
        else:
            _settle(self._context)
            answer = self._answer()
        if kind == faults.LATE_500:
            answer = serialize_error(InternalServerException(f"Injected fault: {kind}."))
        self._log(answer, kind, caller)
        if kind == faults.LOST_ANSWER:
            return Outcome(None)
        if kind == faults.TORN_ANSWER and answer is not None:
            return Outcome(_torn(answer))
        delay = fault.seconds if fault is not None and kind == faults.SLOW else 0.0
        return Outcome(answer, delay)

    def _answer(self) -> HttpAnswer:
        context = self._context
        try:
            with step(context.connection):
                if context.fault and (error := faults.answer(context.fault, context.operation)):
                    raise error
                rates.hold(context, self._real)
                return self._handled()
        except ServiceError as error:
            return serialize_error(error)

    def _handled(self) -> HttpAnswer:
        operation = self._context.operation
        handler = OPERATIONS.get(operation)
        if handler is None:
            raise NotEmulatedException(
                f"The emulator does not emulate {operation}."
                " docs/behaviours.md lists the operations that it has."
            )
        model = self._context.model.operation_model(operation)
        params = parse_request(model, self._request, self._labels)
        if model.input_shape is not None:
            validate(model.input_shape, params)
        context = replace(self._context, params=params)
        result = context.once(lambda: handler(context) or {})
        if operation == "StartRun":
            self._run_id = result["id"]
        return serialize_answer(model, result)

    def _log(self, answer: HttpAnswer | None, fault: str | None, caller: str | None) -> None:
        self._context.connection.execute(
            "INSERT INTO calls (time, account, region, operation, status, fault, run_id, pid,"
            " caller) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._real, *self._context.here(), self._context.operation,
                None if answer is None else answer.status, fault, self._run_id, os.getpid(),
                f"process {os.getpid()}" if caller is None else caller,
            ),
        )  # fmt: skip
