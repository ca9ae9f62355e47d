"""What a program in any language gives to the native provider, and what it is told.

The rows are those of the resources' own tables, by the API's names. What only this door has stands
here: two inputs of a run, a sheet as plain data, functions. The schema is made from
these tables, and the servicer checks by them. In a row's `type` a name of TYPES stands for that
object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias

from omics_provider.base import keys
from omics_provider.base.status import RunStatus
from omics_provider.base.table import Change, Fact, Field, Kind, Table
from omics_provider.batches.rules import batch_table
from omics_provider.engine.urn import native
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
        doc="Whether a create, and an update after an interruption, wait for the run's end. The "
            "limit is `customTimeouts`, by default 24 hours. If false, a create ends while the "
            "run is PENDING.",
    ),
    Field(
        "on_failure", "onFailure", change=Change.UPDATE, enum=("fail", "warn"), sent=False,
        doc='What happens if wait_for_completion is true and the run ends FAILED or CANCELLED, or '
        'is DELETED. "fail" fails the update, with the reason. "warn" prints a warning, and the '
        'update continues.',
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
            doc="Path of a CSV, TSV or JSON file, relative to the project. Or objects from column "
                "to cell, in a list or by sample id." + samples,
        ),
        Field(
            "template", "template", Kind.DOCUMENT, Change.UPDATE, required=True, sent=False,
            type=template,
            doc="What all runs share. The sheet's parameters override its `parameters`. `name` is "
                "by default the sample's id.",
        ),
        Field(
            "parameters", "parameters", Kind.JSON, Change.UPDATE, sent=False,
            doc="What the workflow's parameters take from the sheet: a list of columns, or an "
                "object with a value for each parameter. A list names columns, each for the "
                "parameter of the same name. A value is a text with `\"{column}\"` in it, or a "
                "list or an object of these texts. `{column: NAME, type: TYPE, optional: BOOLEAN}` "
                "reads a cell as a type (string, integer, number, boolean, array or object). With "
                "`{eachRow: VALUE}`, a sample may have several rows, and the parameter is a list "
                f"with the value of each row. {unset}",
        ),
        Field(
            "overrides", "overrides", Kind.DOCUMENT, Change.UPDATE, sent=False,
            type=f"Mapping[str, {override}]",
            doc="By sample id, the values of single samples. Parameters and tags are merged with "
                "the shared ones. Any other value is replaced.",
        ),
        Field(
            "id_column", "idColumn", change=Change.UPDATE, low=1, sent=False,
            doc="The column with the sample ids; by default the column that Terra marks, or "
                "`sample`, `sample_id` or `sample_name`. Ids are letters, digits, '.', '_' and "
                "'-'.",
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
            unset="Other columns are ignored. By default, one call of GetWorkflow finds the "
                "workflow's parameters. Each column with the name of a parameter gives it, if the "
                "cell is not empty.",
        ),
        Field(
            "max_failures", "maxFailures", Kind.INTEGER, Change.UPDATE, low=0, high=100_000,
            sent=False,
            doc="How many runs may end FAILED or CANCELLED, or be DELETED, before the update "
                "fails; by default 0. This needs wait_for_completion in the template. A run that "
                "can't be started always fails the update.",
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
            unset="By default, every column is the parameter of the same name.",
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
    "Hidden files, `__pycache__` and `*.pyc` are left out. As a zip it has at most 4,400,000 "
    "bytes. "
    "Exactly one of definition, definition_uri and definition_repository is given.",
    "parameterTemplate": "Parameters by name; by default the service reads them from the "
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
    native(each.given.resource): each
    for each in (
        Resource(RUN, RUN),
        Resource(RUN_BATCH, replace(batch_table.TABLE, resource="RunBatch", arguments=())),
        Resource(GROUP, GROUP),
        Resource(CACHE, CACHE),
        Resource(WORKFLOW, WORKFLOW),
    )
}
COMPONENTS: Final[Mapping[str, Table]] = {native(COHORT.resource): COHORT}
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
    doc="PRIVATE or READY2RUN; by default PRIVATE.",
)
#: GetRun tells a configuration's name within another object.
_UNTOLD: Final = frozenset({"configurationName"})
_FUNCTIONS: Final = (
    Function(
        Table("getRun", (_RUN_ID,)),
        (
            _ID,
            *(f for f in run_table.FIELDS if f.sent and f.wire not in _UNTOLD),
            *run_table.OUTPUTS,
        ),
    ),
    Function(
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
    Function(
        Table(
            "getWorkflow",
            (
                replace(_WORKFLOW_ID, doc="Id of the workflow. Give either id or name."),
                Field(
                    "name", "name", low=1, high=128,
                    doc="Name of the workflow, which only one workflow may have.",
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
            Fact("creation_time", "creationTime", "When it was created, ISO 8601 in UTC."),
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
    Function(
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
)
FUNCTIONS: Final[Mapping[str, Function]] = {
    native(each.given.resource): each for each in _FUNCTIONS
}


def declared() -> tuple[Table, ...]:
    """Return what a program gives to each resource, component and function."""
    return (
        *(resource.given for resource in RESOURCES.values()),
        *COMPONENTS.values(),
        *(function.given for function in FUNCTIONS.values()),
    )


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
            doc="Most runs, with the first one, up to 10.",
        ),
        Field(
            "on", "on", Kind.CHOICES, enum=_RETRY.enum,
            doc="Failure codes after which another run starts; by default all of them.",
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
        Field("description", "description", low=0, high=256, doc="What the parameter is for."),
        Field("optional", "optional", Kind.BOOLEAN, doc="Whether a run may omit the parameter."),
    ),
    "WorkflowVersion": (
        Fact("version_name", "versionName", "Name of the version.", "str"),
        Fact("arn", "arn", "The version's ARN.", "str"),
        Fact("status", "status", "State of the version."),
        Fact("description", "description", "Description of the version."),
        Fact("digest", "digest", "The service's own digest of the definition."),
        Fact("creation_time", "creationTime", "When it was created, ISO 8601 in UTC."),
    ),
}
# fmt: on
