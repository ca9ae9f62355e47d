"""Why runs ended without a result: failure codes in plain words, like failures put together.

Source of the codes: developer guide, page workflows-run-errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from omics_provider.base import words
from omics_provider.base.settings import LOG_GROUP
from omics_provider.base.status import ACTIVE, UNSUCCESSFUL, RunStatus
from omics_provider.base.words import plain

#: How many runs of a group are named in text.
_NAMED: Final = 5


class Reason(NamedTuple):
    """A failure code in plain words."""

    meaning: str
    advice: str


_AGAIN: Final = (
    'Start it again with a new value for `rerun`; retry={"attempts": 2} does this by itself.'
)

#: Every code that the developer guide lists.
REASONS: Final[Mapping[str, Reason]] = {
    "ASSUME_ROLE_FAILED": Reason(
        "HealthOmics may not assume the run's role.",
        "Let omics.amazonaws.com assume it in its trust policy; look at conditions on "
        "aws:SourceAccount and aws:SourceArn.",
    ),
    "CANNOT_START_CONTAINER_ERROR": Reason(
        "A task's container did not start from its image.",
        "Start the image by hand (docker run): it must be whole, for linux/amd64, and have the "
        "shell that the engine calls.",
    ),
    "CANNOT_START_CONTAINER_SIZE_ERROR": Reason(
        "A task's image is too large.",
        "Make it smaller than 45 GiB (95 GiB for an instance with GPUs).",
    ),
    "ECR_PERMISSION_ERROR": Reason(
        "HealthOmics may not pull a task's image.",
        "Check that the private ECR repository is there, and let omics.amazonaws.com pull in its "
        "policy (ecr:BatchGetImage, ecr:GetDownloadUrlForLayer, ecr:BatchCheckLayerAvailability).",
    ),
    "EXPORT_FAILED": Reason(
        "The results could not be written to the output URI.",
        "Check that its bucket is there, and that the run's role has s3:PutObject on it and may "
        "use its KMS key.",
    ),
    "FILE_SYSTEM_OUT_OF_SPACE": Reason(
        "The run's storage was full.",
        'Raise the storage capacity, or set the storage type to "DYNAMIC".',
    ),
    "IMAGE_VERIFICATION_FAILURE": Reason(
        "A task's image could not be verified.",
        "Pull the image, push it to the ECR repository again, and start a new run.",
    ),
    "IMPORT_FAILED": Reason(
        "The input files could not be read.",
        "Check that each one is there, and that the run's role has s3:GetObject on it and may use "
        "its KMS key.",
    ),
    "INACTIVE_OMICS_STORAGE_RESOURCE": Reason(
        "A read set among the inputs is archived.",
        "Activate it (StartReadSetActivationJob), wait until it is ACTIVE, and start a new run.",
    ),
    "INPUT_URI_NOT_FOUND": Reason(
        "An input is not there, or the run's role may not see it.",
        "Check the path, and that the run's role has s3:GetObject on it and s3:ListBucket on its "
        "bucket.",
    ),
    "INSTANCE_RESERVATION_FAILED": Reason(
        "There were not enough instances to complete the run.", f"Wait a while. {_AGAIN}"
    ),
    "INVALID_ECR_IMAGE_URI": Reason(
        "A task names an image that is not an ECR URI.",
        "Write it as <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>, in the run's "
        "Region.",
    ),
    "INVALID_TASK_RESOURCE_VALUE": Reason(
        "A task asks for more CPUs, GPUs or memory than any instance has, or for less than 1.",
        "Correct what the task asks for in the workflow's definition.",
    ),
    "INVALID_URI_INPUT": Reason(
        "An input is not a well-formed URI.",
        "Correct it in `parameters`: s3://<bucket>/<key>, or a URI of a HealthOmics store.",
    ),
    "MODIFIED_INPUT_RESOURCE": Reason(
        "An input changed while the run was active.",
        f"Make sure that nothing writes to the inputs meanwhile. {_AGAIN}",
    ),
    "OUT_OF_MEMORY_ERROR": Reason(
        "A task needed more memory than it asked for.",
        "Raise the task's memory in the workflow's definition.",
    ),
    "RUN_TASK_FAILED": Reason(
        "A task failed, and the run with it.",
        "Read the end of the task's log: the cause is the task's own command.",
    ),
    "RUN_TIMED_OUT": Reason(
        "The run took longer than its limit.",
        "Raise maxDuration of its run group, or the quota for the longest run; or make it shorter.",
    ),
    "SERVICE_ERROR": Reason("HealthOmics itself had a temporary fault.", _AGAIN),
    "TASK_TIMED_OUT": Reason(
        "A task took longer than its limit.",
        "Raise the task's limit in the workflow's definition, or give it more CPUs.",
    ),
    "UNSUPPORTED_GPU_INSTANCE_TYPE": Reason(
        "The Region does not have the GPU instance that a task asks for.",
        "Ask for another GPU in the workflow's definition, or run it in another Region.",
    ),
    "UNSUPPORTED_INPUT_SIZE": Reason(
        "The inputs are too large together.",
        "Give the run less input: fewer samples, or a workflow for larger ones.",
    ),
    "WORKFLOW_RUN_FAILED": Reason(
        "The workflow engine ended with an error.",
        "Read the end of the engine's log. The cause is mostly the definition or a parameter.",
    ),
    "WORKFLOW_VER_VALIDATION_FAILED": Reason(
        "The workflow asks for a version of Nextflow that HealthOmics does not have.",
        "Set a version that HealthOmics has (manifest.nextflowVersion in nextflow.config).",
    ),
}

_UNKNOWN: Final = Reason(
    "This release does not know the code.",
    "Look it up in the HealthOmics developer guide, page workflows-run-errors.",
)
_NO_CODE: Final = Reason(
    "The service gave no failure code.", "Read the status message, and the end of the engine's log."
)
_CANCELLED: Final = Reason(
    "It was cancelled, so it exported nothing.",
    "For a new run with the same inputs, give `rerun` a new value.",
)
_GONE: Final = Reason(
    "There is no record of the run here. It was deleted, made room for newer runs (retention mode "
    "REMOVE), or belongs to another account or Region.",
    "Check the id, the Region and the account. The run's logs may still exist.",
)


def reason_of(status: str, code: str | None) -> Reason:
    """Return in plain words why a run ended with `status` and failureReason `code`."""
    if status == RunStatus.CANCELLED:
        return _CANCELLED
    if status == RunStatus.DELETED:
        return _GONE
    if not code:
        return _NO_CODE
    return REASONS.get(code, _UNKNOWN)


@dataclass(frozen=True, slots=True)
class Log:
    """The last lines of a log stream in the log group LOG_GROUP, oldest first."""

    stream: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FailedTask:
    """The task that failed first. The API gives no exit code; `message` is what it says of it."""

    id: str
    name: str
    code: str | None = None
    message: str | None = None
    stream: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that did not complete, as far as could be read."""

    id: str
    status: str
    uuid: str | None = None
    name: str | None = None
    code: str | None = None
    message: str | None = None
    engine_stream: str | None = None
    task: FailedTask | None = None
    #: How many tasks failed, `task` among them.
    failed_tasks: int = 0
    log: Log | None = None
    #: The service has no record of it any more, so its id may be another run's by now.
    record_gone: bool = False

    @property
    def label(self) -> str:
        """Name and id, or the id alone."""
        return f"{self.name} ({self.id})" if self.name else self.id

    @property
    def stream(self) -> str | None:
        """The log stream that says most: the failed task's, else the engine's."""
        return (self.task.stream if self.task else None) or self.engine_stream


def of_run(live: Mapping[str, Any]) -> Failure:
    """Return what GetRun's answer, or a state's copy of it, says of a run that did not complete."""
    location = (live.get("logLocation") or {}).get("engineLogStream")
    return Failure(
        id=str(live["id"]),
        status=str(live["status"]),
        uuid=live.get("uuid"),
        name=live.get("name"),
        code=live.get("failureReason"),
        message=live.get("statusMessage"),
        engine_stream=stream_name(location),
        record_gone=bool(live.get("recordGone")),
    )


def with_task(
    failure: Failure, failed: Sequence[Mapping[str, Any]], first: Mapping[str, Any] | None
) -> Failure:
    """Add the failed tasks: ListRunTasks' items, and GetRunTask's answer for the first."""
    if first is None:
        return replace(failure, failed_tasks=len(failed))
    task = FailedTask(
        id=str(first["taskId"]),
        name=str(first.get("name") or "task"),
        code=first.get("failureReason"),
        message=first.get("statusMessage"),
        stream=stream_name(first.get("logStream")),
    )
    return replace(failure, task=task, failed_tasks=len(failed))


def needs_words(status: str) -> bool:
    """Tell whether a run in this state ended without its result."""
    return status in UNSUCCESSFUL


def stream_name(location: str | None) -> str | None:
    """Return the log stream's name from its ARN, or from the name itself."""
    return location.rpartition(":log-stream:")[2] or None if location else None


def console_link(region: str, run_id: str) -> str:
    """Return the address of a run in the AWS console."""
    return f"{_console(region)}/omics/home?region={region}#/runs/{quote(run_id, safe='')}"


def log_link(region: str, stream: str) -> str:
    """Return the address of a log stream in the AWS console."""
    group, name = _twice(LOG_GROUP), _twice(stream)
    return (
        f"{_console(region)}/cloudwatch/home?region={region}"
        f"#logsV2:log-groups/log-group/{group}/log-events/{name}"
    )


def _console(region: str) -> str:
    # HealthOmics is in the partition `aws` only (botocore's endpoints).
    return f"https://{region}.console.aws.amazon.com"


def _twice(text: str) -> str:
    """Quote as the CloudWatch console's own addresses do: twice, with $ for the second %."""
    return quote(quote(text, safe=""), safe="").replace("%", "$")


@dataclass(frozen=True, slots=True)
class Group:
    """Runs that failed alike. `failures` are in the order in which they were given."""

    failures: tuple[Failure, ...]

    @property
    def first(self) -> Failure:
        """The run whose task and log stand for all."""
        return self.failures[0]

    @property
    def reason(self) -> Reason:
        """The failure in plain words."""
        return reason_of(self.first.status, self.first.code)


def grouped(failures: Iterable[Failure]) -> list[Group]:
    """Put like failures together, the largest group first.

    Alike are runs with equal status, code and message, whose first failed tasks have equal name,
    code and message. Ids of the runs and tasks themselves do not count as a difference, nor do the
    files that the messages name.
    """
    found: dict[tuple[str | None, ...], list[Failure]] = {}
    for failure in failures:
        found.setdefault(_likeness(failure), []).append(failure)
    groups = [Group(tuple(alike)) for alike in found.values()]
    return sorted(groups, key=lambda group: -len(group.failures))


def _likeness(failure: Failure) -> tuple[str | None, ...]:
    task = failure.task or FailedTask("", "")
    own = (failure.uuid, failure.id, task.id)
    return (
        failure.status, failure.code, words.alike(failure.message, *own),
        task.name, task.code, words.alike(task.message, *own),
    )  # fmt: skip


def rendered(groups: Iterable[Group], gaps: Iterable[str] = (), region: str | None = None) -> str:
    """Return the failures as text, a few lines a group.

    `gaps` say what could not be read. Without a `region` there is no console to link to.
    """
    blocks = ["\n".join(_lines(group, region)) for group in groups]
    notes = [f"Not read: {gap}" for gap in gaps]
    return "\n\n".join([*blocks, "\n".join(notes)] if notes else blocks)


def of_other(live: Mapping[str, Any]) -> str:
    """Return one line on a run that has nothing to explain: it completed, or is at work."""
    name, status = live.get("name"), str(live["status"])
    which = f"{name} ({live['id']})" if name else str(live["id"])
    if status in ACTIVE:
        return f"Run {plain(which)} is {status}: it has not ended."
    return f"Run {plain(which)} is {status}: there is no failure to explain."


def cause(failure: Failure) -> str:
    """Return code and message as one line, of which either may be missing."""
    return plain(words.cause(failure.code, failure.message))


def _lines(group: Group, region: str | None) -> Iterable[str]:
    first, many = group.first, len(group.failures) > 1
    what = _common_cause(group)
    state = "no record" if first.status == RunStatus.DELETED else first.status
    which = f"{len(group.failures)} runs" if many else f"Run {plain(first.label)}"
    yield f"{which}: {what or state}" if many or not what else f"{which} {state}: {what}"
    yield f"  {group.reason.meaning}"
    yield f"  Next: {group.reason.advice}"
    if many:
        yield f"  Runs: {_named(group.failures)}"
    yield from _details(first, region)


def _common_cause(group: Group) -> str:
    """Return code and message, with … in the message where the runs of the group differ."""
    first = group.first
    if len({each.message for each in group.failures}) == 1:
        return cause(first)
    message = words.alike(first.message, *(each.id for each in group.failures))
    return plain(words.cause(first.code, message))


def _named(failures: Sequence[Failure]) -> str:
    names = ", ".join(plain(each.label) for each in failures[:_NAMED])
    left = len(failures) - _NAMED
    return f"{names} and {left} more" if left > 0 else names


def _details(failure: Failure, region: str | None) -> Iterable[str]:
    if failure.task:
        repeats = failure.task.message == failure.message
        said = plain(words.cause(failure.task.code, None if repeats else failure.task.message))
        task = f"{plain(failure.task.name)} ({failure.task.id})"
        others = failure.failed_tasks - 1
        more = f" (and {others} more failed)" if others > 0 else ""
        yield f"  Failed task: {task}{more}{f': {said}' if said else ''}"
    if failure.log and failure.log.lines:
        yield f"  End of {failure.log.stream}:"
        yield from (f"    | {plain(line)}" for line in failure.log.lines)
    if region and failure.status != RunStatus.DELETED:
        if not failure.record_gone:
            yield f"  Console: {console_link(region, failure.id)}"
        if failure.stream:
            yield f"  Log: {log_link(region, failure.stream)}"
