"""The life of batches: their states, the steps of a delete, what is recorded and shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, StrEnum
from typing import Any, Final

#: Version of the recorded outputs; readers for older versions stay here.
STATE_VERSION: Final = 1

Batch = Mapping[str, Any]


class BatchStatus(StrEnum):
    """States of a batch (model: BatchStatus), from the least to the most finished.

    DELETED is this package's own: the service no longer has the batch's record.
    """

    CREATING = "CREATING"
    PENDING = "PENDING"
    SUBMITTING = "SUBMITTING"
    INPROGRESS = "INPROGRESS"
    STOPPING = "STOPPING"
    RUNS_DELETING = "RUNS_DELETING"
    FAILED = "FAILED"
    RUNS_DELETE_FAILED = "RUNS_DELETE_FAILED"
    CANCELLED = "CANCELLED"
    RUNS_DELETED = "RUNS_DELETED"
    DELETED = "DELETED"
    PROCESSED = "PROCESSED"


#: Nothing more happens by itself.
FINAL: Final = frozenset(
    {
        BatchStatus.PROCESSED,
        BatchStatus.CANCELLED,
        BatchStatus.FAILED,
        BatchStatus.RUNS_DELETED,
        BatchStatus.RUNS_DELETE_FAILED,
        BatchStatus.DELETED,
    }
)
#: States in which CancelRunBatch is legal, and DeleteRunBatch (model).
CANCELLABLE: Final = frozenset(
    {BatchStatus.PENDING, BatchStatus.SUBMITTING, BatchStatus.INPROGRESS}
)
EMPTIABLE: Final = frozenset({BatchStatus.PROCESSED, BatchStatus.CANCELLED})
#: Runs in these states go on, and cost money, whatever their batch says.
_AT_WORK: Final = ("pending", "starting", "running", "stopping")
#: A batch in one of these was ended.
_ENDED: Final = frozenset(
    {
        BatchStatus.STOPPING,
        BatchStatus.CANCELLED,
        BatchStatus.RUNS_DELETING,
        BatchStatus.RUNS_DELETED,
        BatchStatus.RUNS_DELETE_FAILED,
        BatchStatus.DELETED,
    }
)

_SUBMISSIONS: Final = {
    "started": "successfulStartSubmissionCount",
    "failed": "failedStartSubmissionCount",
    "pending": "pendingStartSubmissionCount",
    "cancelled": "successfulCancelSubmissionCount",
    "cancelFailed": "failedCancelSubmissionCount",
    "deleted": "successfulDeleteSubmissionCount",
    "deleteFailed": "failedDeleteSubmissionCount",
}
_RUNS: Final = (
    "pending", "starting", "running", "stopping", "completed", "failed", "cancelled", "deleted",
)  # fmt: skip
#: Kinds of failed submissions that are kept and shown.
_REASONS: Final = 3
_MESSAGE: Final = 160


class Step(Enum):
    """The next thing that a delete does to one batch."""

    CANCEL = "cancel the batch's runs"
    WAIT = "wait"
    DELETE_RUNS = "delete the batch's runs"
    END_RUNS = "end one by one the runs that the batch's own operations do not end"
    DELETE_RECORD = "delete the batch's record"
    DONE = "nothing more"


def status_of(text: Any) -> BatchStatus | None:
    """Return the state, None for one that this release does not know."""
    try:
        return BatchStatus(str(text))
    except ValueError:
        return None


def is_over(batch: Batch) -> bool:
    """Tell whether nothing more happens to a batch, as it is kept, and to its runs."""
    at_work = any(batch.get("runs", {}).get(state) for state in _AT_WORK)
    return status_of(batch["status"]) in FINAL and (bool(batch.get("recordGone")) or not at_work)


def is_at_work(recorded: Mapping[str, Any]) -> bool:
    """Tell whether anything more happens to the recorded batches, or to their runs."""
    return any(not is_over(batch) for batch in recorded.get("batches", ()))


def can_stand(live: Batch) -> bool:
    """Return whether a batch can, by GetBatch's answer, stand for a declaration.

    One that FAILED can where it had started runs: they may be at work, or done.
    """
    if live["status"] == BatchStatus.FAILED:
        submitted = live.get("submissionSummary") or {}
        runs = live.get("runSummary") or {}
        return bool(submitted.get(_SUBMISSIONS["started"])) or any(runs.values())
    return live["status"] not in _ENDED


def delete_step(on_delete: str, live: str | None, *, cancelled: bool, emptied: bool) -> Step:
    """Return the next step of a delete of one batch, from its live state.

    `live` is None where the batch is gone. `cancelled` and `emptied` say that this delete has
    asked for the cancellation, and for the deletion of the runs, already.
    """
    if on_delete == "keep" or live is None or live == BatchStatus.DELETED:
        return Step.DONE
    status = status_of(live)
    if status in CANCELLABLE:
        waits = Step.WAIT if on_delete == "delete" else Step.DONE
        return waits if cancelled else Step.CANCEL
    if status is BatchStatus.FAILED:
        return Step.END_RUNS
    return _cancel_step(status) if on_delete == "cancel" else _delete_step(status, emptied)


def _cancel_step(status: BatchStatus | None) -> Step:
    return Step.WAIT if status in (BatchStatus.CREATING, None) else Step.DONE


def _delete_step(status: BatchStatus | None, emptied: bool) -> Step:
    if status in EMPTIABLE:
        return Step.WAIT if emptied else Step.DELETE_RUNS
    if status is BatchStatus.RUNS_DELETE_FAILED:
        return Step.END_RUNS
    return Step.DELETE_RECORD if status is BatchStatus.RUNS_DELETED else Step.WAIT


# What is recorded -------------------------------------------------------------------------------


def started(answer: Batch, token: str, count: int, place: str) -> dict[str, Any]:
    """Return what is kept of a batch that StartRunBatch has just answered with.

    `place` is the S3 URI of its settings, empty where they went in the request.
    """
    kept = {key: answer[key] for key in ("id", "arn", "uuid", "status")}
    return {**kept, "count": count, "requestId": token, **({"settings": place} if place else {})}


def refreshed(batch: Batch, live: Batch) -> dict[str, Any]:
    """Return what is kept of a batch brought up to date from GetBatch's answer."""
    summary, runs = live.get("submissionSummary") or {}, live.get("runSummary") or {}
    now = {
        "status": live["status"],
        "creationTime": live.get("creationTime"),
        "processedTime": live.get("processedTime"),
        "failureReason": live.get("failureReason"),
        "submissions": _counted({name: summary.get(wire) for name, wire in _SUBMISSIONS.items()}),
        "runs": _counted({name: runs.get(f"{name}RunCount") for name in _RUNS}),
    }
    return {**batch, **{name: value for name, value in now.items() if value is not None}}


def gone(batch: Batch) -> dict[str, Any]:
    """Return what is kept of a batch whose record the service no longer has: done is done."""
    known = status_of(batch.get("status")) in FINAL
    status = batch["status"] if known else str(BatchStatus.DELETED)
    return {**batch, "status": status, "recordGone": True}


def _counted(counts: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(many) for name, many in counts.items() if many}


def properties(
    inputs: Mapping[str, Any],
    batches: Sequence[Batch],
    index: Mapping[str, Any],
    failures: Sequence[Batch] = (),
) -> dict[str, Any]:
    """Return the properties to record: the inputs, the batches, and what they come to together.

    `index` says where the index is; `failures` are kinds of failed submissions.
    """
    first = batches[0]
    order = list(BatchStatus)
    seen = [status_of(b["status"]) or BatchStatus.CREATING for b in batches]
    return {
        **inputs,
        "arn": first["arn"],
        "uuid": first["uuid"],
        "requestId": first["requestId"],
        "status": str(min(seen, key=order.index)),
        "batches": [dict(batch) for batch in batches],
        "submissions": _summed(batches, "submissions"),
        "runs": _summed(batches, "runs"),
        "submissionFailures": [dict(each) for each in failures],
        "index": dict(index),
        "recordGone": any(b.get("recordGone") for b in batches),
        "stateVersion": STATE_VERSION,
    }


def _summed(batches: Iterable[Batch], name: str) -> dict[str, int]:
    total: Counter[str] = Counter()
    for batch in batches:
        total.update(batch.get(name, {}))
    return dict(total)


def with_batches(
    recorded: Mapping[str, Any], batches: Sequence[Batch], failures: Sequence[Batch]
) -> dict[str, Any]:
    """Return the recorded properties with the batches brought up to date."""
    return {**recorded, **properties({}, batches, recorded["index"], failures)}


def shortfall(now: Mapping[str, Any]) -> str:
    """Return what a wait fails with, from the properties of batches that are over.

    Empty where every run COMPLETED.
    """
    if told := outlook(now):
        return told
    statuses = {str(batch["status"]) for batch in now["batches"]}
    others = {state: many for state, many in now["runs"].items() if state != "completed" and many}
    if not others and statuses == {str(BatchStatus.PROCESSED)}:
        return ""
    counts = ", ".join(f"{many:,} {state}" for state, many in now["runs"].items() if many)
    return f"The batches ended {', '.join(sorted(statuses))}: {counts or 'no run is known'}."


# Failed submissions -----------------------------------------------------------------------------


def failures(entries: Iterable[Batch]) -> list[dict[str, Any]]:
    """Return the commonest kinds among failed submissions (ListRunsInBatch's entries)."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        name = str(entry.get("runSettingId", ""))
        message = str(entry.get("submissionFailureMessage") or "no message").replace(name, "…")
        kind = str(entry.get("submissionFailureReason") or "unknown"), message[:_MESSAGE]
        kinds.setdefault(kind, []).append(name)
    common = sorted(kinds.items(), key=lambda kind: (-len(kind[1]), kind[0]))[:_REASONS]
    return [
        {"reason": reason, "message": message, "seen": len(names), "example": names[0]}
        for (reason, message), names in common
    ]


def outlook(recorded: Mapping[str, Any]) -> str:
    """Return what a user should know of the recorded batches: failures, by count and reason.

    Empty where there is nothing to tell.
    """
    lines = [
        _failed(batch)
        for batch in recorded.get("batches", ())
        if batch["status"] == BatchStatus.FAILED
    ]
    submissions, runs = recorded.get("submissions", {}), recorded.get("runs", {})
    failed = submissions.get("failed", 0)
    if failed:
        asked = sum(batch["count"] for batch in recorded["batches"])
        lines.append(f"{failed:,} of {asked:,} runs could not be started:")
        lines += [
            f"  {each['reason']}: {each['message']} (such as {each['example']})"
            for each in recorded.get("submissionFailures", ())
        ]
    if runs.get("failed"):
        ended = sum(runs.values())
        lines.append(f"{runs['failed']:,} of {ended:,} runs FAILED.")
    if lines:
        lines.append(
            "They do not start again by themselves. Correct their settings, or give `rerun` a "
            'value by sample id, such as {"NA12878": 2}, or one value for all samples.'
        )
    return "\n".join(lines)


def _failed(batch: Batch) -> str:
    """Say of a batch that FAILED as a whole how far it had come, where that is known, and why."""
    id_, reason = batch["id"], str(batch.get("failureReason") or "no reason given").rstrip(".")
    if "submissions" not in batch:
        return f"Run batch {id_} ended FAILED: {reason}."
    started, of = batch["submissions"].get("started", 0), batch["count"]
    return f"Run batch {id_} ended FAILED with {started:,} of its {of:,} runs started: {reason}."
