"""The table of a workflow's properties, the rules between them, and what is recorded.

Limits are those of botocore's model of CreateWorkflow and CreateWorkflowVersion (omics 2022-11-28);
a test compares them. A workflow is made once; each change of what a version holds makes another
version of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from omics_provider.base import checks
from omics_provider.base.checks import Inputs, Problem, given
from omics_provider.base.identity import MARK, with_marks
from omics_provider.base.table import Change, Fact, Field, Kind, Table
from omics_provider.base.values import contains_unknown, equal
from omics_provider.runs.rules.lifecycle import live_tags
from omics_provider.shared.rules import lasting

from . import definition
from .shapes import SHAPES

#: Tag of a version: the identity that its name stands for.
IDENTITY_MARK: Final = MARK + "definition"
#: Input that the program makes where the user names the version: the digest of the definition's
#: files. Else the version's name tells it.
DIGEST: Final = "__digest"
#: Input that the program makes where the files have other line ends than git has: their digest as
#: they are. An earlier release named versions by it.
AS_WRITTEN: Final = "__digestAsWritten"
#: Input that the program makes: what is wrong with the definition's files.
DEFINITION_PROBLEMS: Final = "__definitionProblems"

_SOURCES: Final = ("definition", "definitionUri", "definitionRepository")

Bag = Mapping[str, Any]


def _text(
    name: str,
    wire: str,
    low: int | None = None,
    high: int | None = None,
    pattern: str | None = None,
    *,
    doc: str,
) -> Field:
    return Field(name, wire, change=Change.UPDATE, low=low, high=high, pattern=pattern, doc=doc)


def _document(name: str, wire: str, *, doc: str, type: str = "") -> Field:  # noqa: A002
    shape = SHAPES[wire]
    return Field(name, wire, Kind.DOCUMENT, Change.UPDATE, shape=shape, type=type, doc=doc)


def _choice(name: str, wire: str, *values: str, doc: str) -> Field:
    return Field(name, wire, change=Change.UPDATE, enum=values, doc=doc)


# fmt: off
TABLE: Final = Table(
    "OmicsWorkflow",
    (
        Field(
            "definition", "definition", change=Change.UPDATE, low=1, sent=False, type="PathInput",
            doc="A local folder, or one file, of WDL, Nextflow or CWL, relative to the "
            "program's working folder. Hidden files, `__pycache__` and *.pyc are left out. As a "
            "zip it has at most 4,400,000 bytes. Exactly one of definition, definition_uri and "
            "definition_repository is given.",
        ),
        Field(
            "definition_uri", "definitionUri", Kind.S3_URI, Change.UPDATE, low=1, high=256,
            doc="A zip in S3, in the workflow's Region, up to 100 MB. The provider does not read "
                "it: for new content, give another URI or version_name.",
        ),
        _document(
            "definition_repository", "definitionRepository",
            doc="A Git repository by the API's names: connectionArn, fullRepositoryId, "
            "sourceReference {type, value}, excludeFilePatterns.",
        ),
        _text(
            "workflow_bucket_owner_id", "workflowBucketOwnerId", pattern="[0-9]{12}",
            doc="Account id, 12 digits, that must own definition_uri's bucket.",
        ),
        _choice(
            "engine", "engine", "WDL", "NEXTFLOW", "CWL", "WDL_LENIENT",
            doc="WDL, NEXTFLOW, CWL or WDL_LENIENT (for workflows from Cromwell). By default the "
                "files decide, if they are all in one language.",
        ),
        _text(
            "main", "main", 1, 128,
            doc="Path of the main file within the definition. By default it is the only file at "
                "the top, or the file there that is called main.",
        ),
        _text(
            "name", "name", 1, 128,
            doc="Name shown in the console, up to 128 characters. Pulumi's resource name is not "
            "sent.",
        ),
        _text(
            "description", "description", 1, 256,
            doc="Up to 256 characters.",
        ),
        _document(
            "parameter_template", "parameterTemplate", type="PathInput | Input[Mapping[str, Any]]",
            doc='Parameters by name, each {"description": text, "optional": bool}, or a JSON '
            'file with them. By default the service reads them from the definition.',
        ),
        _text(
            "parameter_template_path", "parameterTemplatePath", 1, 128,
            doc="A template's path within definition_repository.",
        ),
        _choice(
            "storage_type", "storageType", "STATIC", "DYNAMIC",
            doc="STATIC or DYNAMIC: the default for runs that do not set it.",
        ),
        Field(
            "storage_capacity", "storageCapacity", Kind.INTEGER, Change.UPDATE, low=0, high=100_000,
            doc="Default STATIC storage of a run in GiB, up to 100,000.",
        ),
        _choice(
            "accelerators", "accelerators", "GPU",
            doc="GPU, or nothing.",
        ),
        _document(
            "container_registry_map", "containerRegistryMap",
            doc="Mappings of registries and images, with the API's names: registryMappings, "
                "imageMappings.",
        ),
        _text(
            "container_registry_map_uri", "containerRegistryMapUri", 1, 750,
            doc="The same mappings as a file in S3.",
        ),
        # Lines of text: `_readme` looks at it.
        Field(
            "readme_markdown", "readmeMarkdown", Kind.JSON, Change.UPDATE, type="Input[str]",
            doc="README of the workflow, as Markdown.",
        ),
        _text(
            "readme_path", "readmePath", 1, 128,
            doc="A README's path within definition_repository.",
        ),
        Field(
            "readme_uri", "readmeUri", Kind.S3_URI, Change.UPDATE,
            pattern="s3://([a-z0-9][a-z0-9-.]{1,61}[a-z0-9])/((.{1,1024}))",
            doc="A README in S3.",
        ),
        Field(
            "version_name", "versionName", change=Change.UPDATE, low=1, high=64,
            pattern=r"[A-Za-z0-9][A-Za-z0-9\-\._]*", sent=False, filled=True,
            doc="Name of the version: letters, digits, - . and _, up to 64. By default the "
                "provider makes it from the definition. If you set it, a changed definition needs "
                "another name.",
        ),
        Field(
            "tags", "tags", Kind.TAGS, Change.UPDATE,
            doc="Up to 50 tags for the workflow and its current version.",
        ),
    ),
    (
        Fact("arn", "arn", "The workflow's ARN.", "str"),
        Fact("uuid", "uuid", "The workflow's identity.", "str"),
        Fact("creation_time", "creationTime", "When the workflow was created, ISO 8601 in UTC."),
        Fact("version_arn", "versionArn", "ARN of the current version."),
        Fact("version_uuid", "versionUuid", "The current version's identity."),
        Fact("status", "status", "State of the current version at the last up or refresh."),
        Fact(
            "status_message", "statusMessage",
            "What the service says about the definition, with its linter's findings.",
        ),
        Fact("digest", "digest", "The service's own digest of the current version."),
    ),
)
# fmt: on

#: What UpdateWorkflow takes, and what of it UpdateWorkflowVersion takes, too.
IN_PLACE: Final = ("name", "description", "storageType", "storageCapacity", "readmeMarkdown")
#: What belongs to the workflow, and to no version.
_OF_THE_WORKFLOW: Final = ("name",)
#: What is fixed with a version, but for the content of a local definition.
FIXED: Final = tuple(
    field.wire for field in TABLE.fields if field.sent and field.wire not in (*IN_PLACE, "tags")
)


def is_without_source(recorded: Bag, inputs: Bag) -> bool:
    """Tell whether nothing says what a workflow is made from, and nothing of that is changed.

    Such is an imported one: the service does not tell it.
    """
    named = any(wire in properties for wire in _SOURCES for properties in (recorded, inputs))
    return not named and all(
        wire not in inputs or equal(inputs[wire], recorded.get(wire)) for wire in FIXED
    )


def identity(inputs: Bag) -> str:
    """Return what the declared version stands for: its content and all that is fixed with it."""
    fixed = {wire: inputs[wire] for wire in (*FIXED, DIGEST) if wire in inputs}
    return definition.version_identity(fixed)


def with_recorded_spelling(old: Bag, inputs: Bag) -> dict[str, Any]:
    """Return the inputs, with the recorded version where that was made of the very same files.

    It counted line ends then. So it is no other version now, and no run is replaced.
    """
    found = {wire: value for wire, value in inputs.items() if wire != AS_WRITTEN}
    as_written = inputs.get(AS_WRITTEN)
    fixed = [inputs[wire] for wire in FIXED if wire in inputs]
    if not isinstance(as_written, str) or contains_unknown(fixed):
        return found
    if DIGEST in found:
        return {**found, DIGEST: as_written} if old.get(DIGEST) == as_written else found
    name = definition.version_name(identity({**found, DIGEST: as_written}))
    return {**found, "versionName": name} if old.get("versionName") == name else found


def create_arguments(inputs: Bag, urn: str, token: str, content: bytes | None) -> dict[str, Any]:
    """Return CreateWorkflow's arguments; `content` is the zip of a local definition."""
    arguments = lasting.create_arguments(TABLE, inputs, urn, token)
    return arguments if content is None else {**arguments, "definitionZip": content}


def version_arguments(
    inputs: Bag, workflow_id: str, content: bytes | None, stands_for: str
) -> dict[str, Any]:
    """Return CreateWorkflowVersion's arguments but requestId: a version inherits nothing.

    `stands_for` is its identity.
    """
    wires = [f.wire for f in TABLE.fields if f.sent and f.wire not in _OF_THE_WORKFLOW]
    arguments = {
        **{wire: inputs[wire] for wire in wires if wire in inputs},
        "tags": with_marks({IDENTITY_MARK: stands_for}, inputs.get("tags", {})),
        "workflowId": workflow_id,
        "versionName": inputs["versionName"],
    }
    return arguments if content is None else {**arguments, "definitionZip": content}


def changes(recorded: Bag, inputs: Bag) -> dict[str, Any]:
    """Return UpdateWorkflow's arguments for what changed in place."""
    found = lasting.changes(TABLE, recorded, inputs)
    return {wire: found[wire] for wire in IN_PLACE if wire in found}


def version_changes(inputs: Bag, live: Bag, changed: Bag) -> dict[str, Any]:
    """Return UpdateWorkflowVersion's arguments for version `live`, given the workflow's changes.

    A version that was there before may have been made with others. The service tells no README.
    """
    found = {w: v for w, v in changed.items() if w not in _OF_THE_WORKFLOW}
    for wire in ("description", "storageType", "storageCapacity"):
        if wire in inputs and not equal(inputs[wire], live.get(wire)):
            found[wire] = inputs[wire]
    return found


def facts(workflow: Bag, version: Bag | None) -> dict[str, Any]:
    """Return what is told of a workflow and its current version, as one."""
    own = {key: workflow[key] for key in ("id", "arn", "uuid", "creationTime") if key in workflow}
    told = version or workflow
    now = {key: told[key] for key in ("status", "statusMessage", "digest") if told.get(key)}
    of_version = (
        {"versionArn": version.get("arn"), "versionUuid": version.get("uuid")} if version else {}
    )
    return {**workflow, **own, **now, **of_version}


def refreshed(recorded: Bag, workflow: Bag, version: Bag | None) -> dict[str, Any]:
    """Return the recorded properties brought up to date.

    Declared inputs that UpdateWorkflow takes follow the live ones, but the README, which the
    service does not tell. Without its version, the next update makes that again.
    """
    now = {**recorded, **_told(facts(workflow, version))}
    for wire in ("name", "description", "storageType", "storageCapacity"):
        if wire in recorded:
            now[wire] = workflow.get(wire)
    if "tags" in recorded:
        now["tags"] = live_tags(workflow)
    if version is None:
        now.pop("versionName", None)
    return {key: value for key, value in now.items() if value is not None}


def unfinished(properties: Bag) -> dict[str, Any]:
    """Return the properties of a workflow whose version is not there yet."""
    left_out = ("versionName", "versionArn", "versionUuid")
    return {key: value for key, value in properties.items() if key not in left_out}


def reused_name(table: Table, old: Bag, inputs: Bag) -> Iterator[Problem]:
    """Complain about a version's name that is kept although the version is another."""
    name = inputs.get("versionName")
    if not isinstance(name, str) or name != old.get("versionName") or contains_unknown(inputs):
        return
    if not definition.is_made_name(name) and identity(old) != identity(inputs):
        yield Problem(
            "versionName",
            f"version {name} already exists with other content. A version can't change: give "
            f"another name, or leave {table.named('versionName')} out to get a name from the "
            f"definition",
        )


def _told(live: Bag) -> dict[str, Any]:
    return {fact.wire: live.get(fact.wire) for fact in TABLE.outputs}


# Rules ---------------------------------------------------------------------------------------


def _files(_: Table, inputs: Inputs) -> Iterator[Problem]:
    found = inputs.get(DEFINITION_PROBLEMS)
    for wire, reason in found if isinstance(found, list) else ():
        yield Problem(str(wire), str(reason))


def _readme(_: Table, inputs: Inputs) -> Iterator[Problem]:
    if given(inputs, "readmeMarkdown") and not isinstance(inputs["readmeMarkdown"], str):
        yield Problem("readmeMarkdown", "must be a string of Markdown")


def _storage(table: Table, inputs: Inputs) -> Iterator[Problem]:
    if inputs.get("storageType") == "DYNAMIC" and given(inputs, "storageCapacity"):
        yield Problem(
            "storageCapacity",
            "DYNAMIC storage ignores a capacity: leave it out, or set "
            f"{table.named('storageType')} to STATIC",
        )


def _one_template(table: Table, inputs: Inputs) -> Iterator[Problem]:
    if len(given(inputs, "parameterTemplate", "parameterTemplatePath")) == 2:
        yield Problem(
            "parameterTemplatePath", f"give it or {table.named('parameterTemplate')}, not both"
        )


RULES: Final[tuple[checks.Rule, ...]] = (
    checks.one_source(*_SOURCES),
    _files,
    _readme,
    _storage,
    _one_template,
)
