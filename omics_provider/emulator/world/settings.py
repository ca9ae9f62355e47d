"""What can be set about the emulator, with its defaults. Kept in the state file.

Names on the wire are in camelCase, as in `POST /_omics/settings`; an unknown name or a
value of a wrong kind is refused.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Final, Literal, get_args, get_type_hints

from . import store
from .clock import Clock

# Calls a second for each operation, from the developer guide's page api-quotas.
CALLS_PER_SECOND: Final[dict[str, float]] = {
    "StartRun": 1,
    **dict.fromkeys(
        ("GetRun", "ListRuns", "CancelRun", "DeleteRun", "GetRunTask", "ListRunTasks"), 10
    ),
    **dict.fromkeys(("CreateWorkflow",), 5),
    **dict.fromkeys(
        ("CreateRunGroup", "GetRunGroup", "ListRunGroups", "UpdateRunGroup", "DeleteRunGroup"), 10
    ),
    **dict.fromkeys(
        ("CreateRunCache", "GetRunCache", "ListRunCaches", "UpdateRunCache", "DeleteRunCache"), 10
    ),
    **dict.fromkeys(("GetWorkflow", "ListWorkflows", "UpdateWorkflow", "DeleteWorkflow"), 10),
    **dict.fromkeys(("TagResource", "UntagResource", "ListTagsForResource"), 5),
    **dict.fromkeys(("AcceptShare", "CreateShare", "DeleteShare", "GetShare", "ListShares"), 1),
    **dict.fromkeys(
        (
            "CreateSequenceStore",
            "UpdateSequenceStore",
            "DeleteSequenceStore",
            "CreateReferenceStore",
            "DeleteReferenceStore",
            "BatchDeleteReadSet",
            "DeleteReference",
        ),
        1,
    ),
    "GetReference": 10,
    "GetReadSet": 30,
    **dict.fromkeys(
        (
            "GetSequenceStore",
            "ListSequenceStores",
            "GetReadSetMetadata",
            "ListReadSets",
            "StartReadSetImportJob",
            "GetReadSetImportJob",
            "ListReadSetImportJobs",
            "ListReferenceStores",
            "StartReferenceImportJob",
            "GetReferenceImportJob",
            "ListReferenceImportJobs",
            "ListReferences",
            "GetReferenceMetadata",
            "StartReadSetActivationJob",
            "ListReadSetActivationJobs",
            "GetReadSetActivationJob",
        ),
        5,
    ),
}


@dataclass(frozen=True)
class Settings:
    """The settings of one state file.

    - `quotas`: all quotas of the service at once (docs/behaviours.md lists them).
    - `startRunPerSecond`: StartRun's own limit, in calls of a real second; none by default. Some
      accounts have 0.1, which is one call in ten seconds.
    - `callsPerSecond`: limits of further operations, by name.
    - `burst`: how many calls at once a limit allows at most, after a quiet time.
    - `requestId`: a repeated StartRun with the same requestId gives the first answer again
      (`replay`), ConflictException (`conflict`), or starts a new run once the token is older
      than `requestIdSeconds` of emulated time (`forget`).
    - `requestIdMismatch`: the same requestId with other inputs: `validation`, `conflict` or
      `replay`.
    - `ids`: which id a new run gets: the one freed last (`reuse`), the one freed first
      (`oldest`), or always a new one (`fresh`).
    - `speed`: emulated seconds in a real one, up to 1,000,000; 0 stands still.
    - `runSeconds`: emulated length of a run; none leaves it to the door (5 by default).
    - `startupSeconds`: how long a run is PENDING and STARTING, on top of its length, and a task
      half as long; none for a share of their lengths. The service takes about 570.
    - `parameterCheck`: parameters that do not fit the workflow's template: refused by StartRun
      (`start`), a run that FAILS (`run`), or let through (`off`). Values of other types than a WDL
      has are the engine's to find: such a run FAILS, unless this is `off`.
    - `defaultStorageType`: of a run where neither it nor its workflow names one.
    - `maxConcurrentRuns`: runs beyond it stay PENDING. `maxStoredRuns`: at it, StartRun removes
      the oldest ended run of retention mode REMOVE, or fails. With `quotas` on they default to
      10 and 5000, which are the emulator's own numbers: the service's differ by account.
    - `overMaxConcurrentRuns`: a run that is started beyond it waits (`wait`), or StartRun is
      refused, and an entry of a batch fails, with ServiceQuotaExceededException (`refuse`).
    - `priorityOrder`: which priority goes first among runs that wait.
    - `creationSeconds`: how long a workflow, version, configuration or sequence store is CREATING,
      and a share ACTIVATING or DELETING.
    - `jobSeconds`: how long a job of a reference store or a sequence store takes.
    - `batchSeconds`: how long a batch takes to be set up, checked and submitted, a third each.
    - `checkS3`: S3 URIs of definitions and batches must lead to objects that are there, in doors
      that have S3.
    - `accessCheck`: a role that is not there or does not trust HealthOmics, and an output bucket
      that is not there or in another Region: refused by StartRun (`start`), a run that FAILS
      (`run`), or let through (`off`).
    - `checkInputs`: runs FAIL whose input files are not there, or whose images HealthOmics can't
      pull; S3 and ECR are looked at in doors that have them.
    - `executeRuns`: how many runs are executed at once; none for one for each CPU.
    - `executeCpus`, `executeMemoryGiB`: what the tasks of one executed run share; none for all
      that the machine has.
    - `executeTool`: what runs the containers of tasks.
    - `maxWorkGiB`: with more in the work folders no run begins to be executed; it FAILS.
    - `keepWork`: whether the work folder of an executed run stays after its end.
    """

    quotas: bool = False
    startRunPerSecond: float | None = None
    callsPerSecond: dict[str, float] = field(default_factory=dict)
    burst: float = 1
    requestId: Literal["replay", "conflict", "forget"] = "replay"
    requestIdSeconds: float = 0
    requestIdMismatch: Literal["validation", "conflict", "replay"] = "validation"
    ids: Literal["reuse", "oldest", "fresh"] = "reuse"
    speed: float = 1
    runSeconds: float | None = None
    startupSeconds: float | None = None
    parameterCheck: Literal["start", "run", "off"] = "start"
    defaultStorageType: Literal["STATIC", "DYNAMIC"] = "DYNAMIC"
    maxConcurrentRuns: float | None = None
    maxStoredRuns: float | None = None
    priorityOrder: Literal["lowest", "highest"] = "lowest"
    creationSeconds: float = 0
    jobSeconds: float = 1
    batchSeconds: float = 1
    checkS3: bool = False
    executeRuns: float | None = None
    executeCpus: float | None = None
    executeMemoryGiB: float | None = None
    executeTool: Literal["auto", "bubblewrap", "podman", "docker"] = "auto"
    maxWorkGiB: float = 20
    keepWork: bool = False
    overMaxConcurrentRuns: Literal["wait", "refuse"] = "wait"
    accessCheck: Literal["start", "run", "off"] = "off"
    checkInputs: bool = False

    def changed(self, changes: Mapping[str, Any]) -> Settings:
        """Give these settings with some of them changed."""
        hints = get_type_hints(Settings)
        for name, value in changes.items():
            if name not in hints:
                known = ", ".join(each.name for each in fields(Settings))
                raise UnknownSettingError(f"There is no setting {name!r}. There are: {known}.")
            _check(name, value, hints[name])
        return replace(self, **changes)

    def most_concurrent(self) -> float | None:
        """Give how many runs may be active at once, if there is a limit."""
        if self.maxConcurrentRuns is not None:
            return self.maxConcurrentRuns
        return 10 if self.quotas else None

    def most_stored(self) -> float | None:
        """Give how many runs are kept, if there is a limit."""
        if self.maxStoredRuns is not None:
            return self.maxStoredRuns
        return 5000 if self.quotas else None

    def rate(self, operation: str) -> float | None:
        """Give the limit of an operation in calls a second, if it has one now."""
        if operation == "StartRun" and self.startRunPerSecond is not None:
            return self.startRunPerSecond
        if operation in self.callsPerSecond:
            return self.callsPerSecond[operation]
        return CALLS_PER_SECOND.get(operation) if self.quotas else None


class UnknownSettingError(ValueError):
    """A setting that does not exist, or a value that it can't have."""


def _check(name: str, value: Any, kind: Any) -> None:
    options = get_args(kind)
    if kind is bool:
        good = isinstance(value, bool)
    elif options and isinstance(options[0], str):
        good = value in options
    elif kind == dict[str, float]:
        good = isinstance(value, dict) and all(map(is_amount, value.values()))
    elif name == "speed":
        good = is_amount(value) and value <= _MOST_SPEED
    else:
        good = is_amount(value) or (value is None and type(None) in options)
    if not good:
        wanted = " or ".join(map(repr, options)) if options else str(kind)
        raise UnknownSettingError(f"The setting {name!r} can't be {value!r}: it takes {wanted}.")


def is_amount(value: Any) -> bool:
    """Say whether a value is a finite number that is not negative."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value >= 0


_MOST_SPEED: Final = 1_000_000
_KEY: Final = "settings"


def load(connection: sqlite3.Connection, real: float) -> tuple[Settings, Clock]:
    """Give the settings and the clock of a state file; a new file gets the defaults."""
    kept = store.noted(connection, _KEY)
    if kept is None:
        fresh = Settings(), Clock(real, real)
        save(connection, *fresh)
        return fresh
    document = json.loads(kept)
    return Settings(**document["settings"]), Clock(**document["clock"])


def save(connection: sqlite3.Connection, settings: Settings, clock: Clock) -> None:
    """Keep the settings and the clock in the state file."""
    document = json.dumps({"settings": asdict(settings), "clock": asdict(clock)})
    store.note(connection, _KEY, document)
