"""What the doctor makes of what it finds in AWS: lines, each ok, a warning or wrong.

A line that is not ok says what follows from it and the way out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from omics_provider.base import errors
from omics_provider.base.identity import account_of, partition_of
from omics_provider.base.settings import LOG_GROUP
from omics_provider.preflight.rules import trust
from omics_provider.preflight.rules.answers import Answer, Found, Unseen
from omics_provider.preflight.rules.judge import bucket_state, role_state


class Level(StrEnum):
    """How it stands: ok; some commands will miss something; an update will fail."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at, what was found, and what to do about it."""

    area: str
    subject: str
    level: Level
    says: str
    advice: str = ""


def ok(area: str, subject: str, says: str) -> Line:
    """Return the line of what is as it should be."""
    return Line(area, subject, Level.OK, says)


def warning(area: str, subject: str, says: str, advice: str) -> Line:
    """Return the line of what some commands will miss."""
    return Line(area, subject, Level.WARNING, says, advice)


def wrong(area: str, subject: str, says: str, advice: str) -> Line:
    """Return the line of what makes an update fail."""
    return Line(area, subject, Level.WRONG, says, advice)


def exit_code(lines: Iterable[Line]) -> int:
    """Return 1 where something is wrong, else 0: warnings stop no update."""
    return int(any(line.level is Level.WRONG for line in lines))


# Errors --------------------------------------------------------------------------------------


def failed(area: str, subject: str, error: errors.OmicsError) -> Line:
    """Return the line of a call that failed for another reason than a right."""
    code = f"{error.code}: " if error.code else ""
    # Somebody answered, so an update may do better; without an answer it will not.
    passing = isinstance(error, errors.ServiceError)
    level = Level.WARNING if passing else Level.WRONG
    return Line(area, subject, level, f"{code}{error.detail.rstrip('.')}", _advice(error))


def _advice(error: errors.OmicsError) -> str:
    if isinstance(error, errors.ServiceFault | errors.Throttled | errors.TimedOut):
        return "Run this again later."
    return error.advice


# Credentials and Region ----------------------------------------------------------------------

_ROOT: Final = ":root"
_METHODS: Final = {
    "env": "the environment",
    "explicit": "this process",
    "shared-credentials-file": "the file of shared credentials",
    "config-file": "the file of profiles",
    "assume-role": "a profile that assumes a role",
    "assume-role-with-web-identity": "a web identity token",
    "sso": "a sign-in (IAM Identity Center)",
    "login": "a sign-in (aws login)",
    "custom-process": "a profile's credential_process",
    "container-role": "the container's role",
    "iam-role": "the instance's role",
}


def identity(account: str, arn: str, method: str | None) -> Line:
    """Return the line of who calls; `method` is botocore's word for where the credentials are."""
    source = f", from {_METHODS.get(method, method)}" if method else ""
    says = f"{arn} in account {account}{source}"
    if arn.endswith(_ROOT):
        return warning(
            "credentials",
            "caller",
            f"{says}: the root user may do everything and can't be limited",
            "Use a role that may do what docs/doctor.md lists.",
        )
    return ok("credentials", "caller", says)


def no_identity(error: errors.OmicsError) -> Line:
    """Return the line of a caller that STS did not name."""
    if errors.is_denied(error):
        return warning(
            "credentials",
            "caller",
            "there are credentials, and sts:GetCallerIdentity is not allowed",
            "The call needs no right: look at the policy of the VPC endpoint or the organization. "
            "Without it, an update can't distinguish a run of another account from a deleted run.",
        )
    return failed("credentials", "caller", error)


def nobody() -> Line:
    """Return the line of all that can't be looked at without credentials."""
    says = "not checked: there are no credentials"
    return warning("rights", "all", says, "Correct the credentials first.")


def region(name: str, known: Iterable[str]) -> Line:
    """Return the line of the Region; `known` are those that boto3 knows of."""
    places = sorted(known)
    if places and name not in places:
        return warning(
            "region",
            name,
            "this boto3 does not know HealthOmics there",
            f"Choose one of {', '.join(places)}. If the Region is new, upgrade boto3.",
        )
    return ok("region", name, "HealthOmics is there")


# Rights --------------------------------------------------------------------------------------


class Right(NamedTuple):
    """A right that a reading call shows; `without` is what is missing without it."""

    action: str
    if_denied: Level
    without: str
    resource: str = ""


RIGHTS: Final = {
    right.action: right
    for right in (
        Right(
            "omics:ListRuns",
            Level.WRONG,
            "waits, an update after an interrupted one, and a refresh of many runs fail",
        ),
        Right("omics:GetRun", Level.WRONG, "refresh, replacement, destroy and waits fail"),
        Right(
            "omics:ListWorkflows",
            Level.WARNING,
            "an interrupted creation of an OmicsWorkflow is not found again",
        ),
        Right(
            "omics:ListRunGroups",
            Level.WARNING,
            "an interrupted creation of an OmicsRunGroup is not found again",
        ),
        Right(
            "logs:GetLogEvents",
            Level.WARNING,
            "explanations of failures have no log, and the end of deleted runs and the cost of "
            "past runs are unknown",
            f" on the log group {LOG_GROUP}",
        ),
    )
}

#: Rights that only a call that changes something would show.
NOT_SHOWN: Final = (
    "omics:StartRun",
    "omics:CancelRun",
    "omics:DeleteRun",
    "omics:TagResource",
    "omics:UntagResource",
    "iam:PassRole",
)


def right(action: str, error: errors.OmicsError | None, *, of_nothing: bool = False) -> Line:
    """Return the line of a right, from what its call ended with; None is success.

    A caller who may look learns that a thing is not there. One who may look only at things with
    certain tags is refused, so with `of_nothing` a refusal is no certainty.
    """
    entry = RIGHTS[action]
    if error is None or isinstance(error, errors.NotFound):
        return ok("rights", action, "allowed")
    if not errors.is_denied(error):
        return failed("rights", action, error)
    advice = f"Allow the caller {action}{entry.resource}. Without it, {entry.without}."
    if of_nothing and entry.if_denied is Level.WRONG:
        says = "not allowed, or only under a condition of the policy: there is no run to test with"
        return warning("rights", action, says, advice)
    return Line("rights", action, entry.if_denied, "not allowed", advice)


# What is given by option ---------------------------------------------------------------------


def bucket(name: str, answer: Answer, place: str) -> Line:
    """Return the line of the bucket that is to take results; `place` is the runs' Region."""
    there = answer.facts.get("region") if isinstance(answer, Found) else None
    match bucket_state(answer, place):
        case "missing":
            says, advice = "there is no such bucket", "Create it, or correct the name."
            return wrong("bucket", name, says, advice)
        case "unseen":
            # A caller with no business in the bucket can start runs that write there.
            advice = "Allow the caller s3:ListBucket on it, so that a preview can look at it."
            return warning("bucket", name, _why(answer), advice)
        case "elsewhere":
            says = f"it is in {there}, but the runs are in {place}"
            return wrong("bucket", name, says, f"Name a bucket in {place}.")
        case "fits":
            return ok("bucket", name, f"it is in {there}" if there else "it is there")


def role(arn: str, answer: Answer, runs: trust.Runs) -> Line:
    """Return the line of the role that runs are to take on."""
    match role_state(arn, answer, runs):
        case "elsewhere":
            says = f"it is a role of account {account_of(arn)}, but the runs are in {runs.account}"
            return wrong("role", arn, says, f"Name a role of account {runs.account}.")
        case "partition":
            says = f"it is of the partition {partition_of(arn)}, {runs.region} is not"
            return wrong("role", arn, says, "Name a role of the Region's own partition.")
        case "renamed":
            there = answer.facts["arn"] if isinstance(answer, Found) else ""
            says = f"there is no such role; the role of this name is {there}"
            return wrong("role", arn, says, "Give that ARN, with its path.")
        case "missing":
            says, advice = "there is no such role", "Create it, or correct the ARN."
            return wrong("role", arn, says, advice)
        case "unseen":
            advice = "Allow the caller iam:GetRole on it, so that a preview can look at it."
            return warning("role", arn, _why(answer), advice)
        case "trusts":
            return ok("role", arn, f"{trust.SERVICE} may assume it")
        case "service":
            says = f"it does not trust {trust.SERVICE}"
            advice = f"Allow {trust.SERVICE} sts:AssumeRole in its trust policy."
            return wrong("role", arn, says, advice)
        case "condition":
            says = f"it trusts {trust.SERVICE} only for other runs"
            advice = (
                f"Let aws:SourceAccount be {runs.account} and aws:SourceArn match "
                f"arn:aws:omics:{runs.region}:{runs.account}:run/* in its trust policy."
            )
            return wrong("role", arn, says, advice)
        case "unjudged":
            says = "its trust policy has conditions that the doctor can't check"
            advice = (
                f"Check that {trust.SERVICE} may assume it for runs of this account and Region."
            )
            return warning("role", arn, says, advice)


def _why(answer: Answer) -> str:
    return answer.why if isinstance(answer, Unseen) else ""


# Quotas --------------------------------------------------------------------------------------


class Use(NamedTuple):
    """How much of a quota is used; `is_least` where not everything was counted."""

    used: int
    is_least: bool = False


def quota(
    subject: str, code: str, value: int | errors.OmicsError, use: Use | errors.OmicsError
) -> Line:
    """Return the line of a quota; an error stands for what could not be known.

    `subject` says what is counted, `code` is its code in Service Quotas.
    """
    if isinstance(use, errors.OmicsError):
        says, advice = _unknown(use, "omics:ListRuns")
        return warning("quotas", subject, f"its use is not known: {says}", advice)
    used = f"{'at least ' if use.is_least else ''}{use.used:,}"
    if isinstance(value, errors.OmicsError):
        says, advice = _unknown(value, "servicequotas:GetServiceQuota")
        says = f"{used} in use; the quota ({code}) is not known: {says}"
        return warning("quotas", subject, says, advice)
    says = f"{used} of {value:,} in use ({code})"
    if use.used >= value * _NEARLY:
        return warning("quotas", subject, says, _FULL[subject])
    return ok("quotas", subject, says)


def _unknown(error: errors.OmicsError, action: str) -> tuple[str, str]:
    if errors.is_denied(error):
        return f"{action} is not allowed", f"Allow the caller {action}."
    line = failed("quotas", "", error)
    return line.says, line.advice


#: From this part of a quota on a warning is due.
_NEARLY: Final = 0.9
STORED: Final = "runs on record"
ACTIVE_WITH: Final = {
    "DYNAMIC": "active runs with DYNAMIC storage",
    "STATIC": "active runs with STATIC storage",
}
_MORE: Final = "Ask Service Quotas for more."
_FULL: Final[Mapping[str, str]] = {
    STORED: "When the quota is full, the service removes the oldest run with retention_mode "
    "REMOVE. If there is none, StartRun fails. Delete old runs, or set retention_mode to "
    f"REMOVE. {_MORE}",
    **dict.fromkeys(ACTIVE_WITH.values(), f"More runs wait as PENDING. {_MORE}"),
}


def document(lines: Iterable[Line]) -> dict[str, Any]:
    """Return what `--json` writes."""
    told = list(lines)
    return {
        "version": 1,
        "exitCode": exit_code(told),
        "lines": [
            {
                "area": line.area,
                "subject": line.subject,
                "level": str(line.level),
                "says": line.says,
                "advice": line.advice,
            }
            for line in told
        ],
        "notShown": list(NOT_SHOWN),
    }
