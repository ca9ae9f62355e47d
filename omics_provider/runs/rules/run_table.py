"""The one table of a run's properties: name, wire name, kind, limits, what a change does.

Limits are those of botocore's model of StartRunRequest (omics 2022-11-28); a test compares the two.
Facts that the model lacks name their source.
"""

from __future__ import annotations

from typing import Final

from omics_provider.base.table import Argument, Change, Fact, Field, Kind, Table

#: Failures that the same inputs may not meet again: capacity, the service, an input object that
#: changed while it was read (developer guide, workflows-run-errors).
RETRYABLE: Final = ("INSTANCE_RESERVATION_FAILED", "MODIFIED_INPUT_RESOURCE", "SERVICE_ERROR")

_ID: Final = "[0-9]+"
_LABEL: Final = r"[A-Za-z0-9][A-Za-z0-9\-\._]*"


def _numeric_id(name: str, wire: str, *, doc: str) -> Field:
    return Field(name, wire, low=1, high=18, pattern=_ID, doc=doc)


def _choice(name: str, wire: str, *values: str, doc: str) -> Field:
    return Field(name, wire, enum=values, doc=doc)


# fmt: off
FIELDS: Final[tuple[Field, ...]] = (
    Field(
        "role_arn", "roleArn", low=1, high=128, pattern="arn:.+", required=True,
        doc="ARN of the service role that the run assumes; it must trust omics.amazonaws.com.",
    ),
    Field(
        "output_uri", "outputUri", Kind.S3_URI, low=1, high=750, required=True,
        doc="Where results go: s3://bucket/prefix, a bucket in the run's Region.",
    ),
    _numeric_id(
        "workflow_id", "workflowId",
        doc="Id of the workflow to run, digits in a string. Exactly one of workflow_id, run_id "
        "and adopt_run_id is given.",
    ),
    _choice(
        "workflow_type", "workflowType", "PRIVATE", "READY2RUN",
        doc="PRIVATE or READY2RUN; by default PRIVATE.",
    ),
    Field(
        "workflow_owner_id", "workflowOwnerId", pattern="[0-9]{12}",
        doc="Account id, 12 digits, of the owner of a shared workflow.",
    ),
    Field(
        "workflow_version_name", "workflowVersionName", low=1, high=64, pattern=_LABEL,
        doc="Version of the workflow; by default the workflow's default version.",
    ),
    _numeric_id(
        "run_id", "runId",
        doc="Id of a run to duplicate (StartRun's runId). Inputs that you give here replace the "
            "inputs of that run.",
    ),
    Field(
        "name", "name", low=1, high=128,
        doc="Name shown in the console, up to 128 characters; by default Pulumi's name of the "
            "resource.",
    ),
    _numeric_id(
        "run_group_id", "runGroupId",
        doc="Id of the run group, which limits what its runs use together.",
    ),
    Field(
        "priority", "priority", Kind.INTEGER, low=0, high=100_000,
        doc="Order among waiting runs of the group, 0 to 100,000.",
    ),
    Field(
        "parameters", "parameters", Kind.DOCUMENT,
        doc="The workflow's parameters, JSON of at most 50,000 bytes.",
    ),
    _choice(
        "storage_type", "storageType", "STATIC", "DYNAMIC",
        doc="STATIC or DYNAMIC. Not for Ready2Run workflows.",
    ),
    Field(
        "storage_capacity", "storageCapacity", Kind.INTEGER, low=0, high=100_000,
        doc="STATIC storage in GiB, up to 100,000; the service rounds it up.",
    ),
    _choice(
        "scratch_storage_mode", "scratchStorageMode", "LOCAL", "SHARED",
        doc="LOCAL or SHARED: where a task's /tmp is.",
    ),
    _numeric_id(
        "cache_id", "cacheId",
        doc="Id of the run cache, whose task outputs the run may use again.",
    ),
    _choice(
        "cache_behavior", "cacheBehavior", "CACHE_ON_FAILURE", "CACHE_ALWAYS",
        doc="CACHE_ON_FAILURE or CACHE_ALWAYS, instead of the cache's default.",
    ),
    _choice(
        "log_level", "logLevel", "OFF", "FATAL", "ERROR", "ALL",
        doc="OFF, FATAL, ERROR or ALL. With OFF there is no manifest.",
    ),
    _choice(
        "retention_mode", "retentionMode", "RETAIN", "REMOVE",
        doc="RETAIN (the service's default) keeps the run's record until it is deleted. With "
            "REMOVE, the service removes the oldest records when the account's quota is full.",
    ),
    _choice(
        "output_uri_prefix_mode", "outputUriPrefixMode", "SERVICE_DEFINED", "NONE_WITH_OVERWRITE",
        doc="SERVICE_DEFINED puts the results into a folder for the run alone. "
            "NONE_WITH_OVERWRITE puts them directly below output_uri.",
    ),
    _choice(
        "networking_mode", "networkingMode", "RESTRICTED", "VPC",
        doc="RESTRICTED or VPC; VPC needs configuration_name.",
    ),
    Field(
        "configuration_name", "configurationName", low=1, high=128, pattern=_LABEL,
        doc="Name of a HealthOmics configuration, as VPC networking needs.",
    ),
    Field(
        "engine_settings", "engineSettings", Kind.DOCUMENT,
        doc="Settings of the workflow engine, such as Nextflow profiles.",
    ),
    Field(
        "session_policy", "sessionPolicy", Kind.JSON_TEXT, low=1, high=2048,
        doc="IAM policy, JSON text of up to 2,048 characters, that narrows the role for this "
        "run.",
    ),
    Field(
        "tags", "tags", Kind.TAGS, change=Change.UPDATE,
        doc="Up to 50 tags. A change of tags keeps the run; a change of any other input replaces "
            "it.",
    ),
    Field(
        "rerun", "rerun", Kind.JSON, sent=False,
        doc="Any JSON value. A changed value starts a new run with the same inputs.",
    ),
    Field(
        "on_delete", "onDelete", change=Change.UPDATE, enum=("delete", "cancel", "keep"),
        sent=False,
        doc='What destroy and replacement do with the run. "delete", the default, cancels an '
        'active run, waits for its end and deletes its record. "cancel" cancels an active run, '
        'and leaves an ended run. "keep" changes nothing. Files and logs always stay.',
    ),
    Field(
        "rerun_on", "rerunOn", Kind.CHOICES, Change.UPDATE, enum=("FAILED", "CANCELLED", "DELETED"),
        sent=False,
        doc="States, of FAILED, CANCELLED and DELETED, in which the next `pulumi up` replaces the "
            "run by a new one with the same inputs. By default, no run starts again.",
    ),
    Field(
        "max_attempts", "maxAttempts", Kind.INTEGER, Change.UPDATE, low=1, high=100, sent=False,
        doc="Most runs that rerun_on may start for this declaration, the first included, 1 to "
            "100; by default 3. The state keeps the count.",
    ),
    Field(
        "retry", "retry", Kind.RETRY, Change.UPDATE, low=1, high=10, enum=RETRYABLE, sent=False,
        doc='{"attempts": n, "on": [codes]}: a run that FAILED for lack of capacity or by '
        "the service's fault is followed by another one, n runs in all, up to 10. The next "
        "`pulumi up` starts it; a Python program's wait for the run does at once. Codes are "
        "INSTANCE_RESERVATION_FAILED, MODIFIED_INPUT_RESOURCE and SERVICE_ERROR, all of them "
        "where `on` is left out. With cache_id, finished tasks are not paid for again.",
    ),
    Field(
        "adopt_run_id", "adoptRunId", low=1, high=18, pattern=_ID, sent=False,
        doc="Id of an existing run to take over instead of starting one.",
    ),
)

#: Outputs that GetRun fills. `arn`, `uuid`, `status` and `runOutputUri` come with StartRun's answer
#: already.
OUTPUTS: Final = (
    Fact("arn", "arn", "The run's ARN.", "str"),
    Fact(
        "uuid", "uuid",
        "The run's identity. HealthOmics uses the id of a deleted run again, but never a "
        "uuid.", "str",
    ),
    Fact("status", "status", "State at the last up or refresh, one of RunStatus.", "str"),
    Fact("run_output_uri", "runOutputUri", "Where the service puts this run's results.", "str"),
    Fact("creation_time", "creationTime", "When StartRun was accepted, ISO 8601 in UTC."),
    Fact("start_time", "startTime", "When the run started, ISO 8601 in UTC."),
    Fact("stop_time", "stopTime", "When the run ended, ISO 8601 in UTC."),
    Fact("status_message", "statusMessage", "The service's message about the state."),
    Fact("failure_reason", "failureReason", "Code of the failure, such as RUN_TASK_FAILED."),
    Fact("started_by", "startedBy", "ARN of who started the run."),
    Fact("digest", "digest", "Digest of the workflow definition."),
    Fact("engine_version", "engineVersion", "Version of the workflow engine."),
    Fact("workflow_uuid", "workflowUuid", "The workflow's uuid."),
    Fact(
        "log_location", "logLocation",
        "Log streams: engineLogStream and runLogStream.", "Mapping[str, str] | None",
    ),
    Fact("batch_id", "batchId", "Id of the batch that the run belongs to."),
)
#: Outputs that this package makes: the number of this start among those that `rerun_on` and `retry`
#: allow, what became of the earlier ones, and whether the service has dropped the run's record.
OWN_OUTPUTS: Final = (
    Fact(
        "attempts", "attempts",
        "The number of this run among the attempts of rerun_on and retry, None for the "
        "first.", "int | None",
    ),
    Fact(
        "earlier_attempts", "earlierAttempts",
        "How the runs that rerun_on or retry replaced ended, by the API's "
        "names.", "Sequence[Mapping[str, str]] | None",
    ),
    Fact(
        "record_gone", "recordGone",
        "True if the service no longer has the run's record.", "bool | None",
    ),
)
ARGUMENTS: Final = (
    Argument(
        "preflight", "Mode | None",
        doc="How a preview checks the things that the run needs. \"warn\" looks them up and warns "
            "of problems, \"fail\" makes a problem an error, \"off\" looks up nothing. The default "
            "is the stack's omics:preflight, or else \"warn\". The state does not have it, and a "
            "change of it changes no run.",
    ),
)
# fmt: on

#: All of it, for what is done with every resource's table.
TABLE: Final = Table("OmicsRun", FIELDS, OUTPUTS, OWN_OUTPUTS, ARGUMENTS)
BY_WIRE: Final = TABLE.by_wire
BY_NAME: Final = TABLE.by_name
OUTPUT_WIRES: Final = tuple(fact.wire for fact in OUTPUTS)

# fmt: off
#: What RunCohort takes of its own, beside the arguments of its runs.
COHORT: Final = Table(
    "RunCohort",
    fields=(),
    outputs=(
        Fact(
            "runs", "runs",
            "The runs by sample id, in the sheet's order.",
        ),
        Fact(
            "outputs", "outputs",
            "The workflow's outputs for each sample, when all runs have ended; None for a failed "
            "run.",
        ),
    ),
    arguments=(
        Argument(
            "samples", "Samples", required=True,
            doc="Path of a CSV, TSV or JSON file, relative to the project; or the bytes of a "
                "file. Or Python values: mappings from column to cell, in a list or by sample id.",
        ),
        Argument(
            "template", "RunTemplate | None",
            doc="Arguments of OmicsRun that all runs share. The sheet's parameters override the "
                "template's. `name` is by default the sample's id.",
        ),
        Argument(
            "id_column", "str | None",
            doc="The column with the sample ids; by default the column that Terra marks, or "
                "`sample`, `sample_id` or `sample_name`. Ids are letters, digits, '.', '_' and "
                "'-'.",
        ),
        Argument(
            "format", "str | None",
            doc="\"csv\", \"tsv\" or \"json\", if the file's name does not say it.",
        ),
        Argument(
            "parameters", "Parameters | None",
            doc="What the workflow's parameters take from the sheet. A list names columns, each "
                "for the parameter of the same name. A mapping gives each parameter one of these: "
                "a text with \"{column}\" in it, a Column, a type, or an EachRow. A type is for "
                "the column of the parameter's name. With an EachRow, a sample may have several "
                "rows. Other columns are ignored. By default, one call of GetWorkflow finds the "
                "workflow's parameters. Each column with the name of a parameter gives it, if the "
                "cell is not empty.",
        ),
        Argument(
            "overrides",
            "Mapping[str, RunTemplate] | Callable[[Row], RunTemplate | None] | None",
            doc="Further arguments of OmicsRun for single samples, by sample id, or a function "
                "that gives them for a row. Parameters and tags are merged with the shared ones, "
                "and None removes one. Any other argument is replaced.",
        ),
        Argument(
            "max_failures", "int | None",
            doc="How many samples may fail before `wait` and `outputs` fail the update; by "
                "default 0. A run that can't be started always fails it.",
        ),
    ),
)
# fmt: on

#: Runs in all that `rerun_on` may make of one declaration, the first included.
DEFAULT_MAX_ATTEMPTS: Final = 3

#: Bytes of run parameters (developer guide, fixed-quotas).
MAX_PARAMETERS_BYTES: Final = 50_000
