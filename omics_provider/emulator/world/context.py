"""What every handler of an operation gets: who calls, where, when, with what, on which state."""

from __future__ import annotations

import json
import sqlite3
import uuid
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from omics_provider.emulator.protocol.exceptions import ConflictException, ValidationException

from .execution import Execution
from .faults import Fault
from .settings import Settings
from .surroundings import MotoSurroundings

if TYPE_CHECKING:
    from botocore.model import ServiceModel

_FIRST_ID: Final = 1_000_000
_IDS: Final = 9_000_000
_STRIDE: Final = 3_457_193  # coprime to _IDS, so each of them comes once

#: Name and content of a file to the URL from which it can be fetched.
Publish = Callable[[str, bytes], str]


def started_by(account: str) -> str:
    """Give the ARN of who starts all runs: the emulator knows no callers."""
    return f"arn:aws:iam::{account}:user/emulator"


@dataclass(frozen=True)
class Context:
    """One call in its transaction. `now` is emulated time in seconds since 1970.

    Without an `operation` it is a look at the state that no call has asked for.
    `surroundings` is None in a door that has no other service of AWS. `publish` gives a URL from
    which a file can be fetched; None where the door has no such place. `execution` is None in a
    door whose runs are simulated.
    """

    connection: sqlite3.Connection
    settings: Settings
    now: float
    account: str
    region: str
    model: ServiceModel
    operation: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    run_seconds: float = 0.0
    surroundings: MotoSurroundings | None = None
    fault: Fault | None = None
    execution: Execution | None = None
    publish: Publish | None = None

    def arn(self, resource: str) -> str:
        """Give the ARN of something in the caller's account and region."""
        return f"arn:aws:omics:{self.region}:{self.account}:{resource}"

    def here(self) -> tuple[str, str]:
        """Account and region, which key every row."""
        return self.account, self.region

    @property
    def checks_s3(self) -> bool:
        """Whether S3 URIs must lead to what is there: by the settings, in doors that have S3."""
        return self.settings.checkS3 and self.surroundings is not None

    def read_object(self, uri: str) -> tuple[bytes, str] | None:
        """Give the content and ETag of an object in S3, or None where there is no such object."""
        return (
            None if self.surroundings is None else self.surroundings.read_object(*self.here(), uri)
        )

    @property
    def has_s3(self) -> bool:
        """Whether this door has S3."""
        return self.surroundings is not None

    def keep_object(self, uri: str, body: bytes) -> None:
        """Keep an object of the service's own in S3, where this door has S3."""
        if self.surroundings is not None:
            self.surroundings.keep_object(self.region, uri, body)

    def has_active_run(self, condition: str, value: str) -> bool:
        """Say whether a run that meets a condition in SQL on one value has not ended yet."""
        row = self.connection.execute(
            f"SELECT 1 FROM runs WHERE account = ? AND region = ? AND {condition}"  # noqa: S608  # conditions are constants
            " AND (ended IS NULL OR ended > ?) LIMIT 1",
            (*self.here(), value, self.now),
        ).fetchone()
        return row is not None

    def new_uuid(self) -> str:
        """Give a new identity."""
        return str(uuid.uuid4())

    def new_id(self, kind: str) -> str:
        """Give an id of 7 digits: one that a deletion freed, by the setting `ids`, or a new one.

        New ids come in no order, and those of other kinds are others, so that no client can lean on
        either.
        """
        if self.settings.ids != "fresh":
            order = "DESC" if self.settings.ids == "reuse" else "ASC"
            freed = self.connection.execute(
                "SELECT pk, id FROM freed_ids WHERE account = ? AND region = ? AND kind = ?"  # noqa: S608  # the table's name is a constant
                f" ORDER BY pk {order} LIMIT 1",
                (*self.here(), kind),
            ).fetchone()
            if freed is not None:
                self.connection.execute("DELETE FROM freed_ids WHERE pk = ?", (freed["pk"],))
                return str(freed["id"])
        (given,) = self.connection.execute(
            "INSERT INTO counters VALUES (?, ?, ?, 1)"
            " ON CONFLICT (account, region, kind) DO UPDATE SET given = given + 1"
            " RETURNING given",
            (*self.here(), kind),
        ).fetchone()
        lap, place = divmod((given + _first(kind)) * _STRIDE, _IDS)
        return f"{lap if given > _IDS else ''}{_FIRST_ID + place}"

    def free_id(self, kind: str, freed: str) -> None:
        """Let an id be used again."""
        self.connection.execute(
            "INSERT INTO freed_ids (account, region, kind, id) VALUES (?, ?, ?, ?)",
            (*self.here(), kind, freed),
        )

    @property
    def _token(self) -> str | None:
        """The call's requestId or clientToken."""
        token: str | None = self.params.get("requestId") or self.params.get("clientToken")
        return token

    def once(self, work: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Do the call's work, once for each requestId or clientToken where it has one."""
        if self._token is None:
            return work()
        earlier = self._earlier_answer()
        if earlier is not None:
            return earlier
        answer = work()
        self._remember(answer)
        return answer

    def _earlier_answer(self) -> dict[str, Any] | None:
        """Give the answer to an earlier call with this token, as the settings want it.

        None means that this call is to be carried out.
        """
        row = self.connection.execute(
            "SELECT created, inputs, answer FROM tokens"
            " WHERE account = ? AND region = ? AND operation = ? AND token = ?",
            (*self.here(), self.operation, self._token),
        ).fetchone()
        if row is None:
            return None
        mode = self.settings.requestId
        if mode == "forget" and self.now - row["created"] >= self.settings.requestIdSeconds:
            return None
        if row["inputs"] != self._inputs():
            self._refuse_other_inputs()
        if mode == "conflict":
            raise ConflictException("A request with this token was made before.")
        answer: dict[str, Any] = json.loads(row["answer"])
        return answer

    def _refuse_other_inputs(self) -> None:
        message = "This token was used before with other inputs."
        if self.settings.requestIdMismatch == "validation":
            raise ValidationException(message)
        if self.settings.requestIdMismatch == "conflict":
            raise ConflictException(message)

    def _remember(self, answer: Mapping[str, Any]) -> None:
        self.connection.execute(
            "INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *self.here(),
                self.operation,
                self._token,
                self.now,
                self._inputs(),
                json.dumps(answer),
            ),
        )

    def _inputs(self) -> str:
        inputs = {
            name: value
            for name, value in self.params.items()
            if name not in ("requestId", "clientToken")
        }
        return json.dumps(inputs, sort_keys=True, default=lambda blob: blob.hex())


def _first(kind: str) -> int:
    """Give where the ids of a kind begin: half a million from those of runs, groups and so on."""
    return 0 if kind == "run" else zlib.crc32(kind.encode()) % _IDS
