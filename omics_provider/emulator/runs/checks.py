"""What the service looks at when a run starts: at once in StartRun, or later, so that it fails.

Which of the two it is, is a setting where sources disagree: `parameterCheck` and `accessCheck`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from omics_provider.emulator.protocol.exceptions import ValidationException
from omics_provider.emulator.workflows.images import ecr_image
from omics_provider.emulator.workflows.record import Workflow
from omics_provider.emulator.world import policies
from omics_provider.emulator.world.context import Context

from . import inputs
from .failures import Failure

#: What ECR has to let HealthOmics do (G permissions-ecr).
_PULL: Final = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


@dataclass(frozen=True)
class Given:
    """What a run is given: its input files, and the images of each call of its workflow."""

    files: list[inputs.Input]
    images: dict[str, list[dict[str, str]]]


def given(context: Context, request: Mapping[str, Any], workflow: Workflow) -> Given:
    """Read what a run is given from its parameters."""
    parameters = request.get("parameters") or {}
    images = workflow.pulled(parameters, *context.here())
    return Given(inputs.named(context, workflow, parameters), images)


def refuse(context: Context, request: Mapping[str, Any], workflow: Workflow) -> None:
    """Refuse a request, as StartRun does, for what the settings let it look at."""
    told = None
    if context.settings.accessCheck == "start":
        told = _role_problem(context, request) or _output_problem(context, request)
    if told is None and context.settings.parameterCheck == "start":
        told = workflow.parameter_problem(request.get("parameters") or {})
    if told is not None:
        raise ValidationException(told)


def failure(
    context: Context, request: Mapping[str, Any], workflow: Workflow, given: Given
) -> Failure | None:
    """Give how a run fails for what the service looks at once it has started, if it does.

    In the order in which a run gets there: its role, its parameters, its inputs, the images of its
    tasks, and the export of what it has made.
    """
    looks_later = context.settings.accessCheck == "run"
    if looks_later and _role_problem(context, request):
        return Failure("ASSUME_ROLE_FAILED")
    found = _of_parameters(context, workflow, request.get("parameters") or {})
    if context.settings.checkInputs:
        found = found or inputs.failure(context, given.files) or _of_images(context, given.images)
    if found is None and looks_later and _output_problem(context, request):
        return Failure("EXPORT_FAILED")
    return found


def _role_problem(context: Context, request: Mapping[str, Any]) -> str | None:
    """Say what is wrong with the role, in the words of StartRun.

    It has to be one of the account, to be there, and to trust HealthOmics. A door without moto's
    services knows its account alone.
    """
    role, around = request["roleArn"], context.surroundings
    is_own = role.split(":")[4] == context.account
    if is_own and (around is None or around.trusts(*context.here(), role)):
        return None
    return "IAM role is invalid or inaccessible"


def _output_problem(context: Context, request: Mapping[str, Any]) -> str | None:
    """Say what is wrong with the bucket of the outputs: it has to be in the run's Region."""
    if context.surroundings is None:
        return None
    region = context.surroundings.bucket_region(context.account, request["outputUri"])
    if region is None:
        return f"S3 access denied for {request['outputUri']}"
    if region != context.region:
        return f"S3 bucket not located in {context.region} region"
    return None


def _of_parameters(
    context: Context, workflow: Workflow, parameters: Mapping[str, Any]
) -> Failure | None:
    mode = context.settings.parameterCheck
    if mode == "off":
        return None
    told = workflow.parameter_problem(parameters) if mode == "run" else None
    told = told or workflow.type_problem(parameters)
    return None if told is None else Failure("WORKFLOW_RUN_FAILED", engine=f"InputError: {told}")


def _of_images(
    context: Context, images: Mapping[str, Sequence[Mapping[str, str]]]
) -> Failure | None:
    """Fail at the first call with an image that can't be pulled: those before it have worked."""
    for call, taken in images.items():
        for each in taken:
            found = _of_image(context, each["image"], call)
            if found is not None:
                return found
    return None


def _of_image(context: Context, name: str, call: str) -> Failure | None:
    known, image = {"image name": name}, ecr_image(name)
    if image is None:
        said = (
            f"ECR image URI: {name} has an invalid structure. Provide a valid ECR image URI and"
            " retry."
        )
        return Failure("INVALID_ECR_IMAGE_URI", known, said, call)
    around, here = context.surroundings, context.here()
    if around is None:
        return None
    policy = around.ecr_policy(image.account, image.region, image.repository)
    in_region = image.region == context.region
    if in_region and all(policies.lets(policy, action, *here) for action in _PULL):
        return None
    said = (
        f"Unable to access image URI: {name}. Ensure the ECR private repository exists and has"
        " granted access for the omics service principle to access the repository."
    )
    return Failure("ECR_PERMISSION_ERROR", known, said, call)


def reached(calls: Sequence[str], failed: Failure | None) -> Sequence[str]:
    """Give the calls that a run gets to: none after the one at which it fails."""
    if failed is None or failed.task not in calls:
        return calls
    return calls[: calls.index(failed.task) + 1]
