"""The look at what runs need before they are started: reads alone, together, and not for long."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from omics_provider.base import errors
from omics_provider.base.identity import bucket_and_key
from omics_provider.base.settings import Settings
from omics_provider.base.status import LIFE
from omics_provider.preflight.rules.answers import (
    OMICS,
    Answer,
    Answers,
    Found,
    Kind,
    Look,
    Missing,
    Unseen,
)
from omics_provider.preflight.rules.judge import Place
from omics_provider.preflight.rules.quotas import CONCURRENT, STORED
from omics_provider.service import account
from omics_provider.service.clients import aws, omics
from omics_provider.service.failures import translated
from omics_provider.service.quotas import quota

#: Calls at a time. The quota of most look-ups is 10 a second.
_THREADS: Final = 8
#: Seconds for all looks, for those at input files, which are made beside them, and for those at
#: quotas, which are made after them.
SECONDS: Final = 6.0
FILE_SECONDS: Final = 5.0
QUOTA_SECONDS: Final = 2.0
#: Input files looked for, of all runs together.
FILES: Final = 20

#: HeadBucket and HeadObject have no body, so their codes are numbers.
_MISSING: Final = frozenset(
    {"404", "NoSuchBucket", "NoSuchEntity", "NoSuchKey", "NoSuchResourceException", "NotFound"}
)
_LATE: Final = "no answer came in time"


def look_up(
    settings: Settings, looks: Iterable[Look], seconds: float = SECONDS
) -> dict[Look, Answer]:
    """Look each thing up, a few at a time, for at most `seconds` in all.

    At the emulator in the process only what HealthOmics itself knows is looked up. Raises nothing:
    what could not be seen is Unseen, and why.
    """
    wanted = [look for look in looks if look.kind in OMICS or not settings.is_local]
    waiting: queue.SimpleQueue[Look] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Look, Answer]] = queue.SimpleQueue()
    for look in wanted:
        waiting.put(look)
    end = time.monotonic() + seconds
    for _ in range(min(_THREADS, len(wanted))):
        # Daemons: a call that gets no answer never holds up the program's end.
        threading.Thread(
            target=_work, args=(settings, waiting, done, end), name="omics-preflight", daemon=True
        ).start()
    answers: dict[Look, Answer] = dict.fromkeys(wanted, Unseen(_LATE))
    for _ in wanted:
        try:
            look, answer = done.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        answers[look] = answer
    return answers


def _work(
    settings: Settings,
    waiting: queue.SimpleQueue[Look],
    done: queue.SimpleQueue[tuple[Look, Answer]],
    end: float,
) -> None:
    while time.monotonic() < end:
        try:
            look = waiting.get_nowait()
        except queue.Empty:
            return
        done.put((look, _seen(settings, look)))


def _seen(settings: Settings, look: Look) -> Answer:
    try:
        if look.kind in _SINGLE:
            return _single(settings, look.kind, look.key[0])
        return _LOOKS[look.kind](settings, look.key)
    except errors.OmicsError as error:
        if isinstance(error, errors.NotFound) or error.code in _MISSING:
            return Missing()
        return Unseen(_why(error), _stops(error, look))


def _stops(error: errors.OmicsError, look: Look) -> bool:
    """Tell whether a start fails of this, too: of other services it needs none."""
    if isinstance(error, errors.CredentialsError | errors.SettingsError):
        return True
    return isinstance(error, errors.Unreachable) and look.kind in OMICS


def _why(error: errors.OmicsError) -> str:
    """Say why a look failed in words that do not name what was looked up."""
    if isinstance(error, errors.NotAws):
        return error.detail
    if errors.is_denied(error):
        return f"the caller is not allowed {_right(error.operation)}"
    if isinstance(error, errors.ServiceError):
        return f"{error.operation} failed with {error.code}"
    return f"{error.detail.rstrip('.')}. {error.advice}".strip().rstrip(".")


_SERVICES: Final = {
    "GetCallerIdentity": "sts:GetCallerIdentity",
    "GetRole": "iam:GetRole",
    "GetServiceQuota": "servicequotas:GetServiceQuota",
    "HeadBucket": "s3:ListBucket",
    "HeadObject": "s3:GetObject and s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
}


def _right(operation: str) -> str:
    return _SERVICES.get(operation, f"omics:{operation}")


# HealthOmics ---------------------------------------------------------------------------------


def _workflow(settings: Settings, key: tuple[str, ...]) -> Answer:
    """GetWorkflow, for the type said and, where there is none such, for the other."""
    workflow, kind, owner = key
    others = [each for each in ("PRIVATE", "READY2RUN") if each != kind]
    for each in (kind, *others):
        try:
            return _described(_get_workflow(settings, workflow, each, owner), each)
        except errors.NotFound:
            continue
        except errors.OmicsError:
            # Of the type said, all that is known is that there is none.
            if each == kind:
                raise
    return Missing()


def _get_workflow(settings: Settings, workflow: str, kind: str, owner: str) -> Mapping[str, Any]:
    more = {"workflowOwnerId": owner} if owner else {}
    with translated("GetWorkflow"):
        return omics(settings).get_workflow(
            id=workflow,
            type=kind,  # type: ignore[arg-type]  # checked, no literal
            **more,  # type: ignore[arg-type]  # of one key
        )


def _version(settings: Settings, key: tuple[str, ...]) -> Answer:
    workflow, kind, owner, name = key
    more = {"workflowOwnerId": owner} if owner else {}
    with translated("GetWorkflowVersion"):
        answer = omics(settings).get_workflow_version(
            workflowId=workflow,
            versionName=name,
            type=kind,  # type: ignore[arg-type]  # checked, no literal
            **more,  # type: ignore[arg-type]  # of one key
        )
    return _described(answer, kind)


def _described(answer: Mapping[str, Any], kind: str) -> Found:
    names = ("status", "statusMessage", "type", "storageType", "parameterTemplate")
    return Found({"type": kind, **{name: answer[name] for name in names if name in answer}})


def _single(settings: Settings, kind: Kind, key: str) -> Answer:
    """Look up what one argument names; what has no state counts as ACTIVE."""
    operation, method, argument = _SINGLE[kind]
    with translated(operation):
        answer = getattr(omics(settings), method)(**{argument: key})
    return Found({"status": answer.get("status", "ACTIVE")})


_SINGLE: Final = {
    Kind.RUN: ("GetRun", "get_run", "id"),
    Kind.GROUP: ("GetRunGroup", "get_run_group", "id"),
    Kind.CACHE: ("GetRunCache", "get_run_cache", "id"),
    Kind.CONFIGURATION: ("GetConfiguration", "get_configuration", "name"),
}


# Other services -------------------------------------------------------------------------------


def _place(settings: Settings, _: tuple[str, ...]) -> Answer:
    return Found({"account": account.number(settings)})


def region(settings: Settings) -> str:
    """Return the Region that the runs will be in. Raises SettingsError where none is set."""
    return omics(settings).meta.region_name


def place(settings: Settings, region: str, answers: Answers) -> Place:
    """Return where the runs will be, by what the look at the caller's account has found."""
    account = answers.get(Look(Kind.PLACE))
    return Place(
        region,
        account.facts["account"] if isinstance(account, Found) else None,
        is_emulated=settings.is_local or settings.is_loopback,
    )


def _role(settings: Settings, key: tuple[str, ...]) -> Answer:
    with translated("GetRole"):
        answer = aws(settings, "iam").get_role(RoleName=key[0].rpartition("/")[2])
    found = answer["Role"]
    return Found({"trust": found["AssumeRolePolicyDocument"], "arn": found["Arn"]})


def _bucket(settings: Settings, key: tuple[str, ...]) -> Answer:
    """HeadBucket: it answers with the Region even to a caller who may not read the bucket."""
    client = aws(settings, "s3")
    try:
        with translated("HeadBucket"):
            answer = client.head_bucket(Bucket=key[0])
    except errors.ServiceError as error:
        response = getattr(error.__cause__, "response", None)
        if error.code in _MISSING or response is None:
            raise
        found = response["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
        if found is None:
            raise
        return Found({"region": found})
    found = {"region": answer.get("BucketRegion")}
    return Found({**found, "owned": _owned(client, *key)} if len(key) > 1 else found)


def _owned(client: Any, bucket: str, owner: str) -> bool:
    """Tell whether a bucket that the caller may read is of an account."""
    try:
        with translated("HeadBucket"):
            client.head_bucket(Bucket=bucket, ExpectedBucketOwner=owner)
    except errors.ServiceError as error:
        if errors.is_denied(error):
            return False
        raise
    return True


def _file(settings: Settings, key: tuple[str, ...]) -> Answer:
    """HeadObject, and ListObjectsV2 for what may be a folder or a whole bucket."""
    bucket, name = bucket_and_key(key[0])
    client = aws(settings, "s3")
    if name and not name.endswith("/"):
        try:
            with translated("HeadObject"):
                client.head_object(Bucket=bucket, Key=name)
        except errors.ServiceError as error:
            if error.code not in _MISSING:
                raise
        else:
            return Found()
    with translated("ListObjectsV2"):
        prefix = f"{name.removesuffix('/')}/" if name else ""
        listed = client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    return Found() if listed.get("KeyCount") or not name else Missing()


def _quota(settings: Settings, key: tuple[str, ...]) -> Answer:
    (code,) = key
    facts = {"value": quota(settings, code)}
    if code == STORED:
        return Found(facts)
    (storage,) = (each for each, its in CONCURRENT.items() if its == code)
    return Found({**facts, "active": sum(_active(settings, storage, s) for s in LIFE)})


def _active(settings: Settings, storage: str, status: str) -> int:
    """Count the runs of a status on the first page of ListRuns."""
    with translated("ListRuns"):
        page = omics(settings).list_runs(
            status=status,  # type: ignore[arg-type]  # one of LIFE, no literal
            maxResults=100,
        )
    return sum(1 for run in page["items"] if run.get("storageType") == storage)


_LOOKS: Final[dict[Kind, Callable[[Settings, tuple[str, ...]], Answer]]] = {
    Kind.PLACE: _place,
    Kind.WORKFLOW: _workflow,
    Kind.VERSION: _version,
    Kind.ROLE: _role,
    Kind.BUCKET: _bucket,
    Kind.FILE: _file,
    Kind.QUOTA: _quota,
}
