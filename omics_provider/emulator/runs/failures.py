"""Why runs and tasks fail: the reasons of the service, each with the words that it gives it.

The words are those of the developer guide's table (G workflows-run-errors); that they are the
statusMessage is told by users of the service. Names in braces are the guide's own, for what differs
from run to run: where the emulator does not know it, the guide's name stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from omics_provider.emulator.world.life import Life

from .tasks import Task

MESSAGES: Final[Mapping[str, str]] = {
    "ASSUME_ROLE_FAILED": (
        "HealthOmics doesn't have permission to assume the role. Specify the HealthOmics principal"
        " in the trust relationship for the role."
    ),
    "CANNOT_START_CONTAINER_ERROR": (
        "Unable to start workflow task: {name}, id: {ID} container using image: {image name}."
        " Make sure that the image is valid and try again."
    ),
    "CANNOT_START_CONTAINER_SIZE_ERROR": (
        "Unable to start workflow task: {name}, id: {ID} container using image: {image name}."
        " Make sure that the image size is less than 45 GiB (95 GiB for a GPU instance) and try"
        " again."
    ),
    "ECR_PERMISSION_ERROR": (
        "HealthOmics doesn't have permission to access the image URI. Confirm that the Amazon ECR"
        " private repository exists and has granted access to the HealthOmics service principal."
    ),
    "EXPORT_FAILED": (
        "The export failed. Check that the output bucket exists and the run role has write"
        " permission to the bucket."
    ),
    "FILE_SYSTEM_OUT_OF_SPACE": (
        "The file system doesn't have enough space. Increase the file system size and run again."
    ),
    "IMAGE_VERIFICATION_FAILURE": (
        "Unable to verify image {image name}. To correct the issue, try pulling the image and then"
        " push it to your ECR repository again."
    ),
    "IMPORT_FAILED": (
        "The import failed. Check that the input file exists and the run role can access input."
    ),
    "INACTIVE_OMICS_STORAGE_RESOURCE": (
        "The HealthOmics storage URI isn't in ACTIVE state. Activate the read set and try again."
    ),
    "INPUT_URI_NOT_FOUND": (
        "The provided URI does not exist: {uri}. Check that the URI path exists and confirm that"
        " the role can access the object."
    ),
    "INSTANCE_RESERVATION_FAILED": (
        "There isn't enough instance capacity to complete the workflow run. Wait and try the"
        " workflow run again."
    ),
    "INVALID_ECR_IMAGE_URI": (
        "The Amazon ECR image URI structure isn't valid. Provide a valid URI and try again."
    ),
    "INVALID_TASK_RESOURCE_VALUE": (
        "The requested GPU, CPU, or memory is either too high for available compute capacity, or is"
        " less than the minimum value of 1 for task {ID}."
    ),
    "INVALID_URI_INPUT": (
        "The URI structure isn't a valid {uri}. Check the URI structure and try again."
    ),
    "MODIFIED_INPUT_RESOURCE": (
        "The provided URI {uri} was modified after the run started. Retry the run."
    ),
    "OUT_OF_MEMORY_ERROR": (
        "The workflow task {ID} ran out of memory. Increase the memory value in the workflow"
        " definition and try the run again."
    ),
    "RUN_TASK_FAILED": (
        "The run failed because the task failed. To debug the task failure, use the GetRunTask API"
        " operation and the Amazon CloudWatch Logs stream."
    ),
    "RUN_TIMED_OUT": "Run timeout after {number} minutes.",
    "SERVICE_ERROR": "There was a transient error in the service. Try the workflow run again.",
    "TASK_TIMED_OUT": "Task {ID} timed out after {number} seconds.",
    "UNSUPPORTED_GPU_INSTANCE_TYPE": (
        "The requested instance type is not supported in {Region}. Retry the run with a GPU"
        " instance type supported in this Region. Available instance types are {GPU instance"
        " types}."
    ),
    "UNSUPPORTED_INPUT_SIZE": (
        "The total input size is too high. Decrease the input size and try again."
    ),
    "WORKFLOW_RUN_FAILED": (
        "Workflow run failed. Review the CloudWatch Logs engine log stream: {stream} to debug the"
        " failure."
    ),
    "WORKFLOW_VER_VALIDATION_FAILED": (
        "HealthOmics doesn't support requested Nextflow version: {version} --. The latest supported"
        " version is {version}. Modify your Nextflow version to a supported version and try again."
    ),
}

#: What a task says for itself, where the guide's words are about its run.
_OF_TASKS: Final[Mapping[str, str]] = {
    "RUN_TASK_FAILED": (
        "The task {name}, id: {ID} failed. Review its CloudWatch Logs stream: {stream} to debug the"
        " failure."
    ),
}


@dataclass(frozen=True)
class Failure:
    """How a run fails: its failureReason, and what there is to say of it.

    - `known`: what is put for the names in braces.
    - `engine`: what the engine's log says of it.
    - `task`: the call of the workflow at which the run fails, if it is one.
    """

    reason: str
    known: dict[str, str] = field(default_factory=dict)
    engine: str | None = None
    task: str | None = None

    @property
    def doc(self) -> dict[str, Any]:
        """What a run keeps of it, beside its reason."""
        return {"known": self.known, "engine": self.engine, "task": self.task}


def of_run(
    run_id: str, region: str, doc: Mapping[str, Any], life: Life, tasks: Sequence[Task]
) -> str:
    """Give the statusMessage of a run that failed. A reason of one's own is only repeated."""
    reason = doc["failureReason"]
    if doc.get("statusMessage"):
        return str(doc["statusMessage"])  # of a run that was executed
    if reason not in MESSAGES:
        return f"Run failed: {reason}"
    failed = next((task for task in tasks if task.failure), None)
    known = _Known(_of_task(failed), stream=f"run/{run_id}/engine", Region=region)
    if life.running is not None and life.stopping is not None:
        known["number"] = f"{(life.stopping - life.running) / 60:g}"
    return MESSAGES[reason].format_map(_Known(known | _kept(doc)))


def of_task(run_id: str, doc: Mapping[str, Any], task: Task) -> str:
    """Give the statusMessage of a task that failed."""
    reason = task.failure or ""
    if task.message:
        return task.message
    text = _OF_TASKS.get(reason, MESSAGES.get(reason))
    if text is None:
        return f"Task failed: {reason}"
    known = _Known(_of_task(task), stream=f"run/{run_id}/task/{task.id}")
    if task.life.running is not None and task.life.ended is not None:
        known["number"] = f"{task.life.ended - task.life.running:g}"
    return text.format_map(_Known(known | _kept(doc)))


def _of_task(task: Task | None) -> dict[str, str]:
    return {} if task is None else {"name": task.plan.name, "ID": task.id}


def _kept(doc: Mapping[str, Any]) -> dict[str, str]:
    """Give what a run keeps of its failure. One that a tag or a fault asks for keeps nothing."""
    failure = doc.get("failure") or {}
    return dict(failure.get("known") or {})


class _Known(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name
