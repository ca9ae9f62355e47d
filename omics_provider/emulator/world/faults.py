"""Planned faults: what goes wrong, at which operation, how often.

A plan is `{"operation": "StartRun", "fault": "throttle", "count": 2}` or, with chance,
`{"operation": "*", "fault": "error-500", "rate": 0.3, "seed": 1}`. The same seed strikes the
same calls: the n-th call of the operation is struck or not, whichever process makes it.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from omics_provider.emulator.protocol.exceptions import (
    AccessDeniedException,
    InternalServerException,
    RequestTimeoutException,
    ServiceError,
    ServiceQuotaExceededException,
    ThrottlingException,
)
from omics_provider.emulator.protocol.model import service_model

from .settings import is_amount

# Faults that are an error answer instead of the call; the call has no effect.
ANSWERS: Final[dict[str, type[ServiceError]]] = {
    "throttle": ThrottlingException,
    "error-500": InternalServerException,
    "timeout-408": RequestTimeoutException,
    "quota-402": ServiceQuotaExceededException,
    "denied": AccessDeniedException,
}
CUT_BEFORE: Final = "cut-before"
LOST_ANSWER: Final = "lost-answer"
LATE_500: Final = "late-500"
TORN_ANSWER: Final = "torn-answer"
SLOW: Final = "slow"
FROZEN: Final = "frozen"
FAILS: Final = "fails"
KINDS: Final = (*ANSWERS, CUT_BEFORE, LOST_ANSWER, LATE_500, TORN_ANSWER, SLOW, FROZEN, FAILS)
EVERY: Final = "*"
#: The start, cancellation and deletion of one run of a batch, and the look at all its entries.
#: They are no calls.
BATCH_STEPS: Final = (
    "batch:StartRun", "batch:CancelRun", "batch:DeleteRun", "batch:StartRunBatch",
)  # fmt: skip
_STEP: Final = "batch:"


@dataclass(frozen=True)
class Fault:
    """One planned fault.

    - `operation`: an operation's name, or `*` for every operation; or a step of a batch:
      `batch:StartRun`, `batch:CancelRun`, `batch:DeleteRun`; or `batch:StartRunBatch`, with which
      a batch fails after the answer to that call.
    - `fault`: `throttle`, `error-500`, `timeout-408`, `quota-402`, `denied` (error answers),
      `cut-before` (the connection is cut and nothing has happened), `lost-answer` (the call
      takes effect, then the connection is cut), `late-500` (it takes effect, then the answer is
      an InternalServerException), `torn-answer` (it takes effect, and the connection is cut
      between the headers of the answer and its body), `slow` (the answer comes `seconds` late),
      `frozen` (StartRun: the run stays RUNNING until it is cancelled), `fails` (StartRun: the
      run ends FAILED with `reason`).
    - `count`: how many calls it strikes, then it is spent. `rate`: its chance for each call,
      with `seed`. With neither, it strikes once.
    """

    operation: str
    fault: str
    count: int | None = None
    rate: float | None = None
    seed: int = 0
    seconds: float = 1.0
    reason: str = "SERVICE_ERROR"

    @staticmethod
    def parse(plan: Mapping[str, Any]) -> Fault:
        """Give a fault from its JSON form; anything unknown in it is refused."""
        known = set(Fault.__dataclass_fields__)
        unknown = sorted(set(plan) - known)
        if unknown or not {"operation", "fault"} <= set(plan):
            raise BadFaultError(
                f"A planned fault has operation and fault, and may have {sorted(known)}; "
                f"this one has {sorted(plan)}."
            )
        fault = Fault(**plan)
        fault._check_values()
        if fault.count is not None and fault.rate is not None:
            raise BadFaultError("A planned fault has a count or a rate, not both.")
        return fault if fault.rate is not None or fault.count is not None else _once(plan)

    def _check_values(self) -> None:
        if self.fault not in KINDS:
            raise BadFaultError(f"There is no fault {self.fault!r}. There are: {KINDS}.")
        if not _is_struck(self.operation):
            raise BadFaultError(
                f"HealthOmics has no operation {self.operation!r}. A fault strikes an operation, "
                f"{EVERY!r} for all of them, or a step of a batch: {', '.join(BATCH_STEPS)}."
            )
        for name, (fits, wanted) in _VALUES.items():
            value = getattr(self, name)
            if not fits(value):
                raise BadFaultError(f"The {name} of a planned fault is {wanted}, not {value!r}.")

    def strikes(self, drawn: int, struck: int) -> bool:
        """Whether the call number `drawn` (from 0) is struck, after `struck` strikes."""
        if self.rate is not None:
            return random.Random(f"{self.seed}:{drawn}").random() < self.rate  # noqa: S311  # a plan that repeats, no secret
        return struck < (self.count or 0)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_VALUES: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "count": (lambda v: v is None or (_is_whole(v) and v >= 0), "a whole number, not negative"),
    "rate": (lambda v: v is None or (is_amount(v) and v <= 1), "a number from 0 to 1"),
    "seed": (_is_whole, "a whole number"),
    "seconds": (is_amount, "a number, not negative"),
    "reason": (lambda v: isinstance(v, str), "a failureReason"),
}


def _is_struck(operation: Any) -> bool:
    return isinstance(operation, str) and (
        operation in (EVERY, *BATCH_STEPS) or operation in service_model().operation_names
    )


def _once(plan: Mapping[str, Any]) -> Fault:
    return Fault(**{**plan, "count": 1})


class BadFaultError(ValueError):
    """A planned fault that can't be understood."""


def plan(connection: sqlite3.Connection, faults: Iterable[Mapping[str, Any]]) -> None:
    """Replace the planned faults."""
    parsed = [Fault.parse(fault) for fault in faults]
    connection.execute("DELETE FROM faults")
    connection.executemany(
        "INSERT INTO faults (plan, drawn, struck) VALUES (?, 0, 0)",
        [(json.dumps(asdict(fault)),) for fault in parsed],
    )


def planned(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Give the planned faults, each with how many calls it has seen and struck."""
    rows = connection.execute("SELECT plan, drawn, struck FROM faults ORDER BY pk")
    return [{**json.loads(row[0]), "drawn": row[1], "struck": row[2]} for row in rows]


def draw(connection: sqlite3.Connection, operation: str) -> Fault | None:
    """Give the fault that strikes this call: the first planned one that does, if any.

    A step of a batch is struck by faults of its own name only: `*` strikes calls.
    """
    names = (operation,) if operation in BATCH_STEPS else (EVERY, operation)
    for row in connection.execute(
        "SELECT pk, plan, drawn, struck FROM faults ORDER BY pk"
    ).fetchall():
        fault = Fault(**json.loads(row["plan"]))
        if fault.operation not in names:
            continue
        strikes = fault.strikes(row["drawn"], row["struck"])
        connection.execute(
            "UPDATE faults SET drawn = drawn + 1, struck = struck + ? WHERE pk = ?",
            (int(strikes), row["pk"]),
        )
        if strikes:
            return fault
    return None


def of_step(connection: sqlite3.Connection, operation: str) -> ServiceError | None:
    """Give the error of the planned fault that strikes this step of a batch, if any."""
    fault = draw(connection, _STEP + operation)
    return None if fault is None else answer(fault, operation)


def answer(fault: Fault, operation: str) -> ServiceError | None:
    """Give the error answer of a fault that is one."""
    kind = ANSWERS.get(fault.fault)
    return kind(f"Injected fault: {fault.fault} at {operation}.") if kind else None
