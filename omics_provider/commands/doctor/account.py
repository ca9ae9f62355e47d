"""The doctor's look at AWS: who calls, where, with which rights, and how full the account is.

Reads alone. The endpoint `local` is not asked at all: opening it would make its file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from omics_provider.base import errors
from omics_provider.base.settings import LOG_GROUP, Settings
from omics_provider.base.status import ACTIVE
from omics_provider.preflight.calls import look_up
from omics_provider.preflight.rules import trust
from omics_provider.preflight.rules.answers import Kind, Look
from omics_provider.preflight.rules.quotas import CONCURRENT, STORED
from omics_provider.service.calls import whole
from omics_provider.service.clients import aws, omics, session
from omics_provider.service.failures import translated
from omics_provider.service.quotas import quota

from .rules import judge
from .rules.judge import Line, Use, ok

#: No run has it: ids in the documentation have 7 digits, the model allows 18.
_NO_RUN: Final = "9" * 18
_LISTS: Final = {"ListWorkflows": "list_workflows", "ListRunGroups": "list_run_groups"}
_NO_STREAM: Final = "run/0/omics-provider-doctor"
#: ListRuns gives 100 runs a page and is allowed 10 times a second.
_PAGE: Final = 100
_MOST_PAGES: Final = 50

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look at beside the account: a bucket's name and a role's ARN, where given."""

    bucket: str | None = None
    role: str | None = None


def examine(settings: Settings, wanted: Wanted) -> Iterator[Line]:
    """Look at everything in turn, and give a line for each. Raises nothing of AWS's."""
    yield endpoint(settings)
    if settings.is_local:
        return
    opened = _asked(partial(session, settings))
    if isinstance(opened, errors.OmicsError):
        yield judge.failed("credentials", "profile", opened)
        return
    place = _asked(partial(_region, settings))
    if isinstance(place, errors.OmicsError):
        yield judge.failed("region", "Region", place)
        return
    # A server that stands in for AWS may know any Region.
    known = () if settings.endpoint else opened.get_available_regions("omics")
    yield judge.region(place, known)
    caller = _asked(partial(_caller, settings))
    if isinstance(caller, errors.OmicsError):
        yield judge.no_identity(caller)
        if isinstance(caller, errors.CredentialsError):
            yield judge.nobody()
            return
    else:
        yield judge.identity(*caller)
    yield from _rights(settings)
    account = None if isinstance(caller, errors.OmicsError) else caller[0]
    yield from _named(settings, wanted, trust.Runs(account, place))
    yield from _quotas(settings)


def endpoint(settings: Settings) -> Line:
    """Return the line of where HealthOmics is."""
    if settings.is_local:
        return ok("endpoint", "local", "the emulator in the process replaces AWS")
    if settings.endpoint is None:
        return ok("endpoint", "AWS", "HealthOmics itself")
    parts = urlsplit(settings.endpoint)
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    says = "a server on this machine replaces AWS" if settings.is_loopback else "asked as AWS"
    return ok("endpoint", shown, says)


def _caller(settings: Settings) -> tuple[str, str, str | None]:
    """Return the caller's account, its ARN and where its credentials are from."""
    with translated("GetCallerIdentity"):
        found = aws(settings, "sts").get_caller_identity()
        credentials = session(settings).get_credentials()
    found = whole("GetCallerIdentity", found, "Account", "Arn")
    return found["Account"], found["Arn"], getattr(credentials, "method", None)


def _region(settings: Settings) -> str:
    return omics(settings).meta.region_name


def _asked(call: Callable[[], _T]) -> _T | errors.OmicsError:
    """Return what a call gives, or how it failed."""
    try:
        return call()
    except errors.OmicsError as error:
        return error


# Rights --------------------------------------------------------------------------------------


def _rights(settings: Settings) -> Iterator[Line]:
    runs = _called(settings, "ListRuns", "list_runs", "items", maxResults=1)
    yield judge.right("omics:ListRuns", _error(runs))
    if isinstance(runs, errors.Unreachable):
        return
    items = [] if isinstance(runs, errors.OmicsError) else runs["items"]
    run_id = items[0]["id"] if items else _NO_RUN
    got = _called(settings, "GetRun", "get_run", "id", id=run_id)
    yield judge.right("omics:GetRun", _error(got), of_nothing=not items)
    for operation, method in _LISTS.items():
        listed = _called(settings, operation, method, "items", maxResults=1)
        yield judge.right(f"omics:{operation}", _error(listed))
    yield judge.right("logs:GetLogEvents", _error(_asked(partial(_log_events, settings))))


def _called(
    settings: Settings, operation: str, method: str, member: str, **arguments: Any
) -> dict[str, Any] | errors.OmicsError:
    """Return what HealthOmics answers to a call, or how the call failed."""

    def call() -> dict[str, Any]:
        with translated(operation):
            return whole(operation, getattr(omics(settings), method)(**arguments), member)

    return _asked(call)


def _error(asked: object) -> errors.OmicsError | None:
    return asked if isinstance(asked, errors.OmicsError) else None


def _log_events(settings: Settings) -> object:
    with translated("GetLogEvents"):
        return aws(settings, "logs").get_log_events(
            logGroupName=LOG_GROUP, logStreamName=_NO_STREAM, limit=1
        )


# What is given by option ---------------------------------------------------------------------


def _named(settings: Settings, wanted: Wanted, runs: trust.Runs) -> Iterator[Line]:
    bucket = Look(Kind.BUCKET, (wanted.bucket,)) if wanted.bucket else None
    role = Look(Kind.ROLE, (wanted.role,)) if wanted.role else None
    answers = look_up(settings, [look for look in (bucket, role) if look])
    if bucket:
        yield judge.bucket(bucket.key[0], answers[bucket], str(runs.region))
    if role:
        yield judge.role(role.key[0], answers[role], runs)


# Quotas --------------------------------------------------------------------------------------


def _quotas(settings: Settings) -> Iterator[Line]:
    stored = _asked(partial(_count, settings, (None,)))
    yield _quota_line(settings, judge.STORED, STORED, stored, None)
    active = _asked(partial(_count, settings, sorted(ACTIVE)))
    for storage, code in CONCURRENT.items():
        yield _quota_line(settings, judge.ACTIVE_WITH[storage], code, active, storage)


def _quota_line(
    settings: Settings,
    subject: str,
    code: str,
    found: _Count | errors.OmicsError,
    storage: str | None,
) -> Line:
    value = _asked(partial(quota, settings, code))
    if isinstance(found, errors.OmicsError):
        return judge.quota(subject, code, value, found)
    used = found.by_storage[storage] if storage else found.by_storage.total()
    return judge.quota(subject, code, value, Use(used, found.is_least))


@dataclass(slots=True)
class _Count:
    """Runs by storage type; `is_least` where there were too many to count."""

    by_storage: Counter[str | None] = field(default_factory=Counter)
    is_least: bool = False


def _count(settings: Settings, states: Iterable[str | None]) -> _Count:
    """Count the runs in these states, None being all of them."""
    count = _Count()
    for state in states:
        filters: Any = {"status": state} if state else {}
        for _ in range(_MOST_PAGES):
            with translated("ListRuns"):
                page = omics(settings).list_runs(maxResults=_PAGE, **filters)
            runs = whole("ListRuns", page, "items")["items"]
            count.by_storage.update(run.get("storageType") for run in runs)
            filters["startingToken"] = page.get("nextToken")
            if not filters["startingToken"]:
                break
        else:
            count.is_least = True
    return count
