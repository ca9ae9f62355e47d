"""What a program in any language gives to the native provider, and what it is told.

The rows are those of the resources' own tables, by the API's names. What only this door has stands
here: two inputs of a run, a sheet as plain data, functions, configuration. The schema is made from
these tables, and the servicer checks by them. In a row's `type` a name of TYPES stands for that
object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias

from omics_provider.base import keys, settings
from omics_provider.base.status import RunStatus
from omics_provider.base.table import Change, Fact, Field, Kind, Table
from omics_provider.batches.rules import batch_table
from omics_provider.runs.rules import run_table
from omics_provider.shared.rules import tables
from omics_provider.workflows.rules import workflow_table

#: An input or an output.
Row: TypeAlias = Field | Fact


def _given(fields: Iterable[Field], *wires: str) -> tuple[Field, ...]:
    """Return the fields of these names, none of them required."""
    by_wire = {field.wire: field for field in fields}
    return tuple(replace(by_wire[wire], required=False) for wire in wires)


def _told(facts: Iterable[Fact], *wires: str) -> tuple[Fact, ...]:
    by_wire = {fact.wire: fact for fact in facts}
    return tuple(by_wire[wire] for wire in wires)


# A run -------------------------------------------------------------------------------------------

# fmt: off
#: What a run has in this door alone. The state has them, a request of the API never.
WAITING: Final = (
    Field(
        "wait_for_completion", "waitForCompletion", Kind.BOOLEAN, Change.UPDATE, sent=False,
        doc="Whether a create, and an update after an interruption, end only when the run has "
        "ended: within `customTimeouts`, 24 hours where that is unset. Else a create ends while "
        "the run is PENDING.",
    ),
    Field(
        "on_failure", "onFailure", change=Change.UPDATE, enum=("fail", "warn"), sent=False,
        doc='What a run that ends FAILED or CANCELLED, or is DELETED, means where '
        'wait_for_completion is true. "fail" fails the update, with the reason; "warn" says so '
        'and goes on.',
    ),
)
# fmt: on
RUN: Final = replace(
    run_table.TABLE,
    resource="Run",
    fields=(*run_table.FIELDS, *WAITING),
    arguments=(),
)

# Sheets ------------------------------------------------------------------------------------------


def _sheet(template: str, override: str, *, unset: str, samples: str = "") -> tuple[Field, ...]:
    # fmt: off
    return (
        Field(
            "samples", "samples", Kind.JSON, Change.UPDATE, required=True, sent=False,
            doc="Path of a CSV, TSV or JSON file, relative to the project; or a list of objects "
            "from column to cell; or such objects by sample id." + samples,
        ),
        Field(
            "template", "template", Kind.DOCUMENT, Change.UPDATE, required=True, sent=False,
            type=template,
            doc="What all runs share. Its `parameters` are fixed ones; what the sheet gives goes "
            "over them. `name` is the sample's id where it is unset.",
        ),
        Field(
            "parameters", "parameters", Kind.JSON, Change.UPDATE, sent=False,
            doc="What the workflow's parameters take from the sheet: a list of columns, each the "
            "parameter of its name; or an object from parameter to `\"{column}\"`, to a text with "
            "such in it, to a list or an object of such, to `{column: NAME, type: TYPE, optional: "
            "BOOLEAN}` for a cell as a value of a type (string, integer, number, boolean, array "
            "or object), or to `{eachRow: VALUE}`, with which a sample may have several rows: a "
            f"list with the value for each. {unset}",
        ),
        Field(
            "overrides", "overrides", Kind.DOCUMENT, Change.UPDATE, sent=False,
            type=f"Mapping[str, {override}]",
            doc="By sample id, what single samples have of their own. Parameters and tags are "
            "merged over the others; anything else is replaced.",
        ),
        Field(
            "id_column", "idColumn", change=Change.UPDATE, low=1, sent=False,
            doc="The column with the sample ids; unset, the one that Terra marks, else `sample`, "
            "`sample_id` or `sample_name`. Ids are letters, digits, '.', '_' and '-'.",
        ),
        Field(
            "format", "format", change=Change.UPDATE, enum=("csv", "tsv", "json"), sent=False,
            doc="csv, tsv or json, if the file's name does not say it.",
        ),
    )
    # fmt: on


# fmt: off
COHORT: Final = Table(
    "RunCohort",
    (
        *_sheet(
            "RunTemplate", "RunTemplate",
            unset="Columns that are not referred to are left alone. Unset, each column whose "
            "header is a parameter of the workflow is that parameter, if its cell is not empty: "
            "one call of GetWorkflow.",
        ),
        Field(
            "max_failures", "maxFailures", Kind.INTEGER, Change.UPDATE, low=0, high=100_000,
            sent=False,
            doc="How many runs may end FAILED or CANCELLED, or be DELETED, without failing the "
            "update, where wait_for_completion is true in the template; none where it is unset. "
            "A run that can't be started always fails it.",
        ),
    ),
    (
        Fact(
            "runs", "runs", "The runs by sample id.", "Mapping[str, CohortRun]",
        ),
    ),
)

# Batches -----------------------------------------------------------------------------------------

_OF_TEMPLATE: Final = frozenset(field.wire for field in batch_table.DEFAULTS) | {"samples"}
RUN_BATCH: Final = Table(
    "RunBatch",
    (
        *_sheet(
            "RunBatchTemplate", "RunBatchOverride",
            unset="Unset, every column is the parameter of its name.",
            samples=" A sample's id becomes its runSettingId. At most 100,000.",
        ),
        # A change makes a further batch, or takes the place of all, as onChange says.
        *(
            replace(field, change=Change.UPDATE)
            for field in batch_table.FIELDS
            if field.wire not in _OF_TEMPLATE
        ),
    ),
    batch_table.OUTPUTS,
)

# What lasts --------------------------------------------------------------------------------------

GROUP: Final = replace(tables.GROUP, resource="RunGroup")
CACHE: Final = replace(tables.CACHE, resource="RunCache")
#: Docs of a workflow's inputs where this door takes them in another way.
_OF_WORKFLOW: Final = {
    "definition": "A local folder, or one file, of WDL, Nextflow or CWL, relative to the project. "
    "Hidden files, `__pycache__` and `*.pyc` are left out; as a zip it may have 4,400,000 bytes. "
    "Exactly one of definition, definition_uri and definition_repository is given.",
    "parameterTemplate": "Parameters by name; where unset, the service reads them from the "
    "definition.",
}
WORKFLOW: Final = replace(
    workflow_table.TABLE,
    resource="Workflow",
    fields=tuple(
        replace(field, doc=_OF_WORKFLOW.get(field.wire, field.doc))
        for field in workflow_table.TABLE.fields
    ),
)


class Resource(NamedTuple):
    """A resource: what a program gives, and the table of what the state has of it.

    The servicer makes the second from the first where they differ, as for a batch: there, what all
    runs share comes from the template, and the digest of all samples from the sheet.
    """

    given: Table
    recorded: Table


RESOURCES: Final[Mapping[str, Resource]] = {
    "omics:index:Run": Resource(RUN, RUN),
    "omics:index:RunBatch": Resource(
        RUN_BATCH, replace(batch_table.TABLE, resource="RunBatch", arguments=())
    ),
    "omics:index:RunGroup": Resource(GROUP, GROUP),
    "omics:index:RunCache": Resource(CACHE, CACHE),
    "omics:index:Workflow": Resource(WORKFLOW, WORKFLOW),
}
COMPONENTS: Final[Mapping[str, Table]] = {"omics:index:RunCohort": COHORT}
#: What an input is where a program does not give it.
DEFAULTS: Final[Mapping[str, str | bool]] = {
    "onDelete": keys.DEFAULT_ON_DELETE,
    "onChange": batch_table.DEFAULT_ON_CHANGE,
    "waitForCompletion": False,
    "onFailure": "fail",
}
#: Inputs that are secret, whatever a program says.
SECRET: Final = frozenset({"sessionPolicy"})

# Functions ---------------------------------------------------------------------------------------


class Function(NamedTuple):
    """A function: what a program gives, and what it is told."""

    given: Table
    told: tuple[Row, ...]


# fmt: off
_RUN_ID: Final = Field(
    "id", "id", low=1, high=18, pattern="[0-9]+", required=True, doc="Id of the run.",
)
_ID: Final = Fact("id", "id", "Id of the run.", "str")
_NAME: Final = Fact("name", "name", "Name shown in the console.")
_WORKFLOW_ID: Final = Field("id", "id", low=1, high=18, pattern="[0-9]+", doc="Id of the workflow.")
_WORKFLOW_TYPE: Final = replace(
    run_table.BY_WIRE["workflowType"], name="type", wire="type",
    doc="PRIVATE or READY2RUN; PRIVATE where it is unset.",
)
#: GetRun tells a configuration's name within another object.
_UNTOLD: Final = frozenset({"configurationName"})
FUNCTIONS: Final[Mapping[str, Function]] = {
    "omics:index:getRun": Function(
        Table("getRun", (_RUN_ID,)),
        (
            _ID,
            *(f for f in run_table.FIELDS if f.sent and f.wire not in _UNTOLD),
            *run_table.OUTPUTS,
        ),
    ),
    "omics:index:getRuns": Function(
        Table(
            "getRuns",
            (
                Field("name", "name", low=1, high=128, doc="Only runs of this name."),
                Field("status", "status", enum=tuple(RunStatus), doc="Only runs in this state."),
                Field(
                    "run_group_id", "runGroupId", low=1, high=18, pattern="[0-9]+",
                    doc="Only runs of the run group with this id.",
                ),
                Field(
                    "batch_id", "batchId", low=1, high=18, pattern="[0-9]+",
                    doc="Only runs of the batch with this id.",
                ),
            ),
        ),
        (Fact("runs", "runs", "The runs, as ListRuns gives them.", "Sequence[RunSummary]"),),
    ),
    "omics:index:getWorkflow": Function(
        Table(
            "getWorkflow",
            (
                replace(_WORKFLOW_ID, doc="Id of the workflow. Either id or name is given."),
                Field(
                    "name", "name", low=1, high=128,
                    doc="Name of the workflow, which one workflow alone has.",
                ),
                _WORKFLOW_TYPE,
            ),
        ),
        (
            Fact("id", "id", "Id of the workflow.", "str"),
            Fact("arn", "arn", "The workflow's ARN.", "str"),
            Fact("uuid", "uuid", "The workflow's identity."),
            _NAME,
            Fact("type", "type", "PRIVATE or READY2RUN."),
            Fact("status", "status", "State of the workflow."),
            Fact("engine", "engine", "WDL, NEXTFLOW, CWL or WDL_LENIENT."),
            Fact("digest", "digest", "The service's own digest of the definition."),
            Fact("creation_time", "creationTime", "When it was made, ISO 8601 in UTC."),
            Fact(
                "parameter_template", "parameterTemplate", "The workflow's parameters by name.",
                "Mapping[str, WorkflowParameter]",
            ),
            Fact(
                "versions", "versions", "The workflow's versions, as ListWorkflowVersions gives "
                "them.", "Sequence[WorkflowVersion]",
            ),
        ),
    ),
    "omics:index:getRunOutputs": Function(
        Table("getRunOutputs", (_RUN_ID,)),
        (
            _ID,
            Fact(
                "outputs", "outputs",
                "The workflow's outputs by name, as its engine wrote them. Pulumi carries numbers "
                "as doubles, exact to 2^53.", "Mapping[str, Any]",
            ),
        ),
    ),
}

# Objects -----------------------------------------------------------------------------------------

_RETRY: Final = run_table.BY_WIRE["retry"]
#: Objects, by the names that rows have in their `type`.
TYPES: Final[Mapping[str, tuple[Row, ...]]] = {
    "RunTemplate": _given(RUN.fields, *RUN.by_wire),
    "RunBatchTemplate": batch_table.DEFAULTS,
    "RunBatchOverride": _given(batch_table.OWN, *(field.wire for field in batch_table.OWN)),
    "RunRetry": (
        Field(
            "attempts", "attempts", Kind.INTEGER, low=_RETRY.low, high=_RETRY.high, required=True,
            doc="Runs in all, up to 10.",
        ),
        Field(
            "on", "on", Kind.CHOICES, enum=_RETRY.enum,
            doc="Codes of the failures that another run follows; all of them where it is unset.",
        ),
    ),
    "CohortRun": (
        _ID, *_told(run_table.OUTPUTS, "arn", "uuid", "status", "runOutputUri"),
    ),
    "RunSummary": (
        _ID,
        Fact("arn", "arn", "The run's ARN.", "str"),
        _NAME,
        Fact("status", "status", "State of the run.", "str"),
        Fact("workflow_id", "workflowId", "Id of its workflow."),
        Fact("workflow_name", "workflowName", "Name of its workflow."),
        Fact("workflow_version_name", "workflowVersionName", "Version of its workflow."),
        Fact("priority", "priority", "Order among waiting runs of its group.", "int | None"),
        Fact("storage_type", "storageType", "STATIC or DYNAMIC."),
        Fact("storage_capacity", "storageCapacity", "Storage in GiB.", "int | None"),
        Fact("creation_time", "creationTime", "When StartRun was accepted, ISO 8601 in UTC."),
        *_told(run_table.OUTPUTS, "startTime", "stopTime", "batchId"),
    ),
    "WorkflowParameter": (
        Field("description", "description", low=0, high=256, doc="What the parameter is."),
        Field("optional", "optional", Kind.BOOLEAN, doc="Whether a run can do without it."),
    ),
    "WorkflowVersion": (
        Fact("version_name", "versionName", "Name of the version.", "str"),
        Fact("arn", "arn", "The version's ARN.", "str"),
        Fact("status", "status", "State of the version."),
        Fact("description", "description", "What is said of it."),
        Fact("digest", "digest", "The service's own digest of the definition."),
        Fact("creation_time", "creationTime", "When it was made, ISO 8601 in UTC."),
    ),
}

# Configuration -----------------------------------------------------------------------------------

#: What the stack's configuration, or an explicit provider, says, by keys of the namespace `omics`.
CONFIG: Final = (
    Field(
        "region", "region", sent=False,
        doc="AWS Region. Unset, `aws:region`, else boto3's own chain holds.",
    ),
    Field(
        "profile", "profile", sent=False,
        doc="Profile of the AWS configuration files. Unset, `aws:profile`, else boto3's own chain "
        "holds.",
    ),
    Field(
        "endpoint", "endpoint", sent=False,
        doc="`local` for the emulator, or a URL of the service.",
    ),
    Field(
        "local_state", "localState", sent=False,
        doc="File of the emulator, relative to the project, where the endpoint is `local`; "
        f"`{settings.DEFAULT_LOCAL_STATE}` where unset.",
    ),
    Field(
        "local_run_seconds", "localRunSeconds", Kind.JSON, type="float", sent=False,
        doc="Simulated length of a run in seconds, where the endpoint is `local`; "
        f"{settings.DEFAULT_LOCAL_RUN_SECONDS:g} where unset.",
    ),
    Field(
        "local_execute", "localExecute", Kind.BOOLEAN, sent=False,
        doc="Whether runs of WDL workflows are executed for real, where the endpoint is `local`; "
        "false where unset.",
    ),
    Field(
        "local_images", "localImages", sent=False,
        doc="Images for runs that are executed, where the endpoint is `local`: JSON, or a JSON "
        "file relative to the project, of image names, or `*`, with folders that hold a root file "
        "system or names of local images.",
    ),
    Field(
        "local_buckets", "localBuckets", sent=False,
        doc="Folders that stand for buckets for runs that are executed, where the endpoint is "
        "`local`: JSON, or a JSON file relative to the project, of buckets with folders.",
    ),
    Field(
        "preflight", "preflight", enum=settings.MODES, sent=False,
        doc="What a preview does about the things that runs need before they are started: warn "
        "looks them up and warns of what will not work, fail makes it an error, off looks up "
        "nothing. Unset, warn.",
    ),
)
# fmt: on
