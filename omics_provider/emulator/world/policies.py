"""What policies of IAM and ECR let HealthOmics do.

Of conditions only those on the account and the ARN of the run are looked at; others count as met.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

_SERVICE: Final = "omics.amazonaws.com"
_EXACT: Final = frozenset({"StringEquals", "StringEqualsIgnoreCase"})
_PATTERN: Final = frozenset({"StringLike", "ArnLike", "ArnEquals"})


def lets(policy: str | None, action: str, account: str, region: str) -> bool:
    """Say whether a policy lets the service do something for a run of an account and Region."""
    facts = {
        "aws:sourceaccount": account,
        "aws:sourcearn": f"arn:aws:omics:{region}:{account}:run/1000000",
    }
    effects = {
        statement.get("Effect")
        for statement in _statements(policy)
        if _names_service(statement) and _names(statement, action) and _holds(statement, facts)
    }
    return effects == {"Allow"}


def _statements(policy: str | None) -> Iterator[Mapping[str, Any]]:
    document = json.loads(policy) if policy else {}
    for statement in _listed(document.get("Statement")):
        if isinstance(statement, Mapping):
            yield statement


def _names_service(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        principal = [*_listed(principal.get("Service")), *_listed(principal.get("AWS"))]
        return _SERVICE in principal or "*" in principal
    return principal == "*"


def _names(statement: Mapping[str, Any], action: str) -> bool:
    asked = action.lower()
    return any(fnmatchcase(asked, str(each).lower()) for each in _listed(statement.get("Action")))


def _holds(statement: Mapping[str, Any], facts: Mapping[str, str]) -> bool:
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, wanted in keys.items():
            fact = facts.get(key.lower())
            if fact is not None and not _meets(operator, fact, _listed(wanted)):
                return False
    return True


def _meets(operator: str, fact: str, wanted: list[Any]) -> bool:
    plain = operator.removesuffix("IfExists")
    if plain in _EXACT:
        return fact in wanted
    if plain in _PATTERN:
        # fnmatch reads brackets too, but neither ARNs nor account ids have any.
        return any(fnmatchcase(fact, str(each)) for each in wanted)
    return True


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
