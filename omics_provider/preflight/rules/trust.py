"""Whether an IAM role's trust policy lets HealthOmics assume the role for a run.

Only what can be told with certainty is told: a statement with a condition that this module does not
know makes the answer None, not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

SERVICE: Final = "omics.amazonaws.com"
_ACTION: Final = "sts:AssumeRole"
_ACCOUNT, _ARN = "aws:sourceaccount", "aws:sourcearn"
_EXACT: Final = frozenset({"StringEquals", "StringEqualsIgnoreCase"})
_PATTERN: Final = frozenset({"StringLike", "ArnLike", "ArnEquals"})

Verdict = Literal["trusts", "service", "condition"]


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs that assume the role: account (12 digits) and Region. None is not known."""

    account: str | None
    region: str | None


def verdict(policy: Any, runs: Runs) -> Verdict | None:
    """Tell whether the role may be assumed.

    "trusts": yes. "service": no, no statement allows omics.amazonaws.com. "condition": no, a
    statement does, for other accounts, Regions or resources. None: can't be told.
    """
    statements = [s for s in _listed(_get(policy, "Statement")) if _names_service(s)]
    allowed = [_holds(s, runs) for s in statements if _get(s, "Effect") == "Allow"]
    denied = [_holds(s, runs) for s in statements if _get(s, "Effect") == "Deny"]
    if any(each is not False for each in denied):
        return "condition" if True in denied else None
    if True in allowed:
        return "trusts"
    if None in allowed:
        return None
    return "condition" if allowed else "service"


def _names_service(statement: Any) -> bool:
    if "NotPrincipal" in statement or "NotAction" in statement:
        return True
    principal = _get(statement, "Principal")
    # IAM takes {"AWS": "*"} for "*".
    is_anyone = principal == "*" or "*" in _listed(_get(principal, "AWS"))
    services = "*" if is_anyone else _get(principal, "Service")
    actions = [str(each) for each in _listed(_get(statement, "Action"))]
    return any(each in (SERVICE, "*") for each in _listed(services)) and any(
        _matches(pattern.lower(), _ACTION.lower()) for pattern in actions
    )


def _holds(statement: Mapping[str, Any], runs: Runs) -> bool | None:
    """Tell whether a statement applies; None for one that this module can't judge."""
    if "NotPrincipal" in statement or "NotAction" in statement:
        return None
    results = list(_conditions(_get(statement, "Condition") or {}, runs))
    if False in results:
        return False
    return None if None in results else True


def _conditions(condition: Mapping[str, Any], runs: Runs) -> Iterator[bool | None]:
    for operator, keys in condition.items():
        for key, values in keys.items():
            patterns = [str(value) for value in _listed(values)]
            yield _condition(operator.removesuffix("IfExists"), key.lower(), patterns, runs)


def _condition(operator: str, key: str, patterns: list[str], runs: Runs) -> bool | None:
    if operator not in _EXACT | _PATTERN or any("${" in pattern for pattern in patterns):
        return None
    if key == _ACCOUNT:
        return None if runs.account is None else _any(operator, patterns, runs.account)
    if key == _ARN:
        return _any_arn(operator, patterns, runs)
    return None


def _any(operator: str, patterns: list[str], value: str) -> bool:
    if operator in _PATTERN:
        return any(_matches(pattern, value) for pattern in patterns)
    return value in patterns


def _any_arn(operator: str, patterns: list[str], runs: Runs) -> bool | None:
    found = [_arn(operator, pattern, runs) for pattern in patterns]
    if True in found:
        return True
    return None if None in found else False


def _arn(operator: str, pattern: str, runs: Runs) -> bool | None:
    """Compare with arn:partition:omics:region:account:run/id, of which the id is not known yet."""
    if pattern == "*" and operator in _PATTERN:
        return True
    parts = pattern.split(":", 5)
    if operator not in _PATTERN or len(parts) < 6:
        return None
    asked = (("arn", parts[0]), ("omics", parts[2]), (runs.region, parts[3]))
    known = (*asked, (runs.account, parts[4]))
    if any(value is not None and not _matches(part, value) for value, part in known):
        return False
    resource = parts[5]
    if resource in ("*", "run/*"):
        return None if None in (runs.account, runs.region) else True
    start = re.split(r"[*?]", resource, maxsplit=1)[0]
    return None if start.startswith("run/") or "run/".startswith(start) else False


def _matches(pattern: str, value: str) -> bool:
    """Tell whether IAM's pattern, of * and ?, fits the whole value."""
    regex = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern)
    return re.fullmatch(regex, value) is not None


def _get(document: Any, key: str) -> Any:
    return document.get(key) if isinstance(document, Mapping) else None


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
