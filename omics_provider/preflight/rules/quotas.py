"""What the account's quotas say of the runs to start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .answers import Answers, Found, Kind, Look
from .judge import Inputs, version_look, workflow_look

#: Codes in Service Quotas, by storage type (developer guide, service-quotas): concurrent active
#: runs, and all runs whose record is kept.
CONCURRENT: Final = {"DYNAMIC": "L-BE38079A", "STATIC": "L-A30FD31B"}
STORED: Final = "L-C9679DBC"


def storage_of(inputs: Inputs, answers: Answers) -> str | None:
    """Return the storage type that a run will have, None where that is not known."""
    if "storageType" in inputs:
        value = inputs["storageType"]
        return value if value in CONCURRENT else None
    look = version_look(inputs) or workflow_look(inputs)
    answer = answers.get(look) if look else None
    if not isinstance(answer, Found) or answer.facts.get("type") == "READY2RUN":
        return None
    return answer.facts.get("storageType")


def quota_news(storages: Iterable[str | None], answers: Answers) -> tuple[list[str], list[str]]:
    """Return (problems, news) of what the account's quotas say to runs of these storage types."""
    counted = list(storages)
    troubles, news = [], []
    stored = _quota(answers, STORED)
    if stored is not None and len(counted) > stored.facts["value"]:
        troubles.append(
            f"{len(counted):,} runs are to start, and the account can keep the records of "
            f"{stored.facts['value']:,} ({STORED}): ask Service Quotas for more, or set "
            'the retention mode to "REMOVE"'
        )
    for storage, code in CONCURRENT.items():
        asked, quota = counted.count(storage), _quota(answers, code)
        if quota is None or not asked:
            continue
        value, active = quota.facts["value"], quota.facts["active"]
        if asked + active > value:
            waiting = min(asked, asked + active - value)
            news.append(
                f"{waiting:,} of {asked:,} runs with {storage} storage will wait as PENDING at "
                f"first: {value:,} may be active at once ({code}), and {active:,} are active now. "
                f"Ask Service Quotas for more."
            )
    return troubles, news


def _quota(answers: Answers, code: str) -> Found | None:
    answer = answers.get(Look(Kind.QUOTA, (code,)))
    return answer if isinstance(answer, Found) else None
