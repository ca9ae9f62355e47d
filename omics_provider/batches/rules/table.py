"""The one table of a run batch's properties, and what can be wrong with a declaration.

Limits are those of botocore's model of StartRunBatchRequest (omics 2022-11-28); a test compares the
two. What is wrong with the samples is found by `batch_rows`, in the program: they never cross
Pulumi's wire.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from omics_provider.base import checks, keys
from omics_provider.base.checks import Inputs, Problem, given
from omics_provider.base.table import Change, Field, Kind, Table
from omics_provider.base.values import canonical, contains_unknown
from omics_provider.runs.rules import table
from omics_provider.runs.rules.table import BY_WIRE

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

_OWNER: Final = Field("output_bucket_owner_id", "outputBucketOwnerId", low=12, high=12,
                      pattern="[0-9]+")  # fmt: skip
_RUN_TAGS: Final = Field("run_tags", "runTags", Kind.TAGS)

#: What all runs of the batch share (DefaultRunSetting). A change starts runs.
DEFAULTS: Final = (*(BY_WIRE[wire] for wire in _SHARED), _OWNER, _RUN_TAGS)
#: What one sample may have of its own (InlineSetting), beside its runSettingId.
OWN: Final = (
    BY_WIRE["parameters"],
    BY_WIRE["name"],
    BY_WIRE["outputUri"],
    BY_WIRE["priority"],
    BY_WIRE["engineSettings"],
    _OWNER,
    _RUN_TAGS,
)
SAMPLE: Final = Field("sample", "runSettingId", low=1, high=128)

_UPDATED: Final = Change.UPDATE
FIELDS: Final = (
    *DEFAULTS,
    Field("samples", "samples", Kind.JSON, sent=False),
    Field("rerun", "rerun", Kind.JSON, sent=False),
    Field("batch_name", "batchName", change=_UPDATED, low=1, high=64, sent=False),
    Field("settings_uri", "settingsUri", Kind.S3_URI, _UPDATED, low=1, high=600, sent=False),
    Field("tags", "tags", Kind.TAGS, _UPDATED, sent=False),
    Field("on_change", "onChange", change=_UPDATED, enum=("new", "all"), sent=False),
    Field("on_delete", "onDelete", change=_UPDATED, enum=("delete", "cancel", "keep"), sent=False),
)

#: Outputs: those of the first batch, then what all batches come to.
OUTPUTS: Final = (
    ("arn", "arn"),
    ("uuid", "uuid"),
    ("status", "status"),
    ("batches", "batches"),
    ("submissions", "submissions"),
    ("runs", "runs"),
    ("submission_failures", "submissionFailures"),
    ("index", "index"),
    ("record_gone", "recordGone"),
)

TABLE: Final = Table("OmicsRunBatch", FIELDS, OUTPUTS)
#: The same rules for what one sample has of its own.
OWN_TABLE: Final = Table("a sample", OWN)

DEFAULT_ON_CHANGE: Final = "new"


def problems(inputs: Inputs, *, has_s3: bool) -> list[Problem]:
    """Return everything that is wrong with the declared `inputs`, rows included.

    `has_s3` says whether there is S3 beside the service: the endpoint `local` has none.
    """
    found = checks.problems(TABLE, inputs, _RULES)
    found += [Problem("", str(why)) for why in inputs.get(PROBLEMS, ())]
    return found + list(_place_of_settings(inputs, has_s3=has_s3))


def told(problem: Problem) -> str:
    """Return a problem with the argument's name in a program; those of rows say where they are."""
    return problem.told(TABLE) if problem.property else problem.reason


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
            f"{many:,} samples go through a file in S3, which the endpoint `local` does not have: "
            f"declare at most {MOST_INLINE}, or serve the emulator with "
            "`python -m omics_provider.emulator` and give its URL as omics:endpoint",
        )
    elif "settingsUri" not in inputs:
        yield Problem(
            "settingsUri",
            f"more than {MOST_INLINE} samples ({many:,}) go through a file in S3: give the "
            "s3://bucket/prefix where it is written",
        )


def _private_only(inputs: Inputs) -> Iterator[Problem]:
    # Developer guide, workflows-batch.
    if inputs.get("workflowType") == "READY2RUN":
        why = "Ready2Run workflows can't run in a batch: use RunCohort"
        yield Problem("workflowType", why)


def _dynamic_storage(inputs: Inputs) -> Iterator[Problem]:
    if inputs.get("storageType") == "DYNAMIC" and given(inputs, "storageCapacity"):
        why = "DYNAMIC storage ignores a capacity: leave it out, or set storage_type to STATIC"
        yield Problem("storageCapacity", why)


def _cache(inputs: Inputs) -> Iterator[Problem]:
    if given(inputs, "cacheBehavior") and "cacheId" not in inputs:
        yield Problem("cacheBehavior", "cache_behavior needs cache_id")


def _network(inputs: Inputs) -> Iterator[Problem]:
    if inputs.get("networkingMode") == "VPC" and "configurationName" not in inputs:
        yield Problem("networkingMode", "VPC networking needs configuration_name")


def _parameters_size(inputs: Inputs) -> Iterator[Problem]:
    parameters = inputs.get("parameters")
    if isinstance(parameters, Mapping) and not contains_unknown(parameters):
        size = len(canonical(parameters).encode("utf-8", "surrogatepass"))
        if size > table.MAX_PARAMETERS_BYTES:
            most = table.MAX_PARAMETERS_BYTES
            yield Problem("parameters", f"must be at most {most:,} bytes of JSON, are {size:,}")


_RULES: Final = (
    checks.required("roleArn", "workflowId", "samples"),
    _private_only,
    _dynamic_storage,
    _cache,
    _network,
    _parameters_size,
)
