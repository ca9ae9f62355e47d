"""OmicsWorkflow: a workflow and a version for each definition, as a Pulumi resource."""

from __future__ import annotations

import json
import operator
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

from pulumi import Output, ResourceOptions

from omics_provider.providers.workflow import OmicsWorkflowProvider
from omics_provider.workflows import versions
from omics_provider.workflows.rules.workflow_table import TABLE

from ._arguments import WorkflowArguments, WorkflowAttributes
from ._declare import Readable, crossing, inputs_of, takes


@takes(TABLE)
class OmicsWorkflow(WorkflowAttributes, Readable, module="omics", name="Workflow"):
    """A private workflow of WDL, Nextflow or CWL, with a version for each definition.

    The definition's digest names the version, known in the preview: a changed task is one update of
    the workflow, and runs with `workflow_version_name=workflow.version_name` are replaced. Versions
    stay until the workflow is deleted. Name, description, storage, README text and tags change in
    place; any other change creates another version. A create or an update waits until the service
    has checked the definition, and fails with the message of its engine. A delete leaves runs
    alone. An input left unset is not sent and never differs. Limits of values are those of
    CreateWorkflow and CreateWorkflowVersion (botocore's model, omics 2022-11-28).

    Args:
        resource_name: Pulumi's name of the resource, unique in the stack.
        definition: A local folder, or one file, of WDL, Nextflow or CWL, relative to the program's
            working folder. Hidden files, `__pycache__` and *.pyc are left out. As a zip it has at
            most 4,400,000 bytes. Exactly one of definition, definition_uri and
            definition_repository is given.
        definition_uri: A zip in S3, in the workflow's Region, up to 100 MB. The provider does not
            read it: for new content, give another URI or version_name.
        definition_repository: A Git repository by the API's names: connectionArn, fullRepositoryId,
            sourceReference {type, value}, excludeFilePatterns.
        workflow_bucket_owner_id: Account id, 12 digits, that must own definition_uri's bucket.
        engine: WDL, NEXTFLOW, CWL or WDL_LENIENT (for workflows from Cromwell). By default the
            files decide, if they are all in one language.
        main: Path of the main file within the definition. By default it is the only file at the
            top, or the file there that is called main.
        name: Name shown in the console, up to 128 characters. Pulumi's resource name is not sent.
        description: Up to 256 characters.
        parameter_template: Parameters by name, each {"description": text, "optional": bool}, or a
            JSON file with them. By default the service reads them from the definition.
        parameter_template_path: A template's path within definition_repository.
        storage_type: STATIC or DYNAMIC: the default for runs that do not set it.
        storage_capacity: Default STATIC storage of a run in GiB, up to 100,000.
        accelerators: GPU, or nothing.
        container_registry_map: Mappings of registries and images, with the API's names:
            registryMappings, imageMappings.
        container_registry_map_uri: The same mappings as a file in S3.
        readme_markdown: README of the workflow, as Markdown.
        readme_path: A README's path within definition_repository.
        readme_uri: A README in S3.
        version_name: Name of the version: letters, digits, - . and _, up to 64. By default the
            provider makes it from the definition. If you set it, a changed definition needs another
            name.
        tags: Up to 50 tags for the workflow and its current version.
        opts: Pulumi's resource options. It may also be the second argument, without a name.

    Attributes:
        arn: The workflow's ARN.
        uuid: The workflow's identity.
        creation_time: When the workflow was created, ISO 8601 in UTC.
        version_arn: ARN of the current version.
        version_uuid: The current version's identity.
        status: State of the current version at the last up or refresh.
        status_message: What the service says about the definition, with its linter's findings.
        digest: The service's own digest of the current version.

    Each argument is an attribute, too: its value as declared.
    """

    _host = OmicsWorkflowProvider()
    _kept = tuple(TABLE.by_wire)

    def __init__(
        self,
        resource_name: str,
        opts: ResourceOptions | None = None,
        **arguments: Unpack[WorkflowArguments],
    ) -> None:
        inputs = inputs_of(TABLE, arguments)
        given = {wire: value for wire, value in inputs.items() if value is not None}
        looked_at = {wire: given[wire] for wire in versions.LOOKED_AT if wire in given}
        made = Output.all(**looked_at).apply(_identified)
        for wire in versions.MADE:
            given[wire] = made.apply(operator.methodcaller("get", wire))
        for wire, written in (("definition", _relative), ("parameterTemplate", _template)):
            if wire in given:
                given[wire] = Output.from_input(given[wire]).apply(written)
        self._declare(resource_name, given, opts)


class _Unreadable(Exception):
    """A template's file that can't be had; the text says why."""


def _relative(place: Any) -> Any:
    """Return a definition's place as it is written down: the same on every machine."""
    return versions.relative(place) if _is_path(place) else place


def _is_path(value: Any) -> bool:
    return isinstance(value, str | os.PathLike) and bool(os.fspath(value))


def _template(template: Any) -> Any:
    try:
        return _loaded(template)
    except _Unreadable:
        # Told with what is wrong with the definition.
        return None


def _loaded(template: Any) -> Any:
    """Return a template's entries, from its file where it is the name of one."""
    if not _is_path(template):
        return template
    try:
        return json.loads(Path(template).read_text("utf-8"))
    except OSError as error:
        raise _Unreadable(f"{template}: {error.strerror}") from error
    except ValueError as error:
        raise _Unreadable(f"{template} is not JSON: {error}") from error


def _identified(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the program makes of a definition: see `versions.MADE`."""
    problems: list[tuple[str, str]] = []
    known = {**given}
    if _is_path(given.get("definition")):
        known["definition"] = os.fspath(given["definition"])
    try:
        known["parameterTemplate"] = _loaded(given.get("parameterTemplate"))
    except _Unreadable as error:
        del known["parameterTemplate"]
        problems.append(("parameterTemplate", str(error)))
    return versions.made({wire: crossing(value) for wire, value in known.items()}, problems)
