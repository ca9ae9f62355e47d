"""The one table of a run batch's properties, and what can be wrong with a declaration.

Limits are those of botocore's model of StartRunBatchRequest (omics 2022-11-28); a test compares the
two. What is wrong with the samples is found by `batch_rows`, in the program: they never cross
Pulumi's wire.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from omics_provider.base import checks, keys
from omics_provider.base.checks import Inputs, Problem, given
from omics_provider.base.table import Argument, Change, Fact, Field, Kind, Table
from omics_provider.base.values import canonical, contains_unknown
from omics_provider.runs.rules import run_table
from omics_provider.runs.rules.run_table import BY_WIRE

#: Entries that StartRunBatch takes in the request itself, and in a file in S3.
MOST_INLINE: Final = 100
MOST_RUNS: Final = 100_000
#: Settings of a sample that the service merges over the batch's (API reference, InlineSetting).
MERGED: Final = ("parameters", "runTags")
#: Input of the program: the folder with the file of rows, relative to the project.
FOLDER: Final = "__folder"
#: Input of the program: what is wrong with the rows. The state never has it.
PROBLEMS: Final = "__problems"

_SHARED: Final = (
    "roleArn", "outputUri", "workflowId", "workflowType", "workflowOwnerId",
    "workflowVersionName", "name", "runGroupId", "priority", "parameters", "storageType",
    "storageCapacity", "scratchStorageMode", "cacheId", "cacheBehavior", "logLevel",
    "retentionMode", "networkingMode", "configurationName", "engineSettings", "sessionPolicy",
)  # fmt: skip

# fmt: off
_OWNER: Final = Field(
    "output_bucket_owner_id", "outputBucketOwnerId", low=12, high=12, pattern="[0-9]+",
    doc="Account id, 12 digits, that must own the bucket of output_uri.",
)
_RUN_TAGS: Final = Field("run_tags", "runTags", Kind.TAGS, doc="Up to 50 tags of each run.")
#: Arguments of a run that a batch takes in another way.
_OF_BATCHES: Final = {
    "roleArn": replace(
        BY_WIRE["roleArn"], required=True,
        doc="Role that HealthOmics assumes; it must be able to read settings_uri, too.",
    ),
    "outputUri": replace(
        BY_WIRE["outputUri"], required=False,
        doc="S3 URI below which the service puts results, unless each sample has its own.",
    ),
    "workflowId": replace(
        BY_WIRE["workflowId"], required=True,
        doc="Id of a private workflow. Ready2Run workflows can't run in batches.",
    ),
    "workflowType": replace(
        BY_WIRE["workflowType"], doc="PRIVATE, the service's default.",
    ),
    "name": replace(
        BY_WIRE["name"], doc="Name of each run, by default the sample's id.",
    ),
    "storageType": replace(
        BY_WIRE["storageType"], doc="STATIC or DYNAMIC.",
    ),
}
# fmt: on

#: What all runs of the batch share (DefaultRunSetting). A change starts runs.
DEFAULTS: Final = (
    *(_OF_BATCHES.get(wire, BY_WIRE[wire]) for wire in _SHARED),
    _OWNER,
    _RUN_TAGS,
)
#: What one sample may have of its own (InlineSetting), beside its runSettingId.
OWN: Final = (
    BY_WIRE["parameters"],
    BY_WIRE["name"],
    _OF_BATCHES["outputUri"],
    BY_WIRE["priority"],
    BY_WIRE["engineSettings"],
    _OWNER,
    _RUN_TAGS,
)
SAMPLE: Final = Field("sample", "runSettingId", low=1, high=128)

# fmt: off
_UPDATED: Final = Change.UPDATE
FIELDS: Final = (
    *DEFAULTS,
    Field(
        "samples", "samples", Kind.JSON, sent=False, required=True, filled=True,
        type="Mapping[str, Any]",
        doc="Number of declared samples (count) and digest of their settings (sha256).",
    ),
    Field(
        "rerun", "rerun", Kind.JSON, sent=False,
        doc="Any JSON value, by sample id, or one for all samples. A changed value runs the "
        "sample again with the same settings.",
    ),
    Field(
        "batch_name", "batchName", change=_UPDATED, low=1, high=64, sent=False,
        doc="Name of the batches, up to 64 characters; by default the resource's name and some "
            "digits.",
    ),
    Field(
        "settings_uri", "settingsUri", Kind.S3_URI, _UPDATED, low=1, high=600, sent=False,
        doc="s3://bucket/prefix for the files of settings and indexes. You need it from 101 "
            "samples on. The provider never overwrites or deletes a file there.",
    ),
    Field(
        "tags", "tags", Kind.TAGS, _UPDATED, sent=False,
        doc="Up to 50 tags of the batches themselves. They change in place.",
    ),
    Field(
        "on_change", "onChange", change=_UPDATED, enum=("new", "all"), sent=False, filled=True,
        doc='What a changed sheet or setting starts. "new", the default, starts a further batch '
        'with the samples that are new or whose settings changed. No other sample runs again. '
        '"all" replaces the existing batches, and runs every sample again.',
    ),
    Field(
        "on_delete", "onDelete", change=_UPDATED, enum=("delete", "cancel", "keep"), sent=False,
        filled=True,
        doc="What destroy and replacement do. \"delete\", the default, cancels active runs, then "
            "deletes the records of runs and batches. \"cancel\" cancels active runs. \"keep\" "
            "changes nothing. Files in S3 and logs always stay.",
    ),
)
#: Outputs: those of the first batch, then what all batches come to.
OUTPUTS: Final = (
    Fact("arn", "arn", "The first batch's ARN.", "str"),
    Fact(
        "uuid", "uuid",
        "The first batch's identity. HealthOmics uses the id of a deleted batch again, but never "
        "a uuid.", "str",
    ),
    Fact(
        "status", "status",
        "State of the least finished batch at the last up or refresh, a BatchStatus.", "str",
    ),
    Fact(
        "batches", "batches",
        "All batches, oldest first: id, arn, uuid, status, "
        "count, settings, submissions, runs.", "Sequence[Mapping[str, Any]]",
    ),
    Fact(
        "submissions", "submissions",
        "Number of runs by the outcome of their start, over all batches: started, failed, "
        "pending, cancelled, cancelFailed, deleted, deleteFailed. A count of 0 is left out.",
        "Mapping[str, int]",
    ),
    Fact(
        "runs", "runs",
        "Number of runs by state, over all batches: pending, starting, running, stopping, "
        "completed, failed, cancelled, deleted. A count of 0 is left out.", "Mapping[str, int]",
    ),
    Fact(
        "submission_failures", "submissionFailures",
        "The most frequent reasons why runs could not start, each with an example.",
        "Sequence[Mapping[str, Any]]",
    ),
    Fact(
        "index", "index",
        "The file that says which settings each sample started with.", "Mapping[str, Any]",
    ),
    Fact(
        "record_gone", "recordGone",
        "True if the service no longer has the record of one of the batches.", "bool | None",
    ),
)
ARGUMENTS: Final = (
    Argument(
        "samples", "Samples", required=True,
        doc="Path of a CSV, TSV or JSON sheet, the bytes of one, or Python values, as RunCohort "
        "takes them. A sample's id becomes its runSettingId. At most 100,000.",
    ),
    Argument(
        "template", "RunBatchTemplate | None",
        doc="Arguments that all runs share, by name, as in RunCohort: the arguments below, "
            "`parameters`, and `tags`, which means run_tags. The sheet's parameters override "
            "these. A sample's parameters have at most 50,000 bytes of JSON.",
    ),
    Argument(
        "parameters", "Parameters | None",
        doc="What the workflow's parameters take from the sheet, as in RunCohort. By default, "
            "every column is the parameter of the same name.",
    ),
    Argument(
        "overrides",
        "Mapping[str, RunBatchOverride] | Callable[[Row], RunBatchOverride | None] | None",
        doc="By sample id, or as a function of a sheet's row: parameters, run_tags (merged), "
        "name, output_uri, priority, engine_settings, output_bucket_owner_id. None removes a "
        "value of the sheet, but no value that all samples share.",
    ),
    Argument(
        "id_column", "str | None",
        doc="The column with the sample ids, as in RunCohort.",
    ),
    Argument(
        "format", "str | None",
        doc="\"csv\", \"tsv\" or \"json\", if the file's name does not say it.",
    ),
    Argument(
        "preflight", "Mode | None",
        doc='What a preview does about what the batch needs, as OmicsRun takes it: "fail", '
        '"warn" or "off". Samples with parameters of the same names are judged by one of them; '
        'of their input files some are looked for.',
    ),
)
# fmt: on

TABLE: Final = Table("OmicsRunBatch", FIELDS, OUTPUTS, arguments=ARGUMENTS)
#: The same rules for what one sample has of its own.
OWN_TABLE: Final = Table("a sample", OWN)

DEFAULT_ON_CHANGE: Final = "new"


def problems(inputs: Inputs, *, has_s3: bool, table: Table = TABLE) -> list[Problem]:
    """Return everything that is wrong with the declared `inputs`, rows included.

    `table` is a batch's as the program knows it. `has_s3` says whether there is S3 beside the
    service: the endpoint `local` has none.
    """
    found = checks.problems(table, inputs, _RULES)
    found += [Problem("", str(why)) for why in inputs.get(PROBLEMS, ())]
    return found + list(_place_of_settings(inputs, has_s3=has_s3))


def count(inputs: Mapping[str, Any]) -> int:
    """Return how many samples are declared."""
    samples = inputs.get("samples")
    return int(samples["count"]) if isinstance(samples, Mapping) else 0


def defaults(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defaultRunSetting that checked, fully known `inputs` ask for."""
    return {field.wire: inputs[field.wire] for field in DEFAULTS if field.wire in inputs}


def with_defaults(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs with what holds where the program says nothing."""
    return {
        "onDelete": keys.DEFAULT_ON_DELETE,
        "onChange": DEFAULT_ON_CHANGE,
        **{name: value for name, value in inputs.items() if name != PROBLEMS},
    }


def _place_of_settings(inputs: Inputs, *, has_s3: bool) -> Iterator[Problem]:
    many = count(inputs)
    if many <= MOST_INLINE:
        return
    if not has_s3:
        yield Problem(
            "samples",
            f"{many:,} samples need a file in S3, which the endpoint `local` does not have: "
            f"declare at most {MOST_INLINE}, or start `python -m omics_provider.emulator` and "
            f"give its URL as omics:endpoint",
        )
    elif "settingsUri" not in inputs:
        yield Problem(
            "settingsUri",
            f"more than {MOST_INLINE} samples ({many:,}) need a file in S3: give the "
            f"s3://bucket/prefix for it",
        )


def _private_only(_: Table, inputs: Inputs) -> Iterator[Problem]:
    # Developer guide, workflows-batch.
    if inputs.get("workflowType") == "READY2RUN":
        why = "Ready2Run workflows can't run in a batch: use RunCohort"
        yield Problem("workflowType", why)


def _dynamic_storage(table: Table, inputs: Inputs) -> Iterator[Problem]:
    if inputs.get("storageType") == "DYNAMIC" and given(inputs, "storageCapacity"):
        kind = table.named("storageType")
        why = f"DYNAMIC storage ignores a capacity: leave it out, or set {kind} to STATIC"
        yield Problem("storageCapacity", why)


def _cache(table: Table, inputs: Inputs) -> Iterator[Problem]:
    if given(inputs, "cacheBehavior") and "cacheId" not in inputs:
        yield Problem(
            "cacheBehavior", f"{table.named('cacheBehavior')} needs {table.named('cacheId')}"
        )


def _network(table: Table, inputs: Inputs) -> Iterator[Problem]:
    if inputs.get("networkingMode") == "VPC" and "configurationName" not in inputs:
        yield Problem("networkingMode", f"VPC networking needs {table.named('configurationName')}")


def _parameters_size(_: Table, inputs: Inputs) -> Iterator[Problem]:
    parameters = inputs.get("parameters")
    if isinstance(parameters, Mapping) and not contains_unknown(parameters):
        size = len(canonical(parameters).encode("utf-8", "surrogatepass"))
        if size > run_table.MAX_PARAMETERS_BYTES:
            most = run_table.MAX_PARAMETERS_BYTES
            yield Problem("parameters", f"must be at most {most:,} bytes of JSON, are {size:,}")


_RULES: Final = (
    checks.role_only,
    _private_only,
    _dynamic_storage,
    _cache,
    _network,
    _parameters_size,
)
